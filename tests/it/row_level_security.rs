//! Row-level security holds alone: SQL as `ogelbase_app` with each account's context set reads exactly the rows that
//! data-model.md (007) allows, whatever a guard would say.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::support::{actors::ACCOUNTS, db::TestDatabase};

const MEMBER: &str = "t.organization_id IN (SELECT organization_id FROM mine)";
const BILLING: &str =
    "t.organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin', 'billing_admin'))";
const LEADER: &str = "t.organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin'))";
const PROJECT: &str = "(t.organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin'))
    OR t.project_id IN (SELECT project_id FROM shared))";

/// Each table with its key and what the user `$1`, narrowed to `$2`, may read of it: the rules of the data model in
/// words of their own, over `mine` (memberships) and `shared` (projects shared with the user).
const RULES: [(&str, &str, &str); 28] = [
    ("addon_catalog", "t.addon_id || t.variant", "t.active"),
    ("api_keys", "t.id::text", "(LEADER OR (t.user_id = $1 AND MEMBER))"),
    ("audit_logs", "t.id::text", "(LEADER OR (t.user_id = $1 AND ($2::uuid IS NULL OR t.organization_id = $2)))"),
    (
        "billing_plans",
        "t.id",
        "(t.active OR t.id IN (SELECT s.plan_id FROM platform.subscriptions s JOIN mine USING (organization_id)))",
    ),
    ("compute_config", "t.id::text", "PROJECT"),
    ("credentials", "t.id::text", "PROJECT"),
    ("credits", "t.id::text", "BILLING"),
    ("customer_profiles", "t.id::text", "BILLING"),
    ("database_connection_logs", "t.id::text", "PROJECT"),
    (
        "database_metrics",
        "t.id::text",
        "(LEADER OR t.database_id IN (SELECT d.id FROM platform.databases d
                                       WHERE d.project_id IN (SELECT project_id FROM shared)))",
    ),
    ("databases", "t.id::text", "PROJECT"),
    ("disk_config", "t.id::text", "PROJECT"),
    ("feature_flags", "t.id::text", "$1::uuid IS NOT NULL"),
    ("invoices", "t.id::text", "BILLING"),
    ("organization_feature_flags", "t.id::text", "MEMBER"),
    ("organization_invitations", "t.id::text", "LEADER"),
    ("organization_members", "t.id::text", "MEMBER"),
    ("organizations", "t.id::text", "t.id IN (SELECT organization_id FROM mine)"),
    ("payment_methods", "t.id::text", "BILLING"),
    ("project_addons", "t.id::text", "(BILLING OR PROJECT)"),
    ("project_members", "t.id::text", "PROJECT"),
    ("project_metrics", "t.id::text", "PROJECT"),
    ("projects", "t.id::text", "MEMBER"),
    ("subscriptions", "t.id::text", "MEMBER"),
    ("tax_ids", "t.id::text", "BILLING"),
    ("usage_metrics", "t.id::text", "MEMBER"),
    ("user_sessions", "t.id::text", "t.user_id = $1"),
    (
        "users",
        "t.id::text",
        "(t.id = $1 OR t.id IN (SELECT m.user_id FROM platform.organization_members m
                                 WHERE m.organization_id IN (SELECT organization_id FROM mine)))",
    ),
];

/// Tables whose rows belong to no tenant: what everybody sees is not foreign.
const SHARED: [&str; 3] = ["addon_catalog", "billing_plans", "feature_flags"];

fn expected_sql((table, key, rule): (&str, &str, &str)) -> String {
    let rule = rule
        .replace("MEMBER", MEMBER)
        .replace("BILLING", BILLING)
        .replace("LEADER", LEADER)
        .replace("PROJECT", PROJECT);
    format!(
        "WITH mine AS (SELECT m.organization_id, m.role FROM platform.organization_members m
                         JOIN platform.users u ON u.id = m.user_id
                        WHERE m.user_id = $1 AND ($2::uuid IS NULL OR m.organization_id = $2)
                          AND u.deleted_at IS NULL AND coalesce(u.banned_until <= now(), true)),
              shared AS (SELECT p.project_id FROM platform.project_members p
                          WHERE p.user_id = $1 AND ($2::uuid IS NULL OR p.organization_id = $2))
         SELECT {key} FROM platform.{table} t WHERE {rule}"
    )
}

#[tokio::test]
async fn each_account_reads_exactly_its_rows_of_every_table() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    // Everybody has a session, so that the table of sessions has something to hide.
    service
        .run(
            "INSERT INTO platform.user_sessions (user_id, token_hash, expires_at, last_activity_at)
             SELECT id, encode(sha256(id::text::bytea), 'hex'), now() + interval '1 day', now() FROM platform.users",
        )
        .await;
    service.run("UPDATE platform.billing_plans SET active = false WHERE id IN ('tier_free', 'tier_team')").await;
    let mut read = 0;
    for email in ACCOUNTS {
        let user: Uuid = service.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await;
        let organizations: Vec<Uuid> = service
            .column("SELECT organization_id FROM platform.organization_members WHERE user_id = $1", [user.into()])
            .await;
        let foreign: Uuid = service
            .one(
                "SELECT id FROM platform.organizations WHERE id <> ALL ($1::uuid[]) LIMIT 1",
                [organizations.clone().into()],
            )
            .await;
        let narrowings = [None].into_iter().chain(organizations.iter().copied().map(Some)).chain([Some(foreign)]);
        for narrowed in narrowings {
            let app = database.as_user(Some(user), narrowed).await;
            for rule in RULES {
                let (table, key, _) = rule;
                let all: i64 = service.one(&format!("SELECT count(*) FROM platform.{table}"), []).await;
                let expected: BTreeSet<String> =
                    service.column(&expected_sql(rule), [user.into(), narrowed.into()]).await.into_iter().collect();
                let seen: Vec<String> = app.column(&format!("SELECT {key} FROM platform.{table} t"), []).await;
                read += seen.len();
                assert_eq!(BTreeSet::from_iter(seen), expected, "{email} reads {table} under {narrowed:?}");
                // Of some tables acme and globex have all rows, and one person is in both.
                let in_both = email == "both@acme.test" && narrowed.is_none();
                if !SHARED.contains(&table) && !in_both {
                    assert!((expected.len() as i64) < all, "{email} may read all of {table}: nothing is shown");
                }
            }
        }
    }
    assert!(read > 1_000, "{read} rows");
}

#[tokio::test]
async fn the_owner_of_acme_has_something_to_read_in_every_table_and_so_has_globex() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    for email in ["owner@acme.test", "outsider@globex.test"] {
        let user: Uuid = service.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await;
        let app = database.as_user(Some(user), None).await;
        for (table, ..) in RULES {
            if table == "user_sessions" && email != "owner@acme.test" {
                continue;
            }
            let rows: i64 = app.one(&format!("SELECT count(*) FROM platform.{table}"), []).await;
            assert!(rows > 0, "{email} sees nothing of {table}");
        }
    }
}

#[tokio::test]
async fn without_a_user_or_as_one_who_is_banned_or_deleted_nothing_of_a_tenant_is_read() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let owner: Uuid = service.one("SELECT id FROM platform.users WHERE email = 'admin@acme.test'", []).await;
    for (user, change) in [
        (None, "SELECT 1"),
        (Some(Uuid::from_u128(42)), "SELECT 1"),
        (Some(owner), "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'admin@acme.test'"),
        (
            Some(owner),
            "UPDATE platform.users SET banned_until = NULL, deleted_at = now() WHERE email = 'admin@acme.test'",
        ),
    ] {
        service.run(change).await;
        let app = database.as_user(user, None).await;
        for (table, ..) in RULES {
            let rows: i64 = app.one(&format!("SELECT count(*) FROM platform.{table}"), []).await;
            let open = ["addon_catalog", "billing_plans"].contains(&table);
            assert_eq!(rows > 0, open, "{table} for {user:?} after {change}");
        }
    }
}

#[tokio::test]
async fn a_partition_is_not_a_way_round_the_policies_of_its_table() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let owner: Uuid = service.one("SELECT id FROM platform.users WHERE email = 'owner@acme.test'", []).await;
    let partitions: Vec<String> = service
        .column("SELECT relname::text FROM pg_class WHERE relnamespace = 'platform'::regnamespace AND relispartition AND relkind = 'r'", [])
        .await;
    assert!(partitions.len() > 30);
    let app = database.as_user(Some(owner), None).await;
    for partition in partitions {
        let refused = app.try_run(&format!("SELECT 1 FROM platform.{partition} LIMIT 1")).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{partition}: {refused}");
    }
}

#[tokio::test]
async fn secrets_cannot_be_read_and_audit_records_cannot_be_written_under_the_application_role() {
    let database = TestDatabase::seeded().await;
    let owner: Uuid =
        database.service().await.one("SELECT id FROM platform.users WHERE email = 'owner@acme.test'", []).await;
    let app = database.as_user(Some(owner), None).await;
    for (table, column) in entity::HIDDEN {
        let refused = app.try_run(&format!("SELECT {column} FROM platform.{table}")).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{table}.{column}: {refused}");
    }
    for sql in [
        "INSERT INTO platform.audit_logs (event_type, action, actor_label) VALUES ('x', 'x', 'x')",
        "UPDATE platform.audit_logs SET action = 'x'",
        "DELETE FROM platform.audit_logs",
        "TRUNCATE platform.audit_logs",
        "SELECT * FROM platform.databases_with_connection_strings",
        "SELECT * FROM platform_private.role_permissions",
        "SELECT platform_private.set_rls_mode('permissive')",
    ] {
        let refused = app.try_run(sql).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{sql}: {refused}");
    }
}

/// What was tried by hand once, each by the strongest actor who must not.
#[tokio::test]
async fn rows_are_not_moved_roles_not_lifted_and_records_not_forged() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let id = async |email: &str| -> Uuid {
        service.one("SELECT id FROM platform.users WHERE email = $1", [email.into()]).await
    };
    let globex: Uuid = service.one("SELECT id FROM platform.organizations WHERE slug = 'globex'", []).await;
    let shop: Uuid = service.one("SELECT id FROM platform.projects WHERE ref = 'acmeshopqkzvtrwmplsd'", []).await;
    for (email, sql) in [
        ("both@acme.test", format!("UPDATE platform.projects SET organization_id = '{globex}'")),
        ("peter@acme.test", format!("UPDATE platform.project_members SET role = 'owner' WHERE project_id = '{shop}'")),
        (
            "peter@acme.test",
            format!(
                "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             SELECT '{shop}', m.organization_id, m.user_id, 'owner' FROM platform.organization_members m
               JOIN platform.users u ON u.id = m.user_id WHERE u.email = 'hugo@acme.test'"
            ),
        ),
        (
            "admin@acme.test",
            "UPDATE platform.organization_members SET role = 'owner' WHERE user_id = platform.get_current_user_id()"
                .to_owned(),
        ),
        (
            "admin@acme.test",
            format!(
                "INSERT INTO platform.organization_members (organization_id, user_id, role)
             SELECT o.id, '{}', 'member' FROM platform.organizations o",
                id("outsider@globex.test").await
            ),
        ),
        ("developer@acme.test", "UPDATE platform.api_keys SET revoked_at = NULL".to_owned()),
        ("developer@acme.test", "UPDATE platform.users SET email_confirmed_at = now()".to_owned()),
        ("developer@acme.test", "UPDATE platform.user_sessions SET expires_at = 'infinity'".to_owned()),
        ("billing@acme.test", "UPDATE platform.subscriptions SET plan_id = 'tier_enterprise'".to_owned()),
        ("paula@acme.test", "UPDATE platform.project_addons SET price_per_unit = 0".to_owned()),
        (
            "owner@acme.test",
            format!("SELECT platform_private.record_audit('{globex}', NULL, 'billing.updated', NULL, NULL, 'update')"),
        ),
    ] {
        let app = database.as_user(Some(id(email).await), None).await;
        let refused = app.try_run(&sql).await.map(|()| String::new()).unwrap_or_else(|error| error.to_string());
        assert!(
            refused.contains("permission denied")
                || refused.contains("row-level security")
                || refused.contains("needs an actor"),
            "{email}: {sql}: {refused:?}"
        );
    }
    let nobody = database.as_user(None, None).await;
    let forged = format!(
        "SELECT platform_private.record_audit('{globex}', NULL, 'x', NULL, NULL, 'x', actor_label => 'hanna@globex.test')"
    );
    assert!(nobody.try_run(&forged).await.is_err());
}
