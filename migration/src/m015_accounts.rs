//! 015: signing up, one's address and password, the end of an account, and slower sign-ins after failures.

use sea_orm_migration::prelude::*;

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    include_str!("sql/m015/sign_in_failures.sql"),
    include_str!("sql/m015/sign_up.sql"),
    include_str!("sql/m015/links.sql"),
    include_str!("sql/m015/passwords.sql"),
    include_str!("sql/m015/delete_account.sql"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m015/down.sql")]).await
    }
}
