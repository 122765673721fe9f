//! The account that a command is about.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, QueryResult, Statement, Value};
use uuid::Uuid;

use super::AdminError;

/// An account that is there.
#[derive(Debug, FromQueryResult)]
pub(super) struct Person {
    pub(super) id: Uuid,
    /// As it is stored.
    pub(super) email: String,
    pub(super) banned: bool,
    pub(super) banned_until: Option<DateTime<Utc>>,
    pub(super) external_issuer: Option<String>,
}

impl Person {
    /// The account of an address, in any case, locked against other changes until the transaction ends.
    ///
    /// # Errors
    /// [`AdminError::NoAccount`] when there is none; deleted ones are none.
    pub(super) async fn with(transaction: &DatabaseTransaction, email: &str) -> Result<Self, AdminError> {
        let sql = "SELECT id, email, coalesce(banned_until > now(), false) AS banned, banned_until, external_issuer
                     FROM platform.users WHERE lower(email) = lower($1) AND deleted_at IS NULL
                      FOR UPDATE";
        let row = one(transaction, sql, [email.trim().into()]).await?;
        let found = row.ok_or_else(|| AdminError::NoAccount(email.trim().to_owned()))?;
        Ok(Self::from_query_result(&found, "")?)
    }

    /// Ends all its sessions; returns how many.
    pub(super) async fn end_sessions(&self, transaction: &DatabaseTransaction) -> Result<u64, AdminError> {
        let sql = "UPDATE platform.user_sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL
                      AND expires_at > now()";
        run(transaction, sql, [self.id.into()]).await
    }

    /// Makes void what was sent out or begun under an older password: links of mails, second steps of sign-ins.
    pub(super) async fn void_tokens(&self, transaction: &DatabaseTransaction) -> Result<(), AdminError> {
        let sql = "UPDATE platform_private.one_time_tokens SET used_at = now()
                    WHERE user_id = $1 AND used_at IS NULL AND purpose <> 'confirm_email'";
        run(transaction, sql, [self.id.into()]).await.map(|_| ())
    }
}

/// The first row.
pub(super) async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, AdminError> {
    Ok(connection.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?)
}

/// How many rows it changed.
pub(super) async fn run(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, AdminError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}
