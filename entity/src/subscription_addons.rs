//! `platform.subscription_addons`, a view: an organization's active add-ons over all its projects.

use sea_orm::entity::prelude::*;

use crate::addon_catalog::AddonInterval;

/// An active add-on of a project, with what it costs in a month; read only.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "subscription_addons")]
pub struct Model {
    /// The key of the row in `platform.project_addons`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who pays for it.
    pub organization_id: Uuid,
    /// The organization's subscription; none while it has none.
    pub subscription_id: Option<Uuid>,
    /// The project that has it.
    pub project_id: Uuid,
    /// That project's name.
    #[sea_orm(column_type = "Text")]
    pub project_name: String,
    /// Which add-on of the catalog.
    #[sea_orm(column_type = "Text")]
    pub addon_id: String,
    /// Which variant of it.
    #[sea_orm(column_type = "Text")]
    pub addon_variant: String,
    /// Its name in the catalog, also when it is no longer offered.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What the price is for.
    pub interval: AddonInterval,
    /// How many, above 0.
    pub quantity: i32,
    /// Price of one for each interval, as agreed when it was added.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub price_per_unit: Decimal,
    /// What all of them cost in a month of 730 hours.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub monthly_amount: Decimal,
    /// Since when it is billed.
    pub activated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
