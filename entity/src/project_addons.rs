//! `platform.project_addons`: add-ons of a project.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Whether an add-on is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum AddonStatus {
    /// In force and billed.
    #[sea_orm(string_value = "active")]
    Active,
    /// Switched off.
    #[sea_orm(string_value = "inactive")]
    Inactive,
    /// Ordered, not ready yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Ended.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// An add-on bought for a project, at the price agreed then.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "project_addons")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project; unique with the add-on.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Which add-on of the catalog.
    #[sea_orm(column_type = "Text")]
    pub addon_id: String,
    /// Which variant of it.
    #[sea_orm(column_type = "Text")]
    pub addon_variant: String,
    /// How many, above 0.
    pub quantity: i32,
    /// Price of one for each interval, as agreed when it was added.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub price_per_unit: Decimal,
    /// Whether it is in force.
    pub status: AddonStatus,
    /// Since when it is billed.
    pub activated_at: DateTimeUtc,
    /// When billing stopped.
    pub deactivated_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
    /// What was bought.
    #[sea_orm(belongs_to, from = "(addon_id, addon_variant)", to = "(addon_id, variant)")]
    pub addon: BelongsTo<super::addon_catalog::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
