//! Invitations, API keys, the audit trail, feature flags and usage: what is answered is what is stored, to whom it may be.

use ogelbase::feature_flags;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{Actor, Answer},
    app::{App, config},
    db::TestDatabase,
    wire::Wire,
};

async fn in_acme(actor: &Actor<'_>, selection: &str) -> Answer {
    actor.ask(&format!("{{ organization(slug: \"acme\") {{ slug it: {selection} }} }}")).await
}

/// A field of acme that is refused, with the rest of the answer there.
#[track_caller]
fn assert_forbidden(answer: &Answer, permission: &str) {
    assert_eq!(answer.body["data"], json!({"organization": {"slug": "acme", "it": null}}));
    let error = &answer.body["errors"][0];
    assert_eq!(error["extensions"], json!({"code": "FORBIDDEN", "permission": permission}));
    assert_eq!(error["path"], json!(["organization", "it"]));
}

async fn acme(app: &App) -> Uuid {
    app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await
}

fn texts(nodes: &Value, field: &str) -> Vec<String> {
    nodes.as_array().unwrap().iter().map(|node| node[field].as_str().unwrap().to_owned()).collect()
}

fn decimal(value: &Value) -> Decimal {
    Decimal::from_str_exact(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn invitations_are_for_who_may_invite_and_say_how_they_stand() {
    let app = App::start().await;
    let (owner, admin) = (app.owner().await, app.admin().await);
    let fields = "{ totalCount nodes { email role status inviter { email } acceptedBy { email } expiresAt } }";
    let all = in_acme(&owner, &format!("invitations {fields}")).await;
    let nodes = all.at("/organization/it/nodes").as_array().unwrap().clone();
    let seen: Vec<_> =
        nodes.iter().map(|node| ["email", "role", "status"].map(|field| node[field].as_str().unwrap())).collect();
    assert_eq!(
        seen,
        [
            ["outsider@globex.test", "MEMBER", "PENDING"],
            ["newcomer@acme.test", "DEVELOPER", "PENDING"],
            ["leo@acme.test", "MEMBER", "ACCEPTED"],
            ["late@acme.test", "MEMBER", "EXPIRED"],
            ["revoked@acme.test", "ADMIN", "REVOKED"],
            ["declined@acme.test", "MEMBER", "DECLINED"],
        ]
    );
    assert_eq!(nodes[0]["inviter"]["email"], "owner@acme.test");
    assert_eq!((&nodes[2]["acceptedBy"]["email"], &nodes[0]["acceptedBy"]), (&json!("leo@acme.test"), &Value::Null));

    for (filter, emails) in [
        ("[PENDING]", vec!["outsider@globex.test", "newcomer@acme.test"]),
        ("[EXPIRED]", vec!["late@acme.test"]),
        ("[ACCEPTED, DECLINED]", vec!["leo@acme.test", "declined@acme.test"]),
        ("[REVOKED]", vec!["revoked@acme.test"]),
        ("[]", vec![]),
    ] {
        let some = in_acme(&admin, &format!("invitations(filter: {{status: {filter}}}) {fields}")).await;
        assert_eq!(texts(some.at("/organization/it/nodes"), "email"), emails, "{filter}");
        assert_eq!(some.at("/organization/it/totalCount"), &json!(emails.len()));
    }
    for person in [app.developer().await, app.billing().await, app.member().await] {
        assert_forbidden(&in_acme(&person, "invitations { totalCount }").await, "members:write");
    }
}

#[tokio::test]
async fn a_developer_sees_own_keys_leaders_all_and_others_none() {
    let app = App::start().await;
    let keys = "apiKeys { totalCount nodes { id name prefix scopes projectIds requestsPerMinute
        creator { email } rotatedFrom { name } lastUsedAt expiresAt revokedAt } }";
    let stored: Vec<String> = app
        .service()
        .await
        .column(
            "SELECT name FROM platform.api_keys WHERE organization_id = $1 ORDER BY created_at DESC, id DESC",
            [acme(&app).await.into()],
        )
        .await;
    assert_eq!(stored.len(), 7);
    let owner = app.owner().await;
    for leader in [&owner, &app.admin().await] {
        let seen = in_acme(leader, keys).await;
        assert_eq!(texts(seen.at("/organization/it/nodes"), "name"), stored);
        assert_eq!(seen.at("/organization/it/totalCount"), &json!(stored.len()));
    }
    let own = in_acme(&app.developer().await, keys).await;
    assert_eq!(own.at("/organization/it/totalCount"), &json!(2));
    let key = own.at("/organization/it/nodes/0").clone();
    let project: Uuid = app.service().await.one("SELECT id FROM platform.projects WHERE name = 'Public API'", []).await;
    assert_eq!(key["name"], "My laptop");
    assert_eq!(key["scopes"], json!(["projects:list", "projects:read", "metrics:read"]));
    assert_eq!(key["projectIds"], json!([format!("prj_{}", project.simple())]));
    assert_eq!((&key["requestsPerMinute"], &key["creator"]["email"]), (&json!(60), &json!("developer@acme.test")));
    assert_eq!((&key["revokedAt"], &key["rotatedFrom"]["name"]), (&Value::Null, &json!("My laptop (old)")));
    for person in [app.billing().await, app.member().await] {
        assert_forbidden(&in_acme(&person, keys).await, "api_keys:read");
    }
    // By its id another's key is not there; one's own is.
    let all = in_acme(&owner, keys).await;
    let backup = &all.at("/organization/it/nodes").as_array().unwrap().clone()[..];
    let backup = backup.iter().find(|node| node["name"] == "Backup").unwrap();
    assert_eq!(backup["rotatedFrom"]["name"], "Backup (old)");
    let ids = json!({"ids": [backup["id"], key["id"]]});
    let seen = app.developer().await.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", ids).await;
    assert_eq!(seen.at("/nodes"), &json!([null, {"id": key["id"], "__typename": "ApiKey"}]));
}

/// Ids of the audit records that match, by SQL, newest first.
async fn logs_by_sql(app: &App, condition: &str) -> Vec<String> {
    let sql = format!("SELECT id FROM platform.audit_logs WHERE {condition} ORDER BY created_at DESC, id DESC");
    let keys: Vec<Uuid> = app.service().await.column(&sql, []).await;
    keys.iter().map(|key| format!("aud_{}", key.simple())).collect()
}

#[tokio::test]
async fn audit_logs_are_filtered_paged_and_for_who_may_read_them() {
    let app = App::start().await;
    let (owner, id) = (app.owner().await, acme(&app).await);
    let of_acme = format!("organization_id = '{id}'");
    let all = logs_by_sql(&app, &of_acme).await;
    assert!(all.len() > 25);

    let mut paged = Vec::new();
    let mut after = Value::Null;
    loop {
        let query = "query ($after: String) { organization(slug: \"acme\") {
            auditLogs(first: 7, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }";
        let page = owner.ask_with(query, json!({ "after": after })).await.at("/organization/auditLogs").clone();
        assert_eq!(page["totalCount"], json!(all.len()));
        paged.extend(texts(&page["nodes"], "id"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(paged, all);

    let (user, service) = (app.user_id("paula@acme.test").await, app.service().await);
    let shop: Uuid = service.one("SELECT id FROM platform.projects WHERE name = 'Shop'", []).await;
    let days = "SELECT to_char(date_trunc('day', max(created_at), 'UTC') AT TIME ZONE 'UTC' - interval '10 days',
                'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM platform.audit_logs WHERE organization_id = $1";
    let day: String = service.one(days, [id.into()]).await;
    let (actor, project) = (format!("usr_{}", user.simple()), format!("prj_{}", shop.simple()));
    for (filter, condition) in [
        (
            "eventTypes: [\"member.invited\", \"member.joined\"]".to_owned(),
            "event_type IN ('member.invited', 'member.joined')".to_owned(),
        ),
        ("eventTypes: []".to_owned(), "false".to_owned()),
        (format!("actor: \"{actor}\""), format!("user_id = '{user}'")),
        (format!("project: \"{project}\""), format!("project_id = '{shop}'")),
        (
            format!("resourceType: \"project\", resourceId: \"{shop}\""),
            format!("resource_type = 'project' AND resource_id = '{shop}'"),
        ),
        ("resourceType: \"database\"".to_owned(), "resource_type = 'database'".to_owned()),
        ("severity: [ERROR, CRITICAL]".to_owned(), "severity IN ('error', 'critical')".to_owned()),
        (format!("from: \"{day}\""), format!("created_at >= '{day}'")),
        (format!("to: \"{day}\""), format!("created_at < '{day}'")),
        (
            format!("from: \"{day}\", actor: \"{actor}\", severity: [WARNING, INFO]"),
            format!("created_at >= '{day}' AND user_id = '{user}' AND severity IN ('warning', 'info')"),
        ),
    ] {
        let seen =
            in_acme(&owner, &format!("auditLogs(first: 100, filter: {{{filter}}}) {{ totalCount nodes {{ id }} }}"))
                .await;
        let expected = logs_by_sql(&app, &format!("{of_acme} AND {condition}")).await;
        assert!(
            expected.len() < all.len()
                && (!expected.is_empty() || condition == "false" || filter.contains("resourceId")),
            "{filter}"
        );
        assert_eq!(texts(seen.at("/organization/it/nodes"), "id"), expected, "{filter}");
        assert_eq!(seen.at("/organization/it/totalCount"), &json!(expected.len()), "{filter}");
    }

    let last = in_acme(&owner, "auditLogs(first: 1, filter: {eventTypes: [\"project.updated\"]}) { nodes {
        eventType action severity actor { email } actorLabel apiKey { name } resourceType resourceId ip userAgent requestId
        metadata organization { slug } project { name } createdAt } }")
    .await;
    let record = last.at("/organization/it/nodes/0");
    assert_eq!(record["actor"]["email"], "owner@acme.test");
    assert_eq!(record["metadata"], json!({"before": {"name": "API"}, "after": {"name": "Public API"}}));
    let ip: String = service
        .one("SELECT host(ip_address) FROM platform.audit_logs WHERE event_type = 'project.updated' AND organization_id = $1", [id.into()])
        .await;
    assert_eq!(record["ip"], json!(ip));
    assert_eq!((&record["apiKey"]["name"], &record["project"]["name"]), (&json!("Deployment"), &json!("Public API")));
    assert_eq!(
        (&record["action"], &record["severity"], &record["resourceType"]),
        (&json!("update"), &json!("INFO"), &json!("project"))
    );

    for person in [app.developer().await, app.billing().await, app.member().await] {
        assert_forbidden(&in_acme(&person, "auditLogs { totalCount }").await, "audit:read");
    }
    for (filter, argument) in [
        (format!("actor: \"{project}\""), "filter.actor"),
        ("actor: \"x\"".to_owned(), "filter.actor"),
        (format!("project: \"{actor}\""), "filter.project"),
        (format!("from: \"{day}\", to: \"{day}\""), "filter.to"),
        ("resourceType: \"a\\u0000b\"".to_owned(), "filter.resourceType"),
        ("eventTypes: [\"a\\u0000b\"]".to_owned(), "filter.eventTypes"),
    ] {
        let refused = in_acme(&owner, &format!("auditLogs(filter: {{{filter}}}) {{ totalCount }}")).await;
        assert_eq!(refused.codes(), ["INVALID_INPUT"], "{filter}");
        assert_eq!(refused.body["errors"][0]["extensions"]["argument"], json!(argument));
    }
}

#[tokio::test]
async fn a_projects_audit_logs_are_those_of_its_present_organization() {
    let app = App::start().await;
    let service = app.service().await;
    let query = "{ organization(slug: \"acme\") { projects(first: 10) {
        nodes { id name auditLogs(first: 30) { totalCount nodes { id } } } } } }";
    let member = app.member().await.ask(query).await;
    assert!(!member.codes().is_empty() && member.codes().iter().all(|code| *code == "FORBIDDEN"));
    assert!(member.body["data"]["organization"]["projects"]["nodes"][0]["name"].is_string());
    // A record of before a transfer stays with the organization that it happened in.
    service
        .run(
            "INSERT INTO platform.audit_logs (organization_id, project_id, actor_label, event_type, action)
             SELECT o.id, p.id, 'somebody', 'project.updated', 'update'
               FROM platform.organizations o, platform.projects p WHERE o.slug = 'globex' AND p.name = 'Shop'",
        )
        .await;
    let owner = app.owner().await.ask(query).await;
    let mut records = 0;
    for project in owner.at("/organization/projects/nodes").as_array().unwrap() {
        let key = project["id"].as_str().unwrap();
        let of_project = format!("project_id = '{}' AND organization_id = '{}'", &key[4..], acme(&app).await);
        let expected = logs_by_sql(&app, &of_project).await;
        assert_eq!(texts(&project["auditLogs"]["nodes"], "id"), expected);
        assert_eq!(project["auditLogs"]["totalCount"], json!(expected.len()));
        records += expected.len();
    }
    assert!(records > 10);
}

#[tokio::test]
async fn audit_records_are_nodes_for_who_may_read_them_and_who_acted() {
    let app = App::start().await;
    let owner = app.owner().await;
    // Signing in left a record of the server's own, whose key has its time in it.
    let user = app.user_id("owner@acme.test").await;
    let own = logs_by_sql(&app, &format!("user_id = '{user}' AND organization_id IS NULL")).await;
    let of_acme = logs_by_sql(&app, &format!("organization_id = '{}' AND user_id IS NULL", acme(&app).await)).await;
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for ids in [&own[..1], &own, &of_acme] {
        let seen = owner.ask_with(query, json!({ "ids": ids })).await;
        assert_eq!(texts(seen.at("/nodes"), "id"), ids);
        let nothing: Vec<_> = ids.iter().map(|_| Value::Null).collect();
        assert_eq!(app.member().await.ask_with(query, json!({ "ids": ids })).await.at("/nodes"), &json!(nothing));
    }
}

#[tokio::test]
async fn flags_come_out_as_the_database_says_and_say_why() {
    let app = App::start().await;
    let both = app.both().await;
    let flags =
        "featureFlags { key enabled reason rolloutPercentage flag { id name description enabled rolloutPercentage } }";
    let answer = both.ask(&format!("{{ organizations {{ nodes {{ slug {flags} }} }} }}")).await;
    let organizations = answer.at("/organizations/nodes").as_array().unwrap().clone();
    assert_eq!(organizations.len(), 2);
    for organization in &organizations {
        let active: Vec<String> = app
            .service()
            .await
            .column(
                "SELECT a.flag_key FROM platform.organizations o, platform.get_active_feature_flags(o.id) a
                  WHERE o.slug = $1 ORDER BY 1",
                [organization["slug"].as_str().unwrap().into()],
            )
            .await;
        let flags = organization["featureFlags"].as_array().unwrap();
        assert_eq!(flags.len(), 6);
        let on: Vec<_> = flags.iter().filter(|flag| flag["enabled"] == json!(true)).collect();
        assert_eq!(on.iter().map(|flag| flag["key"].as_str().unwrap()).collect::<Vec<_>>(), active);
    }
    let acme = organizations.iter().find(|organization| organization["slug"] == "acme").unwrap();
    let of =
        |key: &str| acme["featureFlags"].as_array().unwrap().iter().find(|flag| flag["key"] == key).unwrap().clone();
    for (key, enabled, reason, percentage) in [
        ("ai-assistant", false, "OVERRIDE", 50),
        ("branching", true, "OVERRIDE", 25),
        ("read-replicas", true, "OVERRIDE", 0),
        ("legacy-invoices", false, "DISABLED", 100),
        ("new-dashboard", true, "ROLLOUT", 100),
    ] {
        let flag = of(key);
        assert_eq!((&flag["enabled"], &flag["reason"]), (&json!(enabled), &json!(reason)), "{key}");
        assert_eq!(flag["rolloutPercentage"], json!(percentage));
    }

    let roots = "{ featureFlags(first: 2) { totalCount nodes { key } } featureFlag(key: \"branching\") { id name rolloutPercentage }
        none: featureFlag(key: \"nothing\") { id } null: featureFlag(key: \"a\\u0000b\") { id } }";
    let roots = both.ask(roots).await;
    assert_eq!(
        roots.at("/featureFlags"),
        &json!({"totalCount": 6, "nodes": [{"key": "ai-assistant"}, {"key": "branching"}]})
    );
    assert_eq!(roots.at("/featureFlag/name"), "Branching");
    assert_eq!((roots.at("/none"), roots.at("/null")), (&Value::Null, &Value::Null));
    assert_eq!(app.anonymous().ask("{ featureFlags { totalCount } }").await.codes(), ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn the_rollout_in_rust_is_the_databases_for_ten_thousand_organizations() {
    let database = TestDatabase::migrated().await;
    let service = database.service().await;
    for flag in ["branching", "a", "log-explorer-v2"] {
        let ids = "SELECT md5(n::text)::uuid FROM generate_series(1, 10000) n ORDER BY n";
        let ids: Vec<Uuid> = service.column(ids, []).await;
        let sql =
            "SELECT platform.feature_flag_bucket($1, md5(n::text)::uuid) FROM generate_series(1, 10000) n ORDER BY n";
        let by_sql: Vec<i32> = service.column(sql, [flag.into()]).await;
        let in_rust: Vec<_> = ids.iter().map(|id| i32::try_from(feature_flags::bucket(flag, *id)).unwrap()).collect();
        assert_eq!(by_sql.len(), 10_000);
        assert_eq!(in_rust, by_sql);
    }
}

/// The span of the tests: all that the seed makes, and more.
async fn span(app: &App) -> (String, String) {
    let service = app.service().await;
    let bound = async |sql: &str| -> String {
        let sql = format!(
            "SELECT to_char(({sql}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM platform.usage_metrics"
        );
        service.one(&sql, []).await
    };
    (bound("min(period_start) + interval '3 days'").await, bound("max(period_end)").await)
}

const LEVELS: &str = "('DATABASE_SIZE', 'STORAGE_SIZE', 'MONTHLY_ACTIVE_USERS', 'REALTIME_PEAK_CONNECTIONS')";

#[tokio::test]
async fn usage_adds_up_to_the_last_digit() {
    let app = App::start().await;
    let (service, id) = (app.service().await, acme(&app).await);
    // Usage without a project: billed to the organization alone, and of a project that is gone.
    service
        .run(&format!(
            "INSERT INTO platform.usage_metrics (organization_id, metric_type, metric_value, unit, period_start, period_end, cost)
             SELECT '{id}', 'EGRESS', v, 'GB', max(period_start), max(period_end), 0.1234
               FROM platform.usage_metrics, (VALUES (1234.567891), (0.000001)) AS more (v) GROUP BY v"
        ))
        .await;
    let (from, to) = span(&app).await;
    let range = format!("organization_id = '{id}' AND period_start >= '{from}' AND period_start < '{to}'");
    let member = app.member().await;
    let usage = in_acme(
        &member,
        &format!(
            "usage(from: \"{from}\", to: \"{to}\") {{ metric unit aggregation amount included overage cost
               allocations {{ project {{ id }} amount cost }} }} memberCount"
        ),
    )
    .await;
    let members: i64 =
        service.one("SELECT count(*) FROM platform.organization_members WHERE organization_id = $1", [id.into()]).await;
    assert_eq!(usage.at("/organization/memberCount"), &json!(members));
    let metrics = usage.at("/organization/it").as_array().unwrap();
    let stored: Vec<String> = service
        .column(
            &format!("SELECT DISTINCT metric_type COLLATE \"C\" FROM platform.usage_metrics WHERE {range} ORDER BY 1"),
            [],
        )
        .await;
    assert_eq!(texts(usage.at("/organization/it"), "metric"), stored);
    assert_eq!(stored.len(), 8);
    for metric in metrics {
        let name = metric["metric"].as_str().unwrap();
        let by_project = format!(
            "SELECT project_id, CASE WHEN metric_type IN {LEVELS} THEN max(metric_value) ELSE sum(metric_value) END AS amount,
                    sum(cost) AS cost
               FROM platform.usage_metrics WHERE {range} AND metric_type = '{name}' GROUP BY project_id, metric_type"
        );
        let sum = async |column: &str| -> Decimal {
            service.one(&format!("SELECT sum({column}) FROM ({by_project}) p"), []).await
        };
        assert_eq!(decimal(&metric["amount"]), sum("amount").await, "{name}");
        assert_eq!(decimal(&metric["cost"]), sum("cost").await, "{name}");
        let allocations = metric["allocations"].as_array().unwrap();
        for column in ["amount", "cost"] {
            let total: Decimal = allocations.iter().map(|allocation| decimal(&allocation[column])).sum();
            assert_eq!(total, decimal(&metric[column]), "{name}");
        }
        let parts: Vec<Decimal> =
            service.column(&format!("SELECT amount FROM ({by_project}) p ORDER BY amount DESC, project_id"), []).await;
        assert_eq!(allocations.iter().map(|allocation| decimal(&allocation["amount"])).collect::<Vec<_>>(), parts);
        let without = allocations.iter().filter(|allocation| allocation["project"].is_null()).count();
        assert_eq!(without, usize::from(name == "EGRESS"));
        let included = match name {
            "EGRESS" => Some(250),
            "DATABASE_SIZE" => Some(8),
            _ => None,
        };
        assert_eq!(
            metric["included"].as_str().map(|text| Decimal::from_str_exact(text).unwrap()),
            included.map(Decimal::from)
        );
        let over = included.map_or(Decimal::ZERO, |included| decimal(&metric["amount"]) - Decimal::from(included));
        assert_eq!(decimal(&metric["overage"]), over.max(Decimal::ZERO));
        let sums = metric["aggregation"] == "SUM";
        assert_eq!(sums, !LEVELS.contains(name), "{name}");
    }

    let all =
        in_acme(&member, &format!("usageDaily(from: \"{from}\", to: \"{to}\") {{ day metric amount cost }}")).await;
    let days = all.at("/organization/it").as_array().unwrap();
    for (metric, column) in [("EGRESS", "amount"), ("FUNCTION_INVOCATIONS", "cost")] {
        let by_day: Vec<Decimal> =
            days.iter().filter(|day| day["metric"] == metric).map(|day| decimal(&day[column])).collect();
        let stored = if column == "amount" { "metric_value" } else { "cost" };
        let expected: Vec<Decimal> = service
            .column(
                &format!(
                    "SELECT sum({stored}) FROM platform.usage_metrics WHERE {range} AND metric_type = '{metric}'
                      GROUP BY date_trunc('day', period_start, 'UTC') ORDER BY date_trunc('day', period_start, 'UTC')"
                ),
                [],
            )
            .await;
        assert_eq!(by_day, expected);
        let whole = metrics.iter().find(|entry| entry["metric"] == metric).unwrap();
        assert_eq!(by_day.iter().sum::<Decimal>(), decimal(&whole[column]), "{metric}");
    }
    let one = format!("usageDaily(from: \"{from}\", to: \"{to}\", metrics: [\"EGRESS\"]) {{ day metric amount cost }}");
    let one = in_acme(&member, &one).await;
    let egress: Vec<_> = days.iter().filter(|day| day["metric"] == "EGRESS").cloned().collect();
    assert_eq!(one.at("/organization/it"), &json!(egress));

    let projects = member
        .ask(&format!(
            "{{ organization(slug: \"acme\") {{ projects(first: 100) {{ nodes {{ id usage(from: \"{from}\", to: \"{to}\") {{ metric amount cost }} }} }} }} }}"
        ))
        .await;
    for metric in metrics {
        for allocation in metric["allocations"].as_array().unwrap().iter().filter(|entry| !entry["project"].is_null()) {
            let nodes = projects.at("/organization/projects/nodes").as_array().unwrap();
            let project = nodes.iter().find(|project| project["id"] == allocation["project"]["id"]).unwrap();
            let used =
                project["usage"].as_array().unwrap().iter().find(|used| used["metric"] == metric["metric"]).unwrap();
            assert_eq!((&used["amount"], &used["cost"]), (&allocation["amount"], &allocation["cost"]));
        }
    }
}

#[tokio::test]
async fn usage_is_asked_for_at_most_366_days() {
    let app = App::start().await;
    let member = app.member().await;
    for field in ["usage", "usageDaily"] {
        for (from, to, fine) in [
            ("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", true),
            ("2024-01-01T00:00:00Z", "2025-01-01T00:00:01Z", false),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", false),
            ("2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z", false),
        ] {
            let answer = in_acme(&member, &format!("{field}(from: \"{from}\", to: \"{to}\") {{ metric }}")).await;
            if fine {
                assert_eq!(answer.at("/organization/it"), &json!([]));
            } else {
                assert_eq!(answer.codes(), ["INVALID_INPUT"], "{from} {to}");
                assert_eq!(answer.body["errors"][0]["extensions"]["argument"], "to");
            }
        }
    }
    let refused = in_acme(
        &member,
        "usageDaily(from: \"2024-01-01T00:00:00Z\", to: \"2024-01-02T00:00:00Z\", metrics: [\"a\\u0000b\"]) { metric }",
    )
    .await;
    assert_eq!(refused.codes(), ["INVALID_INPUT"]);
}

#[tokio::test]
async fn each_of_these_fields_is_one_statement_for_many_organizations() {
    let database = TestDatabase::seeded().await;
    // Somebody leads both organizations, so that both answer everything.
    let service = database.service().await;
    service.run("UPDATE platform.organization_members SET role = 'admin' WHERE user_id = (SELECT id FROM platform.users WHERE email = 'both@acme.test')").await;
    let wire = Wire::to(&database.url).await;
    let config = config(&wire.url);
    let app = App::with(database, config).await;
    let both = app.both().await;
    let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-12-31T00:00:00Z\"";
    for field in [
        "invitations(filter: {status: [PENDING, EXPIRED]}) { totalCount nodes { status } }".to_owned(),
        "apiKeys { totalCount nodes { name } }".to_owned(),
        "auditLogs(first: 3) { totalCount nodes { eventType } }".to_owned(),
        "featureFlags { key enabled }".to_owned(),
        "memberCount".to_owned(),
        format!("usage({span}) {{ metric amount }}"),
        format!("usageDaily({span}) {{ metric amount }}"),
    ] {
        wire.forget();
        let answer = both.ask(&format!("{{ organizations {{ nodes {{ {field} }} }} }}")).await;
        assert_eq!(answer.at("/organizations/nodes").as_array().unwrap().len(), 2);
        let statements = wire.transactions().concat();
        // BEGIN, the organizations, the field.
        assert_eq!(statements.len(), 3, "{field}: {statements:#?}");
    }
    for field in ["auditLogs { totalCount }".to_owned(), format!("usage({span}) {{ metric }}")] {
        wire.forget();
        let answer = both.ask(&format!("{{ projects(first: 100) {{ nodes {{ {field} }} }} }}")).await;
        assert!(answer.at("/projects/nodes").as_array().unwrap().len() > 5);
        let statements = wire.transactions().concat();
        assert_eq!(statements.len(), 3, "{field}: {statements:#?}");
    }
}
