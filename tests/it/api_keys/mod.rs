//! API keys: who may make which, what a key then may, how it lives and ends.

mod confined;
mod life;
mod making;
mod rights;
pub(crate) mod sql;
mod using;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{Actor, Answer},
    app::App,
    db::TestDatabase,
};

const CREATE: &str = "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    key clientMutationId
    apiKey { id name prefix scopes projectIds requestsPerMinute expiresAt revokedAt lastUsedAt createdAt }
} }";

const ROTATE: &str = "mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    key apiKey { id name scopes projectIds expiresAt rotatedFrom { id } creator { email } } replaced { id expiresAt }
} }";

const REVOKE: &str =
    "mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id revokedAt } } }";

const UPDATE: &str = "mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id name } } }";

async fn organization(database: &TestDatabase, slug: &str) -> Uuid {
    database.service().await.one("SELECT id FROM platform.organizations WHERE slug = $1", [slug.into()]).await
}

async fn project(database: &TestDatabase, name: &str) -> Uuid {
    database.service().await.one("SELECT id FROM platform.projects WHERE name = $1", [name.into()]).await
}

fn id(prefix: &str, key: Uuid) -> String {
    format!("{prefix}_{}", key.simple())
}

async fn acme(app: &App) -> String {
    id("org", organization(app, "acme").await)
}

async fn create(actor: &Actor<'_>, input: Value) -> Answer {
    actor.ask_with(CREATE, json!({ "input": input })).await
}

/// A key of acme with these scopes: its id, and the key.
pub(crate) async fn make(app: &App, actor: &Actor<'_>, scopes: &[&str]) -> (String, String) {
    make_with(actor, json!({"organization": acme(app).await, "name": "Made", "scopes": scopes})).await
}

pub(crate) async fn make_with(actor: &Actor<'_>, input: Value) -> (String, String) {
    let answer = create(actor, input).await;
    let text = |pointer: &str| answer.at(pointer).as_str().unwrap().to_owned();
    (text("/createApiKey/apiKey/id"), text("/createApiKey/key"))
}

/// Who asks with this key.
pub(crate) fn holder<'a>(app: &'a App, key: &str) -> Actor<'a> {
    let mut actor = app.anonymous();
    actor.access_token = Some(key.to_owned());
    actor
}

/// Whether a request with this key is served at all.
async fn works(app: &App, key: &str) -> bool {
    let answer = holder(app, key).ask("{ __typename }").await;
    match answer.status {
        200 => true,
        401 => {
            assert_eq!(answer.codes(), ["UNAUTHENTICATED"]);
            false
        }
        other => panic!("{other}: {:#}", answer.body),
    }
}

#[track_caller]
fn assert_refused(answer: &Answer, code: &str, detail: &str) {
    assert_eq!(answer.codes(), [code], "{:#}", answer.body);
    assert_eq!(answer.body["data"], Value::Null, "{:#}", answer.body);
    let shown = answer.body["errors"][0].to_string();
    assert!(shown.contains(detail), "{shown} should speak of {detail}");
}
