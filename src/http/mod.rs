//! HTTP: the router, GraphQL over HTTP, GraphiQL, health.

mod body;
mod budget;
mod console;
mod denied;
mod graphql;
mod health;
mod media;
mod parameters;
mod reply;
mod request_id;
mod router;

pub use router::{App, router, with_layers};
