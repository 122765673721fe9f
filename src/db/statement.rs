//! SeaORM's statements on the request's transaction: entities and queries take it as their connection.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    prelude::async_trait::async_trait,
    sqlx::{self, AssertSqlSafe, Executor as _, Postgres, query::Query},
};
use sea_query_sqlx::SqlxValues;

use super::{RequestTransaction, shadow};

#[async_trait]
impl ConnectionTrait for RequestTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(async |connection| query(statement).execute(connection).await)
            .await
            .map(Into::into)
            .map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = sql.to_owned();
        self.run(async |connection| connection.execute(AssertSqlSafe(sql)).await)
            .await
            .map(Into::into)
            .map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let again = self.shadowed.then(|| statement.clone());
        self.run(async |connection| {
            let row = query(statement).fetch_optional(&mut *connection).await?;
            if let Some(again) = again {
                Box::pin(shadow::compare(connection, &again, row.as_slice(), 1)).await?;
            }
            Ok(row)
        })
        .await
        .map(|row| row.map(Into::into))
        .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let again = self.shadowed.then(|| statement.clone());
        self.run(async |connection| {
            let rows = query(statement).fetch_all(&mut *connection).await?;
            if let Some(again) = again {
                Box::pin(shadow::compare(connection, &again, &rows, usize::MAX)).await?;
            }
            Ok(rows)
        })
        .await
        .map(|rows| rows.into_iter().map(Into::into).collect())
        .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

impl RequestTransaction {
    /// The first row of a statement that runs under `ogelbase_service`.
    ///
    /// # Errors
    /// As the statement's.
    pub(super) async fn query_one_as_service(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run_as_service(async |connection| query(statement).fetch_optional(connection).await)
            .await
            .map(|row| row.map(Into::into))
            .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

pub(super) fn query(statement: Statement) -> Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}
