//! The readable part of billing: what it answers to whom, compared with SQL as the service role.

mod access;
mod credits;
mod entitlements;
mod invoices;
mod plans;
mod statements;

use serde_json::Value;

use crate::support::{actors::Actor, app::App};

/// What a query of one row and one JSON column answers to the service role. `{time(x)}` in it stands for `x` as the API
/// writes times.
async fn sql(app: &App, query: &str) -> Value {
    let mut text = query.to_owned();
    while let Some(start) = text.find("{time(") {
        let end = start + text[start..].find(")}").unwrap();
        let time = format!(
            "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')",
            text[start + 6..end].to_owned()
        );
        text.replace_range(start..end + 2, &time);
    }
    app.service().await.one(&text, []).await
}

/// A field of acme.
async fn of_acme(actor: &Actor<'_>, field: &str) -> Value {
    actor.ask(&format!("{{ organization(slug: \"acme\") {{ it: {field} }} }}")).await.at("/organization/it").clone()
}

const ACME: &str = "(SELECT id FROM platform.organizations WHERE slug = 'acme')";
