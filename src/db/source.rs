//! Which PostgreSQL is used: the one that the configuration names, or a private one.

use crate::{
    config::Config,
    db::embedded::{self, EmbeddedError, EmbeddedPostgres, Settings, own_executable},
};

/// Sessions that the private database takes beyond the server's pool: jobs, the operator, psql.
const SPARE_SESSIONS: u32 = 20;

/// A PostgreSQL to work with. The private one runs as long as this is held.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    private: Option<EmbeddedPostgres>,
}

impl Postgres {
    /// The configured PostgreSQL, or a private one started now.
    ///
    /// # Errors
    /// [`EmbeddedError`] when the private one cannot be started.
    pub async fn open(config: &Config) -> Result<Self, EmbeddedError> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.clone(), private: None });
        }
        let sessions = config.database_connections + SPARE_SESSIONS;
        let private = EmbeddedPostgres::start(Settings {
            data_dir: config.data_dir.clone(),
            pg_bin_dir: config.pg_bin_dir.clone(),
            launcher: own_executable().map_err(EmbeddedError::io("find", "our own executable"))?,
            max_connections: u16::try_from(sessions).unwrap_or(u16::MAX),
        })
        .await?;
        Ok(Self { url: private.url(), private: Some(private) })
    }

    /// As [`Postgres::open`], but beside a server that runs on the same data directory it uses that one's database.
    ///
    /// # Errors
    /// As [`Postgres::open`].
    pub async fn reach(config: &Config) -> Result<Self, EmbeddedError> {
        let beside = || embedded::serving(&config.data_dir);
        match config.database_url.clone().or_else(beside) {
            Some(url) => Ok(Self { url, private: None }),
            None => Self::open(config).await,
        }
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns when a private database has ended for good; never for a configured one.
    pub async fn failure(&self) -> std::sync::Arc<EmbeddedError> {
        match &self.private {
            Some(private) => private.failure().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the private database; leaves a configured one alone.
    ///
    /// # Errors
    /// [`EmbeddedError`] when it does not stop.
    pub async fn close(self) -> Result<(), EmbeddedError> {
        match self.private {
            Some(private) => private.stop().await,
            None => Ok(()),
        }
    }
}
