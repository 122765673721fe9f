//! 004: the first tenant, Lancio, under keys that other code may rely on. Its credentials are sealed by the
//! server at its first start: a migration has no vault key.

use sea_orm_migration::prelude::*;

/// Organization Lancio.
pub const ORGANIZATION_ID: &str = "00000000-0000-7000-8000-000000000001";
/// Its project `default`.
pub const PROJECT_ID: &str = "00000000-0000-7000-8000-000000000002";
/// Its owner, `admin@ogelbase.com`, who has no password until the operator sets one.
pub const OWNER_ID: &str = "00000000-0000-7000-8000-000000000003";
/// The owner's membership.
pub const MEMBERSHIP_ID: &str = "00000000-0000-7000-8000-000000000004";
/// The Free subscription.
pub const SUBSCRIPTION_ID: &str = "00000000-0000-7000-8000-000000000005";
/// The project's disk.
pub const DISK_CONFIG_ID: &str = "00000000-0000-7000-8000-000000000006";
/// The project's machine.
pub const COMPUTE_CONFIG_ID: &str = "00000000-0000-7000-8000-000000000007";

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[&with_keys(include_str!("sql/m004/up.sql"))]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[&with_keys(include_str!("sql/m004/down.sql"))]).await
    }
}

fn with_keys(sql: &str) -> String {
    sql.replace("$organization", ORGANIZATION_ID)
        .replace("$project", PROJECT_ID)
        .replace("$owner", OWNER_ID)
        .replace("$membership", MEMBERSHIP_ID)
        .replace("$subscription", SUBSCRIPTION_ID)
        .replace("$disk", DISK_CONFIG_ID)
        .replace("$compute", COMPUTE_CONFIG_ID)
}
