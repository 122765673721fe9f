//! `platform.project_metrics`: samples of a project's load.

use sea_orm::entity::prelude::*;

/// One sample of a project's load; partitioned by `timestamp`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "project_metrics")]
pub struct Model {
    /// The project that was measured.
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    /// When it was measured.
    #[sea_orm(primary_key, auto_increment = false)]
    pub timestamp: DateTimeUtc,
    /// Tells samples of the same moment apart: a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Processor use in percent, 0 to 100.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub cpu_usage: Option<Decimal>,
    /// Memory use in percent, 0 to 100.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub memory_usage: Option<Decimal>,
    /// What is left of the burst budget for disk access.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub disk_io_budget: Option<Decimal>,
    /// Disk space used, in GB.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub disk_usage_gb: Option<Decimal>,
    /// Bytes received since the sample before.
    pub network_in_bytes: Option<i64>,
    /// Bytes sent since the sample before.
    pub network_out_bytes: Option<i64>,
    /// Database connections that were open.
    pub active_connections: Option<i32>,
    /// Queries run since the sample before.
    pub query_count: Option<i32>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
