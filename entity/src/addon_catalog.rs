//! `platform.addon_catalog`: add-ons on offer.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The time that an add-on's price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum AddonInterval {
    /// Each hour.
    #[sea_orm(string_value = "hour")]
    Hour,
    /// Each month.
    #[sea_orm(string_value = "month")]
    Month,
    /// Each year.
    #[sea_orm(string_value = "year")]
    Year,
}

/// An add-on in one variant, with its price; `addons` in the source documents.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "addon_catalog")]
pub struct Model {
    /// Which add-on, such as `compute_instance` or `pitr`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub addon_id: String,
    /// Which size or kind of it, such as `ci_micro`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub variant: String,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What it gives, for people.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Price of one for each interval.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub price: Decimal,
    /// What the price is for.
    pub interval: AddonInterval,
    /// Object of traits; for compute `cpu_cores` and `memory_gb`.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    /// Whether it is still offered.
    pub active: bool,
    /// Place in lists, ascending.
    pub sort_order: i32,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Projects that have it.
    #[sea_orm(has_many)]
    pub project_addons: HasMany<super::project_addons::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
