//! What a project runs on and how it fares: machine, disk, add-ons, keys, databases, samples and series.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::Actor,
    app::{App, config},
    db::{Sql, TestDatabase},
    wire::Wire,
};

const SHOP: &str = "acmeshopqkzvtrwmplsd";
const API: &str = "acmeapixnvbyhtuqwerk";

async fn project(actor: &Actor<'_>, reference: &str, selection: &str) -> Value {
    let query = format!("{{ project(ref: \"{reference}\") {{ {selection} }} }}");
    actor.ask(&query).await.at("/project").clone()
}

/// What a statement of one row and one column of JSON says.
async fn stored(service: &Sql, sql: &str) -> Value {
    serde_json::from_str(&service.one::<String>(sql, []).await).unwrap()
}

#[tokio::test]
async fn machine_disk_and_addons_are_those_of_the_tables() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let seen = project(
        &owner,
        SHOP,
        "compute { instanceSize cpuCores memoryGb }
         disk { type sizeGb ioBudget throughputMbps autoscaleEnabled autoscaleGrowthPercent autoscaleMinIncrementGb
                autoscaleMaxSizeGb }
         addons { addonId variant name quantity pricePerUnit interval status deactivatedAt project { ref } }
         availableAddons { selected item { addonId variant price } }",
    )
    .await;
    let machine = "SELECT json_build_object('instanceSize', upper(instance_size), 'cpuCores', cpu_cores::text,
                          'memoryGb', memory_gb::text)::text
                     FROM platform.compute_config c JOIN platform.projects p ON p.id = c.project_id";
    assert_eq!(seen["compute"], stored(&service, &format!("{machine} WHERE p.ref = '{SHOP}'")).await);
    let disk = "SELECT json_build_object('type', upper(type), 'sizeGb', size_gb, 'ioBudget', io_budget,
                       'throughputMbps', throughput_mbps, 'autoscaleEnabled', autoscale_enabled,
                       'autoscaleGrowthPercent', autoscale_growth_percent,
                       'autoscaleMinIncrementGb', autoscale_min_increment_gb,
                       'autoscaleMaxSizeGb', autoscale_max_size_gb)::text
                  FROM platform.disk_config d JOIN platform.projects p ON p.id = d.project_id";
    assert_eq!(seen["disk"], stored(&service, &format!("{disk} WHERE p.ref = '{SHOP}'")).await);
    let addons = "SELECT json_agg(json_build_object('addonId', a.addon_id, 'variant', a.addon_variant, 'name', c.name,
                         'quantity', a.quantity, 'pricePerUnit', a.price_per_unit::text,
                         'interval', upper(c.interval), 'status', upper(a.status), 'deactivatedAt', a.deactivated_at,
                         'project', json_build_object('ref', p.ref))
                         ORDER BY a.activated_at, a.id)::text
                    FROM platform.project_addons a JOIN platform.projects p ON p.id = a.project_id
                    JOIN platform.addon_catalog c ON c.addon_id = a.addon_id AND c.variant = a.addon_variant";
    let active = stored(&service, &format!("{addons} WHERE p.ref = '{SHOP}' AND a.status = 'active'")).await;
    assert!(active.as_array().unwrap().len() >= 4, "{active:#}");
    assert_eq!(seen["addons"], active);
    let available = format!(
        "SELECT json_agg(json_build_object('selected', a.id IS NOT NULL, 'item', json_build_object(
                    'addonId', c.addon_id, 'variant', c.variant,
                    'price', c.price::text))
                    ORDER BY c.sort_order, c.addon_id, c.variant)::text
           FROM platform.addon_catalog c
           LEFT JOIN (platform.project_addons a JOIN platform.projects p ON p.id = a.project_id AND p.ref = '{SHOP}')
             ON a.addon_id = c.addon_id AND a.addon_variant = c.variant AND a.status = 'active'
          WHERE c.active"
    );
    assert_eq!(seen["availableAddons"], stored(&service, &available).await);

    // What is no longer offered keeps its name and is not offered; what has ended is shown on request.
    service
        .run(&format!(
            "UPDATE platform.addon_catalog SET active = false WHERE addon_id = 'pitr';
             UPDATE platform.project_addons SET status = 'cancelled', deactivated_at = now()
              WHERE addon_id = 'ipv4' AND project_id = (SELECT id FROM platform.projects WHERE ref = '{SHOP}')"
        ))
        .await;
    let kinds = "active: addons { addonId name } ended: addons(status: [CANCELLED]) { addonId deactivatedAt }
                 none: addons(status: []) { addonId } availableAddons { selected item { addonId } }";
    let seen = project(&owner, SHOP, kinds).await;
    let named = |list: &Value, name: &str| list.as_array().unwrap().iter().any(|addon| addon["addonId"] == name);
    assert!(named(&seen["active"], "pitr") && !named(&seen["active"], "ipv4"));
    assert!(named(&seen["ended"], "ipv4") && seen["ended"][0]["deactivatedAt"].is_string());
    assert_eq!(seen["none"], json!([]));
    let offered: Vec<&Value> = seen["availableAddons"].as_array().unwrap().iter().collect();
    assert!(offered.iter().all(|offer| offer["item"]["addonId"] != "pitr"));
    assert!(offered.iter().any(|offer| offer["item"]["addonId"] == "ipv4" && offer["selected"] == json!(false)));
}

#[tokio::test]
async fn who_has_no_access_to_a_project_gets_forbidden_on_what_it_runs_on_and_the_rest_of_the_answer() {
    let app = App::start().await;
    let (member, owner) = (app.member().await, app.owner().await);
    let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\"";
    for (field, permission) in [
        ("compute { instanceSize }".to_owned(), "infrastructure:read"),
        ("disk { sizeGb }".to_owned(), "infrastructure:read"),
        ("addons { addonId }".to_owned(), "infrastructure:read"),
        ("availableAddons { selected }".to_owned(), "infrastructure:read"),
        ("credentials { createdAt }".to_owned(), "projects:read"),
        ("databases { nodes { name } }".to_owned(), "databases:read"),
        ("metrics { nodes { cpuUsage } }".to_owned(), "metrics:read"),
        (format!("infraMonitoring(attributes: [RAM_USAGE], {span}) {{ timestamps }}"), "metrics:read"),
    ] {
        let query = format!("{{ project(ref: \"{SHOP}\") {{ name {field} }} }}");
        let refused = member.ask(&query).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"], "{field}");
        assert_eq!(refused.body["errors"][0]["extensions"]["permission"], permission, "{field}");
        assert_eq!(refused.body["data"]["project"]["name"], "Shop");
        let name = field.split([' ', '(']).next().unwrap();
        assert_eq!(refused.body["data"]["project"].get(name), Some(&Value::Null), "{field}");
        assert!(owner.ask(&query).await.codes().is_empty(), "{field}");
    }
    // Nor by an id that someone else told them.
    let ids = "compute { id } disk { id } addons { id } credentials { id }
               databases { nodes { id connectionLogs(first: 1) { nodes { id } } } }";
    let shown = project(&owner, SHOP, ids).await;
    let ids: Vec<Value> = ["/compute", "/disk", "/addons/0", "/credentials", "/databases/nodes/0"]
        .iter()
        .chain(&["/databases/nodes/0/connectionLogs/nodes/0"])
        .map(|pointer| shown.pointer(&format!("{pointer}/id")).unwrap().clone())
        .collect();
    let nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let mine = owner.ask_with(nodes, json!({ "ids": ids })).await;
    let found: Vec<Value> = mine.at("/nodes").as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    assert_eq!(found, ids);
    let hidden = member.ask_with(nodes, json!({ "ids": ids })).await;
    assert_eq!(hidden.at("/nodes"), &json!([null, null, null, null, null, null]));
}

fn claims(key: &str, secret: &str) -> Value {
    let validation = Validation::new(Algorithm::HS256);
    jsonwebtoken::decode(key, &DecodingKey::from_secret(secret.as_bytes()), &validation).unwrap().claims
}

async fn reveals(service: &Sql) -> Value {
    let sql = "SELECT coalesce(json_agg(json_build_object('who', actor_label, 'ref', p.ref, 'organization', o.slug,
                      'resource', l.resource_type, 'of', l.resource_id = c.id, 'action', l.action,
                      'severity', l.severity, 'keys', l.metadata->'keys', 'from', host(l.ip_address),
                      'request', l.request_id IS NOT NULL) ORDER BY l.created_at, l.id), '[]')::text
                 FROM platform.audit_logs l
                 LEFT JOIN platform.projects p ON p.id = l.project_id
                 LEFT JOIN platform.organizations o ON o.id = l.organization_id
                 LEFT JOIN platform.credentials c ON c.project_id = p.id
                WHERE l.event_type = 'credentials.revealed'";
    stored(service, sql).await
}

#[tokio::test]
async fn a_projects_keys_are_jwts_signed_with_its_secret_and_reading_them_is_on_record() {
    let app = App::start().await;
    let (developer, service) = (app.developer().await, app.service().await);
    let age = project(&developer, SHOP, "credentials { createdAt updatedAt }").await;
    assert!(age["credentials"]["createdAt"].is_string());
    assert_eq!(reveals(&service).await, json!([]), "their age is no secret");

    let seen = project(&developer, SHOP, "credentials { anonKey serviceRoleKey jwtSecret }").await;
    let text = |name: &str| seen["credentials"][name].as_str().unwrap();
    for (key, role) in [("anonKey", "anon"), ("serviceRoleKey", "service_role")] {
        let claims = claims(text(key), text("jwtSecret"));
        assert_eq!((&claims["ref"], &claims["role"]), (&json!(SHOP), &json!(role)));
    }
    // The record is there as soon as the answer is.
    let record = json!({
        "who": "developer@acme.test", "ref": SHOP, "organization": "acme", "resource": "credentials", "of": true,
        "action": "reveal", "severity": "warning", "keys": ["anon_key", "service_role_key", "jwt_secret"],
        "from": "127.0.0.1", "request": true,
    });
    assert_eq!(reveals(&service).await, json!([record]));

    // Of many projects at once each has a record; a secret of one does not open another's key.
    let owner = app.owner().await;
    let query = "{ projects(first: 100) { nodes { ref credentials { anonKey } } } }";
    let all = owner.ask(query).await.at("/projects/nodes").as_array().unwrap().clone();
    for node in &all {
        let key = node["credentials"]["anonKey"].as_str().unwrap();
        let validation = Validation::new(Algorithm::HS256);
        let secret = DecodingKey::from_secret(text("jwtSecret").as_bytes());
        assert_eq!(jsonwebtoken::decode::<Value>(key, &secret, &validation).is_ok(), node["ref"] == SHOP);
    }
    let records = reveals(&service).await.as_array().unwrap().clone();
    assert_eq!(records.len(), 1 + all.len());
    assert!(records[1..].iter().all(|record| record["keys"] == json!(["anon_key"])));
}

#[tokio::test]
async fn who_may_not_read_a_projects_keys_gets_none_and_leaves_no_record() {
    let app = App::start().await;
    let (reader, service) = (app.both().await, app.service().await);
    let query = format!("{{ project(ref: \"{API}\") {{ credentials {{ createdAt anonKey jwtSecret }} }} }}");
    let refused = reader.ask(&query).await;
    assert_eq!(refused.codes(), ["FORBIDDEN", "FORBIDDEN"]);
    let credentials = &refused.body["data"]["project"]["credentials"];
    assert!(credentials["createdAt"].is_string() && credentials["anonKey"].is_null());

    // The database's own answer, whatever a guard would say.
    let sealed = "SELECT count(*) FROM platform_private.sealed_credentials($1, '{anon_key}', NULL, NULL, NULL)";
    for (email, reference, rows) in [
        ("both@acme.test", API, 0),
        ("member@acme.test", API, 0),
        ("outsider@globex.test", API, 0),
        ("developer@acme.test", "acmepayrollhgtrwnbvc", 0),
        ("owner@acme.test", "globexreactorjmikolp", 0),
        ("developer@acme.test", API, 1),
        ("admin@acme.test", API, 1),
    ] {
        let asked: Uuid = service.one("SELECT id FROM platform.projects WHERE ref = $1", [reference.into()]).await;
        let as_user = app.as_user(Some(app.user_id(email).await), None).await;
        assert_eq!(as_user.one::<i64>(sealed, [asked.into()]).await, rows, "{email} {reference}");
    }
    let asked: Uuid = service.one("SELECT id FROM platform.projects WHERE ref = $1", [API.into()]).await;
    assert_eq!(app.as_user(None, None).await.one::<i64>(sealed, [asked.into()]).await, 0);
    assert_eq!(reveals(&service).await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn databases_their_log_and_their_metrics_are_those_of_the_tables() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let fields = "name type host port config status isPrimary healthCheckLatencyMs healthCheckError
                  createdBy { email } project { ref }";
    let seen = project(&owner, SHOP, &format!("databases {{ totalCount nodes {{ {fields} }} }}")).await;
    let sql = format!(
        "SELECT json_agg(json_build_object('name', d.name, 'type', upper(d.type), 'host', d.host, 'port', d.port,
                    'config', d.config, 'status', upper(d.status), 'isPrimary', d.is_primary,
                    'healthCheckLatencyMs', d.health_check_latency_ms, 'healthCheckError', d.health_check_error,
                    'createdBy', json_build_object('email', u.email), 'project', json_build_object('ref', p.ref))
                    ORDER BY d.name)::text
           FROM platform.databases d JOIN platform.projects p ON p.id = d.project_id
           LEFT JOIN platform.users u ON u.id = d.created_by WHERE p.ref = '{SHOP}'"
    );
    assert_eq!(seen["databases"], json!({"totalCount": 3, "nodes": stored(&service, &sql).await}));
    let some = "databases(filter: {type: [POSTGRES, MONGODB], status: [UNHEALTHY], text: \"EVENT\"},
                          orderBy: {field: CREATED_AT, direction: DESC}) { nodes { name } }";
    assert_eq!(project(&owner, SHOP, some).await["databases"]["nodes"], json!([{"name": "events"}]));

    let lists = "databases(filter: {text: \"primary\"}) { nodes {
        connectionLogs(first: 100) { totalCount nodes { event message latencyMs user { email } database { name } } }
        revealed: connectionLogs(filter: {event: [REVEALED]}) { nodes { event } }
        metrics(first: 100, filter: {metricType: \"connections\"}) { totalCount nodes { metricType value timestamp } } } }";
    let seen = project(&owner, SHOP, lists).await["databases"]["nodes"][0].clone();
    let sql = format!(
        "SELECT json_agg(json_build_object('event', upper(l.event_type), 'message', l.message,
                    'latencyMs', l.latency_ms, 'database', json_build_object('name', d.name),
                    'user', CASE WHEN u.id IS NOT NULL THEN json_build_object('email', u.email) END)
                    ORDER BY l.created_at DESC, l.id DESC)::text
           FROM platform.database_connection_logs l JOIN platform.databases d ON d.id = l.database_id
           JOIN platform.projects p ON p.id = d.project_id LEFT JOIN platform.users u ON u.id = l.user_id
          WHERE p.ref = '{SHOP}' AND d.name = 'primary'"
    );
    let logs = stored(&service, &sql).await;
    assert!(logs.as_array().unwrap().len() > 10);
    assert_eq!(seen["connectionLogs"], json!({"totalCount": logs.as_array().unwrap().len(), "nodes": logs}));
    assert_eq!(seen["revealed"]["nodes"], json!([{"event": "REVEALED"}]));
    let of_primary = format!(
        "FROM platform.database_metrics m JOIN platform.databases d ON d.id = m.database_id
           JOIN platform.projects p ON p.id = d.project_id
          WHERE p.ref = '{SHOP}' AND d.name = 'primary' AND m.metric_type = 'connections'"
    );
    let total: i64 = service.one(&format!("SELECT count(*) {of_primary}"), []).await;
    let values: Vec<f64> =
        service.column(&format!("SELECT m.value {of_primary} ORDER BY m.timestamp DESC LIMIT 100"), []).await;
    let shown = seen["metrics"]["nodes"].as_array().unwrap();
    assert_eq!(seen["metrics"]["totalCount"], json!(total));
    assert_eq!(shown.iter().map(|node| node["value"].as_f64().unwrap()).collect::<Vec<_>>(), values);
    assert!(shown.iter().all(|node| node["metricType"] == "connections"));
}

/// The end of the demo's samples of a project.
async fn last_sample(service: &Sql, reference: &str) -> DateTime<Utc> {
    let sql = "SELECT max(m.timestamp) FROM platform.project_metrics m JOIN platform.projects p ON p.id = m.project_id
                WHERE p.ref = $1";
    service.one(sql, [reference.into()]).await
}

#[tokio::test]
async fn raw_samples_come_newest_first_between_two_moments_and_page_by_page() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let to = last_sample(&service, SHOP).await;
    let from = to - Duration::minutes(150);
    let sql = format!(
        "SELECT json_agg(json_build_object('cpuUsage', cpu_usage::float8, 'memoryUsage', memory_usage::float8,
                    'diskIoBudget', disk_io_budget::float8, 'diskUsageGb', disk_usage_gb::float8,
                    'networkInBytes', network_in_bytes::text, 'networkOutBytes', network_out_bytes::text,
                    'activeConnections', active_connections, 'queryCount', query_count)
                    ORDER BY m.timestamp DESC, m.id DESC)::text
           FROM platform.project_metrics m JOIN platform.projects p ON p.id = m.project_id
          WHERE p.ref = '{SHOP}' AND m.timestamp >= '{from}' AND m.timestamp < '{to}'"
    );
    let expected = stored(&service, &sql).await;
    let fields = "cpuUsage memoryUsage diskIoBudget diskUsageGb networkInBytes networkOutBytes activeConnections
                  queryCount";
    let query = format!(
        "query ($ref: String!, $from: DateTime!, $to: DateTime!, $after: String) {{ project(ref: $ref) {{
             metrics(first: 70, after: $after, from: $from, to: $to) {{
                 totalCount nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let mut nodes = Vec::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({"ref": SHOP, "from": from, "to": to, "after": after});
        let page = owner.ask_with(&query, variables).await.at("/project/metrics").clone();
        assert_eq!(page["totalCount"], json!(expected.as_array().unwrap().len()));
        nodes.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert!(nodes.len() > 100);
    // PostgreSQL writes 100 where the answer has 100.0.
    let number = |value: &Value| value.as_f64().map_or_else(|| value.clone(), Value::from);
    let plain = |node: &Value| -> Vec<Value> { node.as_object().unwrap().values().map(number).collect() };
    for (node, expected) in nodes.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(plain(node), plain(expected));
    }
    assert_eq!(nodes.len(), expected.as_array().unwrap().len());
    let turned = json!({"ref": SHOP, "from": to, "to": from});
    let refused = owner.ask_with(&query, turned).await;
    assert_eq!(refused.body["errors"][0]["extensions"], json!({"code": "INVALID_INPUT", "argument": "to"}));
}

/// Each attribute with its unit, whether it adds up, and its value of one bucket in SQL.
const ATTRIBUTES: [(&str, &str, bool, &str); 9] = [
    ("AVG_CPU_USAGE", "PERCENT", false, "avg(cpu_usage)"),
    ("MAX_CPU_USAGE", "PERCENT", false, "max(cpu_usage)"),
    ("RAM_USAGE", "PERCENT", false, "avg(memory_usage)"),
    ("DISK_IO_BUDGET", "PERCENT", false, "avg(disk_io_budget)"),
    ("DISK_FS_USED", "GIGABYTES", false, "avg(disk_usage_gb)"),
    ("NETWORK_RECEIVE_BYTES", "BYTES", true, "sum(network_in_bytes)"),
    ("NETWORK_TRANSMIT_BYTES", "BYTES", true, "sum(network_out_bytes)"),
    ("PG_STAT_DATABASE_NUM_BACKENDS", "COUNT", false, "avg(active_connections)"),
    ("QUERY_COUNT", "COUNT", true, "sum(query_count)"),
];

const SERIES: &str = "query ($ref: String!, $attributes: [InfraAttribute!]!, $from: DateTime!, $to: DateTime!,
                             $interval: InfraInterval) { project(ref: $ref) {
    infraMonitoring(attributes: $attributes, from: $from, to: $to, interval: $interval) {
        interval timestamps series { attribute unit total average maximum values } } } }";

fn assert_close(seen: &Value, expected: Option<f64>, what: &str) {
    match (seen.as_f64(), expected) {
        (None, None) => {}
        (Some(seen), Some(expected)) if (seen - expected).abs() <= expected.abs().max(1.0) * 1e-9 => {}
        _ => panic!("{what}: {seen} is not {expected:?}"),
    }
}

#[tokio::test]
async fn series_are_the_buckets_that_sql_computes_and_gaps_are_null() {
    let app = App::start().await;
    let (owner, service) = (app.owner().await, app.service().await);
    let end = last_sample(&service, SHOP).await;
    let names: Vec<&str> = ATTRIBUTES.iter().map(|(name, ..)| *name).collect();
    // One column is not measured for a while, beside the hour in which nothing is.
    let unmeasured = "UPDATE platform.project_metrics SET cpu_usage = NULL WHERE timestamp >= $1 AND timestamp < $2";
    let hole = [(end - Duration::minutes(40)).into(), (end - Duration::minutes(20)).into()];
    let statement = sea_orm::Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, unmeasured, hole);
    sea_orm::ConnectionTrait::execute_raw(&service.0, statement).await.unwrap();

    for (interval, seconds, hours) in [
        ("ONE_MINUTE", 60, 10),
        ("FIVE_MINUTES", 300, 10),
        ("TEN_MINUTES", 600, 10),
        ("THIRTY_MINUTES", 1_800, 24),
        ("ONE_HOUR", 3_600, 72),
        ("ONE_DAY", 86_400, 240),
    ] {
        // Neither end lies on a bucket's.
        let (from, to) = (end - Duration::hours(hours) + Duration::seconds(17), end + Duration::milliseconds(29_500));
        let variables = json!({"ref": SHOP, "attributes": names, "from": from, "to": to, "interval": interval});
        let seen = owner.ask_with(SERIES, variables).await.at("/project/infraMonitoring").clone();
        assert_eq!(seen["interval"], interval);
        let first = from.timestamp() / seconds * seconds;
        let expected: Vec<DateTime<Utc>> = (0..)
            .map(|point| DateTime::from_timestamp(first + point * seconds, 0).unwrap())
            .take_while(|time| *time < to)
            .collect();
        let timestamps: Vec<DateTime<Utc>> = serde_json::from_value(seen["timestamps"].clone()).unwrap();
        assert_eq!(timestamps, expected, "{interval}");
        let series = seen["series"].as_array().unwrap();
        assert_eq!(series.len(), ATTRIBUTES.len());
        for (series, (name, unit, adds_up, expression)) in series.iter().zip(ATTRIBUTES) {
            assert_eq!((series["attribute"].as_str(), series["unit"].as_str()), (Some(name), Some(unit)));
            let sql = format!(
                "WITH buckets AS (
                     SELECT floor(extract(epoch FROM m.timestamp) / $4::bigint) * $4::bigint AS b, ({expression})::float8 AS value
                       FROM platform.project_metrics m JOIN platform.projects p ON p.id = m.project_id
                      WHERE p.ref = $1 GROUP BY 1)
                 SELECT value FROM generate_series($2::bigint, $3::bigint, $4::bigint) g
                   LEFT JOIN buckets ON b = g ORDER BY g"
            );
            let last = expected.last().unwrap().timestamp();
            let values: Vec<Option<f64>> =
                service.column(&sql, [SHOP.into(), first.into(), last.into(), seconds.into()]).await;
            let shown = series["values"].as_array().unwrap();
            assert_eq!(shown.len(), values.len());
            for (shown, value) in shown.iter().zip(&values) {
                assert_close(shown, *value, &format!("{interval} {name}"));
            }
            let measured: Vec<f64> = values.iter().copied().flatten().collect();
            assert!(!measured.is_empty());
            let sum: f64 = measured.iter().sum();
            assert_close(&series["total"], adds_up.then_some(sum), "total");
            assert_close(&series["average"], Some(sum / measured.len() as f64), "average");
            assert_close(&series["maximum"], measured.iter().copied().reduce(f64::max), "maximum");
            if seconds <= 600 {
                let gaps = measured.len() < values.len();
                assert!(gaps, "{interval} {name} has the demo's gap");
            }
        }
    }
}

#[tokio::test]
async fn a_series_has_at_most_1500_points_and_what_was_not_measured_is_null() {
    let app = App::start().await;
    let owner = app.owner().await;
    let ask = async |attributes: Value, from: &str, to: &str, interval: Value| {
        let variables = json!({"ref": SHOP, "attributes": attributes, "from": from, "to": to, "interval": interval});
        owner.ask_with(SERIES, variables).await
    };
    let one = || json!(["RAM_USAGE", "QUERY_COUNT", "RAM_USAGE"]);
    let most = ask(one(), "2020-01-01T00:00:00Z", "2020-01-02T01:00:00Z", json!("ONE_MINUTE")).await;
    let most = most.at("/project/infraMonitoring");
    assert_eq!(most["timestamps"].as_array().unwrap().len(), 1_500);
    assert_eq!(most["series"].as_array().unwrap().len(), 2, "each attribute once");
    let nothing = json!({"attribute": "QUERY_COUNT", "unit": "COUNT", "total": null, "average": null,
                         "maximum": null, "values": vec![Value::Null; 1_500]});
    assert_eq!(most["series"][1], nothing);
    let chosen = ask(one(), "2020-01-01T00:00:00Z", "2020-01-02T01:00:01Z", Value::Null).await;
    assert_eq!(chosen.at("/project/infraMonitoring/interval"), "FIVE_MINUTES");
    for (attributes, from, to, interval, argument, says) in [
        (one(), "2020-01-01T00:00:00Z", "2020-01-02T01:00:01Z", json!("ONE_MINUTE"), "interval", "FIVE_MINUTES"),
        (one(), "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", json!("ONE_HOUR"), "interval", "ONE_DAY"),
        (one(), "2000-01-01T00:00:00Z", "2020-01-01T00:00:00Z", Value::Null, "to", "1500 days"),
        (one(), "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", json!("ONE_DAY"), "to", "later"),
        (json!([]), "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", Value::Null, "attributes", "at least one"),
    ] {
        let refused = ask(attributes, from, to, interval).await;
        assert_eq!(refused.codes(), ["INVALID_INPUT"], "{from} {to}");
        let error = &refused.body["errors"][0];
        assert_eq!(error["extensions"]["argument"], argument);
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
}

#[tokio::test]
async fn of_all_projects_at_once_each_relation_is_one_statement() {
    let database = TestDatabase::seeded().await;
    let wire = Wire::to(&database.url).await;
    let settings = config(&wire.url);
    let app = App::with(database, settings).await;
    let owner = app.owner().await;
    let span = "from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\"";
    for (selection, statements) in [
        ("compute { cpuCores } disk { sizeGb } addons { name }".to_owned(), 3),
        ("availableAddons { selected }".to_owned(), 2),
        ("credentials { createdAt }".to_owned(), 1),
        ("credentials { anonKey serviceRoleKey }".to_owned(), 2),
        (
            "databases { totalCount nodes { name connectionLogs(first: 5) { nodes { event } } metrics(first: 5) { nodes { value } } } }"
                .to_owned(),
            3,
        ),
        (
            format!(
                "metrics(first: 5) {{ nodes {{ cpuUsage }} }} infraMonitoring(attributes: [RAM_USAGE, QUERY_COUNT], {span}) {{ timestamps }}"
            ),
            2,
        ),
    ] {
        wire.forget();
        let answer = owner.ask(&format!("{{ projects(first: 10) {{ nodes {{ ref {selection} }} }} }}")).await;
        assert!(answer.at("/projects/nodes").as_array().unwrap().len() >= 8);
        let transactions = wire.transactions();
        // BEGIN with the caller's context, and the list.
        assert_eq!(transactions[0].len(), 2 + statements, "{selection}: {transactions:#?}");
        assert_eq!(transactions.len(), 1, "{transactions:#?}");
    }
}
