//! 018: requests of API keys and of the service principal, and the mutations of keys.
//!
//! A key has some of its maker's permissions. So what every member may is named in the policies as well, and a project's
//! tables name their own permission where they had `projects:read` for all: for a person that is the same.

use sea_orm_migration::prelude::*;

use crate::{
    m007_restrictive_rls::readable,
    m016_sessions_and_second_factor::{SETS, memberships},
    policy::{CALLER, MEMBER, SELF, every_member, filter, in_organization, in_project},
};

const UP: &[&str] = &[
    include_str!("sql/m018/sets.sql"),
    include_str!("sql/m018/keys.sql"),
    include_str!("sql/m018/record_audit.sql"),
    include_str!("sql/m018/service.sql"),
];

/// Who may read a row: the rules of 007 that are said more precisely.
fn readable_now() -> Vec<(&'static str, String)> {
    let own_key = format!("(user_id = {CALLER} AND {})", every_member("api_keys:read"));
    let mut rules = vec![
        (
            "projects",
            format!(
                "({} OR id = ANY ((SELECT platform.current_key_project_ids())::uuid[]))",
                every_member("projects:list")
            ),
        ),
        ("organization_members", memberships(&every_member("members:read"))),
        ("usage_metrics", every_member("usage:read")),
        ("organization_feature_flags", every_member("flags:read")),
        ("feature_flags", format!("{CALLER} IS NOT NULL")),
        (
            "users",
            format!(
                "(id = {SELF} OR EXISTS (SELECT 1 FROM platform.organization_members shared \
                 WHERE shared.user_id = users.id AND shared.{}))",
                every_member("members:read")
            ),
        ),
        ("api_keys", format!("({} OR {own_key})", in_organization("api_keys:read"))),
        ("project_addons", format!("({} OR {})", in_organization("billing:read"), in_project("infrastructure:read"))),
        (
            "database_metrics",
            format!(
                "({} OR database_id = ANY ((SELECT platform.current_database_ids_with('metrics:read'))::uuid[]))",
                in_organization("metrics:read")
            ),
        ),
    ];
    for (table, permission) in [
        ("disk_config", "infrastructure:read"),
        ("compute_config", "infrastructure:read"),
        ("project_metrics", "metrics:read"),
        ("databases", "databases:read"),
        ("database_connection_logs", "databases:read"),
    ] {
        rules.push((table, in_project(permission)));
    }
    rules
}

fn read_again(rules: &[(&str, String)]) -> String {
    let alter = |(table, rule): &(&str, String)| {
        format!("ALTER POLICY {table}_select ON platform.{table} USING ({});\n", filter(rule))
    };
    rules.iter().map(alter).collect()
}

/// Changing and deleting keys: of all with the permission, of one's own as a member.
fn write_keys(own: &str) -> String {
    let rule = format!("({} OR {own})", in_organization("api_keys:write"));
    format!(
        "ALTER POLICY api_keys_update ON platform.api_keys USING ({rule}) WITH CHECK ({rule});
         ALTER POLICY api_keys_delete ON platform.api_keys USING ({rule});"
    )
}

/// The step.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let own = format!("(user_id = {CALLER} AND {})", every_member("api_keys:write"));
        crate::run(manager, UP).await?;
        crate::run(manager, &[&read_again(&readable_now()), &write_keys(&own)]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changed = readable_now();
        let is_changed = |table: &str| changed.iter().any(|(name, _)| *name == table);
        let mut before: Vec<_> = readable().into_iter().filter(|(table, _)| is_changed(table)).collect();
        before.retain(|(table, _)| *table != "organization_members");
        before.push(("organization_members", memberships(MEMBER)));
        let own = format!("(user_id = {SELF} AND {MEMBER})");
        let record_audit =
            include_str!("sql/m005/record_audit.sql").replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION");
        crate::run(
            manager,
            &[
                &read_again(&before),
                &write_keys(&own),
                include_str!("sql/m018/down.sql"),
                SETS,
                &record_audit,
                include_str!("sql/m018/down_helpers.sql"),
            ],
        )
        .await
    }
}
