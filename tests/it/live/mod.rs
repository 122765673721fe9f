//! Subscriptions over WebSocket.

mod events;
mod life;
mod limits;
mod protocol;

use serde_json::{Value, json};

/// The project that the tests change.
const SHOP: &str = "acmeshopqkzvtrwmplsd";

/// What the tests ask of a project.
const PROJECT: &str = "subscription ($ref: String!) {
    projectChanged(ref: $ref) { change projectId project { ref name status } } }";
/// What they ask of an audit trail.
const TRAIL: &str = "subscription ($slug: String!) {
    auditLogAdded(organization: $slug) { auditLog { eventType action resourceType } } }";

fn shop() -> Value {
    json!({ "ref": SHOP })
}

fn acme() -> Value {
    json!({ "slug": "acme" })
}
