//! Keys that make a repeated mutation harmless: the same key with the same input finds what the first time made.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::token,
    db::{RequestTransaction, bootstrap::hex},
    error::{Error, Result},
};

/// Characters of a key at most.
const MAX_KEY: usize = 200;

/// What a mutation that makes something has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// To make it, under this key.
    First(Uuid),
    /// To give what was made before, under this key.
    Again(Uuid),
}

/// Takes the key for what `mutation` makes from `input`, or finds what it made. A second request with the key waits
/// until the first is committed or undone. Without a key everything is made anew. `input` has all that decides the
/// result as it is understood (trimmed, in lower case), without the key itself.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the caller used the key with another input; [`Error::InvalidInput`] for what
/// cannot be a key.
pub async fn claim(
    transaction: &RequestTransaction,
    key: Option<&str>,
    mutation: &'static str,
    input: &Value,
) -> Result<Claim> {
    let new_id = crate::id::new();
    let Some(key) = key else { return Ok(Claim::First(new_id)) };
    if key.trim() != key || !(1..=MAX_KEY).contains(&key.chars().count()) || key.contains(char::is_control) {
        let message = format!("must be 1 to {MAX_KEY} characters without white space around them");
        return Err(Error::invalid("input.idempotencyKey", message));
    }
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT * FROM platform_private.claim_idempotency_key($1, $2, $3, $4)",
        [key.into(), mutation.into(), hex(&token::digest(&input.to_string())).into(), new_id.into()],
    );
    let row = transaction.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::internal("claim_idempotency_key returned no row"))?;
    match row.try_get::<String>("", "outcome")?.as_str() {
        "first" => Ok(Claim::First(new_id)),
        "again" => Ok(Claim::Again(row.try_get("", "made_id")?)),
        _ => Err(Error::IdempotencyMismatch),
    }
}
