//! What the database tells: one connection of each server listens, for all in it who want to know.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::sync::watch;

use super::{changes::Changes, rls, shadow::Sampling};
use crate::error::{Error, Result};

/// Where the database tells of what changed (migration m007).
const CHANGES: &str = "ogelbase_changes";
/// Where it tells that there is something for the jobs (migration m020).
const JOBS: &str = "ogelbase_jobs";
/// Where it tells of a switch of row-level security (migration m021).
const RLS_MODE: &str = "ogelbase_rls_mode";

/// When nothing is heard for so long, the database is asked whether it is there: a connection can die without a word.
const ASK_AFTER: Duration = Duration::from_secs(30);
/// How long it may take to answer then.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait after the database was not there.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Who wants to know what.
#[derive(Debug, Clone)]
pub(super) struct Notices {
    pub sampling: Arc<Sampling>,
    pub changes: Changes,
    pub jobs: watch::Sender<()>,
}

impl Notices {
    pub(super) fn new(sampling: Arc<Sampling>) -> Self {
        Self { sampling, changes: Changes::default(), jobs: watch::Sender::new(()) }
    }

    /// Listens for ever.
    pub(super) async fn follow(self, options: PgConnectOptions) {
        loop {
            if let Err(error) = self.listen(&options).await {
                tracing::warn!(%error, "the database's notices cannot be heard now");
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    async fn listen(&self, options: &PgConnectOptions) -> Result<()> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute("SET ROLE ogelbase_app").await.map(|_| ()) })
            })
            .connect_with(options.clone().application_name("ogelbase notices"))
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        // On a new connection everyone must look again, so it is not made behind our back.
        listener.eager_reconnect(false);
        listener.listen_all([CHANGES, JOBS, RLS_MODE]).await?;
        // Whatever was told while nobody listened is not told again, so everyone looks.
        self.changes.missed();
        self.jobs.send_replace(());
        self.ask_the_mode(&mut listener).await?;
        loop {
            match tokio::time::timeout(ASK_AFTER, listener.try_recv()).await {
                Err(_) => self.ask_the_mode(&mut listener).await?,
                Ok(heard) => {
                    let Some(notice) = heard? else {
                        return Err(Error::internal("the connection that listens has ended"));
                    };
                    match notice.channel() {
                        CHANGES => self.changes.tell(notice.payload()),
                        JOBS => self.jobs.send_replace(()),
                        _ => self.ask_the_mode(&mut listener).await?,
                    }
                }
            }
        }
    }

    async fn ask_the_mode(&self, listener: &mut PgListener) -> Result<()> {
        let answered = tokio::time::timeout(ANSWER_WITHIN, rls::mode(listener)).await;
        self.sampling.follow(answered.map_err(|_| Error::internal("the database does not answer"))??);
        Ok(())
    }
}
