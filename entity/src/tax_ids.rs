//! `platform.tax_ids`: tax numbers of an organization.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What the verification of a tax number found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum TaxIdStatus {
    /// Not checked yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// The authority confirmed it.
    #[sea_orm(string_value = "verified")]
    Verified,
    /// The authority did not confirm it.
    #[sea_orm(string_value = "unverified")]
    Unverified,
}

/// A tax number that is printed on invoices and decides on reverse charge.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "tax_ids")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization it was issued to.
    pub organization_id: Uuid,
    /// Its scheme: `eu_vat`, `gb_vat`, `us_ein` and so on.
    #[sea_orm(column_type = "Text")]
    pub r#type: String,
    /// The number itself; unique with organization and scheme.
    #[sea_orm(column_type = "Text")]
    pub value: String,
    /// ISO 3166-1 code of the issuing country.
    #[sea_orm(column_type = "Char(Some(2))")]
    pub country: String,
    /// What its verification found.
    pub status: TaxIdStatus,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
