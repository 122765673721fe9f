//! Headers of every answer, and what web pages of other origins may ask.

use ogelbase::config::Config;
use reqwest::{Method, header};

use super::{TYPENAME, post};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

const STUDIO: &str = "https://studio.example.com";

async fn with(change: impl FnOnce(Config) -> Config) -> App {
    let database = TestDatabase::migrated().await;
    let config = change(config(&database.url));
    App::with(database, config).await
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let app = with(|config| config).await;
    for path in
        ["/graphql", "/graphql?query={__typename}", "/healthz", "/readyz", "/nowhere", "/graphiql", "/graphiql/no"]
    {
        let response = app.http.get(app.url(path)).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1, "{path}");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}: nobody asked for it");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
        let kept = headers[header::CACHE_CONTROL].to_str().unwrap();
        assert_eq!(kept, if path == "/graphiql" { "no-cache" } else { "no-store" }, "{path}");
    }
    let app = with(|config| Config { hsts_seconds: 63_072_000, ..config }).await;
    let response = post(&app, TYPENAME).send().await.unwrap();
    assert_eq!(response.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000; includeSubDomains");
}

/// What a browser asks before a page of this origin may post JSON.
async fn preflight(app: &App, origin: &str) -> reqwest::Response {
    app.http
        .request(Method::OPTIONS, app.url("/graphql"))
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,x-organization")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn pages_of_the_configured_origins_may_ask_and_no_others() {
    let app = with(|config| Config { cors_origins: vec![STUDIO.to_owned()], ..config }).await;
    let allowed = preflight(&app, STUDIO).await;
    assert!(allowed.status().is_success());
    let headers = allowed.headers();
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], STUDIO);
    assert!(headers[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("POST"));
    let names = headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_lowercase();
    for name in ["authorization", "content-type", "x-organization", "x-request-id"] {
        assert!(names.contains(name), "{names}");
    }
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    assert!(headers.get_all(header::VARY).iter().any(|vary| vary.to_str().unwrap().to_lowercase().contains("origin")));
    let answer = post(&app, TYPENAME).header(header::ORIGIN, STUDIO).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN]),
        (200, &STUDIO.parse().unwrap())
    );
    let refused = post(&app, "{").header(header::ORIGIN, STUDIO).send().await.unwrap();
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], STUDIO, "refusals can be read too");
    for other in ["https://evil.example.com", "http://studio.example.com", "https://studio.example.com:444", "null"] {
        assert!(!preflight(&app, other).await.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{other}");
    }
}

#[tokio::test]
async fn without_configured_origins_no_page_of_another_origin_may_ask() {
    let app = with(|config| config).await;
    let refused = preflight(&app, STUDIO).await;
    assert_eq!(refused.status(), 405);
    assert!(!refused.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let answer = post(&app, TYPENAME).header(header::ORIGIN, STUDIO).send().await.unwrap();
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}
