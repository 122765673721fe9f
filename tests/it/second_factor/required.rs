//! An organization that asks its members for a second factor: without one a role grants nothing there, in both walls.

use ogelbase::clock::Clock;
use serde_json::json;
use uuid::Uuid;

use super::{code, enrolled};
use crate::support::app::App;

const REQUIRE: &str = "mutation ($id: ID!, $required: Boolean!) {
    updateOrganization(input: {organization: $id, mfaRequired: $required}) { organization { mfaRequired } }
}";
const SEEN: &str = "{ organization(slug: \"acme\") { name slug mfaRequired viewerPermissions } }";

async fn acme(app: &App) -> (String, Uuid) {
    let key: Uuid = app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    (format!("org_{}", key.simple()), key)
}

#[tokio::test]
async fn only_who_has_a_second_factor_asks_it_of_others() {
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let (id, key) = acme(&app).await;
    let on = json!({"id": id, "required": true});
    for actor in [app.owner().await, app.admin().await] {
        let refused = actor.ask_with(REQUIRE, on.clone()).await;
        assert_eq!(refused.codes(), ["CONFLICT"], "{:#}", refused.body);
    }
    // By SQL too.
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    let switched = format!("UPDATE platform.organizations SET mfa_required = true WHERE id = '{key}'");
    let refused = sql.try_run(&switched).await.unwrap_err().to_string();
    assert!(refused.contains("asked of others by who has one"), "{refused}");
    let owner = enrolled(&app, &clock, "owner@acme.test").await.actor;
    assert_eq!(owner.ask_with(REQUIRE, on).await.at("/updateOrganization/organization/mfaRequired"), true);
    let metadata: serde_json::Value = app
        .service()
        .await
        .one("SELECT metadata FROM platform.audit_logs WHERE event_type = 'organization.updated'", [])
        .await;
    assert_eq!(metadata, json!({"before": {"mfaRequired": false}, "after": {"mfaRequired": true}}));
    assert!(owner.ask("{ organization(slug: \"acme\") { members { totalCount } } }").await.codes().is_empty());
    let off = json!({"id": id, "required": false});
    assert_eq!(owner.ask_with(REQUIRE, off).await.at("/updateOrganization/organization/mfaRequired"), false);
}

#[tokio::test]
async fn without_a_second_factor_the_organizations_name_is_all_there_is() {
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let (id, _) = acme(&app).await;
    let owner = enrolled(&app, &clock, "owner@acme.test").await.actor;
    owner.ask_with(REQUIRE, json!({"id": id, "required": true})).await.data();
    // The strongest who must not, one with roles in projects, and one who belongs elsewhere too.
    for email in ["admin@acme.test", "developer@acme.test", "both@acme.test"] {
        let actor = app.sign_in(email).await;
        let seen = actor.ask(SEEN).await;
        assert_eq!(seen.at("/organization/slug"), "acme", "{email}");
        assert_eq!(seen.at("/organization/mfaRequired"), true);
        assert_eq!(seen.at("/organization/viewerPermissions"), &json!([]), "{email}");
        let fields = "members { totalCount } projects { totalCount } subscription { id } entitlements { name } apiKeys { totalCount }
            invoices { totalCount } auditLogs { totalCount } featureFlags { key } memberCount";
        let refused = actor.ask(&format!("{{ organization(slug: \"acme\") {{ {fields} }} }}")).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"; 9], "{email}: {:#}", refused.body);
        let project = actor.ask("{ project(ref: \"acmeshopqkzvtrwmplsd\") { id } }").await;
        assert_eq!(project.data(), &json!({"project": null}), "{email}");
        let organizations = "SELECT DISTINCT p.organization_id FROM platform.projects p
            JOIN platform.organizations o ON o.id = p.organization_id WHERE o.slug = 'acme'";
        let sql = app.as_user(Some(app.user_id(email).await), None).await;
        assert_eq!(sql.column::<Uuid>(organizations, []).await, Vec::<Uuid>::new(), "{email}");
        let memberships = actor.ask("{ viewer { memberships { nodes { role organization { name } } } } }").await;
        let nodes = memberships.at("/viewer/memberships/nodes").as_array().unwrap();
        assert!(nodes.iter().any(|node| node["organization"]["name"] == *seen.at("/organization/name")), "{email}");
        let rename = "mutation ($id: ID!) { updateOrganization(input: {organization: $id, name: \"Mine\"}) { clientMutationId } }";
        assert_eq!(actor.ask_with(rename, json!({ "id": id })).await.codes(), ["FORBIDDEN"], "{email}");
    }
}

#[tokio::test]
async fn by_sql_nothing_of_the_organization_is_read_or_written_until_one_is_enrolled() {
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let (_, key) = acme(&app).await;
    let service = app.service().await;
    let user = app.user_id("admin@acme.test").await;
    let tables: Vec<String> = service
        .column(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND a.attname = 'organization_id' ORDER BY 1",
            [],
        )
        .await;
    assert!(tables.len() > 20, "{tables:?}");
    // A record of one's own stays one's own, and so does the membership.
    let counted = async |table: &str| -> i64 {
        let own = if ["audit_logs", "organization_members"].contains(&table) {
            format!("AND user_id IS DISTINCT FROM '{user}'")
        } else {
            String::new()
        };
        let sql = app.as_user(Some(user), None).await;
        let counted = sql
            .one(&format!("SELECT count(*) FROM platform.{table} WHERE organization_id = $1 {own}"), [key.into()])
            .await;
        sql.0.close().await.unwrap();
        counted
    };
    let mut before = Vec::new();
    for table in &tables {
        before.push(counted(table).await);
    }
    service.run("UPDATE platform.organizations SET mfa_required = true WHERE slug = 'acme'").await;
    for (table, before) in tables.iter().zip(&before) {
        assert!(*before > 0, "the admin sees nothing of {table} anyway: nothing is shown");
        assert_eq!(counted(table).await, 0, "{table}");
    }
    let sql = app.as_user(Some(user), None).await;
    let people: i64 = sql.one("SELECT count(*) FROM platform.users", []).await;
    assert_eq!(people, 1, "oneself");
    let named: String = sql.one("SELECT name FROM platform.organizations WHERE id = $1", [key.into()]).await;
    assert!(!named.is_empty());
    for change in ["platform.organizations SET name = 'Mine'", "platform.projects SET name = 'Mine'"] {
        sql.run(&format!("UPDATE {change}")).await;
    }
    let changed: i64 = service
        .one(
            "SELECT (SELECT count(*) FROM platform.organizations WHERE name = 'Mine')
                  + (SELECT count(*) FROM platform.projects WHERE name = 'Mine')",
            [],
        )
        .await;
    assert_eq!(changed, 0);
    // Enrolled, everything is as before.
    let admin = enrolled(&app, &clock, "admin@acme.test").await;
    for (table, before) in tables.iter().zip(&before) {
        assert!(counted(table).await >= *before, "{table}");
    }
    assert!(admin.actor.ask("{ organization(slug: \"acme\") { members { totalCount } } }").await.codes().is_empty());
    assert_eq!(code(&admin.secret, &clock).len(), 6);
}

/// It takes nothing but belonging there, and gives nothing else.
#[tokio::test]
async fn who_lacks_the_second_factor_may_leave_and_nothing_else() {
    let app = App::start().await;
    let (id, key) = acme(&app).await;
    let service = app.service().await;
    service.run("UPDATE platform.organizations SET mfa_required = true WHERE slug = 'acme'").await;
    let leave = "mutation ($id: ID!) { leaveOrganization(input: {organization: $id}) { leftOrganization } }";
    let is_member = async |email: &str| -> bool {
        let sql = "SELECT EXISTS (SELECT FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
                                   WHERE m.organization_id = $1 AND u.email = $2)";
        app.service().await.one(sql, [key.into(), email.into()]).await
    };
    // The last owner stays, as ever.
    assert_eq!(app.owner().await.ask_with(leave, json!({ "id": id })).await.codes(), ["CONFLICT"]);
    // By SQL one's own membership goes and no other's.
    let billing = app.user_id("billing@acme.test").await;
    let sql = app.as_user(Some(billing), None).await;
    sql.run("DELETE FROM platform.organization_members").await;
    sql.run(&format!("DELETE FROM platform.project_members WHERE user_id <> '{billing}'")).await;
    assert!(!is_member("billing@acme.test").await);
    assert!(is_member("admin@acme.test").await && is_member("member@acme.test").await);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        let email = if permissive { "developer@acme.test" } else { "admin@acme.test" };
        let actor = app.sign_in(email).await;
        let seen = actor.ask(SEEN).await;
        assert_eq!(seen.at("/organization/mfaRequired"), true, "they see what is asked for");
        assert_eq!(seen.at("/organization/viewerPermissions"), &json!([]));
        let remove = "mutation ($id: ID!) { removeMember(input: {member: $id}) { removedMember } }";
        let member: Uuid = service
            .one(
                "SELECT m.id FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
                  WHERE m.organization_id = $1 AND u.email = 'hugo@acme.test'",
                [key.into()],
            )
            .await;
        let member = format!("mem_{}", member.simple());
        assert_eq!(actor.ask_with(remove, json!({ "id": member })).await.codes(), ["NOT_FOUND"], "{email}");
        let left = actor.ask_with(leave, json!({ "id": id })).await;
        assert_eq!(left.at("/leaveOrganization/leftOrganization"), &json!(id), "{email}");
        assert!(!is_member(email).await);
        assert_eq!(actor.ask(SEEN).await.data(), &json!({"organization": null}));
        assert_eq!(actor.ask_with(leave, json!({ "id": id })).await.codes(), ["NOT_FOUND"], "{email}");
        let record: serde_json::Value = service
            .one(
                "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'member.left' AND actor_label = $1",
                [email.into()],
            )
            .await;
        assert_eq!(record["organization_id"], json!(key), "{email}");
    }
    // Who belongs elsewhere leaves nothing here.
    assert_eq!(app.outsider().await.ask_with(leave, json!({ "id": id })).await.codes(), ["NOT_FOUND"]);
}

/// What is left without row-level security are the guards.
#[tokio::test]
async fn the_guards_hold_alone_where_a_second_factor_is_required() {
    let app = App::start().await;
    app.service().await.run("UPDATE platform.organizations SET mfa_required = true WHERE slug = 'acme'").await;
    app.let_every_row_through().await;
    let admin = app.admin().await;
    assert_eq!(admin.ask(SEEN).await.at("/organization/viewerPermissions"), &json!([]));
    let projects = admin.ask("{ projects { nodes { ref } } project(ref: \"acmeshopqkzvtrwmplsd\") { id } }").await;
    assert_eq!(projects.data(), &json!({"projects": {"nodes": []}, "project": null}));
    let service = app.service().await;
    for (prefix, table) in
        [("prj", "projects"), ("usr", "users"), ("sub", "subscriptions"), ("mem", "organization_members")]
    {
        let foreign = match table {
            "users" => "email = 'owner@acme.test'".to_owned(),
            "organization_members" => {
                "user_id = (SELECT id FROM platform.users WHERE email = 'owner@acme.test')".to_owned()
            }
            _ => "organization_id = (SELECT id FROM platform.organizations WHERE slug = 'acme')".to_owned(),
        };
        let key: Uuid = service.one(&format!("SELECT id FROM platform.{table} WHERE {foreign} LIMIT 1"), []).await;
        let answer = admin.ask(&format!("{{ node(id: \"{prefix}_{}\") {{ id }} }}", key.simple())).await;
        assert_eq!(answer.data(), &json!({"node": null}), "{table}");
    }
}
