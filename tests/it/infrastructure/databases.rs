//! Registered databases with their log and their metrics.

use serde_json::json;

use super::{SHOP, project, stored};
use crate::support::app::App;

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
