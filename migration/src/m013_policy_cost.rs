//! 013: the rules of 007 at less cost. Who may read what stays as it is.
//!
//! `organization_id = ANY (...)` in a policy is something an index can answer, and PostgreSQL took it for one more
//! condition on the index that a list is read from: it then expected one row where there were 1,400, and before
//! PostgreSQL 17 an index under such a condition has no order, so that the first 20 members were all of them, sorted
//! (14 ms). Inside `coalesce` it is a filter on the rows that the statement's own conditions found.

use sea_orm_migration::prelude::*;

use crate::{m007_restrictive_rls::readable, policy::filter};

const FUNCTIONS: &str = include_str!("sql/m013/up.sql");
const DOWN: &str = include_str!("sql/m013/down.sql");

/// The policies of reading with each rule made anew by `form`; those that compare with no set stay.
fn policies(form: impl Fn(&str) -> String) -> String {
    readable()
        .into_iter()
        .filter(|(_, rule)| rule.contains("= ANY"))
        .map(|(table, rule)| format!("ALTER POLICY {table}_select ON platform.{table} USING ({});\n", form(&rule)))
        .collect()
}

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[FUNCTIONS, &policies(filter)]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[&policies(str::to_owned), DOWN]).await
    }
}
