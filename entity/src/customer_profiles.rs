//! `platform.customer_profiles`: who an organization is on paper.

use sea_orm::entity::prelude::*;

/// Name and address on an organization's invoices; one for each organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "customer_profiles")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization, unique.
    pub organization_id: Uuid,
    /// Legal name.
    #[sea_orm(column_type = "Text")]
    pub company_name: Option<String>,
    /// Person to write to.
    #[sea_orm(column_type = "Text")]
    pub contact_name: Option<String>,
    /// Street and number.
    #[sea_orm(column_type = "Text")]
    pub address_line1: Option<String>,
    /// Second line of the address.
    #[sea_orm(column_type = "Text")]
    pub address_line2: Option<String>,
    /// City or town.
    #[sea_orm(column_type = "Text")]
    pub city: Option<String>,
    /// State, province or county.
    #[sea_orm(column_type = "Text")]
    pub state: Option<String>,
    /// Postal code.
    #[sea_orm(column_type = "Text")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 code.
    #[sea_orm(column_type = "Char(Some(2))")]
    pub country: Option<String>,
    /// Telephone number as it was typed.
    #[sea_orm(column_type = "Text")]
    pub phone: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
