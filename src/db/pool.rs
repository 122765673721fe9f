//! The pool that requests take their connections from.

use std::{num::NonZero, str::FromStr, sync::Arc};

use entity::users;
use sea_orm::sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::{
    bootstrap::{self, Caller, Opening},
    changes::Changes,
    connections::{Connections, Numbers},
    external::ExternalOpening,
    key::{self, Uses},
    notices::Notices,
    person,
    shadow::Sampling,
    transaction::{CutCounters, Cuts, RequestTransaction},
};
use crate::error::{Error, Result};

/// Connections for what is written beside the requests' own transactions: short work, which waits for none of theirs.
const BESIDE: u32 = 4;

/// The role and the settings under which every statement of a request is planned. Requests read few rows of large
/// tables, from an index that has the list's order; a generic plan knows only the average parent, who has so few rows
/// that a bitmap and a sort look as good, and for a parent of thousands are not (docs/decisions.md).
pub const SESSION: &str = include_str!("session.sql");

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://` URL.
    pub url: String,
    /// Connections held at most.
    pub connections: u32,
    /// Milliseconds after which a statement is stopped.
    pub statement_timeout_ms: u32,
    /// Of a hundred requests so many are sampled while row-level security is in shadow mode.
    pub shadow_percent: u32,
}

/// A request's transaction, and what its opening told.
#[derive(Debug)]
pub struct Opened {
    /// The transaction.
    pub transaction: RequestTransaction,
    /// Whom the credential proved; nobody without one.
    pub caller: Option<Caller>,
    /// Their own row, where it was to be read.
    pub person: Option<users::Safe>,
}

/// The database as requests see it. Every connection works under `ogelbase_app` from its first moment, so that a
/// statement outside a request's context reads nothing.
#[derive(Debug, Clone)]
pub struct Database(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: Connections,
    options: PgConnectOptions,
    /// For what must stand whatever becomes of a request. A request that asked for a second connection of the pool would
    /// wait for those who do the same, and all of them for each other.
    beside: Connections,
    cuts: Arc<CutCounters>,
    notices: Notices,
    key_uses: Uses,
}

impl Database {
    /// Makes the pool; connections are opened when they are first needed.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the URL cannot be read.
    pub fn connect(settings: &Settings) -> Result<Self> {
        let options = connect_options(&settings.url)?;
        let timeout = settings.statement_timeout_ms;
        // Settings of ALTER ROLE are ignored after SET ROLE, so they are made here.
        let set_up = format!(
            "{SESSION} SET statement_timeout = {timeout}; \
             SET idle_in_transaction_session_timeout = '60s'; SET client_connection_check_interval = '1s'; {}; {}",
            bootstrap::PREPARED,
            person::prepared(),
        );
        let most = settings.connections;
        let at_once = if is_near(&options) { work_at_once().min(most) } else { most };
        let pool = Connections::new(options.clone(), Numbers { most, at_once }, set_up.clone());
        let beside = Connections::new(options.clone(), Numbers { most: BESIDE, at_once: BESIDE }, set_up);
        let notices = Notices::new(Arc::new(Sampling::of(settings.shadow_percent)));
        let key_uses = Uses::default();
        Ok(Self(Arc::new(Shared { pool, options, beside, cuts: Arc::default(), notices, key_uses })))
    }

    /// Opens the transaction of one request and resolves its credential, in one round trip.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the credential is refused, [`Error::NotFound`] when the organization of
    /// `X-Organization` is not one of the caller's, [`Error::Unavailable`] without a database.
    pub async fn begin(&self, opening: &Opening) -> Result<(RequestTransaction, Option<Caller>)> {
        let opened = self.open(opening, false).await?;
        Ok((opened.transaction, opened.caller))
    }

    /// The same, and where `with_person` says that it will be asked for the row of the person whose session it is, that in
    /// the same round trip.
    ///
    /// # Errors
    /// As [`Database::begin`]'s.
    pub async fn open(&self, opening: &Opening, with_person: bool) -> Result<Opened> {
        let of_service = matches!(opening, Opening::Service { .. });
        let shadowed = self.0.notices.sampling.takes_one();
        let mut statement = opening.statement();
        // What is read twice and compared is read by statements of its own.
        if with_person && !shadowed && matches!(opening, Opening::Session { .. }) {
            statement.push_str(person::EXECUTE);
        }
        let (mut transaction, mut rows) = self.begin_with(&self.0.pool, &statement, of_service, shadowed).await?;
        if let Opening::External(identity) = opening
            && ExternalOpening::is_unknown(rows.first())
        {
            transaction.roll_back_in_background().await;
            self.create_external_user(identity).await?;
            (transaction, rows) = self.begin_with(&self.0.pool, &statement, of_service, shadowed).await?;
        }
        let mut rows = rows.into_iter();
        let resolved =
            opening.resolve(rows.next().as_ref()).and_then(|caller| Ok((caller, person::from_row(rows.next())?)));
        match resolved {
            Ok((caller, person)) => Ok(Opened { transaction, caller, person }),
            Err(error) => {
                transaction.roll_back_in_background().await;
                Err(error)
            }
        }
    }

    async fn create_external_user(&self, identity: &ExternalOpening) -> Result<()> {
        let shadowed = self.0.notices.sampling.takes_one();
        let (transaction, _) = self.begin_with(&self.0.pool, "BEGIN", false, shadowed).await?;
        match identity.create(&transaction).await {
            Ok(()) => transaction.commit().await,
            Err(error) => {
                transaction.roll_back_in_background().await;
                Err(error)
            }
        }
    }

    /// A connection that died in the pool (the database was restarted) shows only now. Nothing has happened on it
    /// yet, so the next one is tried, at most once for each that the pool can hold.
    async fn begin_with(
        &self,
        pool: &Connections,
        sql: &str,
        of_service: bool,
        shadowed: bool,
    ) -> Result<(RequestTransaction, Vec<PgRow>)> {
        let mut tries = pool.most();
        loop {
            let connection = pool.lend().await?;
            let cuts = Arc::clone(&self.0.cuts);
            match RequestTransaction::begin(connection, sql, of_service, cuts, shadowed).await {
                Err(Error::Unavailable(_)) if tries > 0 => tries -= 1,
                answer => return answer,
            }
        }
    }

    /// A transaction beside the request's own, under `ogelbase_service`: for what stands whatever becomes of the
    /// request. It must not wait for rows that the request has written.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn aside(&self) -> Result<RequestTransaction> {
        // Of one kind for all of its life, so there is no role to go back to.
        let shadowed = self.0.notices.sampling.takes_one();
        let begun = self.begin_with(&self.0.beside, "BEGIN; SET LOCAL ROLE ogelbase_service", true, shadowed).await?;
        Ok(begun.0)
    }

    /// Looks an account up for a sign-in, on a connection of its own: the password is checked outside any
    /// transaction, and nobody is signed in yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a database.
    pub async fn sign_in_lookup(&self, email: &str) -> Result<Option<bootstrap::Account>> {
        let transaction = self.aside().await?;
        let account = bootstrap::sign_in_lookup(&transaction, email).await;
        transaction.end_reading().await;
        account
    }

    /// Notes, in the background and at most once a minute, that an API key was used. On a connection of its own: a
    /// request that fails was a use as well, and one that takes long must not hold the key's row.
    pub fn note_key_use(&self, key_id: Uuid) {
        let Some(noting) = self.0.key_uses.begin(key_id) else { return };
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
        self.0.cuts.read()
    }

    /// Listens to what the database tells, on a connection of its own, until the task is aborted: the mode of row-level
    /// security, what changed, and that there is work.
    #[must_use]
    pub fn listen(&self) -> JoinHandle<()> {
        tokio::spawn(self.0.notices.clone().follow(self.0.options.clone()))
    }

    /// What changes, for who waits for it.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.0.notices.changes
    }

    /// What changes whenever there may be work for the jobs.
    #[must_use]
    pub fn work(&self) -> watch::Receiver<()> {
        self.0.notices.jobs.subscribe()
    }

    /// Waits for all connections to be given back and closes them.
    pub async fn close(&self) {
        tokio::join!(self.0.pool.close(), self.0.beside.close());
    }
}

/// Whether the database shares our processors, and answers without the delay of a network.
fn is_near(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some()
        || options.get_host().starts_with('/')
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

/// How many requests work in a near database at once: two for each processor, so that one has work while the other waits.
fn work_at_once() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors).unwrap_or(u32::MAX).saturating_mul(2).max(4)
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
