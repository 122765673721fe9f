//! Setting a new password by mail.

use ogelbase::mail::Letter;
use serde_json::{Value, json};

use super::{OTHER, PASSWORD, REQUEST_RESET, RESET, app, ask, row, sign_in, sign_up, trail, wrong_argument};
use crate::support::{app::App, letters::token};

const ME: &str = "ada@people.test";

async fn request(app: &App, email: &str) -> Value {
    ask(&app.anonymous(), REQUEST_RESET, json!({"email": email})).await.body
}

/// The tokens of all letters that set a password.
async fn links(app: &App) -> Vec<String> {
    let letters = app.letters_to(ME).await;
    let resets = letters.iter().filter(|letter| matches!(letter, Letter::ResetPassword { .. }));
    resets.map(|letter| token(letter).to_owned()).collect()
}

#[tokio::test]
async fn who_has_the_mailbox_sets_a_new_password_once_and_all_sessions_end() {
    let app = app().await;
    sign_up(&app, ME).await.data();
    let session = app.sign_in_with(ME, PASSWORD).await;
    for _ in 0..2 {
        assert_eq!(
            request(&app, "ADA@people.test").await,
            json!({"data": {"requestPasswordReset": {"mailSent": true}}})
        );
    }
    // Somebody has tried to guess it; who reads the mail need not wait for that.
    for _ in 0..5 {
        assert_eq!(sign_in(&app, ME, "a wrong one").await.codes(), ["UNAUTHENTICATED"]);
    }
    let service = app.service().await;
    service
        .run(
            "UPDATE platform_private.sign_in_failures SET blocked_until = now() + interval '1 hour'
                  WHERE subject = 'account'",
        )
        .await;
    assert_eq!(sign_in(&app, ME, PASSWORD).await.codes(), ["RATE_LIMITED"]);
    let links = links(&app).await;
    let [first, second] = links.as_slice() else { panic!("{links:?}") };
    let reset = async |token: &str, password: &str| {
        ask(&app.anonymous(), RESET, json!({"token": token, "newPassword": password})).await
    };
    // A password that the rules refuse does not use the token up.
    for bad in ["short", "password1", ME] {
        assert_eq!(wrong_argument(&reset(second, bad).await), "input.newPassword");
    }
    assert_eq!(session.ask("{ viewer { email } }").await.status, 200);
    assert_eq!(reset(second, OTHER).await.data(), &json!({"resetPassword": {"passwordSet": true}}));
    for used in [first, second] {
        assert_eq!(wrong_argument(&reset(used, PASSWORD).await), "input.token");
    }
    assert_eq!(session.ask("{ viewer { email } }").await.status, 401);
    sign_in(&app, ME, OTHER).await.data();
    assert_eq!(sign_in(&app, ME, PASSWORD).await.codes(), ["UNAUTHENTICATED"]);
    let ada = row(&app, ME).await;
    assert!(ada["email_confirmed_at"].is_string(), "who read the letter has the mailbox");
    assert!(matches!(app.letters_to(ME).await.last(), Some(Letter::PasswordChanged { .. })));
    let records = trail(&app, "user.password_reset").await;
    let [record] = records.as_slice() else { panic!("{records:#?}") };
    assert_eq!([&record["user_id"], &record["actor_label"]], [&ada["id"], &json!(ME)]);
    assert_eq!(trail(&app, "user.password_reset_requested").await.len(), 2);
}

#[tokio::test]
async fn a_new_password_is_good_for_a_sign_in_of_the_same_document() {
    let app = app().await;
    sign_up(&app, ME).await.data();
    request(&app, ME).await;
    let both = "mutation ($reset: ResetPasswordInput!, $in: SignInInput!) {
        resetPassword(input: $reset) { passwordSet } signIn(input: $in) { user { email } } }";
    let link = links(&app).await.remove(0);
    let variables = |password: &str| json!({"reset": {"token": link, "newPassword": OTHER}, "in": {"email": ME, "password": password}});
    // The sign-in fails, so nothing was set and the token is as good as before.
    assert_eq!(app.anonymous().ask_with(both, variables(PASSWORD)).await.codes(), ["UNAUTHENTICATED"]);
    sign_in(&app, ME, PASSWORD).await.data();
    let answer = app.anonymous().ask_with(both, variables(OTHER)).await;
    assert_eq!(answer.at("/signIn/user/email"), ME);
}

#[tokio::test]
async fn who_has_no_account_or_no_password_gets_no_letter_and_the_same_answer() {
    let app = app().await;
    let service = app.service().await;
    service.run("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'member@acme.test'").await;
    service.run("UPDATE platform.users SET deleted_at = now() WHERE email = 'billing@acme.test'").await;
    let answer = request(&app, "developer@acme.test").await;
    assert_eq!(app.letters_to("developer@acme.test").await.len(), 1);
    // admin@ogelbase.com waits for the operator to set one.
    for email in ["nobody@people.test", "member@acme.test", "billing@acme.test", "admin@ogelbase.com"] {
        assert_eq!(request(&app, email).await, answer, "{email}");
        assert!(app.letters_to(email).await.is_empty(), "{email}");
    }
    let tokens: i64 = service.one("SELECT count(*) FROM platform_private.one_time_tokens", []).await;
    assert_eq!(tokens, 1);
    assert_eq!(trail(&app, "user.password_reset_requested").await.len(), 5);
}

#[tokio::test]
async fn a_token_that_has_ended_or_is_for_something_else_sets_no_password() {
    let app = app().await;
    sign_up(&app, ME).await.data();
    let confirmation = token(&app.letters_to(ME).await[0]).to_owned();
    request(&app, ME).await;
    let link = links(&app).await.remove(0);
    let before = row(&app, ME).await["password_hash"].clone();
    let service = app.service().await;
    for change in [
        "UPDATE platform_private.one_time_tokens SET expires_at = now() WHERE purpose = 'reset_password'",
        "UPDATE platform_private.one_time_tokens SET expires_at = now() + interval '1 hour'",
        "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'ada@people.test'",
    ] {
        service.run(change).await;
        let banned_or_ended = change.contains("= now() WHERE") || change.contains("banned");
        let tokens = if banned_or_ended { vec![&link, &confirmation] } else { vec![&confirmation] };
        for token in tokens {
            let answer = ask(&app.anonymous(), RESET, json!({"token": token, "newPassword": OTHER})).await;
            assert_eq!(wrong_argument(&answer), "input.token", "{change}");
        }
    }
    assert_eq!(row(&app, ME).await["password_hash"], before);
}

#[tokio::test]
async fn whoever_had_prepared_an_account_under_ones_address_is_out_once_it_is_proved() {
    let app = app().await;
    sign_up(&app, ME).await;
    // Somebody else's doing: a factor, and a key that acts in the account's name.
    let service = app.service().await;
    let id = app.user_id(ME).await;
    service
        .run_with(
            "WITH factor AS (
                 UPDATE platform.users o SET mfa_enabled = true, mfa_secret_sealed = m.mfa_secret_sealed
                   FROM platform.users m WHERE o.id = $1 AND m.email = 'mina@acme.test')
             INSERT INTO platform.api_keys (organization_id, user_id, name, key_prefix, key_hash, scopes)
             SELECT id, $1, 'Prepared', 'ogb_prepared', repeat('ab', 32), '{organization:read}'
               FROM platform.organizations WHERE slug = 'acme'",
            [id.into()],
        )
        .await;
    request(&app, ME).await;
    let link = links(&app).await.remove(0);
    ask(&app.anonymous(), RESET, json!({"token": link, "newPassword": OTHER})).await.data();
    app.sign_in_with(ME, OTHER).await;
    let live: i64 = service
        .one("SELECT count(*) FROM platform.api_keys WHERE user_id = $1 AND revoked_at IS NULL", [id.into()])
        .await;
    assert_eq!((live, &row(&app, ME).await["mfa_secret_sealed"]), (0, &Value::Null));
}
