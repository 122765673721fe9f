//! Jobs: what the server does without being asked. Several servers on one database share them; what each is at, it holds
//! a lock on or has claimed for a while.
//!
//! They work as `ogelbase_service`, on connections of their own.

mod schedule;
mod tasks;
mod waking;
mod worker;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use self::{schedule::Schedule, waking::Waking, worker::Outbox};
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
}

/// The running jobs of one server.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    waking: Waking,
}

impl Jobs {
    /// Starts them: one worker sends mails, one does what is done again and again, and a connection listens for what
    /// wakes them.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let waking = Waking::start(settings.url.clone());
        let outbox = Outbox { vault: settings.vault, mailer: settings.mailer, clock: settings.clock };
        let workers = vec![
            tokio::spawn(worker::keep_at(outbox, settings.url.clone(), waking.listen(), stopped.clone())),
            tokio::spawn(worker::keep_at(Schedule::default(), settings.url, waking.listen(), stopped)),
        ];
        Self { stop, workers, waking }
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
        self.waking.stop().await;
    }
}
