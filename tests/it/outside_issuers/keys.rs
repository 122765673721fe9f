//! How an issuer's keys are fetched, kept, and fetched again.

use std::time::{Duration as StdDuration, Instant};

use chrono::Duration;
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use super::{Issuer, Says, SigningKey, VIEWER, ask, assert_refused, trusted};
use crate::support::{app::App, process::until};

async fn comes_in(app: &App, token: &str) -> bool {
    let answer = ask(app, token, VIEWER).await;
    assert!([200, 401].contains(&answer.status), "{:#}", answer.body);
    answer.status == 200
}

#[tokio::test]
async fn a_new_key_is_found_when_the_first_token_names_it_and_an_old_one_goes() {
    let (old, new) = (SigningKey::ec("2026-10"), SigningKey::ec("2026-11"));
    let (app, clock, issuer) = trusted(&old).await;
    let claims = issuer.claims("ada", "ada@example.com");
    let (by_old, by_new) = (old.sign(&claims), new.sign(&claims));
    assert_eq!(issuer.asked(), 0, "nothing is fetched before it is needed");
    for _ in 0..3 {
        assert!(comes_in(&app, &by_old).await);
    }
    assert_eq!(issuer.asked(), 1);

    issuer.publishes(&[&old, &new]);
    // Right after a fetch an unknown key has to wait a moment.
    assert!(!comes_in(&app, &by_new).await);
    assert_eq!(issuer.asked(), 1);
    clock.advance(Duration::seconds(6));
    assert!(comes_in(&app, &by_new).await);
    assert!(comes_in(&app, &by_old).await);
    assert_eq!(issuer.asked(), 2);
    // Where there are two, a token has to name its key.
    let unnamed = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &new.private).unwrap();
    assert!(!comes_in(&app, &unnamed).await);

    // Taken back: the next look after ten minutes finds it gone, and that look keeps nobody waiting.
    issuer.publishes(&[&new]);
    clock.advance(Duration::minutes(11));
    assert!(comes_in(&app, &by_new).await);
    until("the keys are fetched", StdDuration::from_secs(10), async || issuer.asked() == 3).await;
    until("the old key is gone", StdDuration::from_secs(10), async || !comes_in(&app, &by_old).await).await;
    assert!(comes_in(&app, &by_new).await);
    assert!(comes_in(&app, &unnamed).await, "the only key need not be named");
}

#[tokio::test]
async fn tokens_of_unknown_keys_do_not_make_the_server_ask_on_and_on() {
    let key = SigningKey::ec("k1");
    let (app, clock, issuer) = trusted(&key).await;
    let claims = issuer.claims("ada", "ada@example.com");
    assert!(comes_in(&app, &key.sign(&claims)).await);
    for round in 1..=3 {
        clock.advance(Duration::seconds(6));
        let tokens: Vec<String> =
            (0..30).map(|number| SigningKey { id: format!("x{number}"), ..key.clone() }.sign(&claims)).collect();
        let asked = tokens.iter().map(|token| ask(&app, token, VIEWER));
        for answer in futures_util::future::join_all(asked).await {
            assert_refused(&answer, "an unknown key");
        }
        assert_eq!(issuer.asked(), 1 + round);
    }
    assert!(comes_in(&app, &key.sign(&claims)).await);
}

#[tokio::test]
async fn an_issuer_that_is_away_locks_nobody_out_for_an_hour() {
    let key = SigningKey::ec("k1");
    let (app, clock, issuer) = trusted(&key).await;
    let claims = issuer.claims("ada", "ada@example.com");
    let token = key.sign(&claims);
    issuer.says(Says::Status(500));
    let answer = ask(&app, &token, VIEWER).await;
    assert_eq!((answer.status, answer.codes()), (503, vec!["UNAVAILABLE"]), "no keys yet");
    issuer.publishes(&[&key]);
    assert_eq!(ask(&app, &token, VIEWER).await.status, 503, "it is not asked again at once");
    assert_eq!(issuer.asked(), 1);
    clock.advance(Duration::seconds(6));
    assert!(comes_in(&app, &token).await);

    issuer.says(Says::Status(500));
    for minutes in [11, 11, 11, 11, 11] {
        clock.advance(Duration::minutes(minutes));
        assert!(comes_in(&app, &token).await);
    }
    clock.advance(Duration::minutes(11));
    assert_eq!(ask(&app, &token, VIEWER).await.status, 503, "keys that old are not used");
    assert_eq!(app.owner().await.ask(VIEWER).await.status, 200, "our own do not depend on it");
    issuer.publishes(&[&key]);
    clock.advance(Duration::seconds(6));
    assert!(comes_in(&app, &token).await);
}

#[tokio::test]
async fn an_answer_that_is_late_large_elsewhere_or_no_key_set_is_none() {
    let key = SigningKey::ec("k1");
    let (app, clock, issuer) = trusted(&key).await;
    let elsewhere = Issuer::with(&[&key]).await;
    let token = key.sign(&issuer.claims("ada", "ada@example.com"));
    let padded = json!({"keys": [key.public], "padding": "x".repeat(300_000)}).to_string();
    for says in [
        Says::RedirectTo(elsewhere.jwks_url()),
        Says::Raw("<html>".to_owned()),
        Says::Raw("{}".to_owned()),
        Says::Raw(padded),
        Says::NothingFor(StdDuration::from_secs(60)),
    ] {
        issuer.says(says);
        clock.advance(Duration::seconds(6));
        let begun = Instant::now();
        let answer = ask(&app, &token, VIEWER).await;
        assert_eq!((answer.status, answer.codes()), (503, vec!["UNAVAILABLE"]));
        assert!(begun.elapsed() < StdDuration::from_secs(20));
    }
    assert_eq!((issuer.asked(), elsewhere.asked()), (5, 0));

    // Keys that nobody understands stand in nobody's way, nor does one that is too short.
    let mut short = SigningKey::ed("short").public;
    short["x"] = json!("AAAA");
    issuer.says(Says::Keys(vec![
        json!({"kty": "new"}),
        json!(7),
        short,
        json!({"kty": "RSA", "n": "x"}),
        key.public.clone(),
    ]));
    clock.advance(Duration::seconds(6));
    assert!(comes_in(&app, &token).await);
}

#[tokio::test]
async fn a_key_that_is_too_short_is_no_key() {
    let key = SigningKey::ed("k1");
    let (app, _, issuer) = trusted(&key).await;
    let mut short = key.public.clone();
    short["x"] = json!("AAAA");
    issuer.says(Says::Keys(vec![short]));
    let token = key.sign(&issuer.claims("ada", "ada@example.com"));
    assert_refused(&ask(&app, &token, VIEWER).await, "a short key");
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_fetch_that_others_need() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    let token = key.sign(&issuer.claims("ada", "ada@example.com"));
    issuer.says(Says::NothingFor(StdDuration::from_secs(1)));
    // Cut off while the issuer takes its time ...
    let cut = tokio::time::timeout(StdDuration::from_millis(300), ask(&app, &token, VIEWER)).await;
    assert!(cut.is_err());
    until("the issuer was asked", StdDuration::from_secs(5), async || issuer.asked() == 1).await;
    // ... and whoever comes next waits for the same answer, not for a fetch that was abandoned.
    let begun = Instant::now();
    assert_eq!(ask(&app, &token, VIEWER).await.status, 503, "the issuer gave no keys");
    assert!(begun.elapsed() < StdDuration::from_secs(4));
    assert_eq!(issuer.asked(), 1);
}
