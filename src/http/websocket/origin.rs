//! Which web pages may open a WebSocket. Browsers let every page try, and say which one it is.

use axum::http::{HeaderMap, header};
use url::Url;

use crate::config::Config;

/// Whether the page that asks, if a page does, is this server's own, of `app_url`, or of an origin that may send requests.
pub(super) fn is_allowed(headers: &HeaderMap, config: &Config) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        // No browser.
        return true;
    };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    let others = config.app_url.iter().chain(&config.cors_origins).filter_map(|url| Url::parse(url).ok());
    own.into_iter().chain(others).any(|url| url.origin().is_tuple() && url.origin() == origin.origin())
}
