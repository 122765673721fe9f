//! Jobs: of several servers one does each, what has ended goes and what has not stays, and one that fails stops no other.

use std::time::Duration;

use ogelbase::config::Config;
use serde_json::{Value, json};

use crate::support::{
    app::{App, config},
    db::TestDatabase,
    process::until,
};

const SOON: Duration = Duration::from_secs(20);

async fn start(database: &TestDatabase) -> App {
    let config = Config { jobs: true, ..config(&database.url) };
    App::with(TestDatabase { url: database.url.clone() }, config).await
}

async fn row(database: &TestDatabase, name: &str) -> Value {
    let sql = "SELECT coalesce((SELECT to_jsonb(j) || jsonb_build_object('due_in',
                   round(extract(epoch FROM next_run_at - now()) / 60)) FROM platform_private.jobs j WHERE name = $1), '{}')";
    database.service().await.one(sql, [name.into()]).await
}

/// Makes a job due and waits until it was run once more.
async fn run(database: &TestDatabase, name: &str) -> Value {
    until("the job is known", SOON, async || row(database, name).await["runs"].is_number()).await;
    let before = row(database, name).await["runs"].as_i64().unwrap();
    let service = database.service().await;
    service.run_with("UPDATE platform_private.jobs SET next_run_at = now() WHERE name = $1", [name.into()]).await;
    service.run("NOTIFY ogelbase_jobs").await;
    until("the job ran", SOON, async || row(database, name).await["runs"].as_i64().unwrap() > before).await;
    row(database, name).await
}

#[tokio::test]
async fn of_two_servers_one_runs_a_job_that_is_due() {
    let database = TestDatabase::migrated().await;
    let (one, two) = tokio::join!(start(&database), start(&database));
    for round in 1..=8 {
        for name in ["partitions", "expired", "retention"] {
            let job = run(&database, name).await;
            assert_eq!([&job["runs"], &job["failures"]], [&json!(round), &json!(0)], "{job:#}");
            assert!(job["last_error"].is_null() && !job["last_run_at"].is_null(), "{job:#}");
        }
    }
    // Both were there to take it; neither comes back before its time.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let due: Vec<Value> =
        [row(&database, "partitions").await, row(&database, "expired").await, row(&database, "retention").await]
            .map(|job| json!([job["runs"], job["due_in"]]))
            .to_vec();
    assert_eq!(due, [json!([8, 360]), json!([8, 15]), json!([8, 1440])]);
    // One stops, the other goes on.
    one.server.stop().await.unwrap();
    assert_eq!(run(&database, "expired").await["runs"], 9);
    two.server.stop().await.unwrap();
    let open: i64 = database
        .superuser()
        .await
        .one(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ogelbase jobs' AND datname = current_database()",
            [],
        )
        .await;
    assert_eq!(open, 0, "connections of jobs are closed");
}

#[tokio::test]
async fn a_job_that_fails_says_so_and_stops_no_other() {
    let database = TestDatabase::migrated().await;
    let app = start(&database).await;
    run(&database, "expired").await;
    let service = database.service().await;
    service.run("ALTER TABLE platform_private.one_time_tokens RENAME TO hidden").await;
    let failed = run(&database, "expired").await;
    assert!(failed["last_error"].as_str().unwrap().contains("one_time_tokens"), "{failed:#}");
    assert_eq!([&failed["failures"], &failed["due_in"]], [&json!(1), &json!(1)], "{failed:#}");
    assert_eq!(run(&database, "partitions").await["failures"], 0);
    let failed = run(&database, "expired").await;
    assert_eq!([&failed["failures"], &failed["due_in"]], [&json!(2), &json!(2)], "{failed:#}");
    service.run("ALTER TABLE platform_private.hidden RENAME TO one_time_tokens").await;
    let mended = run(&database, "expired").await;
    assert_eq!([&mended["failures"], &mended["last_error"]], [&json!(0), &Value::Null], "{mended:#}");
    // A database that goes away for a moment is found again.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name IN ('ogelbase jobs', 'ogelbase notices') AND datname = current_database()";
    let connections: i64 = database.superuser().await.one(cut, []).await;
    assert_eq!(connections, 3);
    assert_eq!(run(&database, "partitions").await["failures"], 0);
    app.server.stop().await.unwrap();
}

#[tokio::test]
async fn partitions_are_made_ahead() {
    let database = TestDatabase::migrated().await;
    let app = start(&database).await;
    let service = database.service().await;
    let ahead =
        "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent IN ('platform.project_metrics'::regclass, 'platform.database_metrics'::regclass,
                                        'platform.audit_logs'::regclass)
                    AND c.relname ~ to_char(now() AT TIME ZONE 'UTC' + interval '3 months', '_YYYY_MM')";
    let all: String = service.one(ahead, []).await;
    assert_eq!(all.split(' ').count(), 3, "{all}");
    for table in all.split(' ') {
        service.run(&format!("DROP TABLE platform.{table}")).await;
    }
    assert_eq!(service.one::<Option<String>>(ahead, []).await, None);
    run(&database, "partitions").await;
    assert_eq!(service.one::<String>(ahead, []).await, all);
    app.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_has_ended_goes_and_what_has_not_stays() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    service
        .run(
            "DO $$
             DECLARE me uuid := (SELECT id FROM platform.users WHERE email = 'owner@acme.test');
                     acme uuid := (SELECT id FROM platform.organizations WHERE slug = 'acme');
                     digest text := repeat('0', 60);
             BEGIN
                 INSERT INTO platform.user_sessions (user_id, token_hash, created_at, expires_at, revoked_at, user_agent) VALUES
                     (me, digest || '0001', now() - interval '90 days', now() - interval '8 days', NULL, 'job: goes'),
                     (me, digest || '0002', now() - interval '90 days', now() - interval '6 days', NULL, 'job: stays'),
                     (me, digest || '0003', now() - interval '90 days', now() + interval '6 days', now() - interval '31 days', 'job: goes'),
                     (me, digest || '0004', now() - interval '90 days', now() + interval '6 days', now() - interval '29 days', 'job: stays'),
                     (me, digest || '0005', now() - interval '90 days', now() + interval '6 days', NULL, 'job: stays');
                 INSERT INTO platform.organization_invitations
                        (organization_id, invited_by, role, token_hash, invited_email, expires_at, accepted_at, revoked_at) VALUES
                     (acme, me, 'member', digest || '0011', 'goes-1@job.test', now() - interval '31 days', NULL, NULL),
                     (acme, me, 'member', digest || '0012', 'stays-1@job.test', now() - interval '29 days', NULL, NULL),
                     (acme, me, 'member', digest || '0013', 'goes-2@job.test', now() + interval '1 day', now() - interval '31 days', NULL),
                     (acme, me, 'member', digest || '0014', 'stays-2@job.test', now() - interval '31 days', NULL, now() - interval '1 day'),
                     (acme, me, 'member', digest || '0015', 'stays-3@job.test', now() + interval '1 day', NULL, NULL);
                 INSERT INTO platform_private.one_time_tokens (user_id, purpose, email, token_hash, expires_at, used_at) VALUES
                     (me, 'reset_password', 'goes@job.test', digest || '0021', now() - interval '25 hours', NULL),
                     (me, 'reset_password', 'stays@job.test', digest || '0022', now() - interval '23 hours', NULL),
                     (me, 'reset_password', 'goes@job.test', digest || '0023', now() + interval '1 hour', now() - interval '25 hours'),
                     (me, 'reset_password', 'stays@job.test', digest || '0024', now() + interval '1 hour', NULL);
             END $$",
        )
        .await;
    let app = start(&database).await;
    run(&database, "expired").await;
    let left = |sql: &'static str| async { database.service().await.column::<String>(sql, []).await };
    let sessions = left("SELECT user_agent FROM platform.user_sessions WHERE user_agent LIKE 'job:%'").await;
    assert_eq!(sessions, ["job: stays"; 3]);
    let invitations = left(
        "SELECT invited_email FROM platform.organization_invitations WHERE invited_email LIKE '%@job.test' ORDER BY 1",
    )
    .await;
    assert_eq!(invitations, ["stays-1@job.test", "stays-2@job.test", "stays-3@job.test"]);
    let tokens = left("SELECT email FROM platform_private.one_time_tokens WHERE email LIKE '%@job.test'").await;
    assert_eq!(tokens, ["stays@job.test"; 2]);
    app.server.stop().await.unwrap();
}

#[tokio::test]
async fn retention_follows_each_organizations_plan() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    // Acme keeps for 30 days, Globex for 7, and one whose plan says null for ever.
    service
        .run(
            "UPDATE platform.subscriptions SET plan_id = 'tier_pro' WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = 'acme');
             UPDATE platform.subscriptions SET plan_id = 'tier_free' WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = 'globex');
             UPDATE platform.subscriptions SET plan_id = 'tier_enterprise' WHERE organization_id = (SELECT id FROM platform.organizations WHERE slug = 'lancio');
             UPDATE platform.billing_plans SET limits = limits || '{\"audit_retention_days\": null}' WHERE id = 'tier_enterprise';
             INSERT INTO platform.audit_logs (organization_id, actor_label, event_type, action, created_at)
             SELECT o.id, coalesce(o.slug, 'nobody') || ' ' || days, 'job.test', 'create', now() - make_interval(days => days)
               FROM (SELECT id, slug FROM platform.organizations WHERE slug IN ('acme', 'globex', 'lancio')
                     UNION ALL SELECT NULL, NULL UNION ALL SELECT gen_random_uuid(), 'gone') o,
                    unnest(ARRAY[6, 8, 29, 31, 364, 366, 4000]) AS days;
             INSERT INTO platform.project_metrics (project_id, organization_id, timestamp, query_count)
             SELECT p.id, p.organization_id, now() - make_interval(days => days) - interval '1 minute', 424242 + days
               FROM (SELECT DISTINCT ON (o.slug) p.id, p.organization_id FROM platform.projects p
                       JOIN platform.organizations o ON o.id = p.organization_id WHERE o.slug IN ('acme', 'globex')
                      ORDER BY o.slug, p.id) p,
                    unnest(ARRAY[6, 8, 29, 31, 400]) AS days;
             INSERT INTO platform_private.outbox (id, recipient, sent_at, failed_at, letter_sealed) VALUES
                 (gen_random_uuid(), 'goes-1@job.test', now() - interval '8 days', NULL, NULL),
                 (gen_random_uuid(), 'stays-1@job.test', now() - interval '6 days', NULL, NULL),
                 (gen_random_uuid(), 'goes-2@job.test', NULL, now() - interval '31 days', NULL),
                 (gen_random_uuid(), 'stays-2@job.test', NULL, now() - interval '29 days', NULL)",
        )
        .await;
    let app = start(&database).await;
    let done = run(&database, "retention").await;
    assert_eq!(done["last_error"], Value::Null);
    let left = |sql: &'static str| async { database.service().await.column::<String>(sql, []).await };
    let records = left(
        "SELECT actor_label FROM platform.audit_logs WHERE event_type = 'job.test'
                         ORDER BY split_part(actor_label, ' ', 1), created_at DESC",
    )
    .await;
    let wanted = [
        "acme 6",
        "acme 8",
        "acme 29",
        "globex 6",
        "gone 6",
        "gone 8",
        "gone 29",
        "gone 31",
        "gone 364",
        "lancio 6",
        "lancio 8",
        "lancio 29",
        "lancio 31",
        "lancio 364",
        "lancio 366",
        "lancio 4000",
        "nobody 6",
        "nobody 8",
        "nobody 29",
        "nobody 31",
        "nobody 364",
    ];
    assert_eq!(records, wanted);
    let metrics = left(
        "SELECT o.slug || ' ' || (m.query_count - 424242) FROM platform.project_metrics m
                          JOIN platform.organizations o ON o.id = m.organization_id
                         WHERE m.query_count BETWEEN 424242 AND 424742 ORDER BY o.slug, m.timestamp DESC",
    )
    .await;
    assert_eq!(metrics, ["acme 6", "acme 8", "acme 29", "globex 6"]);
    let mails =
        left("SELECT recipient FROM platform_private.outbox WHERE recipient LIKE '%@job.test' ORDER BY 1").await;
    assert_eq!(mails, ["stays-1@job.test", "stays-2@job.test"]);
    // Months that no plan keeps go as a whole once no plan keeps for ever; the next run finds nothing to do.
    service.run("UPDATE platform.billing_plans SET limits = limits || '{\"audit_retention_days\": 365}' WHERE id = 'tier_enterprise'").await;
    let months = "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                   WHERE i.inhparent = 'platform.audit_logs'::regclass AND c.relname ~ '_\\d{4}_\\d{2}$'";
    let before: i64 = service.one(months, []).await;
    run(&database, "retention").await;
    let after: i64 = service.one(months, []).await;
    assert!(after < before && after >= 13, "{before} months, then {after}");
    let lancio = left("SELECT actor_label FROM platform.audit_logs WHERE event_type = 'job.test' AND actor_label LIKE 'lancio%' AND created_at < now() - interval '365 days'").await;
    assert_eq!(lancio, Vec::<String>::new());
    app.server.stop().await.unwrap();
}

/// More than one transaction should delete at once goes in several, one after the other, without waiting for tomorrow.
#[tokio::test]
async fn what_is_much_goes_in_pieces() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    service
        .run(
            "UPDATE platform.subscriptions SET plan_id = 'tier_free';
             INSERT INTO platform.audit_logs (organization_id, actor_label, event_type, action, created_at)
             SELECT o.id, 'much', 'job.much', 'create', now() - interval '40 days' - make_interval(secs => n)
               FROM platform.organizations o, generate_series(1, 12000) n WHERE o.slug = 'acme';
             INSERT INTO platform_private.outbox (id, recipient, sent_at, letter_sealed)
             SELECT gen_random_uuid(), 'much@job.test', now() - interval '8 days', NULL FROM generate_series(1, 7000)",
        )
        .await;
    let app = start(&database).await;
    run(&database, "retention").await;
    let left = "SELECT (SELECT count(*) FROM platform.audit_logs WHERE event_type = 'job.much')
                     + (SELECT count(*) FROM platform_private.outbox WHERE recipient = 'much@job.test')";
    until("all are gone", SOON, async || database.service().await.one::<i64>(left, []).await == 0).await;
    until("it rests", SOON, async || row(&database, "retention").await["due_in"] == 1440).await;
    let done = row(&database, "retention").await;
    assert_eq!([&done["failures"], &done["last_error"]], [&json!(0), &Value::Null], "{done:#}");
    // 12,000 records in pieces of 5,000.
    assert!(done["runs"].as_i64().unwrap() >= 3, "{done:#}");
    app.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_told_to_runs_none() {
    let app = App::start().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let jobs: i64 = app.service().await.one("SELECT count(*) FROM platform_private.jobs", []).await;
    assert_eq!(jobs, 0);
}
