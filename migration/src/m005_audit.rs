//! 005: the audit trail.

use sea_orm_migration::prelude::*;

use crate::rls::{self, Rule};

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[include_str!("sql/m005/audit_logs.sql"), include_str!("sql/m005/record_audit.sql")];

const TABLES: &[Rule] = &[Rule::read("audit_logs")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        rls::close(manager, TABLES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m005/down.sql")]).await
    }
}
