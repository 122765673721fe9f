//! Disks of projects.

use async_graphql::{Enum, ID, Object};
use chrono::{DateTime, Utc};
use entity::disk_config::{self, Column, Entity, Model};
use sea_orm::EntityTrait;

use super::{guard::signed_in, id::Kind, loader::row_key};
use crate::auth::{Permission as P, Principal};

/// Class of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "disk_config::DiskType")]
pub enum DiskType {
    /// General purpose SSD.
    Gp3,
    /// Provisioned IOPS SSD.
    Io2,
}

/// The disk of a project and how it may grow.
#[derive(Debug, Clone)]
pub struct Disk(Model);

impl From<Model> for Disk {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

impl Disk {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::InfrastructureRead, self.0.organization_id, self.0.project_id)
    }
}

/// The disk of a project and how it may grow.
#[Object(guard = "signed_in()")]
impl Disk {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Disk.id(self.0.id)
    }

    /// Class of the volume.
    #[graphql(name = "type")]
    async fn kind(&self) -> DiskType {
        self.0.r#type.into()
    }

    /// Size in GB, 1 to 65,536.
    async fn size_gb(&self) -> i32 {
        self.0.size_gb
    }

    /// Provisioned operations in a second (IOPS), above 0.
    async fn io_budget(&self) -> i32 {
        self.0.io_budget
    }

    /// Provisioned throughput in MB in a second, above 0; null: what the class gives.
    async fn throughput_mbps(&self) -> Option<i32> {
        self.0.throughput_mbps
    }

    /// Whether it grows by itself.
    async fn autoscale_enabled(&self) -> bool {
        self.0.autoscale_enabled
    }

    /// Growth of one step in percent of the size, 10 to 100; null: the provider's own.
    async fn autoscale_growth_percent(&self) -> Option<i32> {
        self.0.autoscale_growth_percent
    }

    /// Least growth of one step in GB, above 0; null: none is set.
    async fn autoscale_min_increment_gb(&self) -> Option<i32> {
        self.0.autoscale_min_increment_gb
    }

    /// Size in GB at which it stops growing, at least `sizeGb`; null: none is set.
    async fn autoscale_max_size_gb(&self) -> Option<i32> {
        self.0.autoscale_max_size_gb
    }

    /// When the volume itself was last changed, which providers allow only so often; null for never.
    async fn last_modified_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_modified_at
    }

    /// When the project got its disk.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When these settings were last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

row_key! {
    /// One disk by its key.
    DiskById loads Disk from Entity::find(), by Column::Id => id
}

row_key! {
    /// The disk of a project.
    DiskOf loads Disk from Entity::find(), by Column::ProjectId => project_id
}
