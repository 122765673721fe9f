//! The tasks that are done again and again: each is SQL, because what it is about is all in the database. They go by the
//! database's clock, which the servers share.

/// A task.
#[derive(Debug)]
pub(super) struct Task {
    /// Its row in `platform_private.jobs`.
    pub name: &'static str,
    /// Minutes from one run to the next.
    pub every_minutes: i32,
    /// What it does, in one transaction.
    pub steps: &'static [Step],
}

/// A part of a task.
#[derive(Debug)]
pub(super) enum Step {
    /// A statement that does all that there is to do.
    Whole(&'static str),
    /// A statement that deletes at most `$1` rows and says how many: where those were all that it may, the task runs again
    /// at once, in a transaction of its own, so that none holds many locks or much of the log.
    Bounded(&'static str),
}

use Step::{Bounded, Whole};

/// Rows that one bounded step deletes at most.
pub(super) const BATCH: i64 = 5_000;

/// All of them.
pub(super) const TASKS: &[Task] = &[
    // Three months ahead, as at the start, so that a server that runs for years has them too.
    Task {
        name: "partitions",
        every_minutes: 6 * 60,
        steps: &[Whole("SELECT platform_private.ensure_partitions(0, 3)")],
    },
    Task { name: "expired", every_minutes: 15, steps: EXPIRED },
    Task { name: "retention", every_minutes: 24 * 60, steps: RETENTION },
];

/// What proves nothing any more. It is kept for a while: people look at where they were signed in and whom they asked,
/// and an old refresh token that comes back ends its session.
const EXPIRED: &[Step] = &[
    Bounded(
        "WITH gone AS (DELETE FROM platform.user_sessions WHERE id IN (
             SELECT id FROM platform.user_sessions
              WHERE expires_at < now() - interval '7 days' OR revoked_at < now() - interval '30 days' LIMIT $1)
             RETURNING id)
         SELECT count(*) FROM gone",
    ),
    Bounded(
        "WITH gone AS (DELETE FROM platform.organization_invitations WHERE id IN (
             SELECT id FROM platform.organization_invitations
              WHERE coalesce(accepted_at, declined_at, revoked_at, expires_at) < now() - interval '30 days' LIMIT $1)
             RETURNING id)
         SELECT count(*) FROM gone",
    ),
    Bounded(
        "WITH gone AS (DELETE FROM platform_private.one_time_tokens WHERE id IN (
             SELECT id FROM platform_private.one_time_tokens
              WHERE least(expires_at, used_at) < now() - interval '1 day' LIMIT $1)
             RETURNING id)
         SELECT count(*) FROM gone",
    ),
    Whole("SELECT platform_private.forget_sign_in_failures()"),
    Bounded(
        "WITH gone AS (DELETE FROM platform_private.idempotency_keys WHERE (user_id, key) IN (
             SELECT user_id, key FROM platform_private.idempotency_keys
              WHERE created_at < now() - interval '30 days' LIMIT $1)
             RETURNING key)
         SELECT count(*) FROM gone",
    ),
];

/// What a plan keeps no longer, and mails that are done. A series' months that no plan keeps go first, and as a whole; the
/// lock that takes is waited for briefly only, because requests would wait behind it.
const RETENTION: &[Step] = &[
    Whole("SET LOCAL lock_timeout = '5s'"),
    Whole(
        "SELECT platform_private.drop_partitions(series, now() - platform_private.longest_kept(series))
           FROM unnest(ARRAY['project_metrics', 'database_metrics', 'audit_logs']) AS series
          WHERE platform_private.longest_kept(series) IS NOT NULL",
    ),
    Whole("SET LOCAL lock_timeout = DEFAULT"),
    Bounded(
        "WITH gone AS (DELETE FROM platform_private.outbox WHERE id IN (
             SELECT id FROM platform_private.outbox
              WHERE sent_at < now() - interval '7 days' OR failed_at < now() - interval '30 days' LIMIT $1)
             RETURNING id)
         SELECT count(*) FROM gone",
    ),
    Bounded("SELECT platform_private.delete_expired('project_metrics', $1)"),
    Bounded("SELECT platform_private.delete_expired('database_metrics', $1)"),
    Bounded("SELECT platform_private.delete_expired('audit_logs', $1)"),
];
