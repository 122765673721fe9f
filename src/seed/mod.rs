//! Demo data for a development installation, and volume for measuring. What there is stands in `sql/`: `demo/` has the
//! people and things with names, `scale/` the numbered ones.

pub mod accounts;
mod demo;
mod scale;

use std::time::Instant;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait as _};

use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    db::{migrate, operator},
    error::{Error, Result},
    secrets,
    server::ServerError,
};

/// Fills the database: the demo data, and with a `scale` above 0 as many units of numbered organizations beside it.
/// Each is there as a whole or not at all. What is there already is left as it is, so running it again changes
/// nothing, and a higher scale adds to a lower one.
///
/// # Errors
/// [`ServerError::Config`] in production, where nothing is written; [`Error::Conflict`] when a name of the demo is
/// taken by something else; otherwise when the database does not take it.
pub async fn run(config: &Config, url: &str, scale: u32) -> Result<(), ServerError> {
    run_at(config, url, scale, &Clock::system()).await
}

/// As [`run`], on the day that `clock` shows: all times of the data are relative to it.
///
/// # Errors
/// As [`run`].
pub async fn run_at(config: &Config, url: &str, scale: u32, clock: &Clock) -> Result<(), ServerError> {
    refuse_in_production(config)?;
    let started = Instant::now();
    let secrets = secrets::resolve(config)?;
    if config.migrate {
        migrate::up(url).await?;
    }
    let connection = operator::connect_as_service(url).await?;
    let now = prepare(&connection, clock).await?;

    let transaction = begin(&connection).await?;
    let demo = demo::load(&transaction, config, &secrets.vault, now).await?;
    transaction.commit().await.map_err(Error::from)?;

    let transaction = begin(&connection).await?;
    let units = scale::load(&transaction, scale, &secrets.vault, now).await?;
    transaction.commit().await.map_err(Error::from)?;

    if demo || units > 0 {
        vacuum(&connection).await?;
        tracing::info!(seconds = started.elapsed().as_secs_f32(), "seeded");
    } else {
        tracing::info!("all of it is there already: nothing was changed");
    }
    connection.close().await.map_err(Error::from)?;
    Ok(())
}

/// Everybody knows the password of the demo accounts.
fn refuse_in_production(config: &Config) -> Result<(), ConfigError> {
    if config.development() {
        return Ok(());
    }
    Err(ConfigError::Value {
        setting: "OGELBASE_ENV",
        problem: "demo data is for development: its password is known, so it is not written in production".to_owned(),
    })
}

/// The month tables that the series reach back to, and what the files in `sql/` share. Returns the time that they
/// count from.
async fn prepare(connection: &DatabaseConnection, clock: &Clock) -> Result<DateTime<Utc>> {
    let now = clock.now().duration_trunc(TimeDelta::minutes(1)).map_err(Error::internal)?;
    connection.execute_unprepared("SELECT platform_private.ensure_partitions(13, 3)").await?;
    let values = [now.to_rfc3339().into()];
    let sql = "SELECT set_config('seed.now', $1, false)";
    connection.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    connection.execute_unprepared(include_str!("sql/helpers.sql")).await?;
    Ok(now)
}

/// A transaction in which nobody else seeds.
#[expect(clippy::disallowed_methods, reason = "the connection is this command's own and ends with it")]
async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let transaction = connection.begin().await?;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('ogelbase seed', 0))";
    transaction.execute_unprepared(lock).await?;
    Ok(transaction)
}

/// Runs one file and returns how many rows it wrote.
async fn execute(transaction: &DatabaseTransaction, name: &str, sql: &str) -> Result<u64> {
    let started = Instant::now();
    let rows = transaction.execute_unprepared(sql).await?.rows_affected();
    tracing::debug!(name, rows, seconds = started.elapsed().as_secs_f32(), "seeding");
    Ok(rows)
}

/// PostgreSQL looks at tables by itself, but too late for who measures right after seeding; and series are read from
/// their index alone only where a vacuum has marked the pages that everybody sees. Months without rows are left out:
/// what was never looked at counts as having some, what was found empty invites plans that read it as a whole.
async fn vacuum(connection: &DatabaseConnection) -> Result<()> {
    let filled = "SELECT string_agg(format('platform.%I', relname), ', ') AS tables FROM pg_class
                   WHERE relnamespace = 'platform'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, filled)).await?;
    let tables: Option<String> = row.map(|row| row.try_get("", "tables")).transpose()?.flatten();
    if let Some(tables) = tables {
        connection.execute_unprepared(&format!("VACUUM (ANALYZE) {tables}")).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[tokio::test]
    async fn production_is_refused_before_anything_is_touched() {
        let config = Config { environment: Environment::Production, ..Config::default() };
        let refused = run(&config, "postgres://nowhere.invalid/", 1).await;
        assert!(matches!(refused, Err(ServerError::Config(ConfigError::Value { setting: "OGELBASE_ENV", .. }))));
    }
}
