//! Changing one's password.

use ogelbase::mail::Letter;
use serde_json::json;

use super::{CHANGE, OTHER, PASSWORD, REQUEST_RESET, RESET, app, ask, row, sign_in, sign_up, trail, wrong_argument};
use crate::support::{app::App, letters::token};

const ME: &str = "ada@people.test";

/// Somebody with a session, another one elsewhere, and a letter that would set a new password.
async fn ada(app: &App) -> String {
    sign_up(app, ME).await.data();
    ask(&app.anonymous(), REQUEST_RESET, json!({"email": ME})).await.data();
    token(&app.letters_to(ME).await[1]).to_owned()
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_the_open_links() {
    let app = app().await;
    let link = ada(&app).await;
    let (here, elsewhere) = (app.sign_in_with(ME, PASSWORD).await, app.sign_in_with(ME, PASSWORD).await);
    let stranger = app.owner().await;
    let answer = ask(&here, CHANGE, json!({"currentPassword": PASSWORD, "newPassword": OTHER})).await;
    assert_eq!(answer.data(), &json!({"changePassword": {"user": {"email": ME}}}));
    assert_eq!(here.ask("{ viewer { email } }").await.at("/viewer/email"), ME);
    assert_eq!(elsewhere.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(stranger.ask("{ viewer { email } }").await.status, 200);
    assert_eq!(sign_in(&app, ME, PASSWORD).await.codes(), ["UNAUTHENTICATED"]);
    sign_in(&app, ME, OTHER).await.data();
    let used = ask(&app.anonymous(), RESET, json!({"token": link, "newPassword": PASSWORD})).await;
    assert_eq!(wrong_argument(&used), "input.token");

    let letters = app.letters_to(ME).await;
    assert!(matches!(letters.last(), Some(Letter::PasswordChanged { .. })), "{letters:?}");
    let records = trail(&app, "user.password_changed").await;
    let [record] = records.as_slice() else { panic!("{records:#?}") };
    let id = &row(&app, ME).await["id"];
    assert_eq!([&record["user_id"], &record["resource_id"]], [id, id]);
    assert_eq!(record["metadata"], json!({}));
}

#[tokio::test]
async fn without_the_present_password_or_with_a_bad_new_one_nothing_changes() {
    let app = app().await;
    ada(&app).await;
    let (here, elsewhere) = (app.sign_in_with(ME, PASSWORD).await, app.sign_in_with(ME, PASSWORD).await);
    let before = row(&app, ME).await["password_hash"].clone();
    for (current, new, argument) in [
        ("wrong", OTHER, "input.currentPassword"),
        ("", OTHER, "input.currentPassword"),
        (PASSWORD, PASSWORD, "input.newPassword"),
        (PASSWORD, "short", "input.newPassword"),
        (PASSWORD, "qwertyuiop", "input.newPassword"),
        (PASSWORD, "ADA@people.test", "input.newPassword"),
    ] {
        let answer = ask(&here, CHANGE, json!({"currentPassword": current, "newPassword": new})).await;
        assert_eq!(wrong_argument(&answer), argument, "{current} {new}");
    }
    let input = json!({"currentPassword": PASSWORD, "newPassword": OTHER});
    assert_eq!(ask(&app.anonymous(), CHANGE, input.clone()).await.codes(), ["UNAUTHENTICATED"]);
    // Somebody else's password is not one's own.
    let stranger = app.owner().await;
    assert_eq!(wrong_argument(&ask(&stranger, CHANGE, input.clone()).await), "input.currentPassword");
    // Together with one that fails it has not happened.
    let both = "mutation ($a: ChangePasswordInput!, $b: ConfirmEmailInput!) {
        changePassword(input: $a) { user { id } } confirmEmail(input: $b) { confirmed } }";
    let answer = here.ask_with(both, json!({"a": input, "b": {"token": "of nobody"}})).await;
    assert_eq!(answer.codes(), ["INVALID_INPUT"]);
    assert_eq!(row(&app, ME).await["password_hash"], before);
    for session in [&here, &elsewhere] {
        assert_eq!(session.ask("{ viewer { email } }").await.status, 200);
    }
    assert!(trail(&app, "user.password_changed").await.is_empty());
    let refused = trail(&app, "user.password_refused").await;
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|record| record["severity"] == "warning"));
}

#[tokio::test]
async fn a_second_factor_is_not_asked_for_to_change_a_password_and_stays() {
    let app = app().await;
    ada(&app).await;
    let here = app.sign_in_with(ME, PASSWORD).await;
    app.service()
        .await
        .run(
            "UPDATE platform.users o SET mfa_enabled = true, mfa_secret_sealed = m.mfa_secret_sealed
               FROM platform.users m WHERE o.email = 'ada@people.test' AND m.email = 'mina@acme.test'",
        )
        .await;
    ask(&here, CHANGE, json!({"currentPassword": PASSWORD, "newPassword": OTHER})).await.data();
    assert_eq!(row(&app, ME).await["mfa_enabled"], true);
    let input = json!({"input": {"email": ME, "password": OTHER}});
    let asked = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken secondFactor { ticket } } }";
    let answer = app.anonymous().ask_with(asked, input).await;
    assert_eq!(*answer.at("/signIn/accessToken"), serde_json::Value::Null, "the password alone is not enough");
    assert!(answer.at("/signIn/secondFactor/ticket").is_string());
}
