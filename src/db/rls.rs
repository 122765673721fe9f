//! The mode of row-level security: shown and switched by the operator, followed by every server.

use std::{fmt, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, Row as _, postgres::PgListener},
};

use crate::error::{Error, Result};

/// A switch takes every table for itself, one after the other. It gives way sooner than PostgreSQL looks for deadlocks
/// (1 s), because those whom it meets would be requests.
const LOCK_TIMEOUT_MS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(200);
const TRIES: u32 = 40;

/// What row-level security does with what its policies do not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Lets every row through: guards alone decide
    Permissive,
    /// Lets every row through, and logs which reads would be answered differently under `restrictive`
    Shadow,
    /// Withholds: the default
    Restrictive,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Permissive => "permissive",
            Self::Shadow => "shadow",
            Self::Restrictive => "restrictive",
        }
    }

    fn named(name: &str) -> Result<Self> {
        [Self::Permissive, Self::Shadow, Self::Restrictive]
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| Error::internal(format!("{name} is no mode of row-level security")))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The mode and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The mode.
    pub mode: Mode,
    /// When it was switched to.
    pub since: DateTime<Utc>,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} since {}", self.mode, self.since.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// Reads the mode, under `ogelbase_service`.
///
/// # Errors
/// [`Error::Conflict`] where the database lacks this server's migrations.
pub async fn current(service: &DatabaseConnection) -> Result<State> {
    let there = "SELECT to_regproc('platform_private.switch_rls_mode') IS NOT NULL AS there";
    if !one::<bool>(service, there, "there").await? {
        return Err(Error::Conflict("the database lacks migrations: run `ogelbase migrate up` first".into()));
    }
    let row = "SELECT mode, changed_at FROM platform_private.rls_mode";
    let row = service.query_one_raw(Statement::from_string(DbBackend::Postgres, row)).await?;
    let row = row.ok_or_else(|| Error::internal("the mode of row-level security is not stored"))?;
    Ok(State { mode: Mode::named(&row.try_get::<String>("", "mode")?)?, since: row.try_get("", "changed_at")? })
}

async fn one<T: sea_orm::TryGetable>(service: &DatabaseConnection, sql: &str, column: &str) -> Result<T> {
    let row = service.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.ok_or_else(|| Error::internal("no row"))?.try_get("", column)?)
}

/// Switches the mode and puts that on record, under `ogelbase_service`. Requests that are running finish first.
///
/// # Errors
/// [`Error::Conflict`] when some table was in use all the while.
pub async fn switch(service: &DatabaseConnection, mode: Mode) -> Result<()> {
    // One simple query is one transaction.
    let sql = format!(
        "SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_MS}ms', true); SELECT platform_private.switch_rls_mode('{mode}')"
    );
    for _ in 0..TRIES {
        match service.execute_unprepared(&sql).await {
            Ok(_) => return Ok(()),
            Err(error) if in_use(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    let message = "a long transaction keeps a table in use, so the mode is as it was: try again";
    Err(Error::Conflict(message.into()))
}

/// A lock was not to be had (55P03), or only at another's cost (40P01).
fn in_use(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "55P03" || code == "40P01")
}

/// The mode, as a server may ask for it.
pub(super) async fn mode(listener: &mut PgListener) -> Result<Mode> {
    let row = sqlx::query("SELECT platform_private.current_rls_mode()").fetch_one(listener).await?;
    Mode::named(row.try_get::<&str, _>(0)?)
}
