//! What a project runs on and how it fares: machine, disk, add-ons, keys, databases, samples and series.

mod access;
mod credentials;
mod databases;
mod machines;
mod monitoring;
mod statements;

use serde_json::Value;

use crate::support::{actors::Actor, db::Sql};

const SHOP: &str = "acmeshopqkzvtrwmplsd";
const API: &str = "acmeapixnvbyhtuqwerk";

async fn project(actor: &Actor<'_>, reference: &str, selection: &str) -> Value {
    let query = format!("{{ project(ref: \"{reference}\") {{ {selection} }} }}");
    actor.ask(&query).await.at("/project").clone()
}

/// What a statement of one row and one column of JSON says.
async fn stored(service: &Sql, sql: &str) -> Value {
    serde_json::from_str(&service.one::<String>(sql, []).await).unwrap()
}
