//! The parameters of a request: each must be of its type, and the refusal names the one that is not.

use serde_json::{Value, json};

use super::{get, post, refusal};
use crate::support::{app::App, db::TestDatabase};

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_and_the_refusal_names_what_is_wrong() {
    let app = App::on(TestDatabase::migrated().await).await;
    let deep = format!(r#"{{"query":"{{ __typename }}","variables":{}"#, "[".repeat(100_000));
    for (body, named) in [
        ("", "body: "),
        ("not JSON", "body: "),
        ("{", "body: "),
        ("null", "body: "),
        ("7", "body: "),
        (&deep, "body: "),
        ("{\"query\":\"{ __typename }\"} trailing", "body: "),
        ("{}", "query: "),
        ("[]", "body: must be one JSON object"),
        (r#" [{"query":"{ __typename }"},{"query":"{ __typename }"}]"#, "body: must be one JSON object"),
        (r#"{"query":null}"#, "query: "),
        (r#"{"query":7}"#, "query: "),
        (r#"{"query":["{ __typename }"]}"#, "query: "),
        (r#"{"variables":{}}"#, "query: "),
        (r#"{"query":"{ __typename }","variables":7}"#, "variables: "),
        (r#"{"query":"{ __typename }","variables":[]}"#, "variables: "),
        (r#"{"query":"{ __typename }","variables":"{}"}"#, "variables: "),
        (r#"{"query":"{ __typename }","operationName":7}"#, "operationName: "),
        (r#"{"query":"{ __typename }","operationName":{}}"#, "operationName: "),
        (r#"{"query":"{ __typename }","extensions":[]}"#, "extensions: "),
        (r#"{"query":"{ __typename }","extensions":true}"#, "extensions: "),
    ] {
        let (status, code, message) = refusal(post(&app, body.to_owned()).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_INPUT"), "{body:.60}");
        assert!(message.starts_with(named), "{body:.60}: {message}");
    }
}

#[tokio::test]
async fn null_is_as_good_as_not_given_and_unknown_members_are_left_alone() {
    let app = App::on(TestDatabase::migrated().await).await;
    let spelled = json!({
        "query": "query A { __typename } query B { a: __typename }",
        "operationName": "B", "variables": null, "extensions": null, "else": 7,
    });
    let answer: Value = post(&app, spelled.to_string()).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"data": {"a": "Query"}}));
    let nameless = json!({"query": "{ __typename }", "operationName": null});
    let answer: Value = post(&app, nameless.to_string()).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"data": {"__typename": "Query"}}));
}

#[tokio::test]
async fn a_query_string_that_is_no_request_is_refused_and_the_refusal_names_what_is_wrong() {
    let app = App::on(TestDatabase::migrated().await).await;
    let query = ("query", "{ __typename }");
    for (parameters, named) in [
        (vec![], "query: "),
        (vec![("query", "")], "query: "),
        (vec![query, query], "query: must not be given twice"),
        (vec![query, ("variables", "{")], "variables: must be JSON"),
        (vec![query, ("variables", "[]")], "variables: must be an object"),
        (vec![query, ("variables", "\"{}\"")], "variables: must be an object"),
        (vec![query, ("extensions", "7")], "extensions: must be an object"),
        (vec![query, ("extensions", "nonsense")], "extensions: must be JSON"),
        (vec![query, ("operationName", "A"), ("operationName", "B")], "operationName: must not be given twice"),
    ] {
        let (status, code, message) = refusal(get(&app, &parameters).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_INPUT"), "{parameters:?}");
        assert!(message.starts_with(named), "{parameters:?}: {message}");
    }
}
