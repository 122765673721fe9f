//! Where a request comes from, when a reverse proxy stands in between.

use ogelbase::config::{Config, ProxyHeader};
use serde_json::json;

use super::post;
use crate::support::{
    actors::SIGN_IN,
    app::{App, config},
    db::TestDatabase,
    evidence,
};

async fn with(change: impl FnOnce(Config) -> Config) -> App {
    let database = TestDatabase::seeded().await;
    let config = change(config(&database.url));
    App::with(database, config).await
}

/// The address that a session has which is opened with these headers.
async fn seen(app: &App, headers: &[(&str, &str)]) -> String {
    let variables = json!({"input": {"email": "owner@acme.test", "password": "ogelbase-demo"}});
    let request = post(app, json!({"query": SIGN_IN, "variables": variables}).to_string());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer.get("errors").is_none(), "{answer:#}");
    evidence::secrets_in(&answer["data"]);
    let newest = "SELECT host(ip_address) FROM platform.user_sessions ORDER BY created_at DESC, id DESC LIMIT 1";
    app.service().await.one(newest, []).await
}

fn networks(list: &[&str]) -> Vec<ipnetwork::IpNetwork> {
    list.iter().map(|network| network.parse().unwrap()).collect()
}

#[tokio::test]
async fn nobodys_word_counts_who_is_no_trusted_proxy() {
    let app = with(|config| config).await;
    let spoofed = [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("X-Real-IP", "203.0.113.7")];
    assert_eq!(seen(&app, &spoofed).await, "127.0.0.1");
    let app = with(|config| Config { trusted_proxies: networks(&["10.0.0.0/8"]), ..config }).await;
    assert_eq!(seen(&app, &spoofed).await, "127.0.0.1", "others are trusted, this one is not");
}

#[tokio::test]
async fn a_trusted_proxys_word_counts_and_no_word_before_it() {
    let trusted_proxies = networks(&["127.0.0.1", "10.0.0.0/8"]);
    let app = with(|config| Config { trusted_proxies, ..config }).await;
    for (list, client) in [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.9, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.9, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, nonsense", "127.0.0.1"),
        ("203.0.113.7, nonsense, 10.1.2.3", "10.1.2.3"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(seen(&app, &[("X-Forwarded-For", list), ("Forwarded", "for=198.51.100.1")]).await, client, "{list}");
    }
    let lines = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "203.0.113.8")];
    assert_eq!(seen(&app, &lines).await, "203.0.113.8", "two headers are one list");
    assert_eq!(seen(&app, &[]).await, "127.0.0.1");
}

#[tokio::test]
async fn forwarded_is_read_where_it_is_what_the_proxy_writes() {
    let trusted_proxies = networks(&["127.0.0.0/8", "10.0.0.0/8"]);
    let app = with(|config| Config { trusted_proxies, proxy_header: ProxyHeader::Forwarded, ..config }).await;
    for (list, client) in [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=\"203.0.113.7:4711\";proto=https;by=10.0.0.1", "203.0.113.7"),
        ("proto=https; for=\"[2001:db8::7]:443\"", "2001:db8::7"),
        ("for=198.51.100.9, for=203.0.113.7, for=10.1.2.3", "203.0.113.7"),
        ("for=198.51.100.9, for=\"203.0.113.7", "203.0.113.7"),
        ("for=\", for=203.0.113.7", "203.0.113.7"),
        ("for=_hidden", "127.0.0.1"),
        ("for=unknown, for=10.1.2.3", "10.1.2.3"),
    ] {
        assert_eq!(seen(&app, &[("Forwarded", list), ("X-Forwarded-For", "198.51.100.1")]).await, client, "{list}");
    }
}

#[tokio::test]
async fn back_off_goes_by_the_client_behind_the_proxy() {
    let trusted_proxies = networks(&["127.0.0.1"]);
    let free = Config { sign_in_free_failures_of_address: 2, sign_in_free_failures: 1_000, ..config("") };
    let app = with(|config| Config {
        trusted_proxies,
        sign_in_free_failures_of_address: free.sign_in_free_failures_of_address,
        sign_in_free_failures: free.sign_in_free_failures,
        ..config
    })
    .await;
    let fail = async |address: &str| {
        let variables = json!({"input": {"email": "nobody@acme.test", "password": "a wrong password"}});
        let request = post(&app, json!({"query": SIGN_IN, "variables": variables}).to_string());
        let answer = request.header("X-Forwarded-For", address).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        answer["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    };
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(fail("203.0.113.7").await);
    }
    assert!(codes.contains(&"RATE_LIMITED".to_owned()), "{codes:?}");
    assert_eq!(fail("203.0.113.8").await, "UNAUTHENTICATED", "another client is not held up");
}
