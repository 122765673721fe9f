//! Headers that every answer has, and which web pages of others may read it.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
};
use tower_http::{cors::CorsLayer, set_header::SetResponseHeaderLayer};

use crate::config::Config;

/// What is not a page shows and loads nothing, and is shown in no frame. A page has a policy of its own.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// How long a browser may remember what it was told of an origin.
const PREFLIGHT: Duration = Duration::from_secs(600);

const X_COST: HeaderName = HeaderName::from_static("x-cost");
const X_ORGANIZATION: HeaderName = HeaderName::from_static("x-organization");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds them. A header that a handler has set stands.
pub(super) fn of<S: Clone + Send + Sync + 'static>(routes: Router<S>, config: &Config) -> Router<S> {
    let mut always = vec![
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, NO_PAGE),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    if config.hsts_seconds > 0
        && let Ok(value) = HeaderValue::try_from(format!("max-age={}; includeSubDomains", config.hsts_seconds))
    {
        always.push((header::STRICT_TRANSPORT_SECURITY, value));
    }
    let layer = |routes: Router<S>, (name, value)| routes.layer(SetResponseHeaderLayer::if_not_present(name, value));
    let routes = always.into_iter().fold(routes, layer);
    match cors(&config.cors_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    }
}

/// What pages of these origins may send and read. Credentials are not among it: ours travel in a header that a page has to
/// set itself, and no cookie is read.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let sent = [header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE, X_COST, X_ORGANIZATION, X_REQUEST_ID];
    let read = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(HeaderName::from_static);
    let read = [X_REQUEST_ID, header::RETRY_AFTER, header::WWW_AUTHENTICATE].into_iter().chain(read);
    let layer = CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(sent)
        .expose_headers(read.collect::<Vec<_>>())
        .max_age(PREFLIGHT);
    Some(layer)
}
