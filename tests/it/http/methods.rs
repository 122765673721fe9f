//! Methods: queries by GET, all else by POST, and pages for people.

use reqwest::{Method, header, redirect::Policy};
use serde_json::{Value, json};

use super::{get, post, refusal};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

#[tokio::test]
async fn a_get_runs_a_query_with_all_that_a_post_can_say() {
    let app = App::start().await;
    let owner = app.owner().await;
    let token = owner.access_token.clone().unwrap();
    let request = get(
        &app,
        &[
            ("query", "query A($slug: String!) { organization(slug: $slug) { slug } } query B { viewer { email } }"),
            ("operationName", "A"),
            ("variables", r#"{"slug": "acme"}"#),
            ("extensions", r#"{"some": "thing"}"#),
            ("else", "is left alone"),
        ],
    );
    let answer: Value = request.bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"data": {"organization": {"slug": "acme"}}}));
    let request = get(&app, &[("query", "{ __typename }"), ("operationName", ""), ("variables", "")]);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"data": {"__typename": "Query"}}));
    let head = app.http.head(app.url("/graphql?query=%7B__typename%7D")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
}

#[tokio::test]
async fn a_get_never_changes_anything() {
    let app = App::start().await;
    let owner = app.owner().await;
    let token = owner.access_token.clone().unwrap();
    let rename = r#"mutation M { signOutEverywhere(input: {}) { clientMutationId } } query Q { __typename }"#;
    for (name, accept) in [("M", "application/json"), ("M", "application/graphql-response+json")] {
        let request = get(&app, &[("query", rename), ("operationName", name)]).bearer_auth(&token);
        let response = request.header(header::ACCEPT, accept).send().await.unwrap();
        assert_eq!(response.headers()[header::ALLOW], "POST");
        let (status, code, _) = refusal(response).await;
        assert_eq!((status, code.as_str()), (405, "INVALID_INPUT"), "{accept}");
    }
    assert_eq!(owner.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test", "still signed in");
    let other = get(&app, &[("query", rename), ("operationName", "Q")]).bearer_auth(&token);
    let other: Value = other.send().await.unwrap().json().await.unwrap();
    assert_eq!(other, json!({"data": {"__typename": "Query"}}), "the query beside it runs");
}

#[tokio::test]
async fn other_methods_are_refused_and_told_which_are_not() {
    let app = App::on(TestDatabase::migrated().await).await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        let url = app.url("/graphql?query=%7B__typename%7D");
        let response = app.http.request(method.clone(), url).send().await.unwrap();
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD, POST", "{method}");
        let (status, code, _) = refusal(response).await;
        assert_eq!((status, code.as_str()), (405, "INVALID_INPUT"), "{method}");
    }
}

#[tokio::test]
async fn a_browser_that_comes_to_the_endpoint_is_sent_to_the_console_where_there_is_one() {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let app = App::on(TestDatabase::migrated().await).await;
    for accept in [browser, "text/html"] {
        let response = http.get(app.url("/graphql")).header(header::ACCEPT, accept).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::LOCATION]),
            (303, &"/graphiql".parse().unwrap())
        );
    }
    let data = http.get(app.url("/graphql?query={__typename}")).header(header::ACCEPT, "*/*").send().await.unwrap();
    assert_eq!(data.status(), 200, "who does not name a page gets none");

    let database = TestDatabase::migrated().await;
    let config = ogelbase::config::Config { graphiql: Some(false), ..config(&database.url) };
    let app = App::with(database, config).await;
    let response = http.get(app.url("/graphql")).header(header::ACCEPT, browser).send().await.unwrap();
    assert_eq!(refusal(response).await.0, 406);
}

#[tokio::test]
async fn a_subscription_is_not_answered_over_http() {
    let app = App::on(TestDatabase::migrated().await).await;
    let body = json!({"query": "subscription { nothing }"}).to_string();
    let response = post(&app, body).header(header::ACCEPT, "application/graphql-response+json").send().await.unwrap();
    assert_eq!(refusal(response).await.0, 400);
}
