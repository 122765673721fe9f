//! Calls of the functions of `platform_private`: a statement, its one row, its one value.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};

use super::RequestTransaction;
use crate::error::{Error, Result};

/// The statement that calls one.
pub(crate) fn call(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// The row of a function, which returns one whatever happens.
pub(super) fn only(row: Option<QueryResult>) -> Result<QueryResult> {
    row.ok_or_else(|| Error::internal("a function returned no row"))
}

/// The one value of a function that the application role may call.
pub(super) async fn value<T: TryGetable>(
    transaction: &RequestTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T> {
    Ok(only(transaction.query_one_raw(call(sql, values)).await?)?.try_get_by_index(0)?)
}

/// The one value of a function that only the service role may call.
pub(super) async fn value_as_service<T: TryGetable>(
    transaction: &RequestTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T> {
    Ok(only(transaction.query_one_as_service(call(sql, values)).await?)?.try_get_by_index(0)?)
}
