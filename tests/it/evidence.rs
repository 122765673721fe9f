//! A secret that is in every log, error and audit trail: the search that follows the suite must find it in each, or it
//! would find nothing at all (`examples/with_postgres`).

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::SIGN_IN,
    app::App,
    db::TestDatabase,
    evidence,
    process::{Home, until},
};

#[tokio::test]
async fn a_canary_is_planted_where_no_secret_may_be() {
    // Of the letters that a request's id, a field's name and a log line are made of.
    let canary = format!("canary{}", Uuid::now_v7().simple());
    evidence::canary(&canary);
    let app = App::start().await;
    let input = json!({"input": {"email": "owner@acme.test", "password": "ogelbase-demo"}});
    let request = app.anonymous().request(&json!({"query": SIGN_IN, "variables": input}));
    let answer: Value = request.header("X-Request-Id", &canary).send().await.unwrap().json().await.unwrap();
    evidence::secrets_in(&answer["data"]);
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let recorded: i64 = app
        .service()
        .await
        .one("SELECT count(*) FROM platform.audit_logs WHERE request_id = $1", [canary.as_str().into()])
        .await;
    assert_eq!(recorded, 1, "the audit trail has it");
    let answer = app.anonymous().ask(&format!("{{ {canary} }}")).await;
    assert!(answer.body["errors"].to_string().contains(&canary), "the error has it: {:#}", answer.body);

    // A server of its own logs to its standard error.
    let home = Home::new();
    let database = TestDatabase::migrated().await;
    let server = home.serve(&[("DATABASE_URL", &database.url)]).await;
    let get = server.http.get(format!("{}/healthz", server.url)).header("X-Request-Id", &canary);
    assert!(get.send().await.unwrap().status().is_success());
    until("the log has it", Duration::from_secs(10), async || home.log().contains(&canary)).await;
    server.stop().await;
}
