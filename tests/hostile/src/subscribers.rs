//! Somebody who is signed in and subscribes thousands of times, more than a server grants, while the things subscribed to
//! happen.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt, future::join_all};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    attacks::{DURATION, Done},
    neighbour::token_of,
    target::Attacker,
};

/// Sockets that are tried; an address may have 200.
const SOCKETS: usize = 300;
/// Subscriptions on each; a socket may have 50.
const OF_EACH: usize = 60;
const WATCHED: &str = r#"subscription { auditLogAdded(organization: "acme") { auditLog { id } } }"#;

/// Subscribes on all of them, puts something on record, and reads what comes until the time is over.
pub async fn many(from: &Attacker<'_>) -> Done {
    let http = reqwest::Client::builder().local_address(from.address()).build().expect("a client");
    let token = token_of(&http, from.target, "admin@acme.test").await;
    let begun = tokio::time::Instant::now();
    let opened = join_all((0..SOCKETS).map(|_| open(from, &token))).await;
    let sockets: Vec<_> = opened.into_iter().flatten().collect();
    let number = sockets.len();
    let reading = join_all(sockets.into_iter().map(|socket| subscribe(socket, begun + DURATION)));
    let happening = async {
        let ask = async |body: Value| -> Option<Value> {
            http.post(from.target.url()).bearer_auth(&token).json(&body).send().await.ok()?.json().await.ok()
        };
        let found = ask(json!({"query": "{ organization(slug: \"acme\") { id } }"})).await.unwrap_or_default();
        let query =
            "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { clientMutationId } }";
        for number in 0..3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let input = json!({"organization": found["data"]["organization"]["id"], "name": format!("Acme {number}")});
            ask(json!({"query": query, "variables": {"input": input}})).await;
        }
    };
    let (counts, ()) = tokio::join!(reading, happening);
    let (events, refused) = counts.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let enough = number >= 100 && events > 5_000;
    (format!("{number} of {SOCKETS} sockets, {events} events, {refused} refused"), enough)
}

async fn open(from: &Attacker<'_>, token: &str) -> Option<WebSocketStream<TcpStream>> {
    let mut request = from.target.url().replacen("http", "ws", 1).into_client_request().ok()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (mut socket, _) = client_async(request, from.connect().await?).await.ok()?;
    let init = json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}});
    socket.send(Message::text(init.to_string())).await.ok()?;
    Some(socket)
}

/// How many events came, and how many subscriptions were refused.
async fn subscribe(mut socket: WebSocketStream<TcpStream>, end: tokio::time::Instant) -> (usize, usize) {
    let (mut events, mut refused) = (0, 0);
    let talking = async {
        // The acknowledgement of the beginning.
        socket.next().await;
        for number in 0..OF_EACH {
            let asked = json!({"id": number.to_string(), "type": "subscribe", "payload": {"query": WATCHED}});
            if socket.send(Message::text(asked.to_string())).await.is_err() {
                return;
            }
        }
        while let Some(Ok(message)) = socket.next().await {
            let said: Value =
                message.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            match said["type"].as_str() {
                Some("next") => events += 1,
                Some("error") => refused += 1,
                _ => {}
            }
        }
    };
    // Its end is the end of the attack.
    drop(tokio::time::timeout_at(end, talking).await);
    (events, refused)
}
