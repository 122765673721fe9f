//! Sign-ins are slowed down after failures, by account and by client address, on all replicas alike.

use futures_util::future::join_all;
use ogelbase::config::Config;
use serde_json::{Value, json};

use super::{CHANGE, DELETE, OTHER, PASSWORD, REQUEST_RESET, SIGN_UP, ask, row, sign_in, trail};
use crate::support::{
    actors::Answer,
    app::{App, config},
    db::TestDatabase,
    process::make_account,
};

const ME: &str = "ada@people.test";

/// A server with one account. Its answers are quick.
async fn app(change: impl FnOnce(&mut Config)) -> App {
    let database = TestDatabase::migrated().await;
    let app = replica(&database.url, change).await;
    make_account(&app.service().await, ME, PASSWORD).await;
    app
}

async fn replica(url: &str, change: impl FnOnce(&mut Config)) -> App {
    let mut config = config(url);
    (config.argon2_memory_kib, config.argon2_passes) = (8, 1);
    change(&mut config);
    App::with(TestDatabase { url: url.to_owned() }, config).await
}

/// The code, and the seconds to wait.
fn outcome(answer: &Answer) -> (String, Option<u64>) {
    let code = answer.codes().first().map_or("", |code| code).to_owned();
    (code, answer.body["errors"][0]["extensions"]["retryAfter"].as_u64())
}

fn wrong() -> (String, Option<u64>) {
    ("UNAUTHENTICATED".to_owned(), None)
}

/// Whoever has to wait now waits an hour longer: the machine may be slow, and one second is soon over. The seconds that
/// it was.
async fn hold(app: &App) -> Vec<i32> {
    let sql = "UPDATE platform_private.sign_in_failures SET blocked_until = blocked_until + interval '1 hour'
                WHERE blocked_until > last_at AND blocked_until < last_at + interval '1 hour'
                RETURNING round(extract(epoch FROM blocked_until - last_at - interval '1 hour'))::int";
    app.service().await.column(sql, []).await
}

/// Asserts that this is to wait, for an hour and a little.
#[track_caller]
fn assert_held(answer: &Answer) {
    let (code, wait) = outcome(answer);
    assert_eq!(code, "RATE_LIMITED", "{:#}", answer.body);
    assert!((3_000..=3_600 + 900).contains(&wait.unwrap()), "{wait:?}");
}

/// The wait is over.
async fn wait_no_longer(app: &App) {
    app.service().await.run("UPDATE platform_private.sign_in_failures SET blocked_until = last_at").await;
}

async fn failures(app: &App, subject: &str) -> Vec<i32> {
    let sql = "SELECT failures FROM platform_private.sign_in_failures WHERE subject = $1 AND failures > 0 ORDER BY 1";
    app.service().await.column(sql, [subject.into()]).await
}

#[tokio::test]
async fn two_replicas_count_the_failures_of_an_account_together_whether_or_not_it_exists() {
    let app = app(|_| ()).await;
    let other = replica(&app.url, |_| ()).await;
    let mut seen = Vec::new();
    for email in [ME, "nobody@people.test"] {
        let mut outcomes = Vec::new();
        for attempt in 0..5 {
            let server = if attempt % 2 == 0 { &app } else { &other };
            outcomes.push(outcome(&sign_in(server, email, "wrong").await));
        }
        assert_eq!(outcomes, vec![wrong(); 5], "{email}");
        assert_eq!(hold(&app).await, [1]);
        for server in [&app, &other] {
            // The right password makes no difference now, nor does another spelling of the address.
            for (email, password) in [(email.to_owned(), PASSWORD), (email.to_uppercase(), "wrong")] {
                assert_held(&sign_in(server, &email, password).await);
            }
        }
        // Each further failure doubles the wait.
        for seconds in [2, 4, 8] {
            wait_no_longer(&app).await;
            outcomes.push(outcome(&sign_in(&app, email, "wrong").await));
            assert_eq!(hold(&app).await, [seconds]);
            assert_held(&sign_in(&other, email, PASSWORD).await);
        }
        wait_no_longer(&app).await;
        seen.push(outcomes);
    }
    assert_eq!(seen[0], seen[1]);
    // What was refused without a look at the password counts for nothing, and is not on record one by one.
    assert_eq!(failures(&app, "account").await, [8, 8]);
    let records = trail(&app, "user.sign_in_failed").await;
    assert_eq!(records.len(), 16);
    let ada = row(&app, ME).await["id"].clone();
    let of = |id: &Value| records.iter().filter(|record| record["resource_id"] == *id).count();
    assert_eq!([of(&ada), of(&Value::Null)], [8, 8]);
    for record in &records {
        assert_eq!([&record["severity"], &record["user_id"]], [&json!("warning"), &Value::Null]);
        assert_eq!(record["ip_address"], "127.0.0.1");
        assert!(!record.to_string().contains("nobody@"), "what was typed may be anything, a password too");
    }
    // A success clears the count.
    wait_no_longer(&app).await;
    sign_in(&other, ME, PASSWORD).await.data();
    assert_eq!(failures(&app, "account").await, [8]);
    for _ in 0..5 {
        assert_eq!(outcome(&sign_in(&app, ME, "wrong").await), wrong());
    }
    hold(&app).await;
    assert_held(&sign_in(&app, ME, "wrong").await);
}

#[tokio::test]
async fn the_wait_has_an_end_and_a_day_without_failures_forgets_them() {
    let app = app(|config| config.sign_in_longest_wait_seconds = 60).await;
    sign_in(&app, ME, "wrong").await;
    let service = app.service().await;
    service.run("UPDATE platform_private.sign_in_failures SET failures = 1000").await;
    assert_eq!(outcome(&sign_in(&app, ME, "wrong").await), wrong());
    assert_eq!(hold(&app).await, [60]);
    assert_held(&sign_in(&app, ME, "wrong").await);
    service
        .run(
            "UPDATE platform_private.sign_in_failures SET blocked_until = now(), last_at = now() - interval '25 hours'",
        )
        .await;
    for _ in 0..5 {
        assert_eq!(outcome(&sign_in(&app, ME, "wrong").await), wrong());
    }
    assert_eq!(hold(&app).await, [1]);
    service.run("UPDATE platform_private.sign_in_failures SET last_at = now() - interval '25 hours'").await;
    let gone: i64 = service.one("SELECT platform_private.forget_sign_in_failures()", []).await;
    assert!(gone >= 2, "{gone}");
}

#[tokio::test]
async fn many_guesses_at_once_get_no_further_than_one_after_the_other_would_soon() {
    let app = app(|_| ()).await;
    let guesses = join_all((0..120).map(|_| sign_in(&app, ME, "wrong"))).await;
    let tried = guesses.iter().filter(|answer| outcome(answer) == wrong()).count();
    assert!((5..=5 + 32).contains(&tried), "{tried} passwords were looked at");
    assert_eq!(failures(&app, "account").await, [i32::try_from(tried).unwrap()]);
    hold(&app).await;
    assert_held(&sign_in(&app, ME, PASSWORD).await);
    // From here on it is one at a time.
    wait_no_longer(&app).await;
    app.service().await.run("UPDATE platform_private.sign_in_failures SET failures = 30").await;
    let guesses = join_all((0..40).map(|_| sign_in(&app, ME, "wrong"))).await;
    assert_eq!(guesses.iter().filter(|answer| outcome(answer) == wrong()).count(), 1);
}

#[tokio::test]
async fn who_signs_in_rightly_many_times_at_once_is_not_slowed_down() {
    let app = app(|_| ()).await;
    for answer in join_all((0..32).map(|_| sign_in(&app, ME, PASSWORD))).await {
        answer.data();
    }
    assert!(failures(&app, "account").await.is_empty() && failures(&app, "address").await.is_empty());
    let pending: Option<i64> =
        app.service().await.one("SELECT sum(pending) FROM platform_private.sign_in_failures", []).await;
    assert_eq!(pending.unwrap_or_default(), 0);
}

#[tokio::test]
async fn the_failures_from_one_client_address_count_whatever_accounts_they_are_of() {
    let app = app(|config| config.sign_in_free_failures_of_address = 6).await;
    for number in 0..6 {
        let email = format!("nobody-{number}@people.test");
        assert_eq!(outcome(&sign_in(&app, &email, "wrong").await), wrong());
        // A success is no failure, and forgives none.
        if number < 5 {
            sign_in(&app, ME, PASSWORD).await.data();
        }
    }
    assert_eq!(failures(&app, "address").await, [6]);
    assert_eq!(hold(&app).await, [1]);
    for email in [ME, "nobody-7@people.test"] {
        assert_held(&sign_in(&app, email, PASSWORD).await);
    }
    let calm: i32 = app
        .service()
        .await
        .one("SELECT platform_private.take_turn('address', platform_private.client_key('127.0.0.2'), 6)", [])
        .await;
    assert_eq!(calm, 0, "another address");
    let same: bool = app
        .service()
        .await
        .one("SELECT platform_private.client_key('2001:db8:1:2::7') = platform_private.client_key('2001:db8:1:2:ffff::8')
                 AND platform_private.client_key('2001:db8:1:2::7') <> platform_private.client_key('2001:db8:1:3::7')", [])
        .await;
    assert!(same, "of IPv6 the network counts");
    wait_no_longer(&app).await;
    sign_in(&app, ME, PASSWORD).await.data();
}

#[tokio::test]
async fn letters_that_are_asked_for_from_one_address_are_slowed_down_likewise() {
    let app = app(|config| config.sign_in_free_failures_of_address = 3).await;
    for email in [ME, "nobody@people.test", ME] {
        ask(&app.anonymous(), REQUEST_RESET, json!({"email": email})).await.data();
    }
    assert_eq!(hold(&app).await, [1]);
    for email in [ME, "nobody@people.test"] {
        assert_held(&ask(&app.anonymous(), REQUEST_RESET, json!({"email": email})).await);
        assert_held(&ask(&app.anonymous(), SIGN_UP, json!({"email": email, "password": PASSWORD})).await);
    }
    // That is not a failed sign-in.
    sign_in(&app, ME, PASSWORD).await.data();
}

#[tokio::test]
async fn a_stolen_session_is_no_way_around() {
    let app = app(|_| ()).await;
    let session = app.sign_in_with(ME, PASSWORD).await;
    for attempt in 0..5 {
        let answer = if attempt % 2 == 0 {
            ask(&session, CHANGE, json!({"currentPassword": "wrong", "newPassword": OTHER})).await
        } else {
            ask(&session, DELETE, json!({"password": "wrong"})).await
        };
        assert_eq!(answer.codes(), ["INVALID_INPUT"]);
    }
    hold(&app).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": OTHER});
    assert_held(&ask(&session, CHANGE, change.clone()).await);
    assert_held(&ask(&session, DELETE, json!({"password": PASSWORD})).await);
    assert_held(&sign_in(&app, ME, PASSWORD).await);
    // With an older credential, too, the failure stands although the request's transaction does not.
    wait_no_longer(&app).await;
    let input = json!({"input": {"email": ME, "password": "wrong"}});
    let answer = session.ask_with(crate::support::actors::SIGN_IN, input).await;
    assert_eq!(outcome(&answer), wrong());
    assert_eq!(failures(&app, "account").await, [6]);
    wait_no_longer(&app).await;
    ask(&session, CHANGE, change).await.data();
    assert!(failures(&app, "account").await.is_empty());
}

#[tokio::test]
async fn with_no_free_failures_nothing_is_counted() {
    let app = app(|config| {
        (config.sign_in_free_failures, config.sign_in_free_failures_of_address) = (0, 0);
    })
    .await;
    for _ in 0..10 {
        assert_eq!(outcome(&sign_in(&app, ME, "wrong").await), wrong());
    }
    let rows: i64 = app.service().await.one("SELECT count(*) FROM platform_private.sign_in_failures", []).await;
    assert_eq!(rows, 0);
}
