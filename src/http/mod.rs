//! HTTP: the router, GraphQL over HTTP, GraphiQL, health.

mod console;
mod denied;
mod graphql;
mod health;
mod request_id;
mod router;

pub use router::{App, router, with_layers};
