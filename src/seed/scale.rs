//! Volume: numbered organizations, people and projects, for measuring.

use std::time::Instant;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};

use super::execute;
use crate::{
    error::{Error, Result},
    project_keys,
    vault::Vault,
};

/// Loads the units up to `scale` that are missing. Returns how many those were.
pub async fn load(transaction: &DatabaseTransaction, scale: u32, vault: &Vault, now: DateTime<Utc>) -> Result<i64> {
    let started = Instant::now();
    // A unit is there if any of its organizations is: the others were deleted meanwhile.
    let missing = format!(
        "CREATE TEMP TABLE unit ON COMMIT DROP AS
         SELECT number FROM generate_series(1, {scale}) AS number
          WHERE NOT EXISTS (SELECT FROM platform.organizations o
                              JOIN generate_series(number * 20 - 19, number * 20) n
                                ON o.id = pg_temp.seed_id('scale organization', n::text))"
    );
    execute(transaction, "units", &missing).await?;
    let counted = Statement::from_string(DbBackend::Postgres, "SELECT count(*) AS units FROM pg_temp.unit");
    let row = transaction.query_one_raw(counted).await?.ok_or_else(|| Error::internal("count(*) gave no row"))?;
    let units: i64 = row.try_get("", "units")?;
    if units == 0 {
        return Ok(0);
    }
    execute(transaction, "people", include_str!("sql/scale/people.sql")).await?;
    execute(transaction, "projects", include_str!("sql/scale/projects.sql")).await?;
    execute(transaction, "billing", include_str!("sql/scale/billing.sql")).await?;
    let metrics = execute(transaction, "metrics", include_str!("sql/scale/metrics.sql")).await?;
    let sealing = Instant::now();
    let projects = project_keys::seal_missing(transaction, vault, now).await?;
    tracing::debug!(projects, seconds = sealing.elapsed().as_secs_f32(), "made their keys");
    tracing::info!(
        organizations = units * 20,
        users = units * 200,
        projects = units * 100,
        metrics,
        seconds = started.elapsed().as_secs_f32(),
        "made the numbered organizations"
    );
    Ok(units)
}
