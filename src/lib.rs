//! ogelbase: the control plane of a self-hosted, Supabase-like platform, as one GraphQL API over PostgreSQL.
//!
//! A request walks one way: [`http`] -> [`gate`] -> [`graphql`] -> loaders -> `entity` -> PostgreSQL. `docs/architecture.md` has the
//! map of the rooms and which may import which.

pub mod admin;
pub mod audit;
pub mod auth;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod feature_flags;
pub mod gate;
pub mod graphql;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod jobs;
pub mod mail;
pub mod network;
pub mod project_keys;
pub mod rotation;
pub mod secrets;
pub mod seed;
pub mod server;
pub mod telemetry;
pub mod vault;
