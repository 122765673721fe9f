//! 020: jobs that several servers share, mails that lose their content, and an audit trail that ends with its retention.

use sea_orm_migration::prelude::*;

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let texts = [
            include_str!("sql/m020/jobs.sql"),
            include_str!("sql/m020/outbox.sql"),
            include_str!("sql/m020/retention.sql"),
        ];
        crate::run(manager, &texts).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m020/down.sql")]).await
    }
}
