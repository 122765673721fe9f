//! Machines of projects.

use async_graphql::{Enum, ID, Object};
use chrono::{DateTime, Utc};
use entity::compute_config::{self, Column, Entity, Model};
use sea_orm::EntityTrait;

use super::{guard::signed_in, id::Kind, loader::row_key, scalar::Decimal};
use crate::auth::{Permission as P, Principal};

/// Size of a machine, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "compute_config::InstanceSize")]
pub enum InstanceSize {
    /// A shared core, 0.5 GB of memory; the default.
    Nano,
    /// 2 cores, 1 GB of memory.
    Micro,
    /// 2 cores, 2 GB of memory.
    Small,
    /// 2 cores, 4 GB of memory.
    Medium,
    /// 2 cores, 8 GB of memory.
    Large,
    /// 4 cores, 16 GB of memory.
    Xlarge,
    /// 8 cores, 32 GB of memory.
    #[graphql(name = "XLARGE_2")]
    Xlarge2,
    /// 16 cores, 64 GB of memory.
    #[graphql(name = "XLARGE_4")]
    Xlarge4,
    /// 32 cores, 128 GB of memory.
    #[graphql(name = "XLARGE_8")]
    Xlarge8,
    /// 48 cores, 192 GB of memory.
    #[graphql(name = "XLARGE_12")]
    Xlarge12,
    /// 64 cores, 256 GB of memory.
    #[graphql(name = "XLARGE_16")]
    Xlarge16,
}

/// The machine of a project.
#[derive(Debug, Clone)]
pub struct Compute(Model);

impl From<Model> for Compute {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

impl Compute {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::InfrastructureRead, self.0.organization_id, self.0.project_id)
    }
}

/// The machine of a project.
#[Object(guard = "signed_in()")]
impl Compute {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Compute.id(self.0.id)
    }

    /// Size of the machine.
    async fn instance_size(&self) -> InstanceSize {
        self.0.instance_size.into()
    }

    /// Processor cores, above 0; a fraction is a share of a core (`"0.50"`).
    async fn cpu_cores(&self) -> Decimal {
        Decimal(self.0.cpu_cores)
    }

    /// Memory in GB, above 0 (`"0.50"`).
    async fn memory_gb(&self) -> Decimal {
        Decimal(self.0.memory_gb)
    }

    /// When the project got its first machine.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

row_key! {
    /// One machine by its key.
    ComputeById loads Compute from Entity::find(), by Column::Id => id
}

row_key! {
    /// The machine of a project.
    ComputeOf loads Compute from Entity::find(), by Column::ProjectId => project_id
}
