//! `platform.disk_config`: a project's disk.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Class of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum DiskType {
    /// General purpose SSD.
    #[sea_orm(string_value = "gp3")]
    Gp3,
    /// Provisioned IOPS SSD.
    #[sea_orm(string_value = "io2")]
    Io2,
}

/// The disk of one project and how it may grow.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "disk_config")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project, unique.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Class of the volume.
    pub r#type: DiskType,
    /// Size in GB, 1 to 65536.
    pub size_gb: i32,
    /// Provisioned IOPS.
    pub io_budget: i32,
    /// Provisioned throughput in MB/s; none: what the class gives.
    pub throughput_mbps: Option<i32>,
    /// Whether it grows by itself.
    pub autoscale_enabled: bool,
    /// Growth of one step in percent, 10 to 100.
    pub autoscale_growth_percent: Option<i32>,
    /// Least growth of one step, in GB.
    pub autoscale_min_increment_gb: Option<i32>,
    /// Size in GB at which it stops growing; at least `size_gb`.
    pub autoscale_max_size_gb: Option<i32>,
    /// When the volume was last changed; providers limit how often.
    pub last_modified_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
