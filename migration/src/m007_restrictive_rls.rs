//! 007 restrictive row-level security: who may read and write which row, as one table of rules.

use sea_orm_migration::prelude::*;

use crate::policy::{MEMBER, SELF, delete, in_organization, in_project, insert, of_row, select, update};

const SETS: &str = include_str!("sql/m007/sets.sql");
const MODE: &str = include_str!("sql/m007/mode.sql");
const NOTICES: &str = include_str!("sql/m007/notices.sql");
const DOWN: &str = include_str!("sql/m007/down.sql");

/// Who may read a row: data-model.md, 007, "Who may read a row".
pub(crate) fn readable() -> Vec<(&'static str, String)> {
    let project = in_project("projects:read");
    let billing = in_organization("billing:read");
    let active_self = format!("user_id = {SELF}");
    let narrowed = "(platform.get_current_org_id() IS NULL OR organization_id = platform.get_current_org_id())";
    let mut rules = vec![
        ("organizations", of_row(MEMBER, "organization_id")),
        ("project_addons", format!("({billing} OR {project})")),
        (
            "database_metrics",
            format!(
                "({} OR database_id = ANY ((SELECT platform.current_database_ids_with('projects:read'))::uuid[]))",
                in_organization("projects:read")
            ),
        ),
        ("audit_logs", format!("({} OR ({active_self} AND {narrowed}))", in_organization("audit:read"))),
        ("organization_invitations", in_organization("members:write")),
        ("api_keys", format!("({} OR ({active_self} AND {MEMBER}))", in_organization("api_keys:read"))),
        (
            "users",
            format!(
                "(id = {SELF} OR EXISTS (SELECT 1 FROM platform.organization_members shared \
                 WHERE shared.user_id = users.id AND shared.{MEMBER}))"
            ),
        ),
        ("user_sessions", active_self),
        ("billing_plans", "active".to_owned()),
        ("addon_catalog", "active".to_owned()),
        ("feature_flags", format!("{SELF} IS NOT NULL")),
    ];
    for table in ["organization_members", "projects", "subscriptions", "usage_metrics", "organization_feature_flags"] {
        rules.push((table, MEMBER.to_owned()));
    }
    for table in ["invoices", "payment_methods", "tax_ids", "customer_profiles", "credits"] {
        rules.push((table, billing.clone()));
    }
    for table in [
        "credentials",
        "project_members",
        "disk_config",
        "compute_config",
        "project_metrics",
        "databases",
        "database_connection_logs",
    ] {
        rules.push((table, project.clone()));
    }
    rules
}

/// Who may write a row: the coarse part of access.md's tables. What is missing here (catalogs, metrics, usage,
/// invoices, credits, audit) is written by definer functions or the service role alone.
fn writable() -> Vec<(&'static str, &'static [&'static str], String)> {
    const INSERT: &str = "INSERT";
    const UPDATE: &str = "UPDATE";
    const DELETE: &str = "DELETE";
    let leader = in_organization("members:write");
    // An admin neither makes nor unmakes an owner; nor does a project's admin.
    let no_owner = format!("(role <> 'owner' OR {})", in_organization("ownership:transfer"));
    let no_project_owner = format!("(role <> 'owner' OR {})", in_project("projects:transfer"));
    let project_members = format!("({} AND {no_project_owner})", in_project("project_members:write"));
    let own = format!("(user_id = {SELF} AND {MEMBER})");
    vec![
        ("organizations", &[UPDATE], of_row(&in_organization("organization:write"), "organization_id")),
        ("organizations", &[DELETE], of_row(&in_organization("organization:delete"), "organization_id")),
        ("projects", &[INSERT], in_organization("projects:create")),
        ("projects", &[UPDATE], of_row(&in_project("projects:write"), "project_id")),
        ("projects", &[DELETE], of_row(&in_project("projects:delete"), "project_id")),
        ("subscriptions", &[UPDATE], in_organization("billing:write")),
        ("payment_methods", &[UPDATE, DELETE], in_organization("billing:write")),
        ("tax_ids", &[DELETE], in_organization("billing:write")),
        ("customer_profiles", &[INSERT, UPDATE, DELETE], in_organization("billing:write")),
        ("disk_config", &[INSERT, UPDATE], in_project("infrastructure:write")),
        ("compute_config", &[INSERT, UPDATE], in_project("infrastructure:write")),
        ("project_addons", &[UPDATE, DELETE], in_project("infrastructure:write")),
        ("databases", &[UPDATE, DELETE], in_project("databases:write")),
        ("users", &[UPDATE], format!("id = {SELF}")),
        // Becoming a member is a definer's work: it takes the invited person's consent.
        ("organization_members", &[UPDATE], format!("({leader} AND {no_owner})")),
        ("organization_members", &[DELETE], format!("(({leader} AND {no_owner}) OR {own})")),
        ("organization_invitations", &[DELETE], format!("({leader} AND {no_owner})")),
        ("project_members", &[INSERT, UPDATE], project_members.clone()),
        ("project_members", &[DELETE], format!("({project_members} OR {own})")),
        ("api_keys", &[UPDATE, DELETE], format!("({} OR {own})", in_organization("api_keys:write"))),
        ("organization_feature_flags", &[INSERT, UPDATE, DELETE], in_organization("flags:write")),
    ]
}

fn policies() -> String {
    let read = readable().into_iter().map(|(table, rule)| select(table, &rule));
    let write = writable().into_iter().flat_map(|(table, verbs, rule)| {
        verbs.iter().map(move |verb| match *verb {
            "INSERT" => insert(table, &rule),
            "UPDATE" => update(table, &rule),
            _ => delete(table, &rule),
        })
    });
    read.chain(write).collect()
}

/// The migration.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m007_restrictive_rls"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for sql in [SETS, MODE, &policies(), "SELECT platform_private.set_rls_mode('restrictive')", NOTICES] {
            connection.execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(|_| ())
    }
}
