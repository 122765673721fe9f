//! 003: people and their roles, plans, add-ons, metrics, API keys and feature flags.

use sea_orm_migration::prelude::*;

use crate::rls::{self, Rule};

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    include_str!("sql/m003/users.sql"),
    include_str!("sql/m003/members.sql"),
    include_str!("sql/m003/last_owner.sql"),
    include_str!("sql/m003/organization_invitations.sql"),
    include_str!("sql/m003/billing_plans.sql"),
    include_str!("sql/m003/project_addons.sql"),
    include_str!("sql/m003/partitions.sql"),
    include_str!("sql/m003/project_metrics.sql"),
    include_str!("sql/m003/api_keys.sql"),
    include_str!("sql/m003/feature_flags.sql"),
    include_str!("sql/m003/access_functions.sql"),
];

const TABLES: &[Rule] = &[
    Rule::read("users")
        .updating(&["username", "first_name", "last_name", "avatar_url", "phone", "metadata"])
        .hiding(&["password_hash", "mfa_secret_sealed", "mfa_last_step", "mfa_recovery_hashes"]),
    Rule::read("user_sessions").hiding(&["token_hash", "refresh_token_hash", "previous_refresh_hash"]),
    Rule::read("organization_members").updating(&["role"]).deleting(),
    Rule::read("project_members").inserting().updating(&["role"]).deleting(),
    Rule::read("organization_invitations").deleting().hiding(&["token_hash"]),
    Rule::read("billing_plans"),
    Rule::read("project_addons").updating(&["quantity", "status", "deactivated_at"]).deleting(),
    Rule::read("project_metrics"),
    Rule::read("api_keys").updating(&["name"]).deleting().hiding(&["key_hash"]),
    Rule::read("feature_flags"),
    Rule::read("organization_feature_flags").inserting().updating(&["enabled"]).deleting(),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        rls::close(manager, TABLES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m003/down.sql")]).await
    }
}
