//! 006: the databases a project registers, their metrics and connection log.

use sea_orm_migration::prelude::*;

use crate::rls::{self, Rule};

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[include_str!("sql/m006/databases.sql"), include_str!("sql/m006/database_series.sql")];

const TABLES: &[Rule] = &[
    Rule::read("databases")
        .updating(&["name", "config", "is_primary"])
        .deleting()
        .hiding(&["connection_string_sealed"]),
    Rule::read("database_metrics"),
    Rule::read("database_connection_logs"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        rls::close(manager, TABLES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m006/down.sql")]).await
    }
}
