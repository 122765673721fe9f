//! What an organization's plan allows, and how much of it is used.

use std::collections::HashMap;

use async_graphql::{Enum, SimpleObject, dataloader::Loader};
use rust_decimal::Decimal as Number;
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::{billing_plan::BillingPlan, loader::Loaders, scalar::Decimal};
use crate::error::{Error, Result};

/// What plans limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum EntitlementLimit {
    /// Projects of the organization, but for those that were removed.
    Projects,
    /// Members of the organization.
    Members,
    /// Size of all databases together, in GB, by the latest measurement of each project: what there is now. `usage` has
    /// the peak of a time, which is what is billed, so it can be more.
    DatabaseSizeGb,
    /// Outgoing traffic of all projects in the running billing period, in GB.
    BandwidthGb,
}

impl EntitlementLimit {
    const ALL: [Self; 4] = [Self::Projects, Self::Members, Self::DatabaseSizeGb, Self::BandwidthGb];

    fn of(self, plan: &BillingPlan) -> Option<Number> {
        match self {
            Self::Projects => plan.projects(),
            Self::Members => plan.members(),
            Self::DatabaseSizeGb => plan.limit("database_size_gb"),
            Self::BandwidthGb => plan.limit("bandwidth_gb"),
        }
    }
}

/// One limit of an organization's plan, and how much of it is used.
#[derive(Debug, Clone, SimpleObject)]
pub struct Entitlement {
    /// What is limited, and in which unit.
    pub name: EntitlementLimit,
    /// How much is used, at least 0; it can exceed the limit, for example after a change of plan.
    pub used: Decimal,
    /// The most that the plan allows; null: unlimited.
    pub limit: Option<Decimal>,
    /// The cheapest plan on offer that allows more than this one, and more than is used; null when there is none or
    /// nothing to lift.
    pub lifted_by: Option<BillingPlan>,
}

/// What an organization uses of its plan, and which plan that is.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Used {
    organization_id: Uuid,
    plan_id: String,
    projects: i64,
    members: i64,
    database_size_gb: Number,
    bandwidth_gb: Number,
}

impl Used {
    fn of(&self, limit: EntitlementLimit) -> Number {
        match limit {
            EntitlementLimit::Projects => self.projects.into(),
            EntitlementLimit::Members => self.members.into(),
            EntitlementLimit::DatabaseSizeGb => self.database_size_gb,
            EntitlementLimit::BandwidthGb => self.bandwidth_gb,
        }
    }

    /// Each limit against the plan, which is among these, and what lifts it, which is among those on offer.
    #[must_use]
    pub fn against(&self, plans: &[BillingPlan]) -> Option<Vec<Entitlement>> {
        let current = plans.iter().find(|plan| plan.is(&self.plan_id))?;
        let entitlement = |name: EntitlementLimit| {
            let (used, limit) = (self.of(name), name.of(current));
            let lifts = |plan: &&BillingPlan| {
                limit.is_some_and(|limit| name.of(plan).is_none_or(|higher| higher > limit && higher > used))
            };
            Entitlement {
                name,
                used: Decimal(used.normalize()),
                limit: limit.map(Decimal),
                lifted_by: plans
                    .iter()
                    .filter(|plan| plan.is_offered())
                    .filter(lifts)
                    .min_by(|one, other| one.by_price(other))
                    .cloned(),
            }
        };
        Some(EntitlementLimit::ALL.into_iter().map(entitlement).collect())
    }
}

/// What an organization uses of its plan; nothing without a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UsedBy(pub Uuid);

/// Every member sees these rows, so row-level security leaves the counts whole.
const COUNT: &str = "SELECT s.organization_id, s.plan_id,
       (SELECT count(*) FROM platform.projects p
         WHERE p.organization_id = s.organization_id AND p.status <> 'removed') AS projects,
       (SELECT count(*) FROM platform.organization_members m
         WHERE m.organization_id = s.organization_id) AS members,
       (SELECT coalesce(sum(latest.metric_value), 0)
          FROM platform.projects p
         CROSS JOIN LATERAL (
               SELECT u.metric_value FROM platform.usage_metrics u
                WHERE u.project_id = p.id AND u.organization_id = p.organization_id AND u.metric_type = 'DATABASE_SIZE'
                ORDER BY u.period_start DESC, u.id DESC LIMIT 1) latest
         WHERE p.organization_id = s.organization_id AND p.status <> 'removed') AS database_size_gb,
       (SELECT coalesce(sum(u.metric_value), 0) FROM platform.usage_metrics u
         WHERE u.organization_id = s.organization_id AND u.metric_type = 'EGRESS'
           AND u.period_start >= s.current_period_start AND u.period_start < s.current_period_end) AS bandwidth_gb
  FROM platform.subscriptions s
 WHERE s.organization_id = ANY ($1)";

impl Loader<UsedBy> for Loaders {
    type Value = Used;
    type Error = Error;

    async fn load(&self, keys: &[UsedBy]) -> Result<HashMap<UsedBy, Used>> {
        let organizations: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let count = Statement::from_sql_and_values(DbBackend::Postgres, COUNT, [organizations.into()]);
        let rows = Used::find_by_statement(count).all(self.db().await?).await?;
        Ok(rows.into_iter().map(|used| (UsedBy(used.organization_id), used)).collect())
    }
}
