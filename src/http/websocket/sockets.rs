//! How many WebSockets there may be, and their common end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use crate::{
    config::Config,
    error::Error,
    http::doors::{Doors, Entry},
};

/// How long the peers have to take their leave when the server stops.
const LEAVE: Duration = Duration::from_secs(5);
/// Seconds after which a client may try again that found no room.
const RETRY_AFTER: u64 = 10;

/// The open WebSockets of a server.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    doors: Arc<Doors>,
    closed_one: Notify,
    stopping: watch::Sender<bool>,
    reads: Semaphore,
}

impl Sockets {
    /// None yet. Of the database's connections events may take half: requests come first.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let reads = (config.database_connections as usize / 2).max(1);
        Self(Arc::new(Shared {
            doors: Doors::new(config.websocket_sockets, config.websocket_sockets_per_address),
            closed_one: Notify::new(),
            stopping: watch::Sender::new(false),
            reads: Semaphore::new(reads),
        }))
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.doors.inside()
    }

    /// Closes them all and waits for it, but not for ever.
    pub async fn close(&self) {
        self.0.stopping.send_replace(true);
        let all_closed = async {
            loop {
                let closed_one = self.0.closed_one.notified();
                if self.open() == 0 {
                    return;
                }
                closed_one.await;
            }
        };
        if tokio::time::timeout(LEAVE, all_closed).await.is_err() {
            tracing::warn!(open = self.open(), "some WebSockets did not take their leave and are cut");
        }
    }

    /// Room for one more from this address.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Place, Error> {
        let refused = Error::RateLimited { retry_after: RETRY_AFTER };
        let Some(entry) = self.0.doors.enter(Some(address)) else { return Err(refused) };
        let place = Place { sockets: self.clone(), entry: Some(entry) };
        // Looked at after it was counted, since whoever closes them all says so before counting; a place that is given up
        // here tells them.
        if *self.0.stopping.borrow() { Err(refused) } else { Ok(place) }
    }

    /// Turns true when all are to be closed.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// Waits until one more event may be read.
    pub(super) async fn read(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.reads.acquire().await.ok()
    }
}

/// The room that one WebSocket takes, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Sockets,
    entry: Option<Entry>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // It is counted out before anybody is told.
        drop(self.entry.take());
        self.sockets.0.closed_one.notify_waiters();
    }
}
