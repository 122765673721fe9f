//! `Accept`, and what the status says under each media type.

use reqwest::header;
use serde_json::Value;

use super::{JSON, MODERN, TYPENAME, ask, get, post, refusal};
use crate::support::{app::App, db::TestDatabase};

#[tokio::test]
async fn the_answer_has_the_type_that_the_client_wants_most() {
    let app = App::on(TestDatabase::migrated().await).await;
    let both = "application/graphql-response+json, application/json";
    for (accept, wanted) in [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("Application/JSON", JSON),
        ("application/json; charset=UTF-8", JSON),
        ("application/json;charset=\"utf-8\"", JSON),
        ("application/graphql-response+json", MODERN),
        ("application/graphql-response+json;charset=utf-8", MODERN),
        (both, MODERN),
        ("application/json, application/graphql-response+json", MODERN),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", MODERN),
        ("application/graphql-response+json;q=0.9, application/json", JSON),
        ("application/json;q=0.9, application/graphql-response+json", MODERN),
        ("application/json;q=0.001, application/graphql-response+json;q=0.002", MODERN),
        ("application/graphql-response+json, */*", MODERN),
        ("application/json, */*", JSON),
        ("*/*, application/json;q=0", MODERN),
        ("application/*;q=0.5, application/graphql-response+json;q=0.4", JSON),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("text/html;q=0.9, application/json", JSON),
        ("multipart/mixed;deferSpec=20220824, application/json", JSON),
        ("application/json;charset=latin1, application/graphql-response+json", MODERN),
        ("application/json;q=nonsense", JSON),
        ("nonsense, application/graphql-response+json", MODERN),
    ] {
        for request in [post(&app, TYPENAME), get(&app, &[("query", "{ __typename }")])] {
            let request = if accept.is_empty() { request } else { request.header(header::ACCEPT, accept) };
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200, "{accept}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], wanted, "{accept}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            assert_eq!(response.text().await.unwrap(), r#"{"data":{"__typename":"Query"}}"#, "{accept}");
        }
    }
    let halves = post(&app, TYPENAME).header(header::ACCEPT, "text/plain").header(header::ACCEPT, both);
    assert_eq!(halves.send().await.unwrap().headers()[header::CONTENT_TYPE], MODERN, "two headers are one list");
}

#[tokio::test]
async fn who_wants_no_type_that_we_have_is_refused_before_anything_runs() {
    let app = App::on(TestDatabase::migrated().await).await;
    for accept in [
        "text/plain",
        "application/xml, image/*",
        "application/json;q=0",
        "application/json;charset=utf-16",
        "application/jsonx",
        "application/graphql+json",
        "application/graphql-response",
        "*/*;q=0",
        "nonsense",
        "",
    ] {
        for request in [post(&app, "not even JSON"), get(&app, &[("query", "{")])] {
            let response = request.header(header::ACCEPT, accept).send().await.unwrap();
            let (status, code, message) = refusal(response).await;
            assert_eq!((status, code.as_str()), (406, "INVALID_INPUT"), "{accept}");
            assert!(message.contains("application/graphql-response+json"), "{message}");
        }
    }
    let page = post(&app, TYPENAME).header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(refusal(page).await.0, 406, "a page is no answer to a POST");
}

#[tokio::test]
async fn a_document_that_never_ran_is_400_where_the_status_says_what_happened_and_200_where_it_says_nothing() {
    let app = App::on(TestDatabase::migrated().await).await;
    for query in ["{", "", "{ nowhere }", "query A { __typename } query B { __typename }", "{ organization { slug } }"]
    {
        for (accept, wanted) in [("application/json", 200), ("application/graphql-response+json", 400)] {
            let response = ask(&app, query).header(header::ACCEPT, accept).send().await.unwrap();
            assert_eq!(response.status(), wanted, "{query} {accept}");
            let body: Value = response.json().await.unwrap();
            assert!(body.get("data").is_none(), "{query}: {body:#}");
            assert_eq!(body["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{query}: {body:#}");
        }
    }
}

#[tokio::test]
async fn a_document_that_ran_with_errors_is_200_and_a_partial_success_where_the_status_says_what_happened() {
    let app = App::on(TestDatabase::migrated().await).await;
    let partial = r#"{ __typename node(id: "nonsense") { id } }"#;
    let failing = r#"mutation { signIn(input: {email: "x", password: "y"}) { accessToken } }"#;
    for (query, data) in [(partial, r#"{"__typename":"Query","node":null}"#), (failing, "null")] {
        for (accept, wanted) in [("application/json", 200), ("application/graphql-response+json", 294)] {
            let response = ask(&app, query).header(header::ACCEPT, accept).send().await.unwrap();
            assert_eq!(response.status().as_u16(), wanted, "{query} {accept}");
            let body: Value = response.json().await.unwrap();
            assert_eq!(body["data"].to_string(), data, "{body:#}");
            assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body:#}");
        }
    }
}

#[tokio::test]
async fn a_refused_credential_is_401_with_a_challenge_under_either_type() {
    let app = App::on(TestDatabase::migrated().await).await;
    for accept in ["application/json", "application/graphql-response+json"] {
        for credential in ["Bearer nonsense", "Bearer ", "Basic dXNlcjpwYXNz", "nonsense", "Bearer ogb_nonsense"] {
            for request in [post(&app, TYPENAME), get(&app, &[("query", "{ __typename }")])] {
                let request = request.header(header::ACCEPT, accept).header(header::AUTHORIZATION, credential);
                let response = request.send().await.unwrap();
                assert!(
                    response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer "),
                    "{credential}"
                );
                let (status, code, _) = refusal(response).await;
                assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"), "{credential}");
            }
        }
    }
}
