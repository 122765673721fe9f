//! What a key may: its scopes, as far as its maker's present role goes, in one organization. Everything here is asked
//! twice, the second time without row-level security.

use std::collections::BTreeSet;

use ogelbase::auth::Permission;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, assert_refused, holder, id, make, organization, works};
use crate::support::{
    actors::{Actor, SIGN_IN},
    app::App,
};

/// Tables by the prefix of their ids, and the scopes one of which shows acme's rows to a key of its owner's.
const SEEN_WITH: [(&str, &str, &[Permission]); 20] = [
    ("org", "organizations", &[Permission::OrganizationRead]),
    ("sub", "subscriptions", &[Permission::OrganizationRead]),
    ("mem", "organization_members", &[Permission::MembersRead]),
    ("usr", "users", &[Permission::MembersRead]),
    ("prj", "projects", &[Permission::ProjectsList, Permission::ProjectsRead]),
    ("pmb", "project_members", &[Permission::ProjectsRead]),
    ("crd", "credentials", &[Permission::ProjectsRead]),
    ("inv", "invoices", &[Permission::BillingRead]),
    ("pay", "payment_methods", &[Permission::BillingRead]),
    ("tax", "tax_ids", &[Permission::BillingRead]),
    ("cus", "customer_profiles", &[Permission::BillingRead]),
    ("cdt", "credits", &[Permission::BillingRead]),
    ("cmp", "compute_config", &[Permission::InfrastructureRead]),
    ("dsk", "disk_config", &[Permission::InfrastructureRead]),
    ("pad", "project_addons", &[Permission::InfrastructureRead]),
    ("dbs", "databases", &[Permission::DatabasesRead]),
    ("dbl", "database_connection_logs", &[Permission::DatabasesRead]),
    ("ivt", "organization_invitations", &[Permission::MembersWrite]),
    ("key", "api_keys", &[Permission::ApiKeysRead]),
    ("aud", "audit_logs", &[Permission::AuditRead]),
];

/// Some ids of the table: of acme and of other organizations.
async fn ids(app: &App, prefix: &str, table: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let column = match table {
        "organizations" => "id",
        _ => "organization_id",
    };
    let acme = organization(app, "acme").await;
    let sql = |sign: &str| match table {
        // Nobody who is in acme is foreign, wherever else they are.
        "users" => format!(
            "SELECT u.id FROM platform.users u WHERE {} EXISTS (SELECT FROM platform.organization_members m
              WHERE m.user_id = u.id AND m.organization_id = $1) ORDER BY u.id LIMIT 15",
            if sign == "=" { "" } else { "NOT" }
        ),
        _ => format!("SELECT id FROM platform.{table} WHERE {column} {sign} $1 ORDER BY id LIMIT 15"),
    };
    let service = app.service().await;
    let read = async |sign: &str| -> BTreeSet<String> {
        let keys: Vec<Uuid> = service.column(&sql(sign), [acme.into()]).await;
        keys.iter().map(|key| id(prefix, *key)).collect()
    };
    (read("=").await, read("<>").await)
}

pub(super) async fn visible(actor: &Actor<'_>, ids: &BTreeSet<String>) -> BTreeSet<String> {
    let asked: Vec<_> = ids.iter().collect();
    let answer = actor.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": asked })).await;
    let nodes = answer.at("/nodes").as_array().unwrap();
    nodes.iter().filter_map(|node| node["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn each_scope_shows_its_own_rows_of_one_organization_and_no_others() {
    let app = App::start().await;
    let owner = app.owner().await;
    // The audit trail and the list of keys grow while keys are made.
    let mut keys = Vec::new();
    for scope in Permission::ALL {
        keys.push((scope, make(&app, &owner, &[scope.name()]).await.1));
    }
    let mut tables = Vec::new();
    for (prefix, table, scopes) in SEEN_WITH {
        tables.push((table, scopes, ids(&app, prefix, table).await));
    }
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        for (scope, key) in &keys {
            let actor = holder(&app, key);
            for (table, scopes, (own, foreign)) in &tables {
                assert!(!own.is_empty() && !foreign.is_empty(), "{table} has nothing to show");
                let seen = visible(&actor, &own.union(foreign).cloned().collect()).await;
                let expected = if scopes.contains(scope) { own.clone() } else { BTreeSet::new() };
                assert_eq!(seen, expected, "{scope:?} and {table}, permissive: {permissive}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_sees_its_one_organization_as_far_as_its_scopes_go() {
    let app = App::start().await;
    let acme_id = acme(&app).await;
    // Somebody who is in globex too: the key is not.
    app.service()
        .await
        .run("UPDATE platform.organization_members m SET role = 'owner' FROM platform.users u WHERE u.id = m.user_id AND u.email = 'both@acme.test'")
        .await;
    let scopes = ["organization:read", "organization:write", "members:read", "projects:list", "projects:read"];
    let (_, key) = make(&app, &app.both().await, &scopes).await;
    let key = holder(&app, &key);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        let seen = key
            .ask(
                "{ viewer { id } organizations { totalCount nodes { slug viewerPermissions } }
                   projects(first: 100) { totalCount nodes { organization { slug } compute { id } } }
                   acme: organization(slug: \"acme\") { members { totalCount } invoices { totalCount } apiKeys { totalCount } }
                   globex: organization(slug: \"globex\") { id } }",
            )
            .await;
        let data = &seen.body["data"];
        assert_eq!([&data["viewer"], &data["globex"]], [&Value::Null, &Value::Null]);
        let mut permissions: Vec<_> = scopes[..4].to_vec();
        permissions.push("projects:read");
        permissions.sort_unstable();
        assert_eq!(data["organizations"]["nodes"], json!([{"slug": "acme", "viewerPermissions": permissions}]));
        assert_eq!(data["organizations"]["totalCount"], 1);
        let projects = data["projects"]["nodes"].as_array().unwrap();
        assert!(projects.len() > 3 && projects.iter().all(|node| node["organization"]["slug"] == "acme"));
        assert_eq!(data["projects"]["totalCount"], projects.len());
        assert!(projects.iter().all(|node| node["compute"].is_null()));
        assert!(data["acme"]["members"]["totalCount"].as_i64().unwrap() > 3);
        assert_eq!([&data["acme"]["invoices"], &data["acme"]["apiKeys"]], [&Value::Null, &Value::Null]);
        let refused: BTreeSet<_> = seen.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["extensions"]["code"].as_str(), error["extensions"]["permission"].as_str()))
            .collect();
        let refused: Vec<_> =
            refused.into_iter().map(|(code, permission)| (code.unwrap(), permission.unwrap())).collect();
        assert_eq!(
            refused,
            [("FORBIDDEN", "api_keys:read"), ("FORBIDDEN", "billing:read"), ("FORBIDDEN", "infrastructure:read")]
        );

        // X-Organization may name its own organization and no other.
        assert_eq!(
            key.in_organization("acme").ask("{ organizations { totalCount } }").await.at("/organizations/totalCount"),
            1
        );
        for slug in ["globex", "lancio", "nothing-there", "Not a slug"] {
            let refused = key.in_organization(slug).ask("{ __typename }").await;
            assert_eq!((refused.status, refused.codes()), (404, vec!["NOT_FOUND"]), "{slug}");
        }
        // Writing follows the same rule.
        let update = "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { slug } } }";
        let own = key.ask_with(update, json!({"input": {"organization": acme_id}})).await;
        assert_eq!(own.at("/updateOrganization/organization/slug"), "acme");
        let foreign = json!({"input": {"organization": id("org", organization(&app, "globex").await)}});
        assert_refused(&key.ask_with(update, foreign).await, "NOT_FOUND", "organization");
    }
}

#[tokio::test]
async fn what_is_a_persons_own_is_not_a_keys() {
    let app = App::start().await;
    let every: Vec<&str> = Permission::ALL.iter().map(|permission| permission.name()).collect();
    let (_, key) = make(&app, &app.owner().await, &every).await;
    let key = holder(&app, &key);
    let owner = id("usr", app.user_id("owner@acme.test").await);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        assert_eq!(key.ask("{ viewer { id } }").await.data(), &json!({"viewer": null}));
        let own = "phone mfaEnabled emailConfirmedAt lastSignInAt memberships { totalCount }";
        let answer = key.ask(&format!("{{ node(id: \"{owner}\") {{ ... on User {{ email {own} }} }} }}")).await;
        assert_eq!(answer.body["data"]["node"]["email"], "owner@acme.test");
        assert_eq!(answer.codes(), ["FORBIDDEN"; 5]);
        assert_refused(&key.ask("mutation { signOut(input: {}) { signedOut } }").await, "FORBIDDEN", "self");
        // Nor does a key turn into a person, whose rights it would mix with its own.
        let input = json!({"input": {"email": "admin@acme.test", "password": "ogelbase-demo"}});
        assert_refused(&key.ask_with(SIGN_IN, input).await, "INVALID_INPUT", "Authorization");
    }
}

#[tokio::test]
async fn a_key_is_as_strong_as_its_maker_is_at_that_moment() {
    let app = App::start().await;
    let service = app.service().await;
    let (_, key) = make(
        &app,
        &app.admin().await,
        &["organization:read", "billing:read", "audit:read", "projects:list", "databases:read"],
    )
    .await;
    let actor = holder(&app, &key);
    // So that nothing is left to an admin who is none any more.
    service
        .run("DELETE FROM platform.project_members m USING platform.users u WHERE u.id = m.user_id AND u.email = 'admin@acme.test'")
        .await;
    let asked = "{ organization(slug: \"acme\") { invoices { totalCount } auditLogs { totalCount }
        projects(first: 100) { nodes { databases { totalCount } } } } }";
    assert_eq!(actor.ask(asked).await.codes(), Vec::<&str>::new());
    let role = async |role: &str| {
        let sql = "UPDATE platform.organization_members m SET role = $1 FROM platform.users u
                    WHERE u.id = m.user_id AND u.email = 'admin@acme.test'";
        service.run_with(sql, [role.into()]).await;
    };
    role("billing_admin").await;
    let answer = actor.ask(asked).await;
    assert!(answer.body["data"]["organization"]["invoices"]["totalCount"].as_i64().unwrap() > 0);
    assert_eq!(answer.body["data"]["organization"]["auditLogs"], Value::Null);
    role("member").await;
    let answer = actor.ask(asked).await;
    assert_eq!(answer.body["data"]["organization"]["invoices"], Value::Null);
    let databases: Vec<_> =
        answer.body["data"]["organization"]["projects"]["nodes"].as_array().unwrap().iter().collect();
    assert!(!databases.is_empty() && databases.iter().all(|node| node["databases"].is_null()), "{databases:?}");
    // More than its scopes it never gets.
    role("owner").await;
    let answer = actor.ask("{ organization(slug: \"acme\") { members { totalCount } invoices { totalCount } } }").await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);

    for (out, back) in [
        ("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'admin@acme.test'",
         "UPDATE platform.users SET banned_until = NULL WHERE email = 'admin@acme.test'"),
        ("UPDATE platform.users SET deleted_at = now() WHERE email = 'admin@acme.test'",
         "UPDATE platform.users SET deleted_at = NULL WHERE email = 'admin@acme.test'"),
        ("DELETE FROM platform.organization_members m USING platform.users u WHERE u.id = m.user_id AND u.email = 'admin@acme.test'",
         "INSERT INTO platform.organization_members (organization_id, user_id, role)
          SELECT o.id, u.id, 'member' FROM platform.organizations o, platform.users u WHERE o.slug = 'acme' AND u.email = 'admin@acme.test'"),
    ] {
        assert!(works(&app, &key).await, "before {out}");
        service.run(out).await;
        assert!(!works(&app, &key).await, "after {out}");
        service.run(back).await;
    }
    assert!(works(&app, &key).await);
}
