//! Usage: by metric, by project and by day, to the last digit.

use rust_decimal::Decimal;
use serde_json::json;

use super::{acme, decimal, in_acme, texts};
use crate::support::app::App;

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
