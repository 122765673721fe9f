//! The connections to PostgreSQL, kept from one request to the next.
//!
//! sqlx's own pool asks for a sign of life each time a connection is given back, because it cannot know in what state
//! that is: a round trip for each request. Here who gives a connection back says in what state it is, and one that is
//! dropped is closed (docs/decisions.md, 2026-11-27).
//!
//! A transaction that only read is ended by whoever begins the next one on its connection, in the same message; where
//! nobody does within [`TAKEN_ALONG`], it is ended then.

use std::{
    ops::{Deref, DerefMut},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a free connection before it is answered with UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// What a connection has planned and cached it keeps; so that this does not grow for ever, it ends at this age.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);
/// A connection that nobody needed for so long is closed when another one is asked for.
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);
/// How long the COMMIT of a transaction that only read waits for a BEGIN that takes it along. Until then it keeps the
/// locks of a reader.
const TAKEN_ALONG: Duration = Duration::from_millis(5);
/// Who is at work for so long makes no others wait any more: a statement that takes long, or waits for a lock.
const LONG_WORK: Duration = Duration::from_millis(50);
/// How long the end of a transaction may take that changed nothing, before its connection is closed instead.
pub(super) const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// At most.
    pub most: u32,
    /// Of them so many are at work at once, those not counted that have been for long. More of them than a machine has
    /// processors for hinder each other: each has caches of its own (docs/decisions.md, 2026-11-28).
    pub at_once: u32,
}

/// Connections, opened when they are first needed.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    set_up: String,
    numbers: Numbers,
    /// One for each connection that may be lent.
    places: Arc<Semaphore>,
    /// One for each connection that may work at once.
    turns: Arc<Semaphore>,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    /// The turns of those that are at work, and since when.
    at_work: Vec<AtWork>,
    /// How many turns there were.
    turns: u64,
    /// The last one given back is the first one lent: its caches are warm, and those below can be closed.
    connections: Vec<Resting>,
    /// A task looks after those that are in a transaction.
    looked_after: bool,
}

#[derive(Debug)]
struct Resting {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
    /// In a transaction that only read and has nothing to undo.
    in_transaction: bool,
}

/// A connection that is one's own for a while. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Lent {
    connection: PgConnection,
    opened: Instant,
    in_transaction: bool,
    home: Connections,
    /// Kept until the connection is back or closed.
    place: OwnedSemaphorePermit,
    /// Likewise; none for what only ends.
    turn: Option<Turn>,
}

#[derive(Debug)]
struct AtWork {
    number: u64,
    since: Instant,
    /// Dropped, it is the next one's in the queue.
    _permit: OwnedSemaphorePermit,
}

/// One of those that are at work at once, until it is dropped or has been for [`LONG_WORK`].
#[derive(Debug)]
struct Turn {
    number: u64,
    home: Connections,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.home.rest().at_work.retain(|at_work| at_work.number != self.number);
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Lent {
    /// What to send to begin a transaction by `sql`: before it the COMMIT that nobody has sent yet.
    pub(super) fn beginning(&mut self, sql: &str) -> String {
        if std::mem::take(&mut self.in_transaction) { format!("COMMIT; {sql}") } else { sql.to_owned() }
    }

    /// For the next one, inside of a transaction that only read and in which nothing failed, with all answers read.
    pub(super) fn give_back_after_reading(self) {
        self.rest(true);
    }

    fn rest(self, in_transaction: bool) {
        let Self { connection, opened, home, place, turn, .. } = self;
        if opened.elapsed() < LONGEST_LIFE {
            let mut rest = home.rest();
            rest.connections.push(Resting { connection, opened, since: Instant::now(), in_transaction });
            if in_transaction && !std::mem::replace(&mut rest.looked_after, true) {
                tokio::spawn(home.clone().look_after());
            }
        }
        // Only now: who gets the place finds the connection.
        drop(place);
        drop(turn);
    }

    /// Ends the transaction by `sql`, however long that takes, and gives the connection back; or closes it, if that fails.
    pub(super) async fn end(mut self, sql: &'static str) -> sqlx::Result<()> {
        // COMMIT of what was written waits for the disk, and meanwhile the processors are another's.
        drop(self.turn.take());
        self.connection.execute(sql).await?;
        self.rest(false);
        Ok(())
    }

    /// The same where nothing was written or nothing is to stay: where it takes long, the connection is closed instead.
    pub(super) async fn end_in_time(self, sql: &'static str) -> sqlx::Result<()> {
        self.end_within(END_TIMEOUT, sql).await
    }

    /// The same with a time of the caller's.
    pub(super) async fn end_within(self, time: Duration, sql: &'static str) -> sqlx::Result<()> {
        tokio::time::timeout(time, self.end(sql)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

impl Connections {
    /// Nothing is opened yet. `set_up` is run on each new connection.
    pub(super) fn new(options: PgConnectOptions, numbers: Numbers, set_up: String) -> Self {
        let places = Arc::new(Semaphore::new(numbers.most as usize));
        let turns = Arc::new(Semaphore::new(numbers.at_once as usize));
        Self(Arc::new(Shared { options, set_up, numbers, places, turns, rest: Mutex::default() }))
    }

    /// How many there are at most.
    pub(super) fn most(&self) -> u32 {
        self.0.numbers.most
    }

    /// Lends a connection, which may have died while it rested.
    ///
    /// # Errors
    /// When none was free in time, none can be opened, or all were closed.
    pub(super) async fn lend(&self) -> sqlx::Result<Lent> {
        let (turn, place) = in_time(self.admit()).await?;
        let resting = self.take();
        let (connection, opened, in_transaction) = match resting {
            Some(Resting { connection, opened, in_transaction, .. }) => (connection, opened, in_transaction),
            // Boxed: connecting takes much state, and is rare.
            None => (Box::pin(in_time(self.open())).await?, Instant::now(), false),
        };
        Ok(Lent { connection, opened, in_transaction, home: self.clone(), place, turn: Some(turn) })
    }

    async fn admit(&self) -> sqlx::Result<(Turn, OwnedSemaphorePermit)> {
        let turn = self.turn().await?;
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        Ok((turn, place))
    }

    /// Waits in the queue for those at work, and for none of them longer than [`LONG_WORK`].
    async fn turn(&self) -> sqlx::Result<Turn> {
        let mut permit = pin!(Arc::clone(&self.0.turns).acquire_owned());
        let permit = loop {
            match tokio::time::timeout(LONG_WORK / 2, &mut permit).await {
                Ok(permit) => break permit.map_err(|_| sqlx::Error::PoolClosed)?,
                Err(_) => self.rest().at_work.retain(|at_work| at_work.since.elapsed() < LONG_WORK),
            }
        };
        let mut rest = self.rest();
        let number = rest.turns;
        rest.turns += 1;
        rest.at_work.push(AtWork { number, since: Instant::now(), _permit: permit });
        Ok(Turn { number, home: self.clone() })
    }

    fn take(&self) -> Option<Resting> {
        let mut rest = self.rest();
        let taken = rest.connections.pop();
        let unneeded = rest.connections.first().is_some_and(|first| first.since.elapsed() > LONGEST_REST);
        let unneeded = unneeded.then(|| rest.connections.remove(0));
        drop(rest);
        drop(unneeded);
        taken
    }

    /// Ends the transactions that nobody took along, until there are none.
    async fn look_after(self) {
        loop {
            tokio::time::sleep(TAKEN_ALONG).await;
            while let Some(lent) = self.lend_overdue() {
                if let Err(error) = lent.end_in_time("COMMIT").await {
                    tracing::debug!(%error, "a read transaction did not end cleanly");
                }
            }
            let mut rest = self.rest();
            if !rest.connections.iter().any(|resting| resting.in_transaction) {
                rest.looked_after = false;
                return;
            }
        }
    }

    fn lend_overdue(&self) -> Option<Lent> {
        // Where every place is taken, so is every connection.
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        let mut rest = self.rest();
        let overdue = |resting: &Resting| resting.in_transaction && resting.since.elapsed() >= TAKEN_ALONG;
        let Resting { connection, opened, in_transaction, .. } =
            rest.connections.iter().position(overdue).map(|index| rest.connections.remove(index))?;
        Some(Lent { connection, opened, in_transaction, home: self.clone(), place, turn: None })
    }

    async fn open(&self) -> sqlx::Result<PgConnection> {
        let mut connection = self.0.options.connect().await?;
        connection.execute(AssertSqlSafe(self.0.set_up.clone())).await?;
        Ok(connection)
    }

    /// Waits for all connections to be given back and closes them. Nobody gets one any more.
    pub(super) async fn close(&self) {
        // Who asks from now on stands behind this, and then finds it closed.
        let turns = self.0.turns.acquire_many(self.0.numbers.at_once).await;
        let all = self.0.places.acquire_many(self.0.numbers.most).await;
        self.0.places.close();
        self.0.turns.close();
        drop((turns, all));
        let resting = std::mem::take(&mut self.rest().connections);
        for Resting { connection, .. } in resting {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a connection to the database did not close cleanly");
            }
        }
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.0.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn in_time<T>(waiting: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(ACQUIRE_TIMEOUT, waiting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
