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
    Rule::full("users").hiding(&["password_hash", "mfa_secret_sealed", "mfa_last_step", "mfa_recovery_hashes"]),
    Rule::amend("user_sessions").hiding(&["token_hash", "refresh_token_hash", "previous_refresh_hash"]),
    Rule::full("organization_members"),
    Rule::full("project_members"),
    Rule::amend("organization_invitations").hiding(&["token_hash"]),
    Rule::read("billing_plans"),
    Rule::full("project_addons"),
    Rule::read("project_metrics"),
    Rule::amend("api_keys").hiding(&["key_hash"]),
    Rule::read("feature_flags"),
    Rule::full("organization_feature_flags"),
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
