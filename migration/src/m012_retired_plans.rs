//! 012: a plan that is no longer offered, for who is subscribed to it.

use sea_orm_migration::prelude::*;

use crate::policy::select;

const SUBSCRIBED: &str = "(active OR id = ANY ((SELECT platform.current_plan_ids())::text[]))";

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &[include_str!("sql/m012/up.sql"), &select("billing_plans", SUBSCRIBED)]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let before = select("billing_plans", "active");
        let function = "DROP FUNCTION platform.current_plan_ids()";
        crate::run(manager, &[include_str!("sql/m012/down.sql"), &before, function]).await
    }
}
