//! A worker: does one thing after another while there is something to do, then waits to be woken.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::PgConnection;
use tokio::sync::watch;

use crate::{
    clock::Clock,
    db::operator,
    error::Result,
    mail::{Mailer, outbox},
    vault::Vault,
};

/// How long to wait before looking again when nothing wakes it.
const PAUSE: Duration = Duration::from_secs(5);

/// What a worker is at.
pub(super) trait Work: Send {
    /// Does one piece of it; whether there was one.
    fn turn(&mut self, connection: &mut PgConnection) -> impl Future<Output = Result<bool>> + Send;
}

/// Sends mails.
pub(super) struct Outbox {
    pub vault: Arc<Vault>,
    pub mailer: Mailer,
    pub clock: Clock,
}

impl Work for Outbox {
    async fn turn(&mut self, connection: &mut PgConnection) -> Result<bool> {
        outbox::send_next(connection, &self.vault, &self.mailer, self.clock.now()).await
    }
}

/// Works until it is told to stop; what it is at is finished.
pub(super) async fn keep_at(
    mut work: impl Work,
    url: String,
    mut woken: watch::Receiver<()>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connection = None;
    while !*stopped.borrow() {
        woken.mark_unchanged();
        match turn(&mut work, &mut connection, &url).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                // The next turn begins with a new connection: this one may be broken, or inside a transaction.
                connection = None;
                tracing::warn!(%error, "a job could not be done and is tried again");
                wait(&mut stopped, std::future::pending::<()>()).await;
                continue;
            }
        }
        // Whoever wakes it may be gone, which is no reason to run without a pause.
        let told = async {
            if woken.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        wait(&mut stopped, told).await;
    }
}

async fn turn(work: &mut impl Work, connection: &mut Option<PgConnection>, url: &str) -> Result<bool> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(operator::connect_job(url).await?),
    };
    work.turn(connection).await
}

/// Until a pause is over, something woke it, or it is told to stop.
async fn wait(stopped: &mut watch::Receiver<bool>, woken: impl Future<Output = ()>) {
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => {}
        () = woken => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}
