//! Documents by their name: those that clients have sent before, and those that the operator trusts.

use std::path::PathBuf;

use ogelbase::{
    clock::Clock,
    config::{Config, TrustedDocuments},
    server::{Server, ServerError},
};
use reqwest::header;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{get, post, refusal};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
    socket::Socket,
};

const QUERY: &str = "query Typename { __typename }";
const OTHER: &str = "query Other { other: __typename }";
const MODERN: &str = "application/graphql-response+json";

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn persisted(text: &str) -> Value {
    json!({"persistedQuery": {"version": 1, "sha256Hash": digest(text)}})
}

async fn answer(app: &App, body: Value) -> Value {
    post(app, body.to_string()).send().await.unwrap().json().await.unwrap()
}

fn code(answer: &Value) -> &str {
    assert!(answer.get("data").is_none(), "{answer:#}");
    answer["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_document_that_was_sent_with_its_digest_is_known_by_it() {
    let app = App::on(TestDatabase::migrated().await).await;
    let unknown = answer(&app, json!({"extensions": persisted(QUERY)})).await;
    assert_eq!(code(&unknown), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound", "clients look for it");
    let modern = post(&app, json!({"extensions": persisted(QUERY)}).to_string()).header(header::ACCEPT, MODERN);
    assert_eq!(refusal(modern.send().await.unwrap()).await.0, 400);

    let told = json!({"data": {"__typename": "Query"}});
    assert_eq!(answer(&app, json!({"query": QUERY, "extensions": persisted(QUERY)})).await, told);
    assert_eq!(answer(&app, json!({"extensions": persisted(QUERY)})).await, told);
    assert_eq!(answer(&app, json!({"documentId": format!("sha256:{}", digest(QUERY))})).await, told);
    let extensions = persisted(QUERY).to_string();
    let by_get = get(&app, &[("extensions", extensions.as_str())]).send().await.unwrap();
    assert_eq!(by_get.json::<Value>().await.unwrap(), told);
    assert_eq!(code(&answer(&app, json!({"documentId": digest(QUERY)})).await), "PERSISTED_QUERY_NOT_FOUND");

    let mut socket = Socket::open(&app).await;
    socket.init(&json!({})).await;
    let mut ask = async |payload: Value| {
        socket.say(&json!({"type": "subscribe", "id": "1", "payload": payload})).await;
        let heard = socket.hear().await;
        if heard["type"] == "next" {
            assert_eq!(socket.hear().await["type"], "complete");
        }
        heard["payload"].clone()
    };
    assert_eq!(ask(json!({"extensions": persisted(QUERY)})).await, told);
    let unknown = ask(json!({"extensions": persisted(OTHER)})).await;
    assert_eq!(unknown[0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    ask(json!({"query": OTHER, "extensions": persisted(OTHER)})).await;
    assert!(answer(&app, json!({"extensions": persisted(OTHER)})).await.get("data").is_some(), "sent by WebSocket");
}

#[tokio::test]
async fn a_digest_that_is_another_texts_and_one_that_is_none_are_refused_and_nothing_is_kept() {
    let app = App::on(TestDatabase::migrated().await).await;
    let wrong = answer(&app, json!({"query": OTHER, "extensions": persisted(QUERY)})).await;
    assert_eq!(code(&wrong), "INVALID_INPUT");
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("sha256Hash"), "{wrong:#}");
    let invalid = "{ nowhere }";
    answer(&app, json!({"query": "{", "extensions": persisted("{")})).await;
    answer(&app, json!({"query": invalid, "extensions": persisted(invalid)})).await;
    for text in [QUERY, OTHER, "{"] {
        assert_eq!(
            code(&answer(&app, json!({"extensions": persisted(text)})).await),
            "PERSISTED_QUERY_NOT_FOUND",
            "{text}"
        );
    }
    for (named, extensions) in [
        ("extensions.persistedQuery: ", json!({"persistedQuery": 7})),
        ("extensions.persistedQuery.version: ", json!({"persistedQuery": {"sha256Hash": digest(QUERY)}})),
        ("extensions.persistedQuery.version: ", json!({"persistedQuery": {"version": 2, "sha256Hash": digest(QUERY)}})),
        ("extensions.persistedQuery.sha256Hash: ", json!({"persistedQuery": {"version": 1}})),
        ("extensions.persistedQuery.sha256Hash: ", json!({"persistedQuery": {"version": 1, "sha256Hash": "abc"}})),
        (
            "extensions.persistedQuery.sha256Hash: ",
            json!({"persistedQuery": {"version": 1, "sha256Hash": "ü".repeat(32)}}),
        ),
    ] {
        let request = post(&app, json!({"query": QUERY, "extensions": extensions}).to_string());
        let (status, code, message) = refusal(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_INPUT"), "{extensions}");
        assert!(message.starts_with(named), "{extensions}: {message}");
    }
    let both = post(&app, json!({"query": QUERY, "documentId": "x"}).to_string()).send().await.unwrap();
    let (status, _, message) = refusal(both).await;
    assert!(status == 400 && message.starts_with("documentId: "), "{status} {message}");
}

#[tokio::test]
async fn a_mutation_that_is_known_by_its_digest_does_not_run_by_get() {
    let app = App::on(TestDatabase::migrated().await).await;
    let mutation = r#"mutation { signIn(input: {email: "x", password: "y"}) { accessToken } }"#;
    answer(&app, json!({"query": mutation, "extensions": persisted(mutation)})).await;
    let extensions = persisted(mutation).to_string();
    let response = get(&app, &[("extensions", extensions.as_str())]).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()[header::ALLOW]), (405, &"POST".parse().unwrap()));
}

/// A file of documents, removed when this is dropped.
struct Trusted(PathBuf);

impl Trusted {
    fn of(content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ogelbase-trusted-{}.json", uuid::Uuid::now_v7()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn config(&self, mode: TrustedDocuments, url: &str) -> Config {
        Config { trusted_documents: mode, trusted_documents_file: Some(self.0.clone()), ..config(url) }
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn trusted_documents_run_by_their_id_and_where_only_they_may_nothing_else_does() {
    let file = Trusted::of(
        &json!({"the-id": QUERY, digest("elsewhere"): "query V($id: ID!) { node(id: $id) { id } }"}).to_string(),
    );
    for mode in [TrustedDocuments::Also, TrustedDocuments::Only] {
        let database = TestDatabase::migrated().await;
        let config = file.config(mode, &database.url);
        let app = App::with(database, config).await;
        let told = json!({"data": {"__typename": "Query"}});
        assert_eq!(answer(&app, json!({"documentId": "the-id"})).await, told, "{mode:?}");
        assert_eq!(answer(&app, json!({"documentId": format!("sha256:{}", digest(QUERY))})).await, told, "{mode:?}");
        assert_eq!(answer(&app, json!({"extensions": persisted(QUERY)})).await, told, "{mode:?}");
        assert_eq!(answer(&app, json!({"query": QUERY})).await, told, "its text is as good, {mode:?}");
        let by_get = get(&app, &[("documentId", "the-id")]).send().await.unwrap();
        assert_eq!(by_get.json::<Value>().await.unwrap(), told, "{mode:?}");
        let node = json!({"documentId": digest("elsewhere"), "variables": {"id": "nonsense"}});
        assert_eq!(answer(&app, node).await["data"], json!({"node": null}), "an id is any text, {mode:?}");
        for unknown in ["the-other-id", "", &digest(QUERY)] {
            let asked = json!({"documentId": unknown, "variables": {}});
            assert_eq!(code(&answer(&app, asked).await), "PERSISTED_QUERY_NOT_FOUND", "{unknown} {mode:?}");
        }

        let only = mode == TrustedDocuments::Only;
        for body in [
            json!({"query": OTHER}),
            json!({"query": OTHER, "extensions": persisted(OTHER)}),
            json!({"query": format!("{QUERY} ")}),
            json!({"query": "{ __schema { queryType { name } } }"}),
        ] {
            let answer = answer(&app, body.clone()).await;
            assert_eq!(answer.get("data").is_none(), only, "{body} {mode:?}: {answer:#}");
            if only {
                assert_eq!(code(&answer), "INVALID_INPUT", "{body}");
            }
        }
        // By WebSocket as well.
        let mut socket = Socket::open(&app).await;
        socket.init(&json!({})).await;
        let named = json!({"type": "subscribe", "id": "1", "payload": {"documentId": "the-id"}});
        socket.say(&named).await;
        assert_eq!(socket.hear().await["payload"], told, "{mode:?}");
        assert_eq!(socket.hear().await["type"], "complete", "{mode:?}");
        socket.subscribe("2", OTHER, json!({})).await;
        assert_eq!(socket.hear().await["type"], if only { "error" } else { "next" }, "{mode:?}");
        let kept = answer(&app, json!({"extensions": persisted(OTHER)})).await;
        assert_eq!(kept.get("data").is_none(), only, "{mode:?}: {kept:#}");
    }
    let database = TestDatabase::migrated().await;
    let config = file.config(TrustedDocuments::Off, &database.url);
    let app = App::with(database, config).await;
    assert_eq!(code(&answer(&app, json!({"documentId": "the-id"})).await), "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn a_trusted_document_that_would_be_refused_stops_the_start_with_its_name() {
    let database = TestDatabase::migrated().await;
    for (content, said) in [
        (json!({"good": QUERY, "bad-one": "{"}).to_string(), "`bad-one` would be refused"),
        ("[]".to_owned(), "must be a JSON object"),
        (json!({"id": 7}).to_string(), "must be a JSON object"),
        ("nonsense".to_owned(), "must be a JSON object"),
    ] {
        let file = Trusted::of(&content);
        let config = file.config(TrustedDocuments::Also, &database.url);
        let error = Server::start(config, Clock::system()).await.expect_err("a refusal");
        assert!(matches!(error, ServerError::Documents(_)), "{error}");
        let error = error.to_string();
        assert!(error.contains("OGELBASE_TRUSTED_DOCUMENTS_FILE") && error.contains(said), "{error}");
    }
    let missing = Config {
        trusted_documents: TrustedDocuments::Only,
        trusted_documents_file: Some("/nonexistent/documents.json".into()),
        ..config(&database.url)
    };
    let error = Server::start(missing, Clock::system()).await.expect_err("a refusal").to_string();
    assert!(error.contains("/nonexistent/documents.json cannot be read"), "{error}");
}
