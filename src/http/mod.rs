//! HTTP: the router, GraphQL over HTTP and WebSocket, GraphiQL, health.

mod body;
mod budget;
mod connections;
mod console;
mod credential;
mod denied;
mod doors;
mod graphql;
mod headers;
mod health;
mod media;
mod operation;
mod parameters;
mod proxies;
mod reply;
mod request_id;
mod router;
mod socket;
mod websocket;

pub use connections::serve;
pub use router::{App, router, with_layers};
pub use websocket::Sockets;
