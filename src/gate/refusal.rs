//! Refusals of the gate: what is wrong with a document, at which place of it.

use async_graphql::{Pos, ServerError};

use crate::error::Error;

/// The errors of a document that was not admitted; never empty.
pub type Refusal = Vec<ServerError>;

/// The document, or a value in it, is wrong at this place.
pub fn wrong(message: impl Into<String>, place: Pos) -> ServerError {
    ServerError::new(message, Some(place))
}

/// A value is wrong: a variable's, whose path begins with `variables` and whose place is where it is declared, or a literal,
/// whose path begins with the argument.
pub fn wrong_value(path: String, message: String, place: Pos) -> ServerError {
    presented(Error::invalid(path, message), Some(place))
}

/// The document asks for more than a document may.
pub fn too_much(limit: &'static str, allowed: u64, message: String, place: Option<Pos>) -> ServerError {
    presented(Error::DocumentLimit { limit, allowed, message: message.into() }, place)
}

fn presented(error: Error, place: Option<Pos>) -> ServerError {
    let mut error = async_graphql::Error::from(error).into_server_error(place.unwrap_or_default());
    if place.is_none() {
        error.locations.clear();
    }
    error
}
