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
    Rule::read("subscriptions").updating(&["spend_cap_enabled", "spend_cap_amount"]),
    Rule::read("invoices"),
    Rule::read("payment_methods").updating(&["is_default"]).deleting(),
    Rule::read("tax_ids").deleting(),
    Rule::read("customer_profiles")
        .inserting()
        .updating(&[
            "company_name",
            "contact_name",
            "address_line1",
            "address_line2",
            "city",
            "state",
            "postal_code",
            "country",
            "phone",
        ])
        .deleting(),
    Rule::read("credits"),
    Rule::read("usage_metrics"),
    Rule::read("addon_catalog"),
    Rule::read("disk_config").inserting().updating(&[
        "type",
        "size_gb",
        "io_budget",
        "throughput_mbps",
        "autoscale_enabled",
        "autoscale_growth_percent",
        "autoscale_min_increment_gb",
        "autoscale_max_size_gb",
        "last_modified_at",
    ]),
    Rule::read("compute_config").inserting().updating(&["instance_size", "cpu_cores", "memory_gb"]),
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
