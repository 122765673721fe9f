//! Metered usage: of an organization with what its plan includes, of a project, and day by day.

mod daily;

use std::collections::{BTreeMap, HashMap};

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::signed_in,
    loader::PageKey,
    project::{Project, ProjectById},
    scalar,
};
use crate::{
    db::{RequestTransaction, list::Slice},
    error::{Error, Result},
};

pub use daily::{DailyUsage, DailyUsageOf};

/// How the records of a metric make its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum UsageAggregation {
    /// All records of the time add up: traffic, calls, hours.
    Sum,
    /// The greatest record of the time counts for each project, and the projects add up: sizes, users, connections. It is
    /// what is billed; `entitlements` has the latest size, which can be less.
    Peak,
}

/// Metrics whose records say how high something stood. All others say how much there was, and add up.
const LEVELS: [&str; 4] = ["DATABASE_SIZE", "STORAGE_SIZE", "MONTHLY_ACTIVE_USERS", "REALTIME_PEAK_CONNECTIONS"];

fn aggregation(metric: &str) -> UsageAggregation {
    if LEVELS.contains(&metric) { UsageAggregation::Peak } else { UsageAggregation::Sum }
}

/// Under which name the limits of a plan hold what is included of a metric.
fn limit_of(metric: &str, unit: &str) -> Option<&'static str> {
    match (metric, unit) {
        ("EGRESS", "GB") => Some("bandwidth_gb"),
        ("DATABASE_SIZE", "GB") => Some("database_size_gb"),
        _ => None,
    }
}

/// Longest time that usage is asked for.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// The time that is asked about: records whose period starts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Span {
    /// From `from` on, before `to`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for `to`, when it is not later than `from` or more than 366 days later.
    pub fn checked(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        match to - from {
            length if length <= TimeDelta::zero() => Err(Error::invalid("to", "must be later than `from`")),
            length if length > LONGEST => Err(Error::invalid("to", "is more than 366 days later than `from`")),
            _ => Ok(Self { from, to }),
        }
    }
}

/// What a project has of an organization's usage.
#[derive(Debug, Clone)]
pub struct UsageAllocation {
    project_id: Option<Uuid>,
    amount: Decimal,
    cost: Decimal,
}

/// What a project has of an organization's usage.
#[Object(guard = "signed_in()")]
impl UsageAllocation {
    /// The project; null for usage without one, of a deleted one, and of one that is in no organization of yours any
    /// more.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        match self.project_id {
            Some(project_id) => context.load(ProjectById(project_id)).await,
            None => Ok(None),
        }
    }

    /// How much, at least 0, in the metric's unit.
    async fn amount(&self) -> scalar::Decimal {
        scalar::Decimal(self.amount)
    }

    /// What it cost, at least 0, in the organization's currency.
    async fn cost(&self) -> scalar::Decimal {
        scalar::Decimal(self.cost)
    }
}

/// What an organization used of one metric, and what its plan includes.
#[derive(Debug, Clone)]
pub struct OrganizationUsage {
    metric: String,
    unit: String,
    included: Option<Decimal>,
    allocations: Vec<UsageAllocation>,
}

impl OrganizationUsage {
    fn total(&self) -> Decimal {
        self.allocations.iter().map(|allocation| allocation.amount).sum()
    }
}

/// What an organization used of one metric, and what its plan includes.
#[Object(guard = "signed_in()")]
impl OrganizationUsage {
    /// Name of what was measured, as `EGRESS`, `DATABASE_SIZE` or `COMPUTE_HOURS`.
    async fn metric(&self) -> &str {
        &self.metric
    }

    /// Unit of the amounts, as `GB` or `hours`. What was measured in two units is two entries.
    async fn unit(&self) -> &str {
        &self.unit
    }

    /// How the records make the amount.
    async fn aggregation(&self) -> UsageAggregation {
        aggregation(&self.metric)
    }

    /// How much, at least 0: exactly the sum of the allocations.
    async fn amount(&self) -> scalar::Decimal {
        scalar::Decimal(self.total())
    }

    /// What the present plan includes for one billing period, all projects together; null where it does not limit
    /// this metric.
    async fn included(&self) -> Option<scalar::Decimal> {
        self.included.map(scalar::Decimal)
    }

    /// What the amount has beyond `included`, so ask about one billing period; 0 where the plan does not limit this
    /// metric.
    async fn overage(&self) -> scalar::Decimal {
        let beyond = self.included.map_or(Decimal::ZERO, |included| self.total() - included);
        scalar::Decimal(beyond.max(Decimal::ZERO))
    }

    /// What it cost, at least 0, in the organization's currency: exactly the sum of the allocations.
    async fn cost(&self) -> scalar::Decimal {
        scalar::Decimal(self.allocations.iter().map(|allocation| allocation.cost).sum())
    }

    /// What each project has of it, the greatest amount first; one entry for all usage without a project.
    async fn allocations(&self) -> &[UsageAllocation] {
        &self.allocations
    }
}

/// What a project used of one metric.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(guard = "signed_in()")]
pub struct ProjectUsage {
    /// Name of what was measured, as `EGRESS`, `DATABASE_SIZE` or `COMPUTE_HOURS`.
    metric: String,
    /// Unit of the amount, as `GB` or `hours`. What was measured in two units is two entries.
    unit: String,
    /// How the records make the amount.
    aggregation: UsageAggregation,
    /// How much, at least 0.
    amount: scalar::Decimal,
    /// What it cost, at least 0, in the organization's currency.
    cost: scalar::Decimal,
}

/// An organization's usage by metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsageOf {
    /// The organization.
    pub organization_id: Uuid,
    /// When.
    pub span: Span,
}

const USAGE_OF_EACH: &str = "
    SELECT used.*, plan.limits
      FROM (SELECT u.organization_id AS parent, u.metric_type, u.unit, u.project_id,
                   CASE WHEN u.metric_type = ANY ($4) THEN max(u.metric_value) ELSE sum(u.metric_value) END AS amount,
                   sum(u.cost) AS cost
              FROM platform.usage_metrics u
             WHERE u.organization_id = ANY ($1) AND u.period_start >= $2 AND u.period_start < $3
             GROUP BY u.organization_id, u.metric_type, u.unit, u.project_id) used
      LEFT JOIN platform.subscriptions s ON s.organization_id = used.parent
      LEFT JOIN platform.billing_plans plan ON plan.id = s.plan_id
     ORDER BY used.amount DESC, used.project_id";

#[derive(Debug, FromQueryResult)]
struct Allocated {
    parent: Uuid,
    metric_type: String,
    unit: String,
    project_id: Option<Uuid>,
    amount: Decimal,
    cost: Decimal,
    limits: Option<serde_json::Value>,
}

impl Allocated {
    fn included(&self) -> Option<Decimal> {
        let limit = self.limits.as_ref()?.get(limit_of(&self.metric_type, &self.unit)?)?.as_number()?.to_string();
        Decimal::from_str_exact(&limit).or_else(|_| Decimal::from_scientific(&limit)).ok()
    }
}

impl PageKey for UsageOf {
    type Row = OrganizationUsage;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<OrganizationUsage>>> {
        let mut metrics = BTreeMap::new();
        for row in rows::<Allocated>(db, USAGE_OF_EACH, parents, self.span, []).await? {
            let included = row.included();
            let Allocated { parent, metric_type: metric, unit, project_id, amount, cost, .. } = row;
            let usage = metrics.entry((parent, metric.clone(), unit.clone())).or_insert_with(|| OrganizationUsage {
                metric,
                unit,
                included,
                allocations: Vec::new(),
            });
            usage.allocations.push(UsageAllocation { project_id, amount, cost });
        }
        Ok(of_each(parents, metrics.into_iter().map(|((parent, ..), usage)| (parent, usage))))
    }
}

/// A project's usage by metric, as far as its present organization was billed for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectUsageOf {
    /// The project.
    pub project_id: Uuid,
    /// When.
    pub span: Span,
}

const PROJECT_USAGE_OF_EACH: &str = "
    SELECT u.project_id AS parent, u.metric_type, u.unit,
           CASE WHEN u.metric_type = ANY ($4) THEN max(u.metric_value) ELSE sum(u.metric_value) END AS amount,
           sum(u.cost) AS cost
      FROM platform.projects p
      JOIN platform.usage_metrics u ON u.project_id = p.id AND u.organization_id = p.organization_id
     WHERE p.id = ANY ($1) AND u.period_start >= $2 AND u.period_start < $3
     GROUP BY u.project_id, u.metric_type, u.unit
     ORDER BY u.metric_type COLLATE \"C\", u.unit COLLATE \"C\"";

#[derive(Debug, FromQueryResult)]
struct Used {
    parent: Uuid,
    metric_type: String,
    unit: String,
    amount: Decimal,
    cost: Decimal,
}

impl PageKey for ProjectUsageOf {
    type Row = ProjectUsage;

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn of_parent(&self, project_id: Uuid) -> Self {
        Self { project_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<ProjectUsage>>> {
        let rows = rows::<Used>(db, PROJECT_USAGE_OF_EACH, parents, self.span, []).await?;
        Ok(of_each(
            parents,
            rows.into_iter().map(|Used { parent, metric_type: metric, unit, amount, cost }| {
                let aggregation = aggregation(&metric);
                let (amount, cost) = (scalar::Decimal(amount), scalar::Decimal(cost));
                (parent, ProjectUsage { metric, unit, aggregation, amount, cost })
            }),
        ))
    }
}

/// The rows of one of the statements: `$1` parents, `$2` and `$3` the time, `$4` the metrics that are levels.
async fn rows<M: FromQueryResult>(
    db: &RequestTransaction,
    sql: &'static str,
    parents: &[Uuid],
    span: Span,
    more: impl IntoIterator<Item = Value>,
) -> Result<Vec<M>> {
    let levels: Vec<String> = LEVELS.map(str::to_owned).to_vec();
    let values: [Value; 4] = [parents.to_vec().into(), span.from.into(), span.to.into(), levels.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values.into_iter().chain(more));
    let rows = db.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| M::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// The whole list of each parent; those without a row are in the answer with none.
fn of_each<M>(parents: &[Uuid], rows: impl IntoIterator<Item = (Uuid, M)>) -> HashMap<Uuid, Slice<M>> {
    let empty = |parent: &Uuid| (*parent, Slice { rows: Vec::new(), more: false, total: None });
    let mut slices: HashMap<_, _> = parents.iter().map(empty).collect();
    for (parent, row) in rows {
        if let Some(slice) = slices.get_mut(&parent) {
            slice.rows.push(row);
        }
    }
    slices
}
