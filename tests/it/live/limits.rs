//! What one client, one address, and all of them may take.

use std::time::Duration;

use ogelbase::config::Config;
use serde_json::{Value, json};

use super::{PROJECT, SHOP, shop};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
    process::until,
    socket::Socket,
};

const SOON: Duration = Duration::from_secs(20);

async fn start(change: impl FnOnce(&mut Config)) -> App {
    let database = TestDatabase::seeded().await;
    let mut config = config(&database.url);
    change(&mut config);
    App::with(database, config).await
}

#[tokio::test]
async fn there_is_room_for_so_many_sockets_and_no_more() {
    const OURS: [(&str, &str); 1] = [("Sec-WebSocket-Protocol", "graphql-transport-ws")];
    for change in [
        |config: &mut Config| config.websocket_sockets = 2,
        |config: &mut Config| {
            config.websocket_sockets_per_address = 2;
        },
    ] {
        let app = start(change).await;
        let (one, two) = (Socket::open(&app).await, Socket::open(&app).await);
        assert_eq!(Socket::try_open(&app, &OURS).await.unwrap_err(), 503);
        assert_eq!(app.server.sockets().open(), 2);
        one.close().await;
        until("there is room again", SOON, async || app.server.sockets().open() == 1).await;
        let mut three = Socket::open(&app).await;
        three.init(&json!({})).await;
        two.close().await;
    }
}

#[tokio::test]
async fn one_operation_too_many_is_refused_and_the_others_go_on() {
    let app = start(|config| config.websocket_operations = 2).await;
    let mut socket = Socket::of(&app, &app.member().await).await;
    for id in ["1", "2"] {
        socket.subscribe(id, PROJECT, shop()).await;
        socket.event(id).await;
    }
    socket.subscribe("3", PROJECT, shop()).await;
    let refused = socket.hear().await;
    assert_eq!([&refused["type"], &refused["id"]], ["error", "3"], "{refused:#}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{refused:#}");
    assert_eq!(refused["payload"][0]["extensions"]["allowed"], 2);
    socket.say(&json!({ "id": "1", "type": "complete" })).await;
    socket.subscribe("3", PROJECT, shop()).await;
    socket.event("3").await;
    app.service().await.run_with("UPDATE platform.projects SET name = 'New' WHERE ref = $1", [SHOP.into()]).await;
    let mut heard = [socket.hear().await["id"].clone(), socket.hear().await["id"].clone()].map(|id| id.to_string());
    heard.sort();
    assert_eq!(heard, ["\"2\"", "\"3\""]);
}

#[tokio::test]
async fn who_answers_no_ping_and_who_takes_nothing_is_cut() {
    let app = start(|config| config.websocket_ping_seconds = 1).await;
    // Nobody reads it, so nobody answers.
    let _deaf = Socket::of(&app, &app.anonymous()).await;
    assert_eq!(app.server.sockets().open(), 1);
    until("the dead peer is noticed", SOON, async || app.server.sockets().open() == 0).await;

    let mut slow = Socket::of(&app, &app.member().await).await;
    let all = "{ __schema { types { name description fields { name description args { name description } } } } }";
    for number in 0..50 {
        slow.subscribe(&number.to_string(), all, Value::Null).await;
    }
    until("the slow reader is cut", SOON * 3, async || app.server.sockets().open() == 0).await;

    // Who answers stays.
    let mut alive = Socket::of(&app, &app.anonymous()).await;
    for _ in 0..20 {
        alive.say(&json!({ "type": "ping" })).await;
        assert_eq!(alive.hear().await, json!({ "type": "pong" }));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn other_pages_may_not_open_one() {
    let app = start(|config| {
        config.app_url = Some("https://app.example/studio".to_owned());
        config.cors_origins = vec!["https://other.example".to_owned()];
    })
    .await;
    let own = app.url("");
    for (origin, expected) in [
        (own.as_str(), Ok(())),
        ("https://app.example", Ok(())),
        ("https://other.example", Ok(())),
        ("https://evil.example", Err(403)),
        ("http://app.example", Err(403)),
        ("https://app.example.evil.example", Err(403)),
        ("null", Err(403)),
        ("", Err(403)),
    ] {
        let headers = [("Sec-WebSocket-Protocol", "graphql-transport-ws"), ("Origin", origin)];
        let opened = Socket::try_open(&app, &headers).await.map(|_| ()).map_err(|status| status.as_u16());
        assert_eq!(opened, expected, "{origin}");
    }
}
