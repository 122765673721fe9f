//! How many WebSockets there may be, and their common end.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use crate::{config::Config, error::Error};

/// How long the peers have to take their leave when the server stops.
const LEAVE: Duration = Duration::from_secs(5);
/// Seconds after which a client may try again that found no room.
const RETRY_AFTER: u64 = 10;

/// The open WebSockets of a server.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    most_of_address: usize,
    open: Mutex<Open>,
    closed_one: Notify,
    stopping: watch::Sender<bool>,
    reads: Semaphore,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    of_address: HashMap<IpAddr, usize>,
}

impl Sockets {
    /// None yet. Of the database's connections events may take half: requests come first.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let reads = (config.database_connections as usize / 2).max(1);
        Self(Arc::new(Shared {
            most: config.websocket_sockets,
            most_of_address: config.websocket_sockets_per_address,
            open: Mutex::default(),
            closed_one: Notify::new(),
            stopping: watch::Sender::new(false),
            reads: Semaphore::new(reads),
        }))
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.held().total
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
        let mut open = self.held();
        let of_address = open.of_address.get(&address).copied().unwrap_or_default();
        if *self.0.stopping.borrow() || open.total >= self.0.most || of_address >= self.0.most_of_address {
            return Err(Error::RateLimited { retry_after: RETRY_AFTER });
        }
        open.total += 1;
        open.of_address.insert(address, of_address + 1);
        Ok(Place { sockets: self.clone(), address })
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

    fn held(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room that one WebSocket takes, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Sockets,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.held();
        open.total = open.total.saturating_sub(1);
        if let Some(of_address) = open.of_address.get_mut(&self.address) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                open.of_address.remove(&self.address);
            }
        }
        drop(open);
        self.sockets.0.closed_one.notify_waiters();
    }
}
