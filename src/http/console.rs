//! The GraphiQL page. It is built from `web/` and embedded; everything it needs comes from this server.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::RustEmbed;
use serde_json::json;

use super::App;
use crate::seed::accounts;

/// Nothing from elsewhere, no inline script, no eval. Monaco, GraphiQL's editor, sets styles in the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>ogelbase</title>\
     <p>The console is not built: run <code>make console</code> (it needs npm), then start the server again.\n";

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// `GET /graphiql`.
pub async fn page() -> Response {
    let html = match Built::get("index.html") {
        Some(file) => Html(file.data.into_owned()),
        None => Html(NOT_BUILT.as_bytes().to_vec()),
    };
    (policy(), [(header::CACHE_CONTROL, "no-cache")], html).into_response()
}

/// `GET /graphiql/config.json`: what the page has to know.
pub async fn config(State(app): State<Arc<App>>) -> Json<serde_json::Value> {
    let demo = if app.config.development() { accounts::demo() } else { Vec::new() };
    Json(json!({ "environment": app.config.environment, "endpoint": "/graphql", "demoAccounts": demo }))
}

/// `GET /graphiql/...`: the page's own files. Their names carry a digest, so they may be kept for ever.
pub async fn asset(Path(path): Path<String>) -> Response {
    let Some(file) = Built::get(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = file.metadata.mimetype().to_owned();
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    // Workers take their policy from their own response.
    let headers = [(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, keep)];
    (policy(), headers, file.data.into_owned()).into_response()
}

fn policy() -> [(HeaderName, &'static str); 2] {
    [(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY), (header::REFERRER_POLICY, "no-referrer")]
}
