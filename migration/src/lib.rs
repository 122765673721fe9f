//! The schema, step by step: `m001` to `m008` as the data model names them, later ones after them.
//!
//! The caller has made the roles `ogelbase_service` and `ogelbase_app` and the schemas `platform` and
//! `platform_private`, and runs this under `SET ROLE ogelbase_service` with
//! `search_path = platform_private`, where the ledger is.

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

mod m001_core_platform;
mod m002_billing_and_resources;
mod m003_users_permissions_operations;
pub mod m004_first_tenant;
mod m005_audit;
mod m006_multi_database;
mod m007_restrictive_rls;
mod m008_active_organization;
mod m009_request_path;
mod m010_credentials_reveal;
mod m011_list_indexes;
mod m012_retired_plans;
mod m013_policy_cost;
mod m014_mail_and_tokens;
mod m015_accounts;
mod m016_sessions_and_second_factor;
mod m017_organizations_and_people;
mod m018_api_keys_and_service;
mod m019_operator;
mod m020_jobs_and_audit;
mod m021_rls_modes;
mod m022_keys_and_people;
mod m023_outside_second_factor;
mod m024_retention_in_batches;
mod m025_opening_in_one;
pub mod policy;
pub mod rls;

/// Applies and rolls back the steps, and keeps their ledger.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m001_core_platform::Migration),
            Box::new(m002_billing_and_resources::Migration),
            Box::new(m003_users_permissions_operations::Migration),
            Box::new(m004_first_tenant::Migration),
            Box::new(m005_audit::Migration),
            Box::new(m006_multi_database::Migration),
            Box::new(m007_restrictive_rls::Migration),
            Box::new(m008_active_organization::Migration),
            Box::new(m009_request_path::Migration),
            Box::new(m010_credentials_reveal::Migration),
            Box::new(m011_list_indexes::Migration),
            Box::new(m012_retired_plans::Migration),
            Box::new(m013_policy_cost::Migration),
            Box::new(m014_mail_and_tokens::Migration),
            Box::new(m015_accounts::Migration),
            Box::new(m016_sessions_and_second_factor::Migration),
            Box::new(m017_organizations_and_people::Migration),
            Box::new(m018_api_keys_and_service::Migration),
            Box::new(m019_operator::Migration),
            Box::new(m020_jobs_and_audit::Migration),
            Box::new(m021_rls_modes::Migration),
            Box::new(m022_keys_and_people::Migration),
            Box::new(m023_outside_second_factor::Migration),
            Box::new(m024_retention_in_batches::Migration),
            Box::new(m025_opening_in_one::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "schema_migrations".into_iden()
    }
}

/// Runs SQL texts in their order, each of one or more statements.
async fn run(manager: &SchemaManager<'_>, texts: &[&str]) -> Result<(), DbErr> {
    for text in texts {
        manager.get_connection().execute_unprepared(text).await?;
    }
    Ok(())
}
