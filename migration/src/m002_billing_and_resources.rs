//! 002: what is paid, and what a project runs on.

use sea_orm_migration::prelude::*;

use crate::rls::{self, Rule};

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    include_str!("sql/m002/subscriptions.sql"),
    include_str!("sql/m002/invoices.sql"),
    include_str!("sql/m002/customers.sql"),
    include_str!("sql/m002/usage_metrics.sql"),
    include_str!("sql/m002/addon_catalog.sql"),
    include_str!("sql/m002/project_resources.sql"),
];

const TABLES: &[Rule] = &[
    Rule::full("subscriptions"),
    Rule::full("invoices"),
    Rule::full("payment_methods"),
    Rule::full("tax_ids"),
    Rule::full("customer_profiles"),
    Rule::full("credits"),
    Rule::read("usage_metrics"),
    Rule::read("addon_catalog"),
    Rule::full("disk_config"),
    Rule::full("compute_config"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await?;
        rls::close(manager, TABLES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m002/down.sql")]).await
    }
}
