//! Subscriptions, with the add-ons that are billed with them.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::{
    billing_plans,
    subscription_addons::{self as addons, Model as AddonRow},
    subscriptions::{self, Column, Entity, Model},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    addon::AddonInterval,
    billing_plan::BillingPlan,
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::{Loaders, PageKey},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{Connection, OrderField, PageArguments, SortKind, Sorted},
    project::{Project, ProjectById},
    scalar::Decimal,
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// Whether a subscription is paid and usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "subscriptions::SubscriptionStatus")]
pub enum SubscriptionStatus {
    /// In its free trial.
    Trialing,
    /// In force.
    Active,
    /// A payment failed and is tried again.
    PastDue,
    /// Payment was given up on.
    Unpaid,
    /// The first payment has not arrived.
    Incomplete,
    /// Ended.
    Canceled,
    /// Held, neither billed nor ended.
    Paused,
}

/// What an organization is subscribed to, with the plan.
#[derive(Debug, Clone)]
pub struct Subscription(Model, Option<BillingPlan>);

impl Subscription {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::OrganizationRead, self.0.organization_id)
    }

    /// The name of its plan in the API: `tier_pro`.
    #[must_use]
    pub fn plan_id(&self) -> &str {
        &self.0.plan_id
    }
}

/// What an organization is subscribed to. Every member sees `id`, `organization`, `plan`, `planName` and `status`; the
/// rest needs `billing:read`.
#[Object(guard = "signed_in()")]
impl Subscription {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Subscription.id(self.0.id)
    }

    /// The subscriber; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// The plan, also when it is no longer offered; null only if you left the organization at this very moment.
    async fn plan(&self) -> Option<&BillingPlan> {
        self.1.as_ref()
    }

    /// The plan's display name when it was chosen.
    async fn plan_name(&self) -> &str {
        &self.0.plan_name
    }

    /// Whether it is paid and usable.
    async fn status(&self) -> SubscriptionStatus {
        self.0.status.into()
    }

    /// The moment from which billing periods are counted.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn billing_cycle_anchor(&self) -> Option<DateTime<Utc>> {
        Some(self.0.billing_cycle_anchor)
    }

    /// Start of the period that is running.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn current_period_start(&self) -> Option<DateTime<Utc>> {
        Some(self.0.current_period_start)
    }

    /// End of the period that is running, exclusive.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn current_period_end(&self) -> Option<DateTime<Utc>> {
        Some(self.0.current_period_end)
    }

    /// Whether it ends with the running period.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn cancel_at_period_end(&self) -> Option<bool> {
        Some(self.0.cancel_at_period_end)
    }

    /// When it was cancelled; null where it was not.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn canceled_at(&self) -> Option<DateTime<Utc>> {
        self.0.canceled_at
    }

    /// When its trial ends or ended; null without a trial.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn trial_end(&self) -> Option<DateTime<Utc>> {
        self.0.trial_end
    }

    /// Whether usage beyond the plan is billed rather than refused.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn usage_billing_enabled(&self) -> Option<bool> {
        Some(self.0.usage_billing_enabled)
    }

    /// Whether usage stops at `spendCapAmount`.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn spend_cap_enabled(&self) -> Option<bool> {
        Some(self.0.spend_cap_enabled)
    }

    /// Most to spend on usage in a period, in the plan's currency, above 0 where the cap is on; null where none was set.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn spend_cap_amount(&self) -> Option<Decimal> {
        self.0.spend_cap_amount.map(Decimal::money)
    }

    /// When it was created.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn created_at(&self) -> Option<DateTime<Utc>> {
        Some(self.0.created_at)
    }

    /// When it was last changed.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn updated_at(&self) -> Option<DateTime<Utc>> {
        Some(self.0.updated_at)
    }

    /// The active add-ons of all projects of the organization. Order: which was activated first.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
    async fn addons(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<SubscriptionAddon>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, SubscriptionAddonOrderField::DEFAULT, |window| SubscriptionAddonsOf {
            organization_id: self.0.organization_id,
            window,
        })
        .await
    }
}

/// An active add-on of one project, as it is billed.
#[derive(Debug, Clone)]
pub struct SubscriptionAddon(AddonRow);

impl From<AddonRow> for SubscriptionAddon {
    fn from(row: AddonRow) -> Self {
        Self(row)
    }
}

/// An active add-on of one project, as it is billed. Needs `billing:read`.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl SubscriptionAddon {
    /// Which add-on of the catalog: `pitr`.
    async fn addon_id(&self) -> &str {
        &self.0.addon_id
    }

    /// Which variant of it: `pitr_7`.
    async fn variant(&self) -> &str {
        &self.0.addon_variant
    }

    /// Display name, also when it is no longer offered.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How many, above 0.
    async fn quantity(&self) -> i32 {
        self.0.quantity
    }

    /// Price of one for one `interval`, in USD, as agreed when it was added.
    async fn price(&self) -> Decimal {
        Decimal::money(self.0.price_per_unit)
    }

    /// The time that the price is for.
    async fn interval(&self) -> AddonInterval {
        self.0.interval.into()
    }

    /// What all of them cost in a month, in USD: an hour counts 730 times, a year for a twelfth.
    async fn monthly_amount(&self) -> Decimal {
        Decimal::money(self.0.monthly_amount)
    }

    /// Since when it is billed.
    async fn activated_at(&self) -> DateTime<Utc> {
        self.0.activated_at
    }

    /// The project that has it; null only if it was deleted at this very moment.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        context.load(ProjectById(self.0.project_id)).await
    }
}

/// The one order of a subscription's add-ons: when they were activated.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionAddonOrderField;

impl OrderField for SubscriptionAddonOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Asc);

    fn name(self) -> &'static str {
        "activated"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<SubscriptionAddonOrderField> for SubscriptionAddon {
    fn position(&self, _: SubscriptionAddonOrderField) -> Position {
        Position { value: SortValue::Time(self.0.activated_at), id: self.0.id }
    }
}

/// A page of the active add-ons of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubscriptionAddonsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which part.
    pub window: Window,
}

impl PageKey for SubscriptionAddonsOf {
    type Row = AddonRow;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<AddonRow>>> {
        let list = List { select: addons::Entity::find(), key: addons::Column::ActivatedAt, id: addons::Column::Id };
        list.of_each(db, addons::Column::OrganizationId, parents, &self.window).await
    }
}

/// One subscription by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionById(pub Uuid);

/// The subscription of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionOf(pub Uuid);

impl Loader<SubscriptionById> for Loaders {
    type Value = Subscription;
    type Error = Error;

    async fn load(&self, keys: &[SubscriptionById]) -> Result<HashMap<SubscriptionById, Subscription>> {
        let found = subscriptions_by(self.db().await?, Column::Id, keys.iter().map(|key| key.0)).await?;
        Ok(found.into_iter().map(|found| (SubscriptionById(found.0.id), found)).collect())
    }
}

impl Loader<SubscriptionOf> for Loaders {
    type Value = Subscription;
    type Error = Error;

    async fn load(&self, keys: &[SubscriptionOf]) -> Result<HashMap<SubscriptionOf, Subscription>> {
        let found = subscriptions_by(self.db().await?, Column::OrganizationId, keys.iter().map(|key| key.0)).await?;
        Ok(found.into_iter().map(|found| (SubscriptionOf(found.0.organization_id), found)).collect())
    }
}

/// A subscription is hardly ever asked for without its plan, and the plans are few: a join costs less than a statement.
async fn subscriptions_by(
    db: &RequestTransaction,
    column: Column,
    values: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Subscription>> {
    let with_plan = Entity::find().find_also_related(billing_plans::Entity);
    let rows = with_plan.filter(column.eq_any(values)).all(db).await?;
    Ok(rows.into_iter().map(|(row, plan)| Subscription(row, plan.map(BillingPlan::from))).collect())
}
