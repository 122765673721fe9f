//! Fields that share a response key are one.

use serde_json::json;

use crate::support::app::App;

#[tokio::test]
async fn fields_of_one_response_key_run_once() {
    let app = App::start().await;
    let count = async || -> i64 {
        let service = app.service().await;
        service.one("SELECT count(*) FROM platform.user_sessions", []).await
    };
    let before = count().await;
    let input = "input: {email: \"owner@acme.test\", password: \"ogelbase-demo\"}";
    let document = format!(
        "mutation {{ signIn({input}) {{ accessToken }} ...F signIn({input}) {{ user {{ email }} }} }}
        fragment F on Mutation {{ signIn({input}) {{ user {{ id }} refreshToken }} }}"
    );
    let answer = app.anonymous().ask(&document).await;
    assert_eq!(answer.at("/signIn/user/email"), "owner@acme.test");
    assert!(answer.at("/signIn/user/id").is_string() && answer.at("/signIn/refreshToken").is_string());
    assert_eq!(count().await, before + 1);
}

#[tokio::test]
async fn keys_stand_in_the_order_in_which_they_were_asked_for() {
    let app = App::start().await;
    let owner = app.owner().await;
    let query = "query ($no: Boolean!) { viewer { email ...F __typename } serverInfo { version } viewer { firstName @skip(if: $no) id } }
        fragment F on User { lastName ... on Node { id } }";
    for (skips, keys) in [
        (false, vec!["email", "lastName", "id", "__typename", "firstName"]),
        (true, vec!["email", "lastName", "id", "__typename"]),
    ] {
        let answer = owner.ask_with(query, json!({"no": skips})).await;
        let viewer = answer.at("/viewer").as_object().unwrap();
        assert_eq!(viewer.len(), keys.len());
        let text = answer.body.to_string();
        let mut places = keys.iter().map(|key| text.find(&format!("\"{key}\"")).unwrap());
        assert!(places.next().is_some());
    }
}

#[tokio::test]
async fn only_the_chosen_operation_runs() {
    let app = App::start().await;
    let owner = app.owner().await;
    let body = json!({
        "query": "query Who { viewer { email } } mutation Out { signOut(input: {}) { signedOut } }",
        "operationName": "Who",
    });
    let answer: serde_json::Value = owner.request(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"data": {"viewer": {"email": "owner@acme.test"}}}));
    assert_eq!(owner.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");
}
