//! The caller's own row, read in the round trip that opens the request where it is known to be asked for: by `EXECUTE`
//! under the policies, as every other statement of the request.

use entity::users::{Column, Entity, Safe};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, FromQueryResult, PartialModelTrait, QueryFilter, QueryResult, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait},
    sqlx::postgres::PgRow,
};

use crate::error::Result;

/// What follows the statement that opens a request.
pub(super) const EXECUTE: &str = "; EXECUTE own_person";

/// Prepared on each connection.
pub(super) fn prepared() -> String {
    let own = Column::Id.into_expr().eq(Expr::cust("platform.get_current_user_id()"));
    let select = Safe::select_cols(Entity::find().select_only()).filter(own);
    format!("PREPARE own_person AS {}", select.build(DbBackend::Postgres))
}

/// The person, if the statement found them.
pub(super) fn from_row(row: Option<PgRow>) -> Result<Option<Safe>> {
    Ok(row.map(|row| Safe::from_query_result(&QueryResult::from(row), "")).transpose()?)
}
