//! HTTP around the graph: health, request ids, refusals, panics, the console, and what production leaves out.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, routing::get};
use ogelbase::{config::Environment, http::with_layers};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    http::refusal,
    support::{
        actors::SIGN_IN,
        app::{App, config},
        db::TestDatabase,
        process::make_account,
    },
};

async fn production() -> App {
    let database = TestDatabase::seeded().await;
    let config = ogelbase::config::Config { environment: Environment::Production, ..config(&database.url) };
    App::with(database, config).await
}

#[tokio::test]
async fn a_request_keeps_its_id_when_that_is_a_sensible_one_and_gets_a_new_one_otherwise() {
    let app = App::on(TestDatabase::migrated().await).await;
    let id_of = async |path: &str, given: Option<&[u8]>| {
        let mut request = app.http.get(app.url(path));
        if let Some(given) = given {
            request = request.header("X-Request-Id", header::HeaderValue::from_bytes(given).unwrap());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers().get_all("x-request-id").iter().count(), 1);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let longest = "x".repeat(64);
    for sensible in ["abc-123_X", "0", &longest, "01890a5d-ac96-774b-bcce-b302099a8057"] {
        assert_eq!(id_of("/healthz", Some(sensible.as_bytes())).await, sensible);
        assert_eq!(id_of("/nowhere", Some(sensible.as_bytes())).await, sensible, "also where nothing is");
        assert_eq!(id_of("/graphql", Some(sensible.as_bytes())).await, sensible, "also when refused");
    }
    let too_long = "x".repeat(65);
    let silly: [Option<&[u8]>; 8] = [
        None,
        Some(b""),
        Some(too_long.as_bytes()),
        Some(b"two words"),
        Some(b"a\"b"),
        Some(b"a,b"),
        Some("\u{e4}".as_bytes()),
        Some(b"\xff"),
    ];
    for given in silly {
        let id = id_of("/healthz", given).await;
        assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7, "{given:?}: {id}");
    }
}

#[tokio::test]
async fn a_panic_and_a_request_that_takes_too_long_are_answered_and_the_server_lives() {
    let sleep = async || tokio::time::sleep(Duration::from_secs(60)).await;
    let routes: Router = Router::new()
        .route("/panics", get(async || -> &'static str { panic!("a secret of ours") }))
        .route("/formatted", get(async || -> String { panic!("a {} of ours", "secret") }))
        .route("/sleeps", get(sleep))
        .route("/works", get(async || "works"));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = with_layers(routes, Duration::from_millis(200)).into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let http = reqwest::Client::new();
    for path in ["panics", "formatted"] {
        let request = http.get(format!("http://{address}/{path}")).header("X-Request-Id", "the-id");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["x-request-id"], "the-id");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["errors"][0]["extensions"], json!({"code": "INTERNAL", "requestId": "the-id"}));
        assert!(!body.to_string().contains("ours"), "{body:#}",);
    }
    let slow = http.get(format!("http://{address}/sleeps")).send().await.unwrap();
    let (status, code, _) = refusal(slow).await;
    assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"));
    let works = http.get(format!("http://{address}/works")).send().await.unwrap();
    assert_eq!((works.status(), works.text().await.unwrap().as_str()), (StatusCode::OK, "works"));
    serving.abort();
}

/// What the attributes `src` and `href` of a page name.
fn references(html: &str) -> Vec<&str> {
    let after = ["src=\"", "href=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
    after.filter_map(|rest| rest.split_once('"').map(|(name, _)| name)).collect()
}

#[tokio::test]
async fn the_console_loads_nothing_from_elsewhere() {
    let app = App::on(TestDatabase::migrated().await).await;
    let response = app.http.get(app.url("/graphiql")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    for wanted in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(directives.contains(&wanted), "{policy}");
    }
    for never in ["http:", "https:", "*", "unsafe-eval", "//"] {
        assert!(!policy.contains(never), "{policy}");
    }
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    let html = response.text().await.unwrap();
    for elsewhere in ["http://", "https://", "\"//", "'//", "url("] {
        assert!(!html.contains(elsewhere), "{html}");
    }
    for path in references(&html) {
        assert!(path.starts_with("/graphiql/"), "{path}");
        let file = app.http.get(app.url(path)).send().await.unwrap();
        assert_eq!(file.status(), 200, "{path}");
        assert_eq!(file.headers()[header::CONTENT_SECURITY_POLICY], policy.as_str(), "{path}");
        let kind = file.headers()[header::CONTENT_TYPE].to_str().unwrap();
        let wanted = ["js", "css", "svg"].into_iter().find(|ending| path.ends_with(&format!(".{ending}"))).unwrap();
        assert!(kind.contains(if wanted == "js" { "javascript" } else { wanted }), "{path}: {kind}");
    }
    for nowhere in ["/graphiql/assets/none.js", "/graphiql/../Cargo.toml", "/graphiql/%2e%2e/Cargo.toml"] {
        assert_eq!(app.http.get(app.url(nowhere)).send().await.unwrap().status(), 404, "{nowhere}");
    }
    let root = app.http.get(app.url("/")).send().await.unwrap();
    assert_eq!((root.status().as_u16(), root.url().path()), (200, "/graphiql"), "the root leads there");

    let demo: Value = app.http.get(app.url("/graphiql/config.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&demo["environment"], &demo["endpoint"]), (&json!("development"), &json!("/graphql")));
    let accounts = demo["demoAccounts"].as_array().unwrap();
    assert!(accounts.len() >= 7);
    assert!(accounts.iter().any(|it| it["email"] == "owner@acme.test" && it["password"] == "ogelbase-demo"));
}

#[tokio::test]
async fn production_has_no_console_unless_asked_for_and_then_it_lists_no_demo_accounts() {
    let app = production().await;
    for path in ["/", "/graphiql", "/graphiql/", "/graphiql/config.json", "/graphiql/favicon.svg"] {
        assert_eq!(app.http.get(app.url(path)).send().await.unwrap().status(), 404, "{path}");
    }
    let asked = ogelbase::config::Config {
        environment: Environment::Production,
        graphiql: Some(true),
        ..config(&app.database.url)
    };
    let app = App::with(TestDatabase { url: app.database.url.clone() }, asked).await;
    assert_eq!(app.http.get(app.url("/graphiql")).send().await.unwrap().status(), 200);
    let config: Value = app.http.get(app.url("/graphiql/config.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(config, json!({"environment": "production", "endpoint": "/graphql", "demoAccounts": []}));
}

#[tokio::test]
async fn demo_accounts_are_refused_in_production_and_others_are_not() {
    let app = production().await;
    for email in ["owner@acme.test", " OWNER@acme.TEST ", "outsider@globex.test"] {
        let input = json!({"input": {"email": email, "password": "ogelbase-demo"}});
        let answer = app.anonymous().ask_with(SIGN_IN, input).await;
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{email}");
        assert_eq!(answer.body["errors"][0]["message"], "e-mail or password is wrong");
    }
    make_account(&app.service().await, "owner@acme.example", "ogelbase-demo").await;
    let owner = app.sign_in_with("owner@acme.example", "ogelbase-demo").await;
    assert_eq!(owner.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.example");
}

#[tokio::test]
async fn introspection_and_suggestions_are_off_in_production_unless_asked_for() {
    let app = production().await;
    make_account(&app.service().await, "owner@acme.example", "a password").await;
    let owner = app.sign_in_with("owner@acme.example", "a password").await;
    for query in [
        "{ __schema { queryType { name } } }",
        "{ __schema { types { name fields { name } } } }",
        "{ __type(name: \"User\") { name } }",
        "query { a: __schema { directives { name } } viewer { email } }",
    ] {
        let body = owner.ask(query).await.body.to_string();
        for word in ["Query", "types", "User\"", "directives"] {
            assert!(!body.contains(&format!("\"{word}")), "{query}: {body}");
        }
    }
    assert_eq!(owner.ask("{ __typename }").await.data(), &json!({"__typename": "Query"}));
    let misspelt = [
        "{ viewr { email } }",
        "{ viewer { emial } }",
        "{ organization(slg: \"x\") { id } }",
        "mutation { signIm(input: {}) { accessToken } }",
        "mutation { signIn(input: {emai: \"x\", password: \"y\"}) { accessToken } }",
        "{ organizations(orderBy: {field: NAM}) { nodes { slug } } }",
        "{ ... on Usr { email } }",
    ];
    for query in misspelt {
        let answer = app.anonymous().ask(query).await;
        assert_eq!(answer.codes()[0], "INVALID_INPUT", "{query}: {:#}", answer.body);
        let text = answer.body["errors"].to_string();
        for hint in ["did you mean", "signIn`", "viewer", "NAME"] {
            assert!(!text.contains(hint), "{query}: {text}");
        }
        let text = owner.ask(query).await.body["errors"].to_string();
        assert!(text.contains("did you mean"), "who is signed in is helped: {query}: {text}");
    }

    let asked = ogelbase::config::Config {
        environment: Environment::Production,
        introspection: Some(true),
        ..config(&app.database.url)
    };
    let app = App::with(TestDatabase { url: app.database.url.clone() }, asked).await;
    let schema = app.anonymous().ask("{ __schema { queryType { name } } }").await;
    assert_eq!(schema.at("/__schema/queryType/name"), "Query");
    let hint = app.anonymous().ask("{ viewr { email } }").await;
    assert!(hint.body["errors"][0]["message"].as_str().unwrap().contains("did you mean"));
}
