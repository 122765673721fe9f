//! The catalog of add-ons.

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::addon_catalog::{self as catalog, Column, Entity, Model};
use rust_decimal::Decimal as Number;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{
    context::ContextExt,
    guard::{public, requires},
    scalar::Decimal,
};
use crate::error::Result;

/// The time that an add-on's price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::AddonInterval")]
pub enum AddonInterval {
    /// Each hour; a month has 730.
    Hour,
    /// Each month.
    Month,
    /// Each year.
    Year,
}

/// The machine that an add-on of the kind `compute_instance` stands for.
#[derive(Debug, Clone, SimpleObject)]
pub struct AddonCompute {
    /// Processor cores, above 0; less than 1 is a share of one.
    pub cpu_cores: Decimal,
    /// Whether the cores are shared with other machines.
    pub cpu_shared: bool,
    /// Memory, in GB.
    pub memory_gb: Decimal,
}

/// An add-on on offer, in one of its variants. Open to everybody.
#[derive(Debug, Clone)]
pub struct AddonCatalogItem(Model);

impl From<Model> for AddonCatalogItem {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// An add-on on offer, in one of its variants. Open to everybody.
#[Object(guard = "public()")]
impl AddonCatalogItem {
    /// Which add-on: `compute_instance`, `pitr`. A project has each at most once.
    async fn addon_id(&self) -> &str {
        &self.0.addon_id
    }

    /// Which size or kind of it, unique with `addonId`: `ci_micro`.
    async fn variant(&self) -> &str {
        &self.0.variant
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it gives, in a sentence; null where nothing is said.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Price of one for one `interval`, in USD, at least 0.
    async fn price(&self) -> Decimal {
        Decimal::money(self.0.price)
    }

    /// The time that the price is for.
    async fn interval(&self) -> AddonInterval {
        self.0.interval.into()
    }

    /// The machine; null for what is not compute.
    async fn compute(&self) -> Option<AddonCompute> {
        let number = |name| -> Option<Number> { serde_json::from_value(self.0.metadata.get(name)?.clone()).ok() };
        Some(AddonCompute {
            cpu_cores: Decimal(number("cpu_cores")?),
            cpu_shared: self.0.metadata.get("cpu_shared").and_then(serde_json::Value::as_bool).unwrap_or_default(),
            memory_gb: Decimal(number("memory_gb")?),
        })
    }

    /// How far back point-in-time recovery reaches, in days; null for what is not `pitr`.
    async fn retention_days(&self) -> Option<i32> {
        self.0.metadata.get("retention_days")?.as_i64()?.try_into().ok()
    }

    /// Place in lists, ascending.
    async fn sort_order(&self) -> i32 {
        self.0.sort_order
    }
}

/// Queries for the catalog of add-ons.
#[derive(Debug, Default)]
pub struct AddonQueries;

#[Object(guard = "public()")]
impl AddonQueries {
    /// The add-ons on offer in all their variants, by `sortOrder`; open to everybody. Null only together with an error.
    #[graphql(directive = requires::apply("public".into()))]
    async fn addon_catalog(&self, context: &Context<'_>) -> Result<Option<Vec<AddonCatalogItem>>> {
        let offered = Entity::find().filter(Column::Active.eq(true)).order_by_asc(Column::SortOrder);
        let sorted = offered.order_by_asc(Column::AddonId).order_by_asc(Column::Variant);
        let items = sorted.all(context.db().await?).await?;
        Ok(Some(items.into_iter().map(AddonCatalogItem).collect()))
    }
}
