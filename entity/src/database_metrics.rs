//! `platform.database_metrics`: samples of a database.

use sea_orm::entity::prelude::*;

/// One measured value of a database; partitioned by `timestamp`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "database_metrics")]
pub struct Model {
    /// The database that was measured.
    #[sea_orm(primary_key, auto_increment = false)]
    pub database_id: Uuid,
    /// When it was measured.
    #[sea_orm(primary_key, auto_increment = false)]
    pub timestamp: DateTimeUtc,
    /// Tells samples of the same moment apart: a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant, repeated from the database; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// What was measured, such as `connections`.
    #[sea_orm(column_type = "Text")]
    pub metric_type: String,
    /// The measured value, in the unit that the metric implies.
    pub value: f64,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// The database that was measured.
    #[sea_orm(belongs_to, from = "database_id", to = "id")]
    pub database: BelongsTo<super::databases::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
