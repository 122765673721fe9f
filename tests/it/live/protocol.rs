//! graphql-transport-ws by the letter.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{PROJECT, shop};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
    socket::Socket,
};

const VIEWER: &str = "{ viewer { email } }";

async fn initialised(app: &App) -> Socket {
    let mut socket = Socket::open(app).await;
    socket.init(&json!({})).await;
    socket
}

#[tokio::test]
async fn messages_that_are_none_close_it_with_4400_and_say_why() {
    let app = App::start().await;
    let subscribe = |payload: Value| json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string();
    let query = |name: &str, value: Value| subscribe(json!({ "query": VIEWER, name: value }));
    let texts = [
        ("hello".to_owned(), "JSON object"),
        ("[]".to_owned(), "JSON object"),
        ("[".repeat(100_000), "JSON object"),
        (json!({}).to_string(), "`type`"),
        (json!({ "type": 1 }).to_string(), "`type`"),
        (json!({ "type": "start", "id": "1" }).to_string(), "connection_init, ping, pong, subscribe or complete"),
        (json!({ "type": "next", "id": "1", "payload": {} }).to_string(), "the server's"),
        (json!({ "type": "ping", "payload": "x" }).to_string(), "`payload` must be an object"),
        (json!({ "type": "ping", "id": "1" }).to_string(), "cannot have: id"),
        (json!({ "type": "subscribe", "payload": { "query": VIEWER } }).to_string(), "`id`"),
        (json!({ "type": "subscribe", "id": "", "payload": { "query": VIEWER } }).to_string(), "`id`"),
        (json!({ "type": "subscribe", "id": 1, "payload": { "query": VIEWER } }).to_string(), "`id`"),
        (json!({ "type": "subscribe", "id": "x".repeat(129), "payload": { "query": VIEWER } }).to_string(), "`id`"),
        (json!({ "type": "subscribe", "id": "1" }).to_string(), "`payload`"),
        (subscribe(json!({})), "`payload.query` is missing"),
        (subscribe(json!({ "query": 1 })), "`payload.query` must be a string"),
        (query("variables", json!([])), "`payload.variables` must be an object"),
        (query("operationName", json!(1)), "`payload.operationName` must be a string"),
        (query("extensions", json!(true)), "`payload.extensions` must be an object"),
        (query("documentId", json!("x")), "`payload.documentId` must not come with"),
        (
            query("extensions", json!({ "persistedQuery": { "version": 2 } })),
            "`payload.extensions.persistedQuery.version` must be 1",
        ),
        (query("Query", json!(VIEWER)), "cannot have: Query"),
        (query(&"n".repeat(500), json!(1)), "cannot have: nnn"),
        (json!({ "type": "complete" }).to_string(), "`id`"),
        (json!({ "type": "complete", "id": "1", "payload": {} }).to_string(), "cannot have: payload"),
    ];
    for (text, reason) in texts {
        let mut socket = initialised(&app).await;
        socket.send(Message::text(text.clone())).await;
        let (code, said) = socket.closed().await;
        assert!(code == 4400 && said.contains(reason), "{text:.200}: {code} {said}");
    }
    for message in
        [json!({ "type": "connection_init", "payload": "x" }), json!({ "type": "connection_init", "Payload": {} })]
    {
        let mut socket = Socket::open(&app).await;
        socket.say(&message).await;
        assert_eq!(socket.closed().await.0, 4400, "{message}");
    }
    let mut socket = initialised(&app).await;
    socket.send(Message::binary(json!({ "type": "ping" }).to_string())).await;
    assert_eq!(socket.closed().await, (4400, "messages are text frames".to_owned()));
    let mut socket = initialised(&app).await;
    socket.send(Message::text("x".repeat(300_000))).await;
    assert_eq!(socket.closed().await.0, 1009);
}

#[tokio::test]
async fn what_comes_at_the_wrong_time_has_its_own_code() {
    let database = TestDatabase::seeded().await;
    let settings = ogelbase::config::Config { websocket_init_seconds: 1, ..config(&database.url) };
    let app = App::with(database, settings).await;

    let mut socket = Socket::try_open(&app, &[]).await.unwrap();
    assert_eq!(socket.closed().await, (4406, "the sub-protocol must be graphql-transport-ws".to_owned()));
    let mut socket =
        Socket::try_open(&app, &[("Sec-WebSocket-Protocol", "graphql-ws, graphql-transport-ws")]).await.unwrap();
    assert_eq!(socket.closed().await, (4408, "no connection_init came in time".to_owned()));

    let mut socket = Socket::open(&app).await;
    socket.subscribe("1", VIEWER, Value::Null).await;
    assert_eq!(socket.closed().await.0, 4401);

    let mut socket = initialised(&app).await;
    socket.say(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await.0, 4429);

    // Two at once: the second one finds nobody to be checked against.
    let mut socket = Socket::open(&app).await;
    socket.say(&json!({ "type": "connection_init" })).await;
    socket.say(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await.0, 4429);

    let mut socket = Socket::of(&app, &app.member().await).await;
    socket.subscribe("same", PROJECT, shop()).await;
    socket.event("same").await;
    socket.subscribe("same", VIEWER, Value::Null).await;
    assert_eq!(socket.closed().await, (4409, "an operation with the id same is running".to_owned()));

    // Who was in time is not asked again.
    let mut socket = initialised(&app).await;
    assert!(socket.is_silent(Duration::from_millis(1500)).await);
}

#[tokio::test]
async fn a_credential_that_is_refused_closes_it_with_4403() {
    let app = App::start().await;
    let member = app.member().await;
    let token = format!("Bearer {}", member.access_token.clone().unwrap());
    let signed_out = app.member().await;
    signed_out.ask("mutation { signOut(input: {}) { clientMutationId } }").await.data();
    let payloads = [
        (json!({ "Authorization": "Bearer nonsense" }), "not valid"),
        (json!({ "Authorization": "nonsense" }), "`Bearer` and a token"),
        (json!({ "Authorization": 7 }), "one string"),
        (json!({ "Authorization": token, "authorization": token }), "one string"),
        (json!({ "Authorization": "Bearer ogb_nonsense" }), "no API key"),
        (json!({ "Authorization": token, "X-Organization": "globex" }), "not found"),
        (json!({ "X-Organization": "acme" }), "sign in first"),
        (signed_out.connection_params(), "sign in again"),
    ];
    for (payload, reason) in payloads {
        let mut socket = Socket::open(&app).await;
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        let (code, said) = socket.closed().await;
        assert!(code == 4403 && said.contains(reason), "{reason}: {code} {said}");
    }
    // The upgrade's headers say it too, and the payload has the last word.
    let headers = [
        ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
        ("Authorization", token.as_str()),
        ("X-Organization", "acme"),
    ];
    let mut socket = Socket::try_open(&app, &headers).await.unwrap();
    socket.init(&Value::Null).await;
    socket.subscribe("1", VIEWER, Value::Null).await;
    assert_eq!(socket.event("1").await["viewer"]["email"], "member@acme.test");
    let owner = app.owner().await;
    let mut socket = Socket::try_open(&app, &headers).await.unwrap();
    socket
        .init(&json!({ "authorization": owner.connection_params()["Authorization"], "client": "any other word" }))
        .await;
    socket.subscribe("1", VIEWER, Value::Null).await;
    assert_eq!(socket.event("1").await["viewer"]["email"], "owner@acme.test");
}

#[tokio::test]
async fn errors_of_a_request_leave_the_socket_open() {
    let app = App::start().await;
    let mut socket = Socket::of(&app, &app.member().await).await;
    let two = "subscription { a: projectChanged(ref: \"x\") { change } b: projectChanged(ref: \"y\") { change } }";
    let skipped = "subscription { projectChanged(ref: \"x\") @skip(if: true) { change } }";
    for wrong in ["{", "{ nothing }", "subscription { nothing }", two, skipped, "subscription { __typename }"] {
        socket.subscribe("wrong", wrong, Value::Null).await;
        let answer = socket.hear().await;
        assert_eq!([&answer["type"], &answer["id"]], ["error", "wrong"], "{wrong}: {answer:#}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], "INVALID_INPUT", "{wrong}: {answer:#}");
    }
    let spread = "subscription Watch { ...F ...F }
        fragment F on SubscriptionRoot { projectChanged(ref: \"acmeshopqkzvtrwmplsd\") { change } }";
    socket.subscribe("spread", spread, Value::Null).await;
    assert_eq!(socket.event("spread").await, json!({ "projectChanged": { "change": "CURRENT" } }));
    socket.say(&json!({ "id": "spread", "type": "complete" })).await;
    // What ran and failed in part is an answer.
    socket.subscribe("part", "{ viewer { email } organization(slug: \"acme\") { billingEmail } }", Value::Null).await;
    let answer = socket.hear().await;
    assert_eq!(answer["type"], "next", "{answer:#}");
    assert_eq!(
        answer["payload"]["data"],
        json!({ "viewer": { "email": "member@acme.test" }, "organization": { "billingEmail": null } })
    );
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(socket.hear().await, json!({ "id": "part", "type": "complete" }));

    // A mutation is a transaction of its own, and all or nothing.
    let rename = |name: &str| format!("updateProfile(input: {{ firstName: \"{name}\" }}) {{ clientMutationId }}");
    let kept = format!("mutation {{ {} }}", rename("Kept"));
    let undone = format!(
        "mutation {{ {} updateOrganization(input: {{ organization: \"\" }}) {{ __typename }} }}",
        rename("Undone")
    );
    socket.subscribe("kept", &kept, Value::Null).await;
    socket.event("kept").await;
    assert_eq!(socket.hear().await["type"], "complete");
    socket.subscribe("undone", &undone, Value::Null).await;
    let answer = socket.hear().await;
    assert_eq!([&answer["type"], &answer["payload"]["data"]], [&json!("next"), &Value::Null], "{answer:#}");
    assert_eq!(socket.hear().await["type"], "complete");
    let name: String =
        app.service().await.one("SELECT first_name FROM platform.users WHERE email = 'member@acme.test'", []).await;
    assert_eq!(name, "Kept");
    // The names of operations and variables are heard.
    let query = "query A { viewer { email } } query B($slug: String!) { organization(slug: $slug) { slug } }";
    let payload = json!({ "query": query, "operationName": "B", "variables": { "slug": "acme" }, "extensions": {} });
    socket.say(&json!({ "id": "b", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.event("b").await, json!({ "organization": { "slug": "acme" } }));
}

#[tokio::test]
async fn pings_are_answered_and_ids_are_free_after_the_end() {
    let app = App::start().await;
    let mut socket = Socket::open(&app).await;
    socket.say(&json!({ "type": "ping", "payload": { "at": 1 } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong", "payload": { "at": 1 } }), "also before connection_init");
    socket.init(&app.member().await.connection_params()).await;
    socket.say(&json!({ "type": "pong" })).await;
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    socket.send(Message::Ping("beat".into())).await;
    assert!(matches!(socket.frame().await, Some(Ok(Message::Pong(beat))) if beat.as_ref() == b"beat"));

    socket.say(&json!({ "id": "never", "type": "complete" })).await;
    for _ in 0..20 {
        socket.subscribe("1", PROJECT, shop()).await;
        socket.event("1").await;
        socket.say(&json!({ "id": "1", "type": "complete" })).await;
        socket.subscribe("1", VIEWER, Value::Null).await;
        socket.event("1").await;
        assert_eq!(socket.hear().await, json!({ "id": "1", "type": "complete" }));
    }
    assert_eq!(app.server.database().changes().subscribers(), 0);
    socket.close().await;
}
