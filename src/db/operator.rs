//! The operator's connection: one, for what is done to the database rather than for a request.

use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqlxPostgresConnector, TransactionTrait as _,
    sqlx::{Executor as _, postgres::PgPoolOptions},
};

use super::pool::connect_options;
use crate::error::Result;

/// How long to wait for the database.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One connection as the login role that the URL names.
///
/// # Errors
/// [`crate::error::Error::Unavailable`] when the database does not answer.
pub async fn connect_as_login(url: &str) -> Result<DatabaseConnection> {
    connect(url, "SET timezone = 'UTC'; SET client_min_messages = warning").await
}

/// One connection under `ogelbase_service`, which owns both schemas.
///
/// # Errors
/// [`crate::error::Error::Unavailable`] when the database does not answer, [`crate::error::Error::Internal`] when the
/// roles are not there.
pub async fn connect_as_service(url: &str) -> Result<DatabaseConnection> {
    connect(
        url,
        "SET timezone = 'UTC'; SET client_min_messages = warning; SET ROLE ogelbase_service; \
                  SET search_path = platform_private",
    )
    .await
}

/// A transaction on the operator's connection; dropped, it is rolled back.
///
/// # Errors
/// [`crate::error::Error::Unavailable`] when the database does not answer.
#[expect(clippy::disallowed_methods, reason = "the connection is this command's own and ends with it")]
pub async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction> {
    Ok(connection.begin().await?)
}

async fn connect(url: &str, at_start: &'static str) -> Result<DatabaseConnection> {
    // One connection that is never replaced, because advisory locks and roles are the connection's.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(TIMEOUT)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(at_start).await.map(|_| ()) }))
        .connect_with(connect_options(url)?)
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}
