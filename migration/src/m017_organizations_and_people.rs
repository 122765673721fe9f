//! 017: founding organizations, inviting people and answering, and keys that make a repeated mutation harmless.

use sea_orm_migration::prelude::*;

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    include_str!("sql/m017/idempotency.sql"),
    include_str!("sql/m017/memberships.sql"),
    include_str!("sql/m017/invitations.sql"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m017/down.sql")]).await
    }
}
