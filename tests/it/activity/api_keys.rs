//! API keys: own ones, and all for leaders.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, assert_forbidden, in_acme, texts};
use crate::support::app::App;

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
