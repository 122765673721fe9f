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
/// Where more wait than may work at once, and for so long none of those has given a connection back, one more may.
const STANDSTILL: Duration = Duration::from_millis(10);
/// How long the end of a transaction may take that changed nothing, before its connection is closed instead.
pub(super) const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// At most.
    pub most: u32,
    /// Of them so many work at once, as long as they get on. More of them than a machine has processors for hinder each
    /// other: each has caches of its own (docs/decisions.md, 2026-11-28).
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

#[derive(Debug)]
struct Rest {
    /// When a connection was last given back, or lent beyond those that work at once.
    moved: Instant,
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
    /// Likewise, unless it was lent beyond those that work at once.
    turn: Option<OwnedSemaphorePermit>,
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
        home.rest().moved = Instant::now();
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
        let rest = Rest { moved: Instant::now(), connections: Vec::new(), looked_after: false };
        Self(Arc::new(Shared { options, set_up, numbers, places, turns, rest: Mutex::new(rest) }))
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
        Ok(Lent { connection, opened, in_transaction, home: self.clone(), place, turn })
    }

    async fn admit(&self) -> sqlx::Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit)> {
        let turn = self.turn().await?;
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        Ok((turn, place))
    }

    /// Waits in the queue until a connection is given back; or, where they stand still because their statements take long,
    /// for none.
    async fn turn(&self) -> sqlx::Result<Option<OwnedSemaphorePermit>> {
        let mut turn = pin!(Arc::clone(&self.0.turns).acquire_owned());
        loop {
            match tokio::time::timeout(STANDSTILL, &mut turn).await {
                Ok(turn) => return turn.map(Some).map_err(|_| sqlx::Error::PoolClosed),
                Err(_) if self.stands_still() => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// Whether nothing has moved for long; for one of those who ask, who then moves.
    fn stands_still(&self) -> bool {
        let mut rest = self.rest();
        let stands = rest.moved.elapsed() >= STANDSTILL;
        if stands {
            rest.moved = Instant::now();
        }
        stands
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
        let all = self.0.places.acquire_many(self.0.numbers.most).await;
        self.0.places.close();
        self.0.turns.close();
        drop(all);
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
