//! Sessions that are renewed, noted and ended: one call each of a narrow SECURITY DEFINER function (migration m016).

use sea_orm::{ConnectionTrait, Statement, sqlx::Row};
use uuid::Uuid;

use super::{
    Database, RequestTransaction,
    bootstrap::{Resolved, hex},
    function::{call, only, value},
};
use crate::{
    auth::session::Client,
    error::{Error, Result},
};

/// Digests of a session's new tokens, and where the session is now.
#[derive(Debug, Clone)]
pub struct NewTokens {
    /// Digest of the session's token.
    pub token_hash: [u8; 32],
    /// Digest of the refresh token.
    pub refresh_token_hash: [u8; 32],
    /// Who asks.
    pub client: Client,
}

/// What the database says to a refresh token.
#[derive(Debug)]
pub enum Renewed {
    /// The session has the new tokens, and its user is the transaction's.
    Renewed(Resolved),
    /// The token is the one before: nothing was changed yet.
    Reused,
    /// The token is none, or its session has ended.
    Refused,
}

/// Gives the session of a refresh token new tokens, in the request's transaction.
///
/// # Errors
/// As the statement's.
pub async fn refresh_session(
    transaction: &RequestTransaction,
    presented: [u8; 32],
    tokens: NewTokens,
) -> Result<Renewed> {
    let digests = [presented, tokens.token_hash, tokens.refresh_token_hash].map(|digest| hex(&digest).into());
    let values = digests.into_iter().chain(tokens.client.origin().values());
    let sql = "SELECT * FROM platform_private.refresh_session($1, $2, $3, $4, $5, $6)";
    let row = transaction.query_one_raw(call(sql, values)).await?;
    let row = row.as_ref().and_then(|row| row.try_as_pg_row());
    let row = row.ok_or_else(|| Error::internal("refresh_session returned no row"))?;
    match row.try_get::<&str, _>("outcome")? {
        "ok" => Resolved::from_row(row).map(Renewed::Renewed),
        "reused" => Ok(Renewed::Reused),
        _ => Ok(Renewed::Refused),
    }
}

/// Ends one of the caller's own sessions; false when it had ended.
///
/// # Errors
/// As the statement's.
pub async fn revoke_session(transaction: &RequestTransaction, session_id: Uuid) -> Result<bool> {
    value(transaction, "SELECT platform_private.revoke_session($1)", [session_id.into()]).await
}

/// Ends the caller's sessions, but for the one that is kept; how many.
///
/// # Errors
/// As the statement's.
pub async fn revoke_sessions(transaction: &RequestTransaction, kept: Option<Uuid>) -> Result<i32> {
    value(transaction, "SELECT platform_private.revoke_sessions($1)", [kept.into()]).await
}

impl Database {
    /// Ends the session whose former refresh token came back and puts that on record, in a transaction of its own: the
    /// request that brought it fails.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn end_reused_session(&self, presented: [u8; 32], client: &Client) -> Result<()> {
        let values = [hex(&presented).into()].into_iter().chain(client.origin().values());
        self.one_beside(call("SELECT platform_private.end_reused_session($1, $2, $3, $4)", values)).await?;
        Ok(())
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn touch_session(&self, session_id: Uuid) -> Result<()> {
        self.one_beside(call("SELECT platform_private.touch_session($1)", [session_id.into()])).await?;
        Ok(())
    }

    /// One statement of the service role in a transaction of its own, which stands whatever becomes of the request's.
    pub(super) async fn one_beside(&self, statement: Statement) -> Result<sea_orm::QueryResult> {
        let transaction = self.aside().await?;
        let row = transaction.query_one_raw(statement).await?;
        transaction.commit().await?;
        only(row)
    }
}
