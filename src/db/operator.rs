//! The operator's connection: one, for what is done to the database rather than for a request.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqlxPostgresConnector, TransactionTrait as _,
    sqlx::{Connection as _, Executor as _, PgConnection, postgres::PgPoolOptions},
};

use super::pool::connect_options;
use crate::error::{Error, Result};

/// How long to wait for the database.
const TIMEOUT: Duration = Duration::from_secs(10);

const AS_SERVICE: &str = "SET timezone = 'UTC'; SET client_min_messages = warning; SET ROLE ogelbase_service; \
                          SET search_path = platform_private";

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
    connect(url, AS_SERVICE).await
}

/// One connection under `ogelbase_service` that is no pool's: a job's, whose transactions and locks are its own.
///
/// # Errors
/// [`Error::Unavailable`] when the database does not answer.
pub async fn connect_job(url: &str) -> Result<PgConnection> {
    let options = connect_options(url)?.application_name("ogelbase jobs");
    let connecting = tokio::time::timeout(TIMEOUT, PgConnection::connect_with(&options)).await;
    let mut connection = connecting.map_err(|elapsed| Error::Unavailable(Arc::new(elapsed)))??;
    connection.execute(AS_SERVICE).await?;
    Ok(connection)
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
