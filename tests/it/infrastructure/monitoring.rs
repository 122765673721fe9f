//! Samples and series.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{SHOP, stored};
use crate::support::{app::App, db::Sql};

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
