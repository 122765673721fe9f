//! What a document is refused for before it runs, as its author reads it.

mod hostile;
mod limits;
mod merging;
mod variables;

use serde_json::Value;

use crate::support::actors::Answer;

/// The only error: its message, its extensions, its first place.
#[track_caller]
fn only_error(answer: &Answer) -> (&str, &Value, Option<(u64, u64)>) {
    let errors = answer.body["errors"].as_array().unwrap();
    assert!(answer.body["data"].is_null(), "it ran: {:#}", answer.body);
    assert_eq!(errors.len(), 1, "{:#}", answer.body);
    let place = errors[0]["locations"].get(0);
    let place = place.map(|place| (place["line"].as_u64().unwrap(), place["column"].as_u64().unwrap()));
    (errors[0]["message"].as_str().unwrap(), &errors[0]["extensions"], place)
}
