//! Demo data.

pub mod accounts;

use crate::{config::Config, server::ServerError};

/// Fills the database.
///
/// # Errors
/// [`ServerError`] when the database does not take it.
pub async fn run(_config: &Config, _url: &str, _scale: u32) -> Result<(), ServerError> {
    Ok(())
}
