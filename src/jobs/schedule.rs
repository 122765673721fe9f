//! What is done again and again. Its row in `platform_private.jobs` says when it is done next; whoever finds it due locks
//! the row and does it, in the same transaction as the row's change, so that of several servers one does it, and one
//! that dies has done nothing.

use std::time::Instant;

use sea_orm::sqlx::{self, Connection as _, PgConnection};

use super::{
    tasks::{BATCH, Step, TASKS, Task},
    worker::Work,
};
use crate::error::Result;

/// Does the tasks.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    announced: bool,
}

impl Work for Schedule {
    async fn turn(&mut self, connection: &mut PgConnection) -> Result<bool> {
        if !self.announced {
            announce(connection).await?;
            self.announced = true;
        }
        let mut transaction = connection.begin().await?;
        let Some(task) = claim(&mut transaction).await? else {
            transaction.rollback().await?;
            return Ok(false);
        };
        let started = Instant::now();
        let outcome = in_savepoint(task, &mut transaction).await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unfinished = outcome.as_ref().is_ok_and(|done| done.unfinished);
        match &outcome {
            Ok(Done { rows, unfinished }) => {
                tracing::info!(job = task.name, rows, unfinished, milliseconds, "a job is done");
            }
            Err(error) => tracing::error!(job = task.name, %error, milliseconds, "a job failed"),
        }
        let error = outcome.err().map(|error| error.to_string());
        // A job that fails is tried again after a minute, two, four and so on, but no later than it is due anyway. One that
        // is not through goes on at once, here or on another server.
        let sql = "UPDATE platform_private.jobs
                      SET last_run_at = now(), runs = runs + 1, last_error = left($2, 500),
                          failures = CASE WHEN $2 IS NULL THEN 0 ELSE failures + 1 END,
                          next_run_at = clock_timestamp() + CASE WHEN $4 THEN interval '0' ELSE
                              least(make_interval(mins => $3),
                                  CASE WHEN $2 IS NOT NULL THEN make_interval(mins => 1 << least(failures, 16)) END) END
                    WHERE name = $1";
        let update = sqlx::query(sql).bind(task.name).bind(error).bind(task.every_minutes).bind(unfinished);
        update.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Makes the tasks known to the database. The first run comes when the first period is over.
async fn announce(connection: &mut PgConnection) -> Result<()> {
    for task in TASKS {
        let sql = "INSERT INTO platform_private.jobs (name, next_run_at) VALUES ($1, now() + make_interval(mins => $2))
                   ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(task.name).bind(task.every_minutes).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Locks the row of a task that is due. A job that only a newer server knows is left to it.
async fn claim(connection: &mut PgConnection) -> Result<Option<&'static Task>> {
    let names: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    let sql = "SELECT name FROM platform_private.jobs WHERE name = ANY($1) AND next_run_at <= now()
                ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED";
    let due: Option<String> = sqlx::query_scalar(sql).bind(names).fetch_optional(connection).await?;
    Ok(due.and_then(|due| TASKS.iter().find(|task| task.name == due)))
}

/// What a run did.
struct Done {
    /// How many rows it was about.
    rows: u64,
    /// There is more to do.
    unfinished: bool,
}

/// What fails is undone, and the claim stands.
async fn in_savepoint(task: &Task, transaction: &mut PgConnection) -> Result<Done> {
    let mut savepoint = transaction.begin().await?;
    let mut done = Done { rows: 0, unfinished: false };
    for step in task.steps {
        let rows = match step {
            Step::Whole(sql) => {
                sqlx::query(*sql).execute(&mut *savepoint).await.map(|executed| executed.rows_affected())
            }
            Step::Bounded(sql) => {
                let deleted: sqlx::Result<i64> = sqlx::query_scalar(*sql).bind(BATCH).fetch_one(&mut *savepoint).await;
                done.unfinished |= deleted.as_ref().is_ok_and(|deleted| *deleted >= BATCH);
                deleted.map(i64::unsigned_abs)
            }
        };
        match rows {
            Ok(rows) => done.rows += rows,
            Err(error) => {
                savepoint.rollback().await?;
                return Err(error.into());
            }
        }
    }
    savepoint.commit().await?;
    Ok(done)
}
