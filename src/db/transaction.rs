//! The one transaction of a request.
//!
//! A client may go away at any moment, and then the request's future is dropped wherever it stands. sqlx 0.9.0
//! (issue 4385) gives the connection of a cancelled `begin()` back to the pool inside the open transaction, and the
//! next request would see the former user's rows. So the connection is [`Held`] before BEGIN is sent, and one that is
//! dropped, whatever it was doing, is rolled back before it is used again. COMMIT of what was written runs in a task of
//! its own, which nobody can cancel.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, postgres::PgRow};
use tokio::sync::{Mutex, oneshot};

use super::connections::{END_TIMEOUT, Lent};
use crate::error::{Error, Result};

/// How long ROLLBACK may wait for what was cut off. Most statements end within it, and the connection is kept. Of a longer
/// one nobody waits for the end: the connection is closed, and PostgreSQL, which looks once a second whether it is there
/// (`client_connection_check_interval`), stops the statement. To cancel it and keep the connection would need its process
/// number for each request, and could hit what runs next.
const PATIENCE_WITH_A_STATEMENT: Duration = Duration::from_millis(200);

/// Counts of requests that were cut off, by the part of the transaction that the cut fell into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cuts {
    /// Before BEGIN was answered.
    pub begin: u64,
    /// While a statement was running.
    pub statement: u64,
    /// Between two statements.
    pub idle: u64,
    /// While COMMIT was running.
    pub commit: u64,
}

#[derive(Debug, Default)]
pub(super) struct CutCounters {
    begin: AtomicU64,
    statement: AtomicU64,
    idle: AtomicU64,
    commit: AtomicU64,
}

impl CutCounters {
    pub(super) fn read(&self) -> Cuts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Cuts {
            begin: read(&self.begin),
            statement: read(&self.statement),
            idle: read(&self.idle),
            commit: read(&self.commit),
        }
    }

    fn count(&self, phase: Phase) {
        let counter = match phase {
            Phase::Begin => &self.begin,
            Phase::Statement => &self.statement,
            Phase::Idle => &self.idle,
            Phase::Commit => &self.commit,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Statement,
    Idle,
    Commit,
}

/// A connection inside a transaction. Dropping it rolls back.
#[derive(Debug)]
pub(super) struct Held {
    connection: Option<Lent>,
    phase: Phase,
    /// A statement failed, so PostgreSQL would answer COMMIT with a silent ROLLBACK.
    failed: bool,
    /// A statement of the service role was cut off: the connection may still have that role, so it is used no more.
    elevated: bool,
    cuts: Arc<CutCounters>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.cuts.count(self.phase);
            let works = matches!(self.phase, Phase::Begin | Phase::Statement);
            roll_back(connection, if works { PATIENCE_WITH_A_STATEMENT } else { END_TIMEOUT });
        }
    }
}

/// Gives the connection back clean, or closes it. Never waits.
fn roll_back(connection: Lent, patience: Duration) {
    // Without a runtime it is dropped, and so closed.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            if let Err(error) = connection.end_within(patience, "ROLLBACK").await {
                tracing::debug!(%error, "a connection that did not roll back was closed");
            }
        });
    }
}

/// One request's transaction on one connection. Resolvers that run side by side take turns.
#[derive(Debug)]
pub struct RequestTransaction {
    held: Mutex<Option<Held>>,
    /// Its reads run a second time under the restrictive policies alone (see [`super::shadow`]).
    pub(super) shadowed: bool,
    /// All of it works under the service role.
    of_service: bool,
}

impl RequestTransaction {
    /// Runs `sql`, which starts with BEGIN, and returns the rows that it gave.
    pub(super) async fn begin(
        mut connection: Lent,
        sql: &str,
        of_service: bool,
        cuts: Arc<CutCounters>,
        shadowed: bool,
    ) -> Result<(Self, Vec<PgRow>)> {
        let sql = connection.beginning(sql);
        let mut held = Held { connection: Some(connection), phase: Phase::Begin, failed: false, elevated: false, cuts };
        let rows = match held.connection.as_deref_mut() {
            Some(connection) => sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await,
            None => Ok(Vec::new()),
        };
        let rows = rows.inspect_err(|_| drop(held.connection.take()))?;
        held.phase = Phase::Idle;
        Ok((Self { held: Mutex::new(Some(held)), shadowed, of_service }, rows))
    }

    /// Runs one piece of work on the connection, alone.
    pub(super) async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut sqlx::PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let mut turn = self.held.lock().await;
        let Some(Held { connection: Some(connection), phase, failed, elevated: false, .. }) = turn.as_mut() else {
            return Err(sqlx::Error::Protocol("the request's transaction is over".to_owned()));
        };
        *phase = Phase::Statement;
        let result = work(connection).await;
        *phase = Phase::Idle;
        // A statement that was dropped half way is not seen to fail here; sqlx hands its error to the next one, COMMIT
        // included.
        *failed |= result.is_err();
        result
    }

    /// Runs one piece of work under `ogelbase_service`, alone; the rest of the transaction stays the application
    /// role's. For what nobody may do by SQL, such as looking a password's hash up.
    pub(super) async fn run_as_service<T>(
        &self,
        work: impl AsyncFnOnce(&mut sqlx::PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        if self.of_service {
            return self.run(work).await;
        }
        let mut turn = self.held.lock().await;
        let Some(Held { connection: Some(connection), phase, failed, elevated, .. }) =
            turn.as_mut().filter(|held| !held.elevated)
        else {
            return Err(sqlx::Error::Protocol("the request's transaction is over".to_owned()));
        };
        *phase = Phase::Statement;
        *elevated = true;
        let result = async {
            connection.execute("SET LOCAL ROLE ogelbase_service").await?;
            let done = work(connection).await?;
            connection.execute("SET LOCAL ROLE ogelbase_app").await?;
            Ok(done)
        }
        .await;
        *phase = Phase::Idle;
        *failed |= result.is_err();
        // After a failure the role may still be the service's, so that nothing more is run.
        *elevated = result.is_err();
        result
    }

    /// Whether some work has the connection, or is next in turn.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.held.try_lock().is_err()
    }

    /// Commits and waits until the database has confirmed it.
    ///
    /// # Errors
    /// [`Error::Internal`] when a statement of the transaction had failed: then all of it is rolled back.
    pub async fn commit(&self) -> Result<()> {
        let Some(held) = self.held.lock().await.take() else {
            return Err(Error::internal("the request's transaction is over"));
        };
        let (answer, waiting) = oneshot::channel();
        tokio::spawn(async move {
            let cuts = Arc::clone(&held.cuts);
            let committed = end(held).await;
            if answer.send(committed).is_err() {
                cuts.count(Phase::Commit);
            }
        });
        waiting.await.map_err(Error::internal)?
    }

    /// Ends a transaction that only read; the answer need not wait for it.
    pub async fn end_reading(&self) {
        let Some(mut held) = self.held.lock().await.take() else { return };
        let Some(connection) = held.connection.take() else { return };
        // Of a statement that was dropped half way the answer is still to come, and may be an error.
        let clean = held.phase == Phase::Idle && !held.failed && !held.elevated;
        if clean { connection.give_back_after_reading() } else { roll_back(connection, END_TIMEOUT) }
    }

    /// Undoes everything; the answer need not wait for it.
    pub async fn roll_back_in_background(&self) {
        if let Some(connection) = self.held.lock().await.take().and_then(|mut held| held.connection.take()) {
            roll_back(connection, END_TIMEOUT);
        }
    }
}

async fn end(mut held: Held) -> Result<()> {
    let Some(connection) = held.connection.take() else {
        return Ok(());
    };
    if held.failed || held.elevated {
        roll_back(connection, END_TIMEOUT);
        return Err(Error::internal("a statement of this transaction failed, so it was rolled back"));
    }
    Ok(connection.end("COMMIT").await?)
}
