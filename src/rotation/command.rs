//! `ogelbase secrets rotate`, with and without `--plan`.

use super::{Count, Left, Rotated};
use crate::{
    config::Config,
    db::operator,
    error::Error,
    secrets::{self, SecretsError},
};

/// Why not everything is sealed with the ring's first key.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// There is no key ring to begin with.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Some values do not open.
    #[error("{count} sealed values do not open and were left as they are:\n{list}")]
    Left {
        /// How many.
        count: usize,
        /// Table, column, row and reason, one a line.
        list: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
}

/// `secrets rotate --plan`: one line for each column and key.
///
/// # Errors
/// [`RotationError`] without a key ring or a database.
pub async fn plan(config: &Config, url: &str) -> Result<Vec<String>, RotationError> {
    let vault = secrets::vault(config)?;
    let service = operator::connect_as_service(url).await?;
    let counts = super::plan(&service).await?;
    service.close().await.map_err(Error::from)?;
    let mut lines: Vec<String> = counts
        .iter()
        .map(|Count { column, key, values }| {
            let fate = if key == vault.primary() {
                "stays"
            } else if vault.knows(key) {
                "to be sealed again"
            } else {
                "not in the key ring"
            };
            format!("{column}  {key}  {values}  {fate}")
        })
        .collect();
    let waiting: i64 = counts.iter().filter(|count| count.key != vault.primary()).map(|count| count.values).sum();
    lines.push(format!("{waiting} values are not sealed with {}, the first key of the ring", vault.primary()));
    Ok(lines)
}

/// `secrets rotate`: what was done, in a line.
///
/// # Errors
/// [`RotationError::Left`] when a value was left as it is; otherwise without a key ring or a database.
pub async fn rotate(config: &Config, url: &str) -> Result<String, RotationError> {
    let vault = secrets::vault(config)?;
    let service = operator::connect_as_service(url).await?;
    let Rotated { resealed, left } = super::rotate(&service, &vault).await?;
    service.close().await.map_err(Error::from)?;
    tracing::info!(resealed, left = left.len(), key = vault.primary(), "sealed again");
    if left.is_empty() {
        return Ok(format!("{resealed} values were sealed again with {}", vault.primary()));
    }
    let lines = left.iter().map(|Left { column, row, reason }| format!("{column} {row}: {reason}"));
    Err(RotationError::Left { count: left.len(), list: lines.collect::<Vec<_>>().join("\n") })
}
