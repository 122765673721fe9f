//! Usage day by day, for charts.

use std::collections::HashMap;

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Span, of_each, rows};
use crate::{
    db::{RequestTransaction, list::Slice},
    error::Result,
    graphql::{guard::signed_in, loader::PageKey, page::check_search, scalar},
};

/// What an organization used of one metric on one day.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(guard = "signed_in()")]
pub struct DailyUsage {
    /// Start of the day, midnight in UTC.
    day: DateTime<Utc>,
    /// Name of what was measured, as `EGRESS`, `DATABASE_SIZE` or `COMPUTE_HOURS`.
    metric: String,
    /// Unit of the amount, as `GB` or `hours`. What was measured in two units is two entries.
    unit: String,
    /// How much on this day, at least 0; made of the day's records as `aggregation` of the metric says.
    amount: scalar::Decimal,
    /// What it cost, at least 0, in the organization's currency.
    cost: scalar::Decimal,
}

/// An organization's usage by day and metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DailyUsageOf {
    /// The organization.
    pub organization_id: Uuid,
    /// When.
    pub span: Span,
    /// Of which metrics; none: of all.
    pub metrics: Option<Vec<String>>,
}

impl DailyUsageOf {
    /// The key, if its metrics can be searched for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the argument.
    pub fn checked(self) -> Result<Self> {
        for metric in self.metrics.iter().flatten() {
            check_search("metrics", Some(metric))?;
        }
        Ok(self)
    }
}

const DAILY_USAGE_OF_EACH: &str = "
    SELECT parent, day, metric_type, unit, sum(amount) AS amount, sum(cost) AS cost
      FROM (SELECT u.organization_id AS parent, date_trunc('day', u.period_start, 'UTC') AS day, u.metric_type, u.unit,
                   CASE WHEN u.metric_type = ANY ($4) THEN max(u.metric_value) ELSE sum(u.metric_value) END AS amount,
                   sum(u.cost) AS cost
              FROM platform.usage_metrics u
             WHERE u.organization_id = ANY ($1) AND u.period_start >= $2 AND u.period_start < $3
               AND ($5::text[] IS NULL OR u.metric_type = ANY ($5))
             GROUP BY u.organization_id, 2, u.metric_type, u.unit, u.project_id) used
     GROUP BY parent, day, metric_type, unit
     ORDER BY day, metric_type COLLATE \"C\", unit COLLATE \"C\"";

#[derive(Debug, FromQueryResult)]
struct UsedOnDay {
    parent: Uuid,
    day: DateTime<Utc>,
    metric_type: String,
    unit: String,
    amount: Decimal,
    cost: Decimal,
}

impl PageKey for DailyUsageOf {
    type Row = DailyUsage;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<DailyUsage>>> {
        let rows =
            rows::<UsedOnDay>(db, DAILY_USAGE_OF_EACH, parents, self.span, [self.metrics.clone().into()]).await?;
        Ok(of_each(
            parents,
            rows.into_iter().map(|UsedOnDay { parent, day, metric_type: metric, unit, amount, cost }| {
                let (amount, cost) = (scalar::Decimal(amount), scalar::Decimal(cost));
                (parent, DailyUsage { day, metric, unit, amount, cost })
            }),
        ))
    }
}
