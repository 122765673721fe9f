//! Invitations, API keys, the audit trail, feature flags and usage: what is answered is what is stored, to whom it may be.

mod api_keys;
mod audit;
mod flags;
mod invitations;
mod statements;
mod usage;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{Actor, Answer},
    app::App,
};

async fn in_acme(actor: &Actor<'_>, selection: &str) -> Answer {
    actor.ask(&format!("{{ organization(slug: \"acme\") {{ slug it: {selection} }} }}")).await
}

/// A field of acme that is refused, with the rest of the answer there.
#[track_caller]
fn assert_forbidden(answer: &Answer, permission: &str) {
    assert_eq!(answer.body["data"], json!({"organization": {"slug": "acme", "it": null}}));
    let error = &answer.body["errors"][0];
    assert_eq!(error["extensions"], json!({"code": "FORBIDDEN", "permission": permission}));
    assert_eq!(error["path"], json!(["organization", "it"]));
}

async fn acme(app: &App) -> Uuid {
    app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await
}

fn texts(nodes: &Value, field: &str) -> Vec<String> {
    nodes.as_array().unwrap().iter().map(|node| node[field].as_str().unwrap().to_owned()).collect()
}

fn decimal(value: &Value) -> Decimal {
    Decimal::from_str_exact(value.as_str().unwrap()).unwrap()
}
