//! Jobs: what the server does without being asked. Several servers on one database share them; what each is at, it holds
//! a lock on or has claimed for a while.
//!
//! They work as `ogelbase_service`, on connections of their own.

mod schedule;
mod tasks;
mod worker;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use self::{schedule::Schedule, worker::Outbox};
use crate::{clock::Clock, mail::Mailer, vault::Vault};

/// What the jobs need.
#[derive(Debug)]
pub struct Settings {
    /// `postgres://` URL.
    pub url: String,
    /// Opens letters.
    pub vault: Arc<Vault>,
    /// Sends them.
    pub mailer: Mailer,
    /// The time.
    pub clock: Clock,
    /// What changes whenever there may be something to do. Without it they look every few seconds.
    pub woken: watch::Receiver<()>,
}

/// The running jobs of one server.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts them: one worker sends mails, one does what is done again and again.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let woken = settings.woken;
        let outbox = Outbox { vault: settings.vault, mailer: settings.mailer, clock: settings.clock };
        let workers = vec![
            tokio::spawn(worker::keep_at(outbox, settings.url.clone(), woken.clone(), stopped.clone())),
            tokio::spawn(worker::keep_at(Schedule::default(), settings.url, woken, stopped)),
        ];
        Self { stop, workers }
    }

    /// Lets each finish what it is at, but waits no longer than `patience`: what is cut then is rolled back, and a mail is
    /// claimed again when its claim ends.
    pub async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        for mut worker in self.workers {
            if tokio::time::timeout(patience, &mut worker).await.is_err() {
                tracing::warn!("a job was still at work and is cut");
                worker.abort();
            }
        }
    }
}
