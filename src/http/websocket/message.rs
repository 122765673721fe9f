//! The messages of graphql-transport-ws: strictly read, and written.

use async_graphql::{Response as Answer, ServerError};
use axum::extract::ws::Message;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::closing::Closing;
use crate::{error::Error, gate::Asked, http::parameters::Members};

/// Characters of an operation's id at most.
const LONGEST_ID: usize = 128;

/// What a client says.
#[derive(Debug)]
pub(super) enum Incoming {
    ConnectionInit(Map<String, Value>),
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, document: Asked },
    Complete { id: String },
}

type Read<T> = Result<T, Closing>;

fn bad<T>(problem: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Closing::bad_message(problem))
}

/// Reads a message. Members that the protocol does not have are refused, so that a misspelt one is noticed.
pub(super) fn read(text: &str) -> Read<Incoming> {
    let Ok(Value::Object(mut members)) = serde_json::from_str(text) else {
        return bad("a message must be a JSON object");
    };
    let Some(Value::String(kind)) = members.remove("type") else {
        return bad("a message must have a string `type`");
    };
    let incoming = match kind.as_str() {
        "connection_init" => Incoming::ConnectionInit(object(&mut members, "payload")?.unwrap_or_default()),
        "ping" => Incoming::Ping(object(&mut members, "payload")?.map(Value::Object)),
        "pong" => {
            object(&mut members, "payload")?;
            Incoming::Pong
        }
        "subscribe" => {
            let id = id(&mut members)?;
            let Some(payload) = object(&mut members, "payload")? else {
                return bad("subscribe must have an object `payload`");
            };
            Incoming::Subscribe { id, document: document(payload)? }
        }
        "complete" => Incoming::Complete { id: id(&mut members)? },
        "connection_ack" | "next" | "error" => return bad("this type of message is the server's"),
        _ => return bad("`type` must be connection_init, ping, pong, subscribe or complete"),
    };
    no_other(&members)?;
    Ok(incoming)
}

/// As a posted body has it, and strictly.
fn document(payload: Map<String, Value>) -> Read<Asked> {
    if let Some(name) = payload.keys().find(|name| !Members::NAMES.contains(&name.as_str())) {
        return cannot_have(name);
    }
    let members =
        Members::deserialize(Value::Object(payload)).map_err(|_| Closing::bad_message("`payload` is wrong"))?;
    members.checked().or_else(|error| match error {
        Error::InvalidInput { path, message } => bad(format!("`payload.{path}` {message}")),
        error => bad(format!("`payload` is wrong: {error}")),
    })
}

fn id(members: &mut Map<String, Value>) -> Read<String> {
    match members.remove("id") {
        Some(Value::String(id)) if (1..=LONGEST_ID).contains(&id.chars().count()) => Ok(id),
        _ => bad("`id` must be a string of 1 to 128 characters"),
    }
}

fn object(members: &mut Map<String, Value>, name: &'static str) -> Read<Option<Map<String, Value>>> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => bad(format!("`{name}` must be an object")),
    }
}

fn no_other(members: &Map<String, Value>) -> Read<()> {
    match members.keys().next() {
        Some(name) => cannot_have(name),
        None => Ok(()),
    }
}

fn cannot_have<T>(name: &str) -> Read<T> {
    bad(format!("the message has a member that it cannot have: {name}"))
}

fn text(message: &Value) -> Message {
    Message::text(message.to_string())
}

pub(super) fn connection_ack() -> Message {
    Message::text(r#"{"type":"connection_ack"}"#)
}

pub(super) fn pong(payload: Option<Value>) -> Message {
    text(&payload.map_or_else(|| json!({ "type": "pong" }), |payload| json!({ "type": "pong", "payload": payload })))
}

pub(super) fn next(id: &str, answer: &Answer) -> Message {
    text(&json!({ "id": id, "type": "next", "payload": answer }))
}

pub(super) fn error(id: &str, errors: &[ServerError]) -> Message {
    text(&json!({ "id": id, "type": "error", "payload": errors }))
}

pub(super) fn complete(id: &str) -> Message {
    text(&json!({ "id": id, "type": "complete" }))
}
