//! Who has no access to a project is told so on what it runs on.

use serde_json::{Value, json};

use super::{SHOP, project};
use crate::support::app::App;

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
