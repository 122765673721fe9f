//! The outbox as the job sees it: claim a mail, send it, note how that went.
//!
//! A claim moves `due_at` ahead and is committed before anything is sent. A server that dies then leaves the mail to
//! whoever claims it once that time is over.

use chrono::{DateTime, Utc};
use sea_orm::sqlx::{self, PgConnection};
use uuid::Uuid;

use super::{Failure, Letter, Mailer, place};
use crate::{
    error::{Error, Result},
    vault::Vault,
};

/// Seconds that a claim holds; longer than a mail can take to send.
const LEASE_SECONDS: f64 = 300.0;

/// Seconds that sending may take.
const SEND_SECONDS: u64 = 120;

/// Attempts before a mail is given up: some three hours, as [`back_off_seconds`] has it.
pub const MAX_ATTEMPTS: i32 = 12;

/// A mail that this server alone sends for now.
struct Claimed {
    id: Uuid,
    recipient: String,
    letter_sealed: String,
    attempts: i32,
    created_at: DateTime<Utc>,
}

/// Sends the mail that has waited longest, if one is due; whether one was.
///
/// # Errors
/// As the database's. That a mail was not sent is no error: it is noted in its row.
pub async fn send_next(
    connection: &mut PgConnection,
    vault: &Vault,
    mailer: &Mailer,
    now: DateTime<Utc>,
) -> Result<bool> {
    let Some(mail) = claim(connection).await? else {
        return Ok(false);
    };
    match deliver(&mail, vault, mailer, now).await {
        Ok(kind) => {
            sent(connection, &mail).await?;
            tracing::info!(mail = %mail.id, kind, "sent");
        }
        Err(Failure::Temporary(error)) if mail.attempts < MAX_ATTEMPTS => {
            tracing::warn!(mail = %mail.id, attempts = mail.attempts, error, "a mail was not sent and is tried again");
            wait(connection, &mail, &error).await?;
        }
        Err(Failure::Temporary(error) | Failure::Permanent(error)) => {
            tracing::error!(mail = %mail.id, attempts = mail.attempts, error, "a mail was given up");
            give_up(connection, &mail, &error).await?;
        }
    }
    Ok(true)
}

async fn claim(connection: &mut PgConnection) -> Result<Option<Claimed>> {
    let sql = "UPDATE platform_private.outbox SET attempts = attempts + 1, due_at = now() + make_interval(secs => $1)
                WHERE id = (SELECT id FROM platform_private.outbox
                             WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= now()
                             ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
               RETURNING id, recipient, letter_sealed, attempts, created_at";
    let row: Option<(Uuid, String, String, i32, DateTime<Utc>)> =
        sqlx::query_as(sql).bind(LEASE_SECONDS).fetch_optional(connection).await?;
    let mail = row.map(|(id, recipient, letter_sealed, attempts, created_at)| Claimed {
        id,
        recipient,
        letter_sealed,
        attempts,
        created_at,
    });
    Ok(mail)
}

/// The kind of letter that was sent.
async fn deliver(mail: &Claimed, vault: &Vault, mailer: &Mailer, now: DateTime<Utc>) -> Result<&'static str, Failure> {
    // It was claimed that often and never noted how it went: it takes its server down, or its key is lost.
    if mail.attempts > MAX_ATTEMPTS {
        return Err(Failure::Permanent("it was tried too often".to_owned()));
    }
    let opened = vault.open(place(mail.id), &mail.letter_sealed);
    let opened = opened.map_err(|error| Failure::Temporary(error.to_string()))?;
    // Not the parser's own words, which may repeat what they stumble over.
    let letter: Letter =
        serde_json::from_str(&opened).map_err(|_| Failure::Temporary("this server does not know the letter".into()))?;
    if letter.expires_at().is_some_and(|ends| ends <= now) {
        return Err(Failure::Permanent("its link ended before it could be sent".to_owned()));
    }
    let sending = mailer.send(mail.id, mail.created_at, &mail.recipient, &letter);
    match tokio::time::timeout(std::time::Duration::from_secs(SEND_SECONDS), sending).await {
        Ok(outcome) => outcome.map(|()| letter.kind()),
        Err(_) => Err(Failure::Temporary("sending took too long".to_owned())),
    }
}

/// Seconds from one attempt to the next: 10, 20, 40 and so on, an hour at most.
fn back_off_seconds(attempts: i32) -> f64 {
    (10.0 * 2_f64.powi(attempts - 1)).min(3_600.0)
}

async fn sent(connection: &mut PgConnection, mail: &Claimed) -> Result<()> {
    let sql = "UPDATE platform_private.outbox SET sent_at = now(), letter_sealed = NULL, last_error = NULL
                WHERE id = $1 AND sent_at IS NULL AND failed_at IS NULL";
    note(sqlx::query(sql).bind(mail.id).execute(connection).await)
}

// Below, `attempts` is the claim's number: who was so slow that another has claimed the mail since has nothing to say.

async fn wait(connection: &mut PgConnection, mail: &Claimed, error: &str) -> Result<()> {
    let sql =
        "UPDATE platform_private.outbox SET due_at = now() + make_interval(secs => $3), last_error = left($4, 500)
                WHERE id = $1 AND attempts = $2 AND sent_at IS NULL";
    let query = sqlx::query(sql).bind(mail.id).bind(mail.attempts).bind(back_off_seconds(mail.attempts)).bind(error);
    note(query.execute(connection).await)
}

async fn give_up(connection: &mut PgConnection, mail: &Claimed, error: &str) -> Result<()> {
    let sql = "UPDATE platform_private.outbox SET failed_at = now(), letter_sealed = NULL, last_error = left($3, 500)
                WHERE id = $1 AND attempts = $2 AND sent_at IS NULL";
    note(sqlx::query(sql).bind(mail.id).bind(mail.attempts).bind(error).execute(connection).await)
}

fn note<T>(written: sqlx::Result<T>) -> Result<()> {
    written.map(|_| ()).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_ever_later_and_end_after_some_hours() {
        let waits: Vec<f64> = (1..MAX_ATTEMPTS).map(back_off_seconds).collect();
        assert!(waits.is_sorted() && waits[0] == 10.0 && waits[10] == 3_600.0, "{waits:?}");
        let total: f64 = waits.iter().sum();
        assert!((7_200.0..14_400.0).contains(&total), "{total}");
        assert!((SEND_SECONDS as f64) < LEASE_SECONDS);
    }
}
