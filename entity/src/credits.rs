//! `platform.credits`: amounts in an organization's favour.

use sea_orm::entity::prelude::*;

/// An amount that pays future invoices before money is taken.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "credits")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization it was granted to.
    pub organization_id: Uuid,
    /// Granted amount, above 0.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub amount: Decimal,
    /// What is left of it, 0 to `amount`.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub remaining: Decimal,
    /// ISO 4217 code of both amounts.
    #[sea_orm(column_type = "Char(Some(3))")]
    pub currency: String,
    /// Why it was granted.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// When what is left is lost; none: never.
    pub expires_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
