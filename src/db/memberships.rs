//! Who belongs to an organization: founding one, and taking turns in changing it. Each is one call of a narrow SECURITY
//! DEFINER function (migration m017).

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    RequestTransaction,
    function::{call, value},
};
use crate::error::{Error, Result};

/// Makes an organization of the caller's, with the caller as its owner and a Free subscription.
///
/// # Errors
/// [`Error::Conflict`] for a slug that is taken.
pub async fn create_organization(transaction: &RequestTransaction, id: Uuid, name: &str, slug: &str) -> Result<()> {
    let sql = "SELECT platform_private.create_organization($1, $2, $3)";
    transaction.execute_raw(call(sql, [id.into(), name.into(), slug.into()])).await?;
    Ok(())
}

/// From here to the end of the transaction nobody else changes who belongs to the organization.
///
/// # Errors
/// [`Error::NotFound`] when the caller belongs to it no longer.
pub async fn lock_organization(transaction: &RequestTransaction, id: Uuid) -> Result<()> {
    let sql = "SELECT platform_private.lock_organization($1)";
    let belongs: Option<bool> = value(transaction, sql, [id.into()]).await?;
    if belongs == Some(true) { Ok(()) } else { Err(Error::NotFound("the organization was".into())) }
}
