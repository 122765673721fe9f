//! The second factor in the database: one call each of a function of migration m016 that only the service role may call.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value, sqlx::Row};
use uuid::Uuid;

use super::{
    Database, RequestTransaction,
    bootstrap::{Resolved, hex},
    function::{call, only, value_as_service},
    renewal::NewTokens,
};
use crate::{
    auth::{second_factor::Matched, session::Client},
    error::{Error, Result},
};

/// What the server needs to check the caller's own password and code.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OwnFactor {
    /// Where letters go.
    pub email: Option<String>,
    /// Argon2id in PHC notation; none: signs in elsewhere.
    pub password_hash: Option<String>,
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// The secret, sealed; none where none was made.
    pub secret_sealed: Option<String>,
}

/// What the server needs to check the code that came with a ticket.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Whose ticket it is.
    pub user_id: Uuid,
    /// Their secret, sealed.
    pub secret_sealed: String,
}

/// The step and the digest as the functions take them: one of them is null.
fn spent(matched: Matched) -> [Value; 2] {
    match matched {
        Matched::Step(step) => [Some(step).into(), None::<String>.into()],
        Matched::Recovery(digest) => [None::<i64>.into(), Some(hex(&digest)).into()],
    }
}

fn texts(digests: &[[u8; 32]]) -> Value {
    digests.iter().map(|digest| hex(digest)).collect::<Vec<_>>().into()
}

/// The caller's own.
///
/// # Errors
/// As the statement's.
pub async fn own(transaction: &RequestTransaction) -> Result<OwnFactor> {
    let row = transaction.query_one_as_service(call("SELECT * FROM platform_private.own_second_factor()", [])).await?;
    let row = only(row)?;
    Ok(OwnFactor::from_query_result(&row, "")?)
}

/// Keeps the caller's new secret until a code confirms it; false when the account changed meanwhile.
///
/// # Errors
/// As the statement's.
pub async fn enrol(transaction: &RequestTransaction, checked_hash: &str, sealed: &str) -> Result<bool> {
    let sql = "SELECT platform_private.enrol_second_factor($1, $2)";
    value_as_service(transaction, sql, [checked_hash.into(), sealed.into()]).await
}

/// Switches the caller's factor on and ends their other sessions; false when the account changed meanwhile.
///
/// # Errors
/// As the statement's.
pub async fn confirm(
    transaction: &RequestTransaction,
    checked_sealed: &str,
    step: i64,
    recovery: &[[u8; 32]],
    kept_session: Uuid,
) -> Result<bool> {
    let sql = "SELECT platform_private.confirm_second_factor($1, $2, $3, $4)";
    let values = [checked_sealed.into(), step.into(), texts(recovery), kept_session.into()];
    value_as_service(transaction, sql, values).await
}

/// Switches the caller's factor off; false when the code was used.
///
/// # Errors
/// As the statement's.
pub async fn disable(transaction: &RequestTransaction, checked_hash: &str, matched: Matched) -> Result<bool> {
    let [step, recovery] = spent(matched);
    let sql = "SELECT platform_private.disable_second_factor($1, $2, $3)";
    value_as_service(transaction, sql, [checked_hash.into(), step, recovery]).await
}

/// Gives the caller new recovery codes; false when the code was used.
///
/// # Errors
/// As the statement's.
pub async fn replace_recovery_codes(
    transaction: &RequestTransaction,
    checked_hash: &str,
    matched: Matched,
    recovery_codes: &[[u8; 32]],
) -> Result<bool> {
    let [step, recovery] = spent(matched);
    let sql = "SELECT platform_private.replace_recovery_codes($1, $2, $3, $4)";
    value_as_service(transaction, sql, [checked_hash.into(), step, recovery, texts(recovery_codes)]).await
}

/// Stores a ticket; false when the account changed meanwhile.
///
/// # Errors
/// As the statement's.
pub async fn open_ticket(
    transaction: &RequestTransaction,
    user_id: Uuid,
    checked_hash: String,
    ticket: [u8; 32],
    expires_at: DateTime<Utc>,
    client: &Client,
) -> Result<bool> {
    let values = [user_id.into(), checked_hash.into(), hex(&ticket).into(), expires_at.into()];
    let sql = "SELECT platform_private.open_second_factor_ticket($1, $2, $3, $4, $5, $6, $7)";
    value_as_service(transaction, sql, values.into_iter().chain(client.origin().values())).await
}

/// Takes ticket and code for a session; none when one of them was used.
///
/// # Errors
/// As the statement's.
pub async fn complete_sign_in(
    transaction: &RequestTransaction,
    ticket: [u8; 32],
    matched: Matched,
    tokens: NewTokens,
    ends_at: DateTime<Utc>,
) -> Result<Option<Resolved>> {
    let [step, recovery] = spent(matched);
    let values = [
        hex(&ticket).into(),
        step,
        recovery,
        crate::id::new().into(),
        hex(&tokens.token_hash).into(),
        hex(&tokens.refresh_token_hash).into(),
        ends_at.into(),
    ];
    let sql = "SELECT * FROM platform_private.complete_sign_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row =
        transaction.query_one_as_service(call(sql, values.into_iter().chain(tokens.client.origin().values()))).await?;
    let row = row.as_ref().and_then(|row| row.try_as_pg_row());
    let row = row.ok_or_else(|| Error::internal("complete_sign_in returned no row"))?;
    if row.try_get::<&str, _>("outcome")? == "ok" { Resolved::from_row(row).map(Some) } else { Ok(None) }
}

fn waited(seconds: i32) -> Result<()> {
    match u64::try_from(seconds) {
        Ok(retry_after) if retry_after > 0 => Err(Error::RateLimited { retry_after }),
        _ => Ok(()),
    }
}

impl Database {
    /// Uses up one of a ticket's guesses, before the code is looked at and whatever becomes of the request.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a ticket that is none or used up, [`Error::RateLimited`] after too many guesses at
    /// one account.
    pub async fn try_second_factor_ticket(&self, ticket: [u8; 32]) -> Result<Challenge> {
        let sql = "SELECT * FROM platform_private.try_second_factor_ticket($1)";
        let row = self.one_beside(call(sql, [hex(&ticket).into()])).await?;
        match row.try_get::<String>("", "outcome")?.as_str() {
            "ok" => {
                Ok(Challenge { user_id: row.try_get("", "user_id")?, secret_sealed: row.try_get("", "secret_sealed")? })
            }
            "limited" => {
                waited(row.try_get("", "retry_after")?)?;
                Err(Error::internal("limited for no time"))
            }
            _ => Err(Error::Unauthenticated("the ticket is not valid any more: sign in again".into())),
        }
    }

    /// Counts a guess of somebody who is signed in, before the code is looked at and whatever becomes of the request.
    ///
    /// # Errors
    /// [`Error::RateLimited`] after too many.
    pub async fn try_second_factor(&self, user_id: Uuid) -> Result<()> {
        let row =
            self.one_beside(call("SELECT platform_private.count_second_factor_try($1)", [user_id.into()])).await?;
        waited(row.try_get_by_index(0)?)
    }

    /// Puts a wrong code on record, whatever becomes of the request.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn record_second_factor_failure(&self, user_id: Uuid, client: &Client) -> Result<()> {
        let values = [user_id.into()].into_iter().chain(client.origin().values());
        self.one_beside(call("SELECT platform_private.record_second_factor_failure($1, $2, $3, $4)", values)).await?;
        Ok(())
    }
}
