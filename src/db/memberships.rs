//! Who belongs to an organization: founding one, and taking turns in changing it. Each is one call of a narrow SECURITY
//! DEFINER function (migration m017).

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use uuid::Uuid;

use super::RequestTransaction;
use crate::error::{Error, Result};

/// Makes an organization of the caller's, with the caller as its owner and a Free subscription.
///
/// # Errors
/// [`Error::Conflict`] for a slug that is taken.
pub async fn create_organization(transaction: &RequestTransaction, id: Uuid, name: &str, slug: &str) -> Result<()> {
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT platform_private.create_organization($1, $2, $3)",
        [id.into(), name.into(), slug.into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(())
}

/// From here to the end of the transaction nobody else changes who belongs to the organization.
///
/// # Errors
/// [`Error::NotFound`] when the caller belongs to it no longer.
pub async fn lock_organization(transaction: &RequestTransaction, id: Uuid) -> Result<()> {
    let sql = "SELECT platform_private.lock_organization($1)";
    let belongs: Option<bool> = scalar(transaction, sql, [id.into()]).await?;
    if belongs == Some(true) { Ok(()) } else { Err(Error::NotFound("the organization was".into())) }
}

/// The one value that a function returns.
pub(super) async fn scalar<T: sea_orm::TryGetable>(
    transaction: &RequestTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = transaction.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::internal(format!("no row from {sql}")))?;
    Ok(row.try_get_by_index(0)?)
}
