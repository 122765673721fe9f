//! The graph. One file for each type: the type, its inputs and payloads, its queries, its mutations, its loader keys.

pub mod context;
pub mod guard;
pub mod id;
pub mod loader;
pub mod node;
pub mod nulls;
mod order;
pub mod organization;
pub mod organization_member;
pub mod page;
pub mod present;
pub mod project;
pub mod project_member;
pub mod schema;
pub mod server_info;
pub mod session;
pub mod user;
