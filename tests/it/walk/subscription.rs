//! Subscriptions are asked over WebSocket; what comes of one is its first event that something happened for.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::objects::Place;
use crate::support::{
    actors::{Actor, Answer},
    app::App,
    socket::Socket,
};

pub async fn first_event(app: &App, actor: &Actor<'_>, document: &str, place: &Place) -> Answer {
    let mut socket = Socket::of(app, actor).await;
    socket.subscribe("walk", document, Value::Null).await;
    let mut message = socket.hear().await;
    // The first event of an audit trail has no record yet.
    if message["type"] == "next" && document.contains("auditLogAdded") {
        let record = "SELECT platform_private.record_audit($1, NULL, 'walk.passed', NULL, NULL, 'walk')::text";
        app.service().await.one::<String>(record, [place.organization.into()]).await;
        message = socket.hear().await;
    }
    let body = match message["type"].as_str() {
        Some("next") => message["payload"].clone(),
        Some("error") => json!({ "errors": message["payload"] }),
        _ => panic!("{message:#}"),
    };
    Answer { status: 200, headers: HeaderMap::new(), body }
}
