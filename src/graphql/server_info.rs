//! What the server says of itself.

use async_graphql::{Enum, Object, SimpleObject};

use super::guard::{public, requires};
use crate::config;

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "config::Environment")]
pub enum Environment {
    /// Demo accounts work, GraphiQL and introspection are on unless switched off.
    Development,
    /// Demo accounts are refused, GraphiQL and introspection are off unless switched on.
    Production,
}

/// What the server says of itself.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServerInfo {
    /// Version of the server, by semantic versioning.
    pub version: &'static str,
    /// What kind of installation this is.
    pub environment: Environment,
}

/// Queries about the server.
#[derive(Debug)]
pub struct ServerInfoQueries {
    /// What kind of installation this is.
    pub environment: config::Environment,
}

#[Object(guard = "public()")]
impl ServerInfoQueries {
    /// What the server says of itself; open to everybody.
    #[graphql(directive = requires::apply("public".into()))]
    async fn server_info(&self) -> ServerInfo {
        ServerInfo { version: env!("CARGO_PKG_VERSION"), environment: self.environment.into() }
    }
}
