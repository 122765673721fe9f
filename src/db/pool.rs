//! The pool that requests take their connections from.

use std::{str::FromStr, sync::Arc, time::Duration};

use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use uuid::Uuid;

use super::{
    bootstrap::{self, Caller, Opening},
    key::{self, Uses},
    transaction::{CutCounters, Cuts, RequestTransaction},
};
use crate::error::{Error, Result};

/// How long a request waits for a free connection before it is answered with UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The role and the settings under which every statement of a request is planned. Requests read few rows of large
/// tables, from an index that has the list's order; a generic plan knows only the average parent, who has so few rows
/// that a bitmap and a sort look as good, and for a parent of thousands are not (docs/decisions.md).
pub const SESSION: &str = "SET ROLE ogelbase_app; SET search_path = pg_catalog; SET timezone = 'UTC'; \
                           SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1; \
                           SET enable_bitmapscan = off; SET jit = off";

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://` URL.
    pub url: String,
    /// Connections held at most.
    pub connections: u32,
    /// Milliseconds after which a statement is stopped.
    pub statement_timeout_ms: u32,
}

/// The database as requests see it. Every connection works under `ogelbase_app` from its first moment, so that a
/// statement outside a request's context reads nothing.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    cuts: Arc<CutCounters>,
    key_uses: Uses,
}

impl Database {
    /// Makes the pool; connections are opened when they are first needed.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the URL cannot be read.
    pub fn connect(settings: &Settings) -> Result<Self> {
        let timeout = settings.statement_timeout_ms;
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A ping at each acquire would be a round trip for each request; `begin` copes with a dead connection.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    // Settings of ALTER ROLE are ignored after SET ROLE, so they are made here.
                    let sql = format!(
                        "{SESSION}; SET statement_timeout = {timeout}; \
                         SET idle_in_transaction_session_timeout = '60s'; SET client_connection_check_interval = '1s'"
                    );
                    connection.execute(AssertSqlSafe(sql)).await.map(|_| ())
                })
            })
            .connect_lazy_with(connect_options(&settings.url)?);
        Ok(Self { pool, cuts: Arc::default(), key_uses: Uses::default() })
    }

    /// Opens the transaction of one request and resolves its credential, in one round trip.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the credential is refused, [`Error::NotFound`] when the organization of
    /// `X-Organization` is not one of the caller's, [`Error::Unavailable`] without a database.
    pub async fn begin(&self, opening: &Opening) -> Result<(RequestTransaction, Option<Caller>)> {
        let (transaction, row) = self.begin_with(&opening.statement()).await?;
        match opening.resolve(row.as_ref()) {
            Ok(caller) => Ok((transaction, caller)),
            Err(error) => {
                transaction.roll_back_in_background().await;
                Err(error)
            }
        }
    }

    /// A connection that died in the pool (the database was restarted) shows only now. Nothing has happened on it
    /// yet, so the next one is tried, at most once for each that the pool can hold.
    async fn begin_with(&self, sql: &str) -> Result<(RequestTransaction, Option<PgRow>)> {
        let mut tries = self.pool.options().get_max_connections();
        loop {
            let connection = self.acquire().await?;
            match RequestTransaction::begin(connection, sql.to_owned(), Arc::clone(&self.cuts)).await {
                Err(Error::Unavailable(_)) if tries > 0 => tries -= 1,
                answer => return answer,
            }
        }
    }

    /// Looks an account up for a sign-in, on a connection of its own: the password is checked outside any
    /// transaction, and nobody is signed in yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn sign_in_lookup(&self, email: &str) -> Result<Option<bootstrap::Account>> {
        let (transaction, _) = self.begin(&Opening::Anonymous).await?;
        let account = bootstrap::sign_in_lookup(&transaction, email).await;
        transaction.commit_in_background().await;
        account
    }

    /// Notes, in the background and at most once a minute, that an API key was used. On a connection of its own: a
    /// request that fails was a use as well, and one that takes long must not hold the key's row.
    pub fn note_key_use(&self, key_id: Uuid) {
        let Some(noting) = self.key_uses.begin(key_id) else { return };
        let database = self.clone();
        tokio::spawn(async move {
            let noted = async {
                let (transaction, _) = database.begin(&Opening::Anonymous).await?;
                key::note_use(&transaction, key_id).await?;
                transaction.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(%error, %key_id, "the use of an API key could not be noted");
            }
            drop(noting);
        });
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        let (transaction, _) = self.begin(&Opening::Anonymous).await?;
        transaction.roll_back_in_background().await;
        Ok(())
    }

    /// How many requests were cut off, and in which part of their transaction.
    #[must_use]
    pub fn cuts(&self) -> Cuts {
        self.cuts.read()
    }

    /// Waits for all connections to be given back and closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn acquire(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }
}

/// Reads a `postgres://` URL. Statements are not logged: the one that opens a request names its credential's hash.
///
/// # Errors
/// [`Error::InvalidInput`] for a URL that cannot be read.
pub fn connect_options(url: &str) -> Result<PgConnectOptions> {
    PgConnectOptions::from_str(url)
        .map(|options| options.application_name("ogelbase").disable_statement_logging())
        .map_err(|error| Error::invalid("DATABASE_URL", format!("cannot be read: {error}")))
}
