//! Tenants cannot be mixed: what each account sees through HTTP is what the rules say, counted by SQL as the service
//! role. That row-level security holds alone is shown in `row_level_security`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{ACCOUNTS, Actor},
    app::App,
};

/// What belongs to a project: for who has access to it.
const IN_PROJECT: &str = "organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin'))
    OR project_id IN (SELECT project_id FROM platform.project_members p
                       WHERE p.user_id = $1 AND ($2::uuid IS NULL OR p.organization_id = $2))";

/// What only `billing:read` shows.
const WITH_BILLING: &str =
    "organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin', 'billing_admin'))";

/// What only `members:write` shows.
const TO_LEADERS: &str = "organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin'))";

/// What `api_keys:read` shows, and who made it sees.
const TO_LEADERS_AND_MAKER: &str =
    "organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin') OR user_id = $1)";

/// What `audit:read` shows, and who acted sees of it, wherever that was.
const TO_LEADERS_AND_ACTOR: &str =
    "organization_id IN (SELECT organization_id FROM mine WHERE role IN ('owner', 'admin'))
    OR (user_id = $1 AND ($2::uuid IS NULL OR organization_id = $2))";

/// What nobody need have any of.
const PERHAPS_NONE: [&str; 5] = [IN_PROJECT, WITH_BILLING, TO_LEADERS, TO_LEADERS_AND_MAKER, TO_LEADERS_AND_ACTOR];

/// The kinds of nodes, with the prefix of their ids, their table, and what the user `$1` may see of them when the
/// request is narrowed to the organization `$2` (null: not narrowed). Written from access.md, not from the policies.
const KINDS: [(&str, &str, &str); 21] = [
    ("org", "organizations", "id IN (SELECT organization_id FROM mine)"),
    ("mem", "organization_members", "organization_id IN (SELECT organization_id FROM mine)"),
    ("prj", "projects", "organization_id IN (SELECT organization_id FROM mine)"),
    ("pmb", "project_members", IN_PROJECT),
    ("sub", "subscriptions", "organization_id IN (SELECT organization_id FROM mine)"),
    ("inv", "invoices", WITH_BILLING),
    ("pay", "payment_methods", WITH_BILLING),
    ("tax", "tax_ids", WITH_BILLING),
    ("cus", "customer_profiles", WITH_BILLING),
    ("cdt", "credits", WITH_BILLING),
    ("cmp", "compute_config", IN_PROJECT),
    ("dsk", "disk_config", IN_PROJECT),
    ("pad", "project_addons", IN_PROJECT),
    ("crd", "credentials", IN_PROJECT),
    ("dbs", "databases", IN_PROJECT),
    ("dbl", "database_connection_logs", IN_PROJECT),
    ("ivt", "organization_invitations", TO_LEADERS),
    ("key", "api_keys", TO_LEADERS_AND_MAKER),
    ("aud", "audit_logs", TO_LEADERS_AND_ACTOR),
    ("ses", "user_sessions", "user_id = $1"),
    (
        "usr",
        "users",
        "id = $1 OR id IN (SELECT m.user_id FROM platform.organization_members m
                            WHERE m.organization_id IN (SELECT organization_id FROM mine))",
    ),
];

fn global_id(prefix: &str, key: &Uuid) -> String {
    format!("{prefix}_{}", key.simple())
}

async fn expected(app: &App, kind: &(&str, &str, &str), user: Uuid, narrowed: Option<Uuid>) -> BTreeSet<String> {
    let (prefix, table, rule) = kind;
    let sql = format!(
        "WITH mine AS (SELECT m.organization_id, m.role FROM platform.organization_members m
                        WHERE m.user_id = $1 AND ($2::uuid IS NULL OR m.organization_id = $2))
         SELECT id FROM platform.{table} WHERE {rule}"
    );
    let keys: Vec<Uuid> = app.service().await.column(&sql, [user.into(), narrowed.into()]).await;
    keys.iter().map(|key| global_id(prefix, key)).collect()
}

/// Which of `ids` the actor gets through `nodes`.
async fn visible(actor: &Actor<'_>, ids: &[String]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for some in ids.chunks(100) {
        let answer = actor.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": some })).await;
        let nodes = answer.at("/nodes").as_array().unwrap();
        assert_eq!(nodes.len(), some.len());
        for (asked, node) in some.iter().zip(nodes) {
            if !node.is_null() {
                assert_eq!(node["id"], json!(asked));
                seen.insert(asked.clone());
            }
        }
    }
    seen
}

/// Every id that the actor can come by through fields, list after list.
async fn reachable(actor: &Actor<'_>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut lists = vec![];
    for organization in whole_list(actor, "organizations(first: 100, after: $after)", "/organizations").await {
        seen.insert(organization.clone());
        lists.push((organization.clone(), "Organization", "members", "user { id } organization { id }"));
        for list in ["invoices", "paymentMethods", "taxIds", "credits", "invitations", "apiKeys", "auditLogs"] {
            lists.push((organization.clone(), "Organization", list, "organization { id }"));
        }
        let parts = "subscription { id organization { id } addons(first: 100) { nodes { project { id } } } }
            customerProfile { id organization { id } }
            invoices(first: 100) { nodes { subscription { id } lines { project { id } } } }";
        let parts =
            actor.ask(&format!("{{ node(id: \"{organization}\") {{ ... on Organization {{ {parts} }} }} }}")).await;
        collect_ids(&parts.body["data"], &mut seen);
        lists.push((organization, "Organization", "projects", "organization { id }"));
    }
    for project in whole_list(actor, "projects(first: 100, after: $after)", "/projects").await {
        seen.insert(project.clone());
        let parts = "compute { id } disk { id } credentials { id }
            addons(status: [ACTIVE, INACTIVE, PENDING, CANCELLED]) { id project { id } }";
        let parts = actor.ask(&format!("{{ node(id: \"{project}\") {{ ... on Project {{ {parts} }} }} }}")).await;
        collect_ids(&parts.body["data"], &mut seen);
        lists.push((project.clone(), "Project", "databases", DATABASE));
        lists.push((project, "Project", "members", "user { id } project { id } addedBy { id }"));
    }
    for (id, kind, field, node) in lists {
        let field = format!("{field}(first: 100, after: $after) {{ nodes {{ id {node} }} {PAGE} }}");
        let list = format!("node(id: \"{id}\") {{ ... on {kind} {{ it: {field} }} }}");
        seen.extend(pages(actor, &list, "/node/it").await);
    }
    let viewer =
        actor.ask("{ viewer { id memberships(first: 100) { nodes { id user { id } organization { id } } } sessions { nodes { id } } } }").await;
    seen.insert(viewer.at("/viewer/id").as_str().unwrap().to_owned());
    collect_ids(viewer.at("/viewer/memberships/nodes"), &mut seen);
    collect_ids(viewer.at("/viewer/sessions/nodes"), &mut seen);
    seen
}

const DATABASE: &str =
    "project { id } createdBy { id } connectionLogs(first: 100) { nodes { id user { id } database { id } } }";
const PAGE: &str = "pageInfo { hasNextPage endCursor } totalCount";

async fn whole_list(actor: &Actor<'_>, field: &str, pointer: &str) -> Vec<String> {
    let list = format!("{field} {{ nodes {{ id }} {PAGE} }}");
    pages(actor, &list, pointer).await.into_iter().collect()
}

/// All ids on all pages of a list. A list that is refused has none.
async fn pages(actor: &Actor<'_>, list: &str, pointer: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut nodes = 0;
    let mut after = Value::Null;
    loop {
        let query = format!("query ($after: String) {{ {list} }}");
        let answer = actor.ask_with(&query, json!({ "after": after })).await;
        let Some(page) = answer.body["data"].pointer(pointer).filter(|page| !page.is_null()) else {
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{:#}", answer.body);
            return seen;
        };
        assert!(answer.codes().is_empty(), "{:#}", answer.body);
        nodes += page["nodes"].as_array().unwrap().len();
        collect_ids(&page["nodes"], &mut seen);
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            assert_eq!(page["totalCount"], json!(nodes), "{list}");
            return seen;
        }
    }
}

fn collect_ids(value: &Value, seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            seen.extend(fields.get("id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_ids(value, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, seen)),
        _ => {}
    }
}

#[tokio::test]
async fn every_account_sees_exactly_what_the_rules_say_by_guessed_ids_and_by_walking_the_graph() {
    compare_every_account(&App::start().await).await;
}

/// What is left without row-level security are the guards and the tenant's filters.
#[tokio::test]
async fn the_guards_hold_alone() {
    let app = App::start().await;
    app.let_every_row_through().await;
    compare_every_account(&app).await;
}

async fn compare_every_account(app: &App) {
    let service = app.service().await;
    let mut all = Vec::new();
    // First, because a sign-in is a record of the audit trail.
    let mut people = Vec::new();
    for email in ACCOUNTS {
        people.push(app.sign_in(email).await);
    }
    for (prefix, table, _) in KINDS {
        let keys: Vec<Uuid> = service.column(&format!("SELECT id FROM platform.{table}"), []).await;
        all.push(keys.iter().map(|key| global_id(prefix, key)).collect::<Vec<_>>());
    }
    for (email, person) in ACCOUNTS.into_iter().zip(people) {
        let user = app.user_id(email).await;
        let memberships = "SELECT o.slug FROM platform.organizations o JOIN platform.organization_members m
                            ON m.organization_id = o.id WHERE m.user_id = $1 ORDER BY 1";
        let slugs: Vec<String> = service.column(memberships, [user.into()]).await;
        assert!(!slugs.is_empty(), "{email}");
        let mut views = vec![(person.clone(), None)];
        for slug in &slugs {
            let organization: Uuid =
                service.one("SELECT id FROM platform.organizations WHERE slug = $1", [slug.into()]).await;
            views.push((person.in_organization(slug), Some(organization)));
        }
        for (actor, narrowed) in views {
            let mut may_see = BTreeSet::new();
            for (kind, ids) in KINDS.iter().zip(&all) {
                let expected = expected(app, kind, user, narrowed).await;
                let seen = visible(&actor, ids).await;
                assert_eq!(seen, expected, "{email}, {} under {narrowed:?}", kind.1);
                assert!(!expected.is_empty() || PERHAPS_NONE.contains(&kind.2), "{email} should see some {}", kind.1);
                assert!(expected.len() < ids.len(), "{email} should not see all {}", kind.1);
                may_see.extend(expected);
            }
            let walked = reachable(&actor).await;
            let foreign: Vec<_> = walked.difference(&may_see).collect();
            assert!(foreign.is_empty(), "{email} came by what is hidden: {foreign:?}");
            // By walking one reaches all, but for one's own keys and records where one may not see the list, and for one's
            // sessions that have ended.
            let by_id_alone = |id: &&String| ["key_", "aud_", "ses_"].iter().any(|prefix| id.starts_with(prefix));
            let missed: Vec<_> = may_see.difference(&walked).filter(|id| !by_id_alone(id)).collect();
            assert!(missed.is_empty(), "{email} did not come by {missed:?} under {narrowed:?}");
        }
    }
}

#[tokio::test]
async fn what_is_hidden_and_what_never_was_look_alike() {
    let app = App::start().await;
    let member = app.member().await;
    let service = app.service().await;
    let globex: Uuid = service.one("SELECT id FROM platform.organizations WHERE slug = 'globex'", []).await;
    let foreign: String =
        service.one("SELECT ref FROM platform.projects WHERE organization_id = $1 LIMIT 1", [globex.into()]).await;
    for (hidden, unknown) in [
        (format!("node(id: \"{}\")", global_id("org", &globex)), format!("node(id: \"org_{}\")", "0".repeat(32))),
        ("organization(slug: \"globex\")".to_owned(), "organization(slug: \"nothing-there\")".to_owned()),
        (format!("project(ref: \"{foreign}\")"), "project(ref: \"nothing-there\")".to_owned()),
    ] {
        let hidden = member.ask(&format!("{{ it: {hidden} {{ id }} }}")).await;
        let unknown = member.ask(&format!("{{ it: {unknown} {{ id }} }}")).await;
        assert_eq!(hidden.data(), &json!({"it": null}));
        assert_eq!(hidden.body, unknown.body);
    }
    // An id of the wrong kind names nothing either.
    let wrong = member.ask(&format!("{{ node(id: \"{}\") {{ id }} }}", global_id("prj", &globex))).await;
    assert_eq!(wrong.data(), &json!({"node": null}));
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_gets_anything_but_what_is_public() {
    let app = App::start().await;
    let fields = app.anonymous().ask("{ __schema { queryType { fields { name } } } }").await;
    let fields = fields.at("/__schema/queryType/fields").as_array().unwrap().clone();
    let mut public = Vec::new();
    for field in &fields {
        let name = field["name"].as_str().unwrap();
        let (arguments, selection) = match name {
            "featureFlag" => ("(key: \"branching\")", "{ id }"),
            "invitation" => ("(token: \"globexMemberDemoInvitation00000000000000000\")", "{ role }"),
            "node" => ("(id: \"org_00000000000000000000000000000000\")", "{ id }"),
            "nodes" => ("(ids: [])", "{ id }"),
            "organization" => ("(slug: \"acme\")", "{ id }"),
            "project" => ("(ref: \"default\")", "{ id }"),
            "serverInfo" => ("", "{ version }"),
            _ => ("", "{ __typename }"),
        };
        let answer = app.anonymous().ask(&format!("{{ {name}{arguments} {selection} }}")).await;
        if answer.body["data"][name].is_null() {
            assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{name}");
        } else {
            public.push(name);
        }
    }
    assert!(fields.len() >= 8);
    public.sort_unstable();
    assert_eq!(public, ["addonCatalog", "billingPlans", "invitation", "rateLimit", "serverInfo"]);
}
