//! Making an account.

use futures_util::future::join_all;
use ogelbase::mail::Letter;
use serde_json::json;

use super::{CONFIRM, PASSWORD, SIGN_UP, app, ask, row, sign_in, sign_up, trail, wrong_argument};
use crate::support::{app::App, letters::token};

#[tokio::test]
async fn who_signs_up_confirms_the_address_with_the_token_of_the_mail() {
    let app = app().await;
    let input = json!({"email": " Ada@New.Test ", "password": PASSWORD, "username": "ada", "firstName": " Ada ",
                       "lastName": "Lovelace", "clientMutationId": "mine"});
    let answer = ask(&app.anonymous(), SIGN_UP, input).await;
    assert_eq!(answer.data(), &json!({"signUp": {"mailSent": true, "clientMutationId": "mine"}}));
    let ada = row(&app, "Ada@New.Test").await;
    assert!(ada["password_hash"].as_str().unwrap().starts_with("$argon2id$"));
    assert_eq!([&ada["username"], &ada["first_name"], &ada["last_name"]], ["ada", "Ada", "Lovelace"]);
    assert!(ada["email_confirmed_at"].is_null());
    let letters = app.letters_to("Ada@New.Test").await;
    let [Letter::ConfirmEmail { token: clear, expires_at }] = letters.as_slice() else { panic!("{letters:?}") };
    let hours = (*expires_at - ogelbase::clock::Clock::system().now()).num_minutes();
    assert!((24 * 60 - 5..=24 * 60).contains(&hours), "{hours}");
    let stored: String = app
        .service()
        .await
        .one(
            "SELECT t::text FROM platform_private.one_time_tokens t JOIN platform.users u ON u.id = t.user_id
               WHERE u.email = 'Ada@New.Test'",
            [],
        )
        .await;
    assert!(!stored.contains(clear.as_str()), "only its digest is stored");

    // Not confirmed is good enough to sign in, and shows.
    let actor = app.sign_in_with("ada@new.test", PASSWORD).await;
    let confirmed = async || actor.ask("{ viewer { emailConfirmedAt } }").await.at("/viewer/emailConfirmedAt").clone();
    assert!(confirmed().await.is_null());
    assert_eq!(
        wrong_argument(&ask(&app.anonymous(), CONFIRM, json!({"token": format!("{clear}x")})).await),
        "input.token"
    );
    let answer = ask(&app.anonymous(), CONFIRM, json!({"token": clear})).await;
    assert_eq!(answer.data(), &json!({"confirmEmail": {"confirmed": true}}));
    assert!(confirmed().await.is_string());
    assert_eq!(wrong_argument(&ask(&app.anonymous(), CONFIRM, json!({"token": clear})).await), "input.token");

    let (made, proved) = (trail(&app, "user.signed_up").await, trail(&app, "user.email_confirmed").await);
    assert_eq!([made.len(), proved.len()], [1, 1]);
    assert_eq!([&made[0]["resource_id"], &made[0]["actor_label"]], [&ada["id"], &json!("anonymous")]);
    assert_eq!([&proved[0]["user_id"], &proved[0]["actor_label"]], [&ada["id"], &json!("Ada@New.Test")]);
    assert!(!format!("{made:?}{proved:?}").contains(clear.as_str()));
}

/// Everybody who has an account, and what it holds but for the traces of signing in.
async fn accounts(app: &App) -> Vec<String> {
    let sql = "SELECT (to_jsonb(u) - 'last_sign_in_at' - 'updated_at')::text FROM platform.users u ORDER BY id";
    app.service().await.column(sql, []).await
}

#[tokio::test]
async fn of_an_address_that_has_an_account_nobody_is_told_but_its_holder() {
    let app = app().await;
    let fresh = sign_up(&app, "new@people.test").await;
    let before = accounts(&app).await;
    for email in ["owner@acme.test", "OWNER@acme.test", "new@people.test"] {
        let answer = sign_up(&app, email).await;
        assert_eq!((answer.status, &answer.body), (fresh.status, &fresh.body), "{email}");
    }
    assert_eq!(accounts(&app).await, before);
    assert_eq!(app.letters_to("owner@acme.test").await, [Letter::AccountExists, Letter::AccountExists]);
    assert_eq!(app.letters_to("new@people.test").await.len(), 2);
    sign_in(&app, "owner@acme.test", "ogelbase-demo").await.data();
    assert_eq!(sign_in(&app, "owner@acme.test", PASSWORD).await.codes(), ["UNAUTHENTICATED"]);
    let repeated = trail(&app, "user.sign_up_repeated").await;
    assert_eq!(repeated.len(), 3);
    assert!(repeated.iter().all(|record| record["severity"] == "warning" && record["user_id"].is_null()));
    let tokens: i64 = app.service().await.one("SELECT count(*) FROM platform_private.one_time_tokens", []).await;
    assert_eq!(tokens, 1, "only that of the new account");
}

#[tokio::test]
async fn of_many_who_sign_up_with_one_address_at_once_one_has_the_account() {
    let app = app().await;
    let answers = join_all((0..8).map(|_| sign_up(&app, "race@people.test"))).await;
    for answer in &answers {
        assert_eq!(answer.at("/signUp/mailSent"), true);
    }
    let letters = app.letters_to("race@people.test").await;
    let welcomes: Vec<_> = letters.iter().filter(|letter| matches!(letter, Letter::ConfirmEmail { .. })).collect();
    assert_eq!((welcomes.len(), letters.len()), (1, 8));
    row(&app, "race@people.test").await;
    ask(&app.anonymous(), CONFIRM, json!({"token": token(welcomes[0])})).await.data();
    let left: i64 =
        app.service().await.one("SELECT count(*) FROM platform.users WHERE email LIKE '%undone%'", []).await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_is_wrong_with_the_input_is_named_and_nothing_is_made() {
    let app = app().await;
    let before = accounts(&app).await;
    let email = "grace@people.test";
    for (input, argument) in [
        (json!({"email": "nobody", "password": PASSWORD}), "input.email"),
        (json!({"email": "a\u{0}@people.test", "password": PASSWORD}), "variables.input.email"),
        (json!({"email": email, "password": "short"}), "input.password"),
        (json!({"email": email, "password": "x".repeat(1_025)}), "input.password"),
        (json!({"email": email, "password": "Password1"}), "input.password"),
        (json!({"email": email, "password": "GRACE@people.test"}), "input.password"),
        (
            json!({"email": email, "password": "gracehopper", "firstName": "Grace", "lastName": "Hopper"}),
            "input.password",
        ),
        (json!({"email": email, "password": PASSWORD, "username": " "}), "input.username"),
        (json!({"email": email, "password": PASSWORD, "lastName": "x".repeat(121)}), "input.lastName"),
    ] {
        let answer = ask(&app.anonymous(), SIGN_UP, input.clone()).await;
        assert_eq!(wrong_argument(&answer), argument, "{input}");
    }
    // The rules say nothing else about an address that has an account.
    let known = ask(&app.anonymous(), SIGN_UP, json!({"email": "owner@acme.test", "password": "Password1"})).await;
    assert_eq!(wrong_argument(&known), "input.password");
    // Together with one that fails it has not happened.
    let both = "mutation ($a: SignUpInput!, $b: ConfirmEmailInput!) {
        signUp(input: $a) { mailSent } confirmEmail(input: $b) { confirmed } }";
    let variables = json!({"a": {"email": email, "password": PASSWORD}, "b": {"token": "of nobody"}});
    assert_eq!(app.anonymous().ask_with(both, variables).await.codes(), ["INVALID_INPUT"]);
    assert_eq!(accounts(&app).await, before);
    assert!(app.letters_to(email).await.is_empty());
    assert!(trail(&app, "user.signed_up").await.is_empty());
}
