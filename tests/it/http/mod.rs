//! GraphQL over HTTP: what is answered, in which form and with which status, and what is refused.

use reqwest::{RequestBuilder, Response, header};
use serde_json::{Value, json};

use crate::support::app::App;

mod abandoned;
mod bodies;
mod connections;
mod headers;
mod known_documents;
mod media;
mod methods;
mod parameters;
mod proxies;

pub const TYPENAME: &str = r#"{"query":"{ __typename }"}"#;
pub const JSON: &str = "application/json; charset=utf-8";
pub const MODERN: &str = "application/graphql-response+json; charset=utf-8";

/// A refusal: its status, its only error's code, and its message.
pub async fn refusal(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind == JSON || kind == MODERN, "{status}: {kind}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let body: Value = response.json().await.unwrap();
    assert!(body.get("data").is_none(), "{body:#}");
    assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body:#}");
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (status, text(&error["extensions"]["code"]), text(&error["message"]))
}

/// A request of GraphQL that anybody may make.
pub fn post(app: &App, body: impl Into<reqwest::Body>) -> RequestBuilder {
    app.http.post(app.url("/graphql")).header(header::CONTENT_TYPE, "application/json").body(body)
}

/// The same as a document.
pub fn ask(app: &App, query: &str) -> RequestBuilder {
    post(app, json!({ "query": query }).to_string())
}

/// By GET.
pub fn get(app: &App, parameters: &[(&str, &str)]) -> RequestBuilder {
    app.http.get(app.url("/graphql")).query(parameters)
}
