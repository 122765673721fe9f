//! `platform.billing_plans`: plans on offer.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How often a plan is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum PlanInterval {
    /// Every month.
    #[sea_orm(string_value = "month")]
    Month,
    /// Every year.
    #[sea_orm(string_value = "year")]
    Year,
}

/// A plan: what it costs, gives and limits.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "billing_plans")]
pub struct Model {
    /// Primary key, such as `tier_free`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Whom it is for, for people.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Price for each interval; none: by agreement.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub price: Option<Decimal>,
    /// ISO 4217 code of the price.
    #[sea_orm(column_type = "Char(Some(3))")]
    pub currency: String,
    /// How often it is billed.
    pub interval: PlanInterval,
    /// What it gives, as shown to people.
    #[sea_orm(column_type = "JsonBinary")]
    pub features: Json,
    /// Object of included amounts, such as database size and bandwidth.
    #[sea_orm(column_type = "JsonBinary")]
    pub limits: Json,
    /// Most projects; none: unlimited.
    pub max_projects: Option<i32>,
    /// Most members; none: unlimited.
    pub max_members: Option<i32>,
    /// Whether it can still be chosen.
    pub active: bool,
    /// Place in lists, ascending.
    pub sort_order: i32,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Subscriptions to it.
    #[sea_orm(has_many)]
    pub subscriptions: HasMany<super::subscriptions::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
