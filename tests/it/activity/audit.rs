//! The audit trail: filters, pages, who reads it, of organizations and of projects.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, assert_forbidden, in_acme, texts};
use crate::support::app::App;

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
