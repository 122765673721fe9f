//! 001: organizations, their projects, and a project's credentials.

use sea_orm_migration::prelude::*;

use crate::rls::{self, Rule};

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    include_str!("sql/m001/text_rules.sql"),
    include_str!("sql/m001/helpers.sql"),
    include_str!("sql/m001/organizations.sql"),
    include_str!("sql/m001/projects.sql"),
    include_str!("sql/m001/credentials.sql"),
];

const TABLES: &[Rule] = &[
    Rule::read("organizations").updating(&["name", "slug", "billing_email", "mfa_required"]).deleting(),
    Rule::read("projects").inserting().updating(&["name", "slug"]).deleting().hiding(&["database_password_sealed"]),
    Rule::read("credentials").hiding(&["anon_key_sealed", "service_role_key_sealed", "jwt_secret_sealed"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        rls::close(manager, TABLES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m001/down.sql")]).await
    }
}
