//! A WebSocket in raw frames: what the tests say is what the server gets.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, StatusCode},
    },
};

use super::{actors::Actor, app::App, evidence};

const SOON: Duration = Duration::from_secs(20);

/// What ended a socket: code and reason.
pub type Closed = (u16, String);

/// A client.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one with these headers, or says with which status that was refused.
    pub async fn try_open(app: &App, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        let url = app.url("/graphql").replacen("http", "ws", 1);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    /// Opens one that speaks our sub-protocol.
    pub async fn open(app: &App) -> Self {
        Self::try_open(app, &[("Sec-WebSocket-Protocol", "graphql-transport-ws")]).await.unwrap()
    }

    /// Opens one and says who asks.
    pub async fn of(app: &App, actor: &Actor<'_>) -> Self {
        let mut socket = Self::open(app).await;
        socket.init(&actor.connection_params()).await;
        socket
    }

    /// `connection_init`, acknowledged.
    pub async fn init(&mut self, payload: &Value) {
        self.say(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.hear().await, json!({ "type": "connection_ack" }));
    }

    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Asks for something that goes on under this id.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The next message of the protocol.
    #[track_caller]
    pub fn hear(&mut self) -> impl Future<Output = Value> + '_ {
        let place = std::panic::Location::caller();
        async move {
            loop {
                match self.frame().await {
                    Some(Ok(Message::Text(text))) => {
                        let message: Value = serde_json::from_str(&text).unwrap();
                        evidence::secrets_in(&message["payload"]);
                        return message;
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("instead of a message at {place}: {other:?}"),
                }
            }
        }
    }

    /// The `data` of the next event under this id.
    #[track_caller]
    pub fn event(&mut self, id: &str) -> impl Future<Output = Value> + '_ {
        let (place, id) = (std::panic::Location::caller(), id.to_owned());
        async move {
            let message = self.hear().await;
            assert_eq!(message["type"], "next", "at {place}: {message:#}");
            assert_eq!(message["id"], id.as_str(), "at {place}: {message:#}");
            assert!(message["payload"].get("errors").is_none(), "at {place}: {message:#}");
            message["payload"]["data"].clone()
        }
    }

    /// Whatever the server sends next, in time.
    pub async fn frame(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(SOON, self.0.next()).await.expect("the server says nothing")
    }

    /// Whether nothing comes for so long.
    pub async fn is_silent(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.0.next()).await.is_err()
    }

    /// Why the server closes it; messages that come before are left.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = Closed> + '_ {
        let place = std::panic::Location::caller();
        async move {
            loop {
                match self.frame().await {
                    Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                    Some(Ok(_)) => {}
                    other => panic!("instead of a close at {place}: {other:?}"),
                }
            }
        }
    }

    pub async fn close(mut self) {
        self.0.close(None).await.unwrap();
    }
}

impl Actor<'_> {
    /// The payload of a `connection_init` of theirs.
    pub fn connection_params(&self) -> Value {
        let mut payload = json!({});
        if let Some(token) = &self.access_token {
            payload["Authorization"] = format!("Bearer {token}").into();
        }
        if let Some(slug) = self.slug() {
            payload["X-Organization"] = slug.into();
        }
        payload
    }
}
