//! The database by itself: SQL as `ogelbase_app` in the context of a key, where no guard is.

use ogelbase::auth::Permission as P;
use uuid::Uuid;

use super::{organization, project};
use crate::support::db::{Sql, TestDatabase};

/// What each table needs of a key's scopes; any of them will do.
const NEEDS: [(&str, &[P]); 25] = [
    ("api_keys", &[P::ApiKeysRead]),
    ("audit_logs", &[P::AuditRead]),
    ("compute_config", &[P::InfrastructureRead]),
    ("credentials", &[P::ProjectsRead]),
    ("credits", &[P::BillingRead]),
    ("customer_profiles", &[P::BillingRead]),
    ("database_connection_logs", &[P::DatabasesRead]),
    ("database_metrics", &[P::MetricsRead]),
    ("databases", &[P::DatabasesRead]),
    ("disk_config", &[P::InfrastructureRead]),
    ("invoices", &[P::BillingRead]),
    ("organization_feature_flags", &[P::FlagsRead]),
    ("organization_invitations", &[P::MembersWrite]),
    ("organization_members", &[P::MembersRead]),
    ("organizations", &[P::OrganizationRead]),
    ("payment_methods", &[P::BillingRead]),
    ("project_addons", &[P::BillingRead, P::InfrastructureRead]),
    ("project_members", &[P::ProjectsRead]),
    ("project_metrics", &[P::MetricsRead]),
    ("projects", &[P::ProjectsList, P::ProjectsRead]),
    ("subscriptions", &[P::OrganizationRead]),
    ("tax_ids", &[P::BillingRead]),
    ("usage_metrics", &[P::UsageRead]),
    ("user_sessions", &[]),
    ("users", &[P::MembersRead]),
];

/// What everybody who proved who they are sees.
const COMMON: [&str; 3] = ["addon_catalog", "billing_plans", "feature_flags"];

/// Rows of acme that the service role counts.
fn of_acme(table: &str, acme: Uuid) -> String {
    match table {
        "organizations" => format!("SELECT count(*) FROM platform.organizations WHERE id = '{acme}'"),
        "users" => format!(
            "SELECT count(*) FROM platform.users WHERE id IN (SELECT user_id FROM platform.organization_members
              WHERE organization_id = '{acme}')"
        ),
        _ => format!("SELECT count(*) FROM platform.{table} WHERE organization_id = '{acme}'"),
    }
}

pub(crate) async fn under_key(
    database: &TestDatabase,
    email: &str,
    slug: &str,
    scopes: &[P],
    projects: &[Uuid],
) -> Sql {
    let user: Uuid =
        database.service().await.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await;
    let sql = database.as_user(Some(user), Some(organization(database, slug).await)).await;
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    let projects: Vec<_> = projects.iter().map(Uuid::to_string).collect();
    let projects = if projects.is_empty() { String::new() } else { format!("{{{}}}", projects.join(",")) };
    sql.run(&format!(
        "SET app.current_api_key_id = '00000000-0000-7000-8000-000000000001';
         SET app.current_scopes = '{{{}}}'; SET app.current_project_ids = '{projects}'",
        scopes.join(",")
    ))
    .await;
    sql
}

#[tokio::test]
async fn each_scope_opens_its_tables_of_one_organization_and_no_others() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let acme = organization(&database, "acme").await;
    let mut read = 0;
    for scope in P::ALL {
        let key = under_key(&database, "owner@acme.test", "acme", &[*scope], &[]).await;
        for (table, scopes) in NEEDS {
            let seen: i64 = key.one(&format!("SELECT count(*) FROM platform.{table}"), []).await;
            let expected: i64 = if scopes.contains(scope) { service.one(&of_acme(table, acme), []).await } else { 0 };
            assert_eq!(seen, expected, "{scope:?} reads {table}");
            read += seen;
        }
        for table in COMMON {
            let seen: i64 = key.one(&format!("SELECT count(*) FROM platform.{table}"), []).await;
            assert!(seen > 0, "{scope:?} reads {table}");
        }
        key.0.close().await.unwrap();
    }
    assert!(read > 1_000, "{read} rows");
}

#[tokio::test]
async fn the_makers_role_bounds_the_scopes_and_the_projects_do() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let acme = organization(&database, "acme").await;
    let count =
        async |sql: &Sql, table: &str| -> i64 { sql.one(&format!("SELECT count(*) FROM platform.{table}"), []).await };
    let member = under_key(&database, "member@acme.test", "acme", P::ALL, &[]).await;
    for table in ["invoices", "audit_logs", "organization_invitations"] {
        assert_eq!(count(&member, table).await, 0, "{table}");
    }
    assert!(count(&member, "organization_members").await > 0);
    // Of an organization that the maker is not in, nothing; and of no organization at all.
    for slug in ["globex", "lancio"] {
        let outside = under_key(&database, "owner@acme.test", slug, P::ALL, &[]).await;
        for (table, _) in NEEDS {
            assert_eq!(count(&outside, table).await, 0, "{table} of {slug}");
        }
    }
    let nowhere = under_key(&database, "owner@acme.test", "acme", P::ALL, &[]).await;
    nowhere.run("SET app.current_org_id = ''").await;
    let scopeless = under_key(&database, "owner@acme.test", "acme", &[], &[]).await;
    for (table, _) in NEEDS {
        assert_eq!(count(&nowhere, table).await, 0, "{table}");
        assert_eq!(count(&scopeless, table).await, 0, "{table}");
    }
    // Confined: what is of a project, of this one alone; what is of the whole organization, only what tells nothing.
    let api = project(&database, "Public API").await;
    let confined = under_key(&database, "owner@acme.test", "acme", P::ALL, &[api]).await;
    for (table, _) in NEEDS {
        let seen = count(&confined, table).await;
        let expected: i64 = match table {
            "organizations" | "organization_members" | "organization_feature_flags" | "subscriptions" | "users" => {
                service.one(&of_acme(table, acme), []).await
            }
            "projects" => 1,
            "database_metrics" => {
                let sql =
                    "SELECT count(*) FROM platform.database_metrics m JOIN platform.databases d ON d.id = m.database_id
                            WHERE d.project_id = $1";
                service.one(sql, [api.into()]).await
            }
            "compute_config"
            | "credentials"
            | "database_connection_logs"
            | "databases"
            | "disk_config"
            | "project_addons"
            | "project_members"
            | "project_metrics" => {
                service.one(&format!("SELECT count(*) FROM platform.{table} WHERE project_id = $1"), [api.into()]).await
            }
            _ => 0,
        };
        assert_eq!(seen, expected, "{table}");
    }
    // A project of another organization in the list opens nothing.
    let reactor: Uuid =
        service.one("SELECT id FROM platform.projects WHERE organization_id <> $1 LIMIT 1", [acme.into()]).await;
    let foreign = under_key(&database, "both@acme.test", "acme", P::ALL, &[reactor]).await;
    assert_eq!(count(&foreign, "projects").await + count(&foreign, "databases").await, 0);
}

#[tokio::test]
async fn writes_follow_the_scopes_as_well() {
    let database = TestDatabase::seeded().await;
    let changed = async |scopes: &[P], projects: &[Uuid], sql: &str| -> u64 {
        let key = under_key(&database, "owner@acme.test", "acme", scopes, projects).await;
        use sea_orm::ConnectionTrait;
        key.0.execute_unprepared("BEGIN").await.unwrap();
        let rows = key.0.execute_unprepared(sql).await.map(|result| result.rows_affected()).unwrap_or(0);
        key.0.execute_unprepared("ROLLBACK").await.unwrap();
        key.0.close().await.unwrap();
        rows
    };
    let api = project(&database, "Public API").await;
    for (sql, read, write) in [
        ("UPDATE platform.organizations SET name = 'x'", P::OrganizationRead, P::OrganizationWrite),
        ("UPDATE platform.projects SET name = 'x'", P::ProjectsList, P::ProjectsWrite),
        ("UPDATE platform.api_keys SET name = 'x'", P::ApiKeysRead, P::ApiKeysWrite),
    ] {
        assert_eq!(changed(&[read], &[], sql).await, 0, "{sql} with {read:?}");
        assert!(changed(&[read, write], &[], sql).await > 0, "{sql} with {write:?}");
    }
    // Taking an invitation back is taking its role: all that it grants must be among the scopes.
    let (sql, but_people) = ("DELETE FROM platform.organization_invitations", |scope: &P| *scope != P::MembersWrite);
    assert_eq!(changed(&P::ALL.iter().copied().filter(but_people).collect::<Vec<_>>(), &[], sql).await, 0);
    assert!(changed(P::ALL, &[], sql).await > 0);
    let rename = "UPDATE platform.projects SET name = 'x'";
    assert_eq!(changed(&[P::ProjectsList, P::ProjectsWrite], &[api], rename).await, 1);
    // What a person may do to themselves a key may not, whatever its scopes.
    for sql in [
        "UPDATE platform.users SET first_name = 'x'",
        "DELETE FROM platform.project_members WHERE user_id = platform.get_current_user_id()",
    ] {
        assert_eq!(changed(&[P::MembersRead, P::ProjectsRead, P::OrganizationRead], &[], sql).await, 0, "{sql}");
    }
}
