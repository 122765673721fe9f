//! The second factor: enrolled and confirmed, asked for at sign-in, used up, switched off, and required by an
//! organization of its members.

mod required;

use chrono::Duration;
use futures_util::future::join_all;
use ogelbase::{auth::token, clock::Clock, db::bootstrap::hex};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{
    actors::{Actor, Answer},
    app::App,
};

const SIGN_IN: &str = "mutation ($input: SignInInput!) {
    signIn(input: $input) { accessToken refreshToken user { email } secondFactor { ticket expiresAt } }
}";
const COMPLETE: &str = "mutation ($input: CompleteSignInInput!) {
    completeSignIn(input: $input) { accessToken refreshToken expiresAt user { email mfaEnabled } }
}";
const ENROL: &str = "mutation ($password: String!) {
    enrolSecondFactor(input: {password: $password}) { secret uri qrCode }
}";
const CONFIRM: &str = "mutation ($code: String!) {
    confirmSecondFactor(input: {code: $code}) { recoveryCodes user { mfaEnabled } }
}";
const DISABLE: &str = "mutation ($input: DisableSecondFactorInput!) {
    disableSecondFactor(input: $input) { user { mfaEnabled } }
}";
const REGENERATE: &str = "mutation ($input: RegenerateRecoveryCodesInput!) {
    regenerateRecoveryCodes(input: $input) { recoveryCodes }
}";
const PASSWORD: &str = "ogelbase-demo";

/// What an authenticator with this secret shows at the server's time.
fn code(secret: &str, clock: &Clock) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(clock.now().timestamp()).unwrap()).to_string()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 500_000) % 1_000_000)
}

/// A step later, so that the next code is another one.
fn later(clock: &Clock) {
    clock.advance(Duration::seconds(30));
}

/// Somebody with a second factor.
struct Enrolled<'a> {
    actor: Actor<'a>,
    secret: String,
    recovery: Vec<String>,
}

async fn enrolled<'a>(app: &'a App, clock: &Clock, email: &str) -> Enrolled<'a> {
    let actor = app.sign_in(email).await;
    let answer = actor.ask_with(ENROL, json!({"password": PASSWORD})).await;
    let secret = answer.at("/enrolSecondFactor/secret").as_str().unwrap().to_owned();
    let confirmed = actor.ask_with(CONFIRM, json!({"code": code(&secret, clock)})).await;
    let recovery = confirmed.at("/confirmSecondFactor/recoveryCodes").as_array().unwrap();
    let recovery = recovery.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    later(clock);
    Enrolled { actor, secret, recovery }
}

async fn ticket(app: &App, email: &str) -> String {
    let answer = app.anonymous().ask_with(SIGN_IN, json!({"input": {"email": email, "password": PASSWORD}})).await;
    assert!(answer.at("/signIn/accessToken").is_null() && answer.at("/signIn/user").is_null());
    answer.at("/signIn/secondFactor/ticket").as_str().unwrap().to_owned()
}

async fn complete(app: &App, ticket: &str, field: &str, code: &str) -> Answer {
    app.anonymous().ask_with(COMPLETE, json!({"input": {"ticket": ticket, field: code}})).await
}

async fn row(app: &App, email: &str) -> Value {
    app.service().await.one("SELECT to_jsonb(u) FROM platform.users u WHERE email = $1", [email.into()]).await
}

async fn events(app: &App, email: &str) -> Vec<String> {
    app.service()
        .await
        .column(
            "SELECT a.event_type || ' ' || a.severity FROM platform.audit_logs a JOIN platform.users u
                 ON u.id = a.user_id OR (a.user_id IS NULL AND a.resource_id = u.id)
              WHERE u.email = $1 AND a.created_at > now() - interval '10 minutes' AND a.request_id IS NOT NULL
              ORDER BY a.created_at, a.id",
            [email.into()],
        )
        .await
}

async fn letters(app: &App, email: &str) -> i64 {
    app.service().await.one("SELECT count(*) FROM platform_private.outbox WHERE recipient = $1", [email.into()]).await
}

#[tokio::test]
async fn a_second_factor_is_enrolled_confirmed_and_asked_for() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let (owner, elsewhere) = (app.owner().await, app.owner().await);
    let refused = owner.ask_with(ENROL, json!({"password": "wrong"})).await;
    assert_eq!(refused.codes(), ["INVALID_INPUT"]);
    assert_eq!(refused.body["errors"][0]["extensions"]["argument"], "input.password");
    assert_eq!(owner.ask_with(CONFIRM, json!({"code": "000000"})).await.codes(), ["CONFLICT"], "nothing enrolled");

    let answer = owner.ask_with(ENROL, json!({"password": PASSWORD})).await;
    let enrolment = answer.at("/enrolSecondFactor");
    let secret = enrolment["secret"].as_str().unwrap();
    let uri = enrolment["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/ogelbase:owner%40acme.test?") && uri.contains(secret), "{uri}");
    assert!(enrolment["qrCode"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    let stored = row(&app, EMAIL).await;
    assert!(stored["mfa_secret_sealed"].as_str().unwrap().starts_with("ogv1.test."));
    assert!(!stored.to_string().contains(secret));
    assert_eq!(stored["mfa_enabled"], false);
    // It does not count yet.
    app.owner().await.ask("{ viewer { email } }").await.data();

    let first = code(secret, &clock);
    let refused = owner.ask_with(CONFIRM, json!({"code": wrong(&first)})).await;
    assert_eq!(refused.codes(), ["INVALID_INPUT"]);
    let confirmed = owner.ask_with(CONFIRM, json!({"code": first})).await;
    assert_eq!(confirmed.at("/confirmSecondFactor/user/mfaEnabled"), true);
    let recovery = confirmed.at("/confirmSecondFactor/recoveryCodes").as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);
    let stored = row(&app, EMAIL).await;
    assert_eq!((&stored["mfa_enabled"], stored["mfa_recovery_hashes"].as_array().unwrap().len()), (&json!(true), 10));
    for code in &recovery {
        assert!(!stored.to_string().contains(code.as_str().unwrap()));
    }
    assert_eq!(owner.ask("{ viewer { mfaEnabled } }").await.at("/viewer/mfaEnabled"), true);
    assert_eq!(elsewhere.ask("{ viewer { email } }").await.status, 401, "a session that was opened without it");
    assert_eq!(letters(&app, EMAIL).await, 1);
    assert_eq!(owner.ask_with(ENROL, json!({"password": PASSWORD})).await.codes(), ["CONFLICT"], "on already");
    assert_eq!(owner.ask_with(CONFIRM, json!({"code": first})).await.codes(), ["CONFLICT"]);

    // The code that confirmed it is used up, whoever saw it typed.
    let pass = ticket(&app, EMAIL).await;
    assert_eq!(complete(&app, &pass, "code", &first).await.codes(), ["UNAUTHENTICATED"]);
    later(&clock);
    let second = code(secret, &clock);
    let answer = complete(&app, &pass, "code", &second).await;
    assert_eq!(answer.at("/completeSignIn/user"), &json!({"email": EMAIL, "mfaEnabled": true}));
    let mut signed_in = app.anonymous();
    signed_in.access_token = answer.at("/completeSignIn/accessToken").as_str().map(str::to_owned);
    assert_eq!(signed_in.ask("{ viewer { email } }").await.at("/viewer/email"), EMAIL);
    // Neither ticket nor code is good again.
    later(&clock);
    assert_eq!(complete(&app, &pass, "code", &code(secret, &clock)).await.codes(), ["UNAUTHENTICATED"]);
    let pass = ticket(&app, EMAIL).await;
    assert_eq!(complete(&app, &pass, "code", &second).await.codes(), ["UNAUTHENTICATED"]);

    let events = events(&app, EMAIL).await;
    for event in [
        "user.second_factor_enrolled info",
        "user.second_factor_enabled info",
        "user.second_factor_asked info",
        "user.second_factor_failed warning",
        "user.signed_in info",
    ] {
        assert!(events.iter().any(|happened| happened == event), "{event}: {events:#?}");
    }
    let trail: Vec<String> =
        app.service().await.column("SELECT to_jsonb(a)::text FROM platform.audit_logs a", []).await;
    for secret in [secret, &first, &pass, recovery[0].as_str().unwrap()] {
        assert!(!trail.iter().any(|record| record.contains(&format!("\"{secret}\""))));
    }
}

#[tokio::test]
async fn a_recovery_code_is_good_once() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let person = enrolled(&app, &clock, EMAIL).await;
    let typed = person.recovery[3].to_lowercase().replace('-', " ");
    let answer = complete(&app, &ticket(&app, EMAIL).await, "recoveryCode", &typed).await;
    assert_eq!(answer.at("/completeSignIn/user/email"), EMAIL);
    assert_eq!(row(&app, EMAIL).await["mfa_recovery_hashes"].as_array().unwrap().len(), 9);
    let pass = ticket(&app, EMAIL).await;
    for used in [&person.recovery[3], "", "00000-00000-00000-00000"] {
        assert_eq!(complete(&app, &pass, "recoveryCode", used).await.codes(), ["UNAUTHENTICATED"], "{used}");
    }
    let metadata: Value = app
        .service()
        .await
        .one(
            "SELECT metadata FROM platform.audit_logs WHERE event_type = 'user.signed_in' AND metadata ? 'secondFactor'",
            [],
        )
        .await;
    assert_eq!(metadata, json!({"secondFactor": "recovery_code"}));
    // Both or neither is no answer to the question, and costs no guess.
    for input in [json!({"ticket": pass}), json!({"ticket": pass, "code": "1", "recoveryCode": "2"})] {
        let answer = app.anonymous().ask_with(COMPLETE, json!({ "input": input })).await;
        assert_eq!(answer.codes(), ["INVALID_INPUT"]);
    }
    // The demo's person with a second factor.
    let pass = ticket(&app, "mina@acme.test").await;
    assert!(complete(&app, &pass, "recoveryCode", "DEM0D-EM0DE-M0DEM-00001").await.codes().is_empty());
}

#[tokio::test]
async fn guesses_are_bounded_for_a_ticket_and_for_an_account() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let person = enrolled(&app, &clock, EMAIL).await;
    let good = code(&person.secret, &clock);
    let bad = wrong(&good);
    let pass = ticket(&app, EMAIL).await;
    // Fifty at once are five.
    let answers = join_all((0..50).map(|_| complete(&app, &pass, "code", &bad))).await;
    assert!(answers.iter().all(|answer| answer.codes() == ["UNAUTHENTICATED"]));
    let attempts = "SELECT max(attempts) FROM platform_private.one_time_tokens WHERE purpose = 'second_factor'";
    assert_eq!(app.service().await.one::<i32>(attempts, []).await, 5);
    let failed = events(&app, EMAIL).await.iter().filter(|event| *event == "user.second_factor_failed warning").count();
    assert_eq!(failed, 5, "what was looked at and wrong");
    let answer = complete(&app, &pass, "code", &good).await;
    assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "the ticket is used up, also for the right code");
    // More tickets are no way round: twenty guesses an hour.
    for _ in 0..3 {
        let pass = ticket(&app, EMAIL).await;
        for _ in 0..5 {
            assert_eq!(complete(&app, &pass, "code", &bad).await.codes(), ["UNAUTHENTICATED"]);
        }
    }
    let answer = complete(&app, &ticket(&app, EMAIL).await, "code", &good).await;
    assert_eq!(answer.codes(), ["RATE_LIMITED"]);
    assert!(answer.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap() > 3_000, "{:#}", answer.body);
    let tries = "UPDATE platform_private.second_factor_tries SET since = since - interval '1 hour'";
    app.service().await.run(tries).await;
    let answer = complete(&app, &ticket(&app, EMAIL).await, "code", &good).await;
    assert_eq!(answer.at("/completeSignIn/user/email"), EMAIL);
    // Nor is a session that was stolen a way to try passwords.
    let answers = join_all(
        (0..25).map(|_| person.actor.ask_with(DISABLE, json!({"input": {"password": "wrong", "code": "000000"}}))),
    )
    .await;
    let limited = answers.iter().filter(|answer| answer.codes() == ["RATE_LIMITED"]).count();
    assert_eq!(limited, 5, "{:#?}", answers.iter().map(Answer::codes).collect::<Vec<_>>());
}

#[tokio::test]
async fn fifty_with_the_right_code_open_one_session() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let person = enrolled(&app, &clock, EMAIL).await;
    let good = code(&person.secret, &clock);
    let passes = [ticket(&app, EMAIL).await, ticket(&app, EMAIL).await, ticket(&app, EMAIL).await];
    let answers = join_all((0..50).map(|n| complete(&app, &passes[n % 3], "code", &good))).await;
    assert_eq!(answers.iter().filter(|answer| answer.codes().is_empty()).count(), 1);
    for answer in answers.iter().filter(|answer| !answer.codes().is_empty()) {
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{:#}", answer.body);
    }
}

#[tokio::test]
async fn a_ticket_ends_with_its_time_the_password_the_factor_and_the_account() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let person = enrolled(&app, &clock, EMAIL).await;
    let service = app.service().await;
    for change in [
        "UPDATE platform_private.one_time_tokens SET expires_at = now()",
        "UPDATE platform.users SET password_hash = password_hash || '=' WHERE email = 'owner@acme.test';
         UPDATE platform.users SET password_hash = rtrim(password_hash, '=') WHERE email = 'owner@acme.test'",
        "UPDATE platform.users SET mfa_enabled = false WHERE email = 'owner@acme.test';
         UPDATE platform.users SET mfa_enabled = true WHERE email = 'owner@acme.test'",
        "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'owner@acme.test'",
    ] {
        let pass = ticket(&app, EMAIL).await;
        service.run(change).await;
        let answer = complete(&app, &pass, "recoveryCode", &person.recovery[0]).await;
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{change}");
    }
    service.run("UPDATE platform.users SET banned_until = NULL WHERE email = 'owner@acme.test'").await;
    let answer = complete(&app, &ticket(&app, EMAIL).await, "recoveryCode", &person.recovery[0]).await;
    assert_eq!(answer.at("/completeSignIn/user/email"), EMAIL);
    for nothing in ["", "x"] {
        assert_eq!(complete(&app, nothing, "recoveryCode", &person.recovery[1]).await.codes(), ["UNAUTHENTICATED"]);
    }
}

#[tokio::test]
async fn recovery_codes_are_replaced_and_the_factor_goes_with_password_and_code_alone() {
    const EMAIL: &str = "admin@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    let person = enrolled(&app, &clock, EMAIL).await;
    let actor = &person.actor;
    let input = |password: &str, field: &str, code: &str| json!({"input": {"password": password, field: code}});
    let good = code(&person.secret, &clock);
    for (password, code, argument) in [("wrong", &good, "input.password"), (PASSWORD, &wrong(&good), "input.code")] {
        for mutation in [REGENERATE, DISABLE] {
            let refused = actor.ask_with(mutation, input(password, "code", code)).await;
            assert_eq!(refused.codes(), ["INVALID_INPUT"]);
            assert_eq!(refused.body["errors"][0]["extensions"]["argument"], argument);
        }
    }
    assert_eq!(row(&app, EMAIL).await["mfa_enabled"], true);
    let answer = actor.ask_with(REGENERATE, input(PASSWORD, "code", &good)).await;
    let fresh = answer.at("/regenerateRecoveryCodes/recoveryCodes")[0].as_str().unwrap();
    let old = &person.recovery[0];
    assert_eq!(actor.ask_with(DISABLE, input(PASSWORD, "recoveryCode", old)).await.codes(), ["INVALID_INPUT"]);
    assert_eq!(actor.ask_with(DISABLE, input(PASSWORD, "code", &good)).await.codes(), ["INVALID_INPUT"], "was used");
    let answer = actor.ask_with(DISABLE, input(PASSWORD, "recoveryCode", fresh)).await;
    assert_eq!(answer.at("/disableSecondFactor/user/mfaEnabled"), false);
    let stored = row(&app, EMAIL).await;
    for gone in ["mfa_secret_sealed", "mfa_last_step", "mfa_recovery_hashes"] {
        assert!(stored[gone].is_null(), "{gone}");
    }
    assert_eq!(letters(&app, EMAIL).await, 2);
    app.sign_in(EMAIL).await.ask("{ viewer { email } }").await.data();
    assert_eq!(actor.ask_with(DISABLE, input(PASSWORD, "code", &good)).await.codes(), ["CONFLICT"], "none is on");
    let events = events(&app, EMAIL).await;
    for event in ["user.recovery_codes_replaced info", "user.second_factor_disabled warning"] {
        assert_eq!(events.iter().filter(|happened| *happened == event).count(), 1, "{events:#?}");
    }
    for (mutation, variables) in [
        (ENROL, json!({"password": PASSWORD})),
        (CONFIRM, json!({"code": good})),
        (DISABLE, input(PASSWORD, "code", &good)),
        (REGENERATE, input(PASSWORD, "code", &good)),
    ] {
        assert_eq!(app.anonymous().ask_with(mutation, variables).await.codes(), ["UNAUTHENTICATED"]);
    }
}

#[tokio::test]
async fn sql_under_the_application_role_gets_at_no_secret_and_past_no_factor() {
    const EMAIL: &str = "owner@acme.test";
    let clock = Clock::fixed(Clock::system().now());
    let app = App::at(&clock).await;
    enrolled(&app, &clock, EMAIL).await;
    let (owner, admin) = (app.user_id(EMAIL).await, app.user_id("admin@acme.test").await);
    let pass = ticket(&app, EMAIL).await;
    let sql = app.as_user(Some(admin), None).await;
    for forbidden in [
        "SELECT mfa_secret_sealed FROM platform.users",
        "SELECT mfa_recovery_hashes FROM platform.users",
        "SELECT mfa_last_step FROM platform.users",
        "UPDATE platform.users SET mfa_enabled = false",
        "SELECT token_hash FROM platform_private.one_time_tokens",
        "DELETE FROM platform_private.second_factor_tries",
        "SELECT platform_private.spend_second_factor(platform.get_current_user_id(), 1, NULL)",
        "SELECT platform_private.own_second_factor()",
        "SELECT platform_private.count_second_factor_try(platform.get_current_user_id())",
        "SELECT platform_private.disable_second_factor('x', 99999999999, NULL)",
        "SELECT platform_private.open_second_factor_ticket(platform.get_current_user_id(), 'x', repeat('a', 64), now(),
             NULL, NULL, NULL)",
        "SELECT platform_private.complete_sign_in(repeat('a', 64), 99999999999, NULL, gen_random_uuid(),
             repeat('a', 64), repeat('b', 64), now(), NULL, NULL, NULL)",
        "SELECT platform_private.open_session(gen_random_uuid(), platform.get_current_user_id(), 'x', repeat('c', 64),
             repeat('d', 64), now(), NULL, NULL, NULL)",
    ] {
        let refused = sql.try_run(forbidden).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    // Nor do the functions take the server's word for more than it can know.
    let sql = app.service().await;
    sql.run(&format!("SET app.current_user_id = '{admin}'")).await;
    // One's own and nobody else's: the admin has none.
    let none: Option<String> = sql.one("SELECT secret_sealed FROM platform_private.own_second_factor()", []).await;
    assert_eq!(none, None);
    let off: bool = sql.one("SELECT platform_private.disable_second_factor('x', 99999999999, NULL)", []).await;
    assert!(!off);
    // The ticket of another, which one does not hold: its id or its user is no way in, nor is a guess without a try.
    let by = |hash: String| {
        format!(
            "SELECT outcome FROM platform_private.complete_sign_in('{hash}', 99999999999, NULL, gen_random_uuid(),
                 repeat('a', 64), repeat('b', 64), now() + interval '1 day', NULL, NULL, NULL)"
        )
    };
    for hash in [owner.simple().to_string(), hex(&token::digest("another")), hex(&token::digest(&pass))] {
        assert_eq!(sql.one::<String>(&by(hash.clone()), []).await, "refused", "{hash}");
    }
    // open_session takes no account with a factor, whatever hash is given.
    let hash = row(&app, EMAIL).await["password_hash"].as_str().unwrap().to_owned();
    let opened: String = sql
        .one(
            "SELECT outcome FROM platform_private.open_session(gen_random_uuid(), $1, $2, repeat('c', 64),
                 repeat('d', 64), now() + interval '1 day', NULL, NULL, NULL)",
            [owner.into(), hash.into()],
        )
        .await;
    assert_eq!(opened, "refused");
    let sessions: i64 = app
        .service()
        .await
        .one("SELECT count(*) FROM platform.user_sessions WHERE token_hash IN (repeat('a', 64), repeat('c', 64))", [])
        .await;
    assert_eq!(sessions, 0);
}

#[tokio::test]
async fn a_document_holds_no_second_factor_beside_another_password() {
    let app = App::start().await;
    let pair = "mutation { a: deleteAccount(input: {password: \"x\"}) { deleted }
                b: completeSignIn(input: {ticket: \"x\", code: \"000000\"}) { accessToken } }";
    let answer = app.owner().await.ask(pair).await;
    assert_eq!(answer.codes(), ["LIMIT_EXCEEDED"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "cost");
}
