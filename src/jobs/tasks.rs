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
    pub statements: &'static [&'static str],
}

/// All of them.
pub(super) const TASKS: &[Task] = &[
    // Three months ahead, as at the start, so that a server that runs for years has them too.
    Task {
        name: "partitions",
        every_minutes: 6 * 60,
        statements: &["SELECT platform_private.ensure_partitions(0, 3)"],
    },
    Task { name: "expired", every_minutes: 15, statements: EXPIRED },
    Task { name: "retention", every_minutes: 24 * 60, statements: RETENTION },
];

/// What proves nothing any more. It is kept for a while: people look at where they were signed in and whom they asked,
/// and an old refresh token that comes back ends its session.
const EXPIRED: &[&str] = &[
    "DELETE FROM platform.user_sessions
      WHERE expires_at < now() - interval '7 days' OR revoked_at < now() - interval '30 days'",
    "DELETE FROM platform.organization_invitations
      WHERE coalesce(accepted_at, declined_at, revoked_at, expires_at) < now() - interval '30 days'",
    "DELETE FROM platform_private.one_time_tokens WHERE least(expires_at, used_at) < now() - interval '1 day'",
    "SELECT platform_private.forget_sign_in_failures()",
    "DELETE FROM platform_private.idempotency_keys WHERE created_at < now() - interval '30 days'",
];

/// What a plan keeps no longer, and mails that are done. A series' months that no plan keeps go as a whole; the lock that
/// takes is waited for briefly only, because requests would wait behind it.
const RETENTION: &[&str] = &[
    "SET LOCAL lock_timeout = '5s'",
    "DELETE FROM platform_private.outbox
      WHERE sent_at < now() - interval '7 days' OR failed_at < now() - interval '30 days'",
    "DELETE FROM platform.project_metrics m USING platform_private.retention r
      WHERE m.organization_id = r.organization_id AND m.timestamp < now() - r.metrics",
    "DELETE FROM platform.database_metrics m USING platform_private.retention r
      WHERE m.organization_id = r.organization_id AND m.timestamp < now() - r.metrics",
    "DELETE FROM platform.audit_logs a USING platform_private.retention r
      WHERE a.organization_id = r.organization_id AND a.created_at < now() - r.audit",
    // Of nobody, or of an organization that is gone.
    "DELETE FROM platform.audit_logs a
      WHERE a.created_at < now() - interval '365 days'
        AND NOT EXISTS (SELECT FROM platform_private.retention r WHERE r.organization_id = a.organization_id)",
    "SELECT platform_private.drop_partitions(series, now() - kept)
       FROM (SELECT greatest(max(metrics), interval '365 days') AS kept, bool_or(metrics IS NULL) AS forever
               FROM platform_private.retention) AS longest,
            unnest(ARRAY['project_metrics', 'database_metrics']) AS series
      WHERE forever IS NOT TRUE",
    "SELECT platform_private.drop_partitions('audit_logs', now() - kept)
       FROM (SELECT greatest(max(audit), interval '365 days') AS kept, bool_or(audit IS NULL) AS forever
               FROM platform_private.retention) AS longest
      WHERE forever IS NOT TRUE",
    "SET LOCAL lock_timeout = DEFAULT",
];
