//! HTTP: the router, GraphQL over HTTP and WebSocket, GraphiQL, health.

mod body;
mod budget;
mod console;
mod credential;
mod denied;
mod graphql;
mod health;
mod media;
mod operation;
mod parameters;
mod reply;
mod request_id;
mod router;
mod websocket;

pub use router::{App, router, with_layers};
pub use websocket::Sockets;
