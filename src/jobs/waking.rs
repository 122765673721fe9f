//! Waking: what is put into the outbox says so at its COMMIT, and workers need not wait for their next look.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::{sync::watch, task::JoinHandle};

use crate::{db::pool::connect_options, error::Result};

/// The channel (migration m020).
const CHANNEL: &str = "ogelbase_jobs";

/// How long to wait when the database cannot be heard.
const PAUSE: Duration = Duration::from_secs(5);

/// Listens on a connection of its own.
#[derive(Debug)]
pub(super) struct Waking {
    heard: watch::Receiver<()>,
    task: JoinHandle<()>,
}

impl Waking {
    pub(super) fn start(url: String) -> Self {
        let (tell, heard) = watch::channel(());
        let task = tokio::spawn(async move {
            loop {
                // Without it workers look every few seconds, which is slower and no worse.
                if let Err(error) = listen(&url, &tell).await {
                    tracing::debug!(%error, "the jobs' channel cannot be heard");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { heard, task }
    }

    /// What changes whenever there is something to do.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.heard.clone()
    }

    pub(super) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn listen(url: &str, tell: &watch::Sender<()>) -> Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(connect_options(url)?.application_name("ogelbase jobs"));
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    // What was said before the channel was heard is found by looking.
    tell.send_replace(());
    loop {
        listener.recv().await?;
        tell.send_replace(());
    }
}
