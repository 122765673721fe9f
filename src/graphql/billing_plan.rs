//! Plans, and what choosing one would mean for an organization.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, Object, SimpleObject, dataloader::Loader};
use entity::billing_plans::{self as plans, Column, Entity, Model};
use rust_decimal::Decimal as Number;
use sea_orm::{EntityTrait, QueryOrder};

use super::{
    context::ContextExt,
    guard::{public, requires},
    loader::Loaders,
    scalar::Decimal,
};
use crate::error::{Error, Result};

/// How often a plan is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plans::PlanInterval")]
pub enum PlanInterval {
    /// Every month.
    Month,
    /// Every year.
    Year,
}

/// A plan: what it costs, gives and limits. Those on offer are open to everybody, a retired one to who is subscribed to
/// it.
#[derive(Debug, Clone)]
pub struct BillingPlan(Model);

impl From<Model> for BillingPlan {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// A plan: what it costs, gives and limits. Those on offer are open to everybody, a retired one to who is subscribed to
/// it.
#[Object(guard = "public()")]
impl BillingPlan {
    /// Its name in the API, unique: `tier_pro`.
    async fn plan_id(&self) -> &str {
        &self.0.id
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whom it is for, in a sentence; null where nothing is said.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Price for one `interval` in `currency`, at least 0; null: agreed one by one.
    async fn price(&self) -> Option<Decimal> {
        self.0.price.map(Decimal::money)
    }

    /// ISO 4217 code of the price: `USD`.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// How often it is billed.
    async fn interval(&self) -> PlanInterval {
        self.0.interval.into()
    }

    /// What it gives, in words for people, most important first.
    async fn features(&self) -> Vec<&str> {
        self.0.features.as_array().into_iter().flatten().filter_map(|feature| feature.as_str()).collect()
    }

    /// Projects at most; null: unlimited.
    async fn max_projects(&self) -> Option<i32> {
        self.0.max_projects
    }

    /// Members at most; null: unlimited.
    async fn max_members(&self) -> Option<i32> {
        self.0.max_members
    }

    /// Size of all databases together that is included, in GB; null: unlimited.
    async fn database_size_gb(&self) -> Option<Decimal> {
        self.limit("database_size_gb").map(Decimal)
    }

    /// Outgoing traffic that is included, in GB for each billing period; null: unlimited.
    async fn bandwidth_gb(&self) -> Option<Decimal> {
        self.limit("bandwidth_gb").map(Decimal)
    }

    /// How long audit records are kept, in days; null: unlimited.
    async fn audit_retention_days(&self) -> Option<i32> {
        self.0.limits.get("audit_retention_days")?.as_i64()?.try_into().ok()
    }

    /// How long metrics are kept, in days; null: unlimited.
    async fn metrics_retention_days(&self) -> Option<i32> {
        self.0.limits.get("metrics_retention_days")?.as_i64()?.try_into().ok()
    }

    /// Place in lists, ascending.
    async fn sort_order(&self) -> i32 {
        self.0.sort_order
    }
}

impl BillingPlan {
    /// Whether it can still be chosen.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.0.active
    }

    /// Its display name.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.name
    }

    /// Whether it is the plan of this name.
    #[must_use]
    pub fn is(&self, plan_id: &str) -> bool {
        self.0.id == plan_id
    }

    /// Projects at most; none: unlimited.
    #[must_use]
    pub fn projects(&self) -> Option<Number> {
        self.0.max_projects.map(Number::from)
    }

    /// Members at most; none: unlimited.
    #[must_use]
    pub fn members(&self) -> Option<Number> {
        self.0.max_members.map(Number::from)
    }

    /// An included amount, by its name in the table; none: unlimited.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<Number> {
        serde_json::from_value(self.0.limits.get(name)?.clone()).ok()
    }

    /// Cheaper first: by the price of a year, one that is agreed one by one last, then by place in lists.
    #[must_use]
    pub fn by_price(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    fn rank(&self) -> (bool, Number, i32, &str) {
        let times = match self.0.interval {
            plans::PlanInterval::Month => 12,
            plans::PlanInterval::Year => 1,
        };
        let yearly = self.0.price.unwrap_or_default() * Number::from(times);
        (self.0.price.is_none(), yearly, self.0.sort_order, &self.0.id)
    }
}

/// What choosing a plan would be for an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PlanChange {
    /// To a plan with a higher price; a price that is agreed one by one counts as the highest.
    Upgrade,
    /// To a plan with a lower price.
    Downgrade,
    /// None: the organization is on it.
    Current,
}

impl From<Ordering> for PlanChange {
    fn from(to_current: Ordering) -> Self {
        match to_current {
            Ordering::Less => Self::Downgrade,
            Ordering::Equal => Self::Current,
            Ordering::Greater => Self::Upgrade,
        }
    }
}

/// A plan as it looks from an organization.
#[derive(Debug, Clone, SimpleObject)]
pub struct PlanOption {
    /// The plan.
    pub plan: BillingPlan,
    /// Whether the organization is on it.
    pub is_current: bool,
    /// What choosing it would be; null while the organization has no subscription.
    pub change: Option<PlanChange>,
}

/// The plans on offer as they look from a subscription to the plan of this name.
#[must_use]
pub fn options(plans: &[BillingPlan], current: Option<&str>) -> Vec<PlanOption> {
    let current = current.and_then(|current| plans.iter().find(|plan| plan.is(current)));
    let option = |plan: &BillingPlan| {
        let change = current.map(|current| PlanChange::from(plan.by_price(current)));
        PlanOption { plan: plan.clone(), is_current: change == Some(PlanChange::Current), change }
    };
    plans.iter().filter(|plan| plan.is_offered()).map(option).collect()
}

/// Queries for plans.
#[derive(Debug, Default)]
pub struct BillingPlanQueries;

#[Object(guard = "public()")]
impl BillingPlanQueries {
    /// The plans on offer, by `sortOrder`; open to everybody. Null only together with an error.
    #[graphql(directive = requires::apply("public".into()))]
    async fn billing_plans(&self, context: &Context<'_>) -> Result<Option<Vec<BillingPlan>>> {
        let plans = context.load(PlansInSight).await?;
        Ok(plans.map(|plans| plans.iter().filter(|plan| plan.is_offered()).cloned().collect()))
    }
}

/// The plans on offer and retired ones that the caller has to do with, by their place in lists. They are few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlansInSight;

impl Loader<PlansInSight> for Loaders {
    type Value = Arc<[BillingPlan]>;
    type Error = Error;

    async fn load(&self, _: &[PlansInSight]) -> Result<HashMap<PlansInSight, Arc<[BillingPlan]>>> {
        let sorted = Entity::find().order_by_asc(Column::SortOrder).order_by_asc(Column::Id);
        let rows = sorted.all(self.db().await?).await?;
        Ok(HashMap::from([(PlansInSight, rows.into_iter().map(BillingPlan::from).collect())]))
    }
}
