//! `platform.usage_metrics`: metered usage.

use sea_orm::entity::prelude::*;

/// An amount of usage in a period, as it was billed; it outlives its project.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "usage_metrics")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization that was billed, also after the project moved.
    pub organization_id: Uuid,
    /// The project that caused it; none once that is deleted.
    pub project_id: Option<Uuid>,
    /// What was measured, such as `egress` or `storage`.
    #[sea_orm(column_type = "Text")]
    pub metric_type: String,
    /// How much, in `unit`; at least 0.
    #[sea_orm(column_type = "Decimal(Some((24, 6)))")]
    pub metric_value: Decimal,
    /// Unit of the value, such as `GB` or `hours`.
    #[sea_orm(column_type = "Text")]
    pub unit: String,
    /// Start of the period measured.
    pub period_start: DateTimeUtc,
    /// End of that period, exclusive; later than its start.
    pub period_end: DateTimeUtc,
    /// What it costs, in the organization's currency.
    #[sea_orm(column_type = "Decimal(Some((12, 4)))")]
    pub cost: Decimal,
    /// The sender's key; the same one within an organization counts once.
    #[sea_orm(column_type = "Text")]
    pub idempotency_key: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The project that caused it.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<Option<super::projects::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
