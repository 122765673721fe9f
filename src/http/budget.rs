//! A caller's budget in the headers and extensions of an answer.

use async_graphql::{Response as Answer, Value, value};
use axum::http::{HeaderMap, HeaderName};

use crate::budget::Account;

/// Who sends it with any value gets `extensions.cost`.
const ASKED: HeaderName = HeaderName::from_static("x-cost");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
/// Seconds, not a point in time: clocks differ.
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Says in the answer's headers what is left; nothing where there is no limit.
pub(super) fn tell(account: &Account, headers: &mut HeaderMap) {
    if let Some(standing) = account.standing() {
        headers.insert(LIMIT, standing.limit.into());
        headers.insert(REMAINING, standing.remaining.into());
        headers.insert(RESET, account.seconds_to(&standing).into());
    }
}

/// Puts `extensions.cost` into the answer of who asks for it.
pub(super) fn extend(account: &Account, asked: &HeaderMap, answer: &mut Answer) {
    if asked.contains_key(ASKED) {
        let standing = account.standing();
        let (limit, remaining) = standing.map(|standing| (standing.limit, standing.remaining)).unzip();
        let (limit, remaining) = (number(limit), number(remaining));
        let requested = account.cost();
        answer
            .extensions
            .insert("cost".to_owned(), value!({ "requested": requested, "limit": limit, "remaining": remaining }));
    }
}

fn number(value: Option<u64>) -> Value {
    value.map_or(Value::Null, Value::from)
}
