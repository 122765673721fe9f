//! `platform.compute_config`: a project's machine.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Size of a machine, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum InstanceSize {
    /// A shared core, 0.5 GB of memory; the default.
    #[sea_orm(string_value = "nano")]
    Nano,
    /// 2 cores, 1 GB of memory.
    #[sea_orm(string_value = "micro")]
    Micro,
    /// 2 cores, 2 GB of memory.
    #[sea_orm(string_value = "small")]
    Small,
    /// 2 cores, 4 GB of memory.
    #[sea_orm(string_value = "medium")]
    Medium,
    /// 2 cores, 8 GB of memory.
    #[sea_orm(string_value = "large")]
    Large,
    /// 4 cores, 16 GB of memory.
    #[sea_orm(string_value = "xlarge")]
    Xlarge,
    /// 8 cores, 32 GB of memory.
    #[sea_orm(string_value = "2xlarge")]
    #[serde(rename = "2xlarge")]
    Xlarge2,
    /// 16 cores, 64 GB of memory.
    #[sea_orm(string_value = "4xlarge")]
    #[serde(rename = "4xlarge")]
    Xlarge4,
    /// 32 cores, 128 GB of memory.
    #[sea_orm(string_value = "8xlarge")]
    #[serde(rename = "8xlarge")]
    Xlarge8,
    /// 48 cores, 192 GB of memory.
    #[sea_orm(string_value = "12xlarge")]
    #[serde(rename = "12xlarge")]
    Xlarge12,
    /// 64 cores, 256 GB of memory.
    #[sea_orm(string_value = "16xlarge")]
    #[serde(rename = "16xlarge")]
    Xlarge16,
}

/// The machine of one project.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "compute_config")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project, unique.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Size of the machine.
    pub instance_size: InstanceSize,
    /// Processor cores; fractions are shared ones.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub cpu_cores: Decimal,
    /// Memory in GB.
    #[sea_orm(column_type = "Decimal(Some((7, 2)))")]
    pub memory_gb: Decimal,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
