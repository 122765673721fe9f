//! How errors look to a client: the one place where they are presented.

use async_graphql::{Response, ServerError, Value};

use crate::error::Error;

/// Gives every error its stable code, and takes from it everything that is not the client's: of a fault of ours
/// nothing remains but the request's id. The details go to the log.
pub fn present(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        present_one(error, request_id);
    }
    response.errors.sort_by(|left, right| left.locations.cmp_positions(&right.locations));
}

trait Positions {
    fn cmp_positions(&self, other: &Self) -> std::cmp::Ordering;
}

impl Positions for Vec<async_graphql::Pos> {
    fn cmp_positions(&self, other: &Self) -> std::cmp::Ordering {
        let key = |positions: &Self| positions.first().map(|position| (position.line, position.column));
        key(self).cmp(&key(other))
    }
}

fn present_one(shown: &mut ServerError, request_id: &str) {
    let source = shown.source.take();
    // Without a source it is the gate's or the engine's own: the document or a value in it is wrong.
    let Some(error) = source.as_ref().and_then(|source| source.downcast_ref::<Error>()) else {
        set(shown, "code", "INVALID_INPUT");
        // While a document runs, the engine's words are of its own types. The gate lets nothing through that leads here.
        if !shown.path.is_empty() {
            tracing::warn!(request_id, message = shown.message, path = ?shown.path, "the engine refused what was admitted");
            "an argument of this field has a value that it does not take".clone_into(&mut shown.message);
        }
        return;
    };
    set(shown, "code", error.code());
    match error {
        Error::InvalidInput { path, message } => {
            shown.message = format!("{path}: {message}");
            set(shown, "argument", path.as_ref());
        }
        Error::Forbidden { permission } => set(shown, "permission", *permission),
        Error::LimitExceeded { limit, allowed, lifted_by } => {
            set(shown, "limit", *limit);
            set(shown, "allowed", *allowed);
            set(shown, "liftedBy", lifted_by.as_ref());
        }
        Error::RateLimited { retry_after } | Error::BudgetSpent { retry_after } => {
            set(shown, "retryAfter", *retry_after);
        }
        Error::DocumentLimit { limit, allowed, .. } => {
            set(shown, "limit", *limit);
            set(shown, "allowed", *allowed);
        }
        Error::Unavailable(cause) => {
            tracing::warn!(request_id, %cause, "the database is not available");
            "the service is not available at the moment, try again shortly".clone_into(&mut shown.message);
        }
        Error::Internal(cause) => {
            tracing::error!(request_id, %cause, path = ?shown.path, "internal error");
            "something went wrong on our side".clone_into(&mut shown.message);
            set(shown, "requestId", request_id);
        }
        Error::Unauthenticated(_)
        | Error::NotFound(_)
        | Error::DocumentNotFound
        | Error::Conflict(_)
        | Error::IdempotencyMismatch
        | Error::TookTooLong
        | Error::Collided => {}
    }
}

fn set(error: &mut ServerError, name: &str, value: impl Into<Value>) {
    error.extensions.get_or_insert_default().set(name, value);
}
