//! Proving that an address is one's own.

use serde_json::{Value, json};

use super::{CONFIRM, RESEND, app, ask, sign_up, trail, wrong_argument};
use crate::support::{app::App, letters::token};

async fn confirm(app: &App, clear: &str) -> Result<(), String> {
    let answer = ask(&app.anonymous(), CONFIRM, json!({"token": clear})).await;
    if answer.codes().is_empty() { Ok(()) } else { Err(wrong_argument(&answer).to_owned()) }
}

#[tokio::test]
async fn another_mail_is_sent_to_who_has_not_confirmed_and_the_answer_does_not_tell() {
    let app = app().await;
    sign_up(&app, "ada@people.test").await;
    let resend = async |email: &str| ask(&app.anonymous(), RESEND, json!({"email": email})).await.body;
    let answer = resend("ADA@people.test").await;
    assert_eq!(answer, json!({"data": {"resendConfirmation": {"mailSent": true}}}));
    for email in ["owner@acme.test", "nobody@people.test"] {
        assert_eq!(resend(email).await, answer, "{email}");
        assert!(app.letters_to(email).await.is_empty(), "{email}");
    }
    let letters = app.letters_to("ada@people.test").await;
    let [first, second] = letters.as_slice() else { panic!("{letters:?}") };
    confirm(&app, token(first)).await.unwrap();
    // The other one is of no use any more, and there is nothing to send.
    assert_eq!(confirm(&app, token(second)).await.unwrap_err(), "input.token");
    assert_eq!(resend("ada@people.test").await, answer);
    assert_eq!(app.letters_to("ada@people.test").await.len(), 2);
    assert_eq!(trail(&app, "user.confirmation_requested").await.len(), 4);
}

#[tokio::test]
async fn a_token_ends_and_is_good_for_the_address_that_it_went_to_alone() {
    let app = app().await;
    let service = app.service().await;
    for (email, change) in [
        (
            "late@people.test",
            "UPDATE platform_private.one_time_tokens t SET expires_at = now() FROM platform.users u
                               WHERE u.id = t.user_id AND u.email = 'late@people.test'",
        ),
        ("moved@people.test", "UPDATE platform.users SET email = 'new@people.test' WHERE email = 'moved@people.test'"),
        (
            "banned@people.test",
            "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'banned@people.test'",
        ),
        ("gone@people.test", "UPDATE platform.users SET deleted_at = now() WHERE email = 'gone@people.test'"),
        (
            "other@people.test",
            "UPDATE platform_private.one_time_tokens t SET purpose = 'reset_password'
                                 FROM platform.users u WHERE u.id = t.user_id AND u.email = 'other@people.test'",
        ),
    ] {
        sign_up(&app, email).await;
        let letters = app.letters_to(email).await;
        service.run(change).await;
        assert_eq!(confirm(&app, token(&letters[0])).await.unwrap_err(), "input.token", "{email}");
    }
    let confirmed: Vec<Value> = service
        .column("SELECT to_jsonb(u) FROM platform.users u WHERE email LIKE '%@people.test' AND email_confirmed_at IS NOT NULL", [])
        .await;
    assert!(confirmed.is_empty(), "{confirmed:#?}");
}

#[tokio::test]
async fn a_mailbox_gets_ten_letters_an_hour() {
    let app = app().await;
    sign_up(&app, "ada@people.test").await;
    for _ in 0..12 {
        let answer = ask(&app.anonymous(), RESEND, json!({"email": "ada@people.test"})).await;
        assert_eq!(answer.at("/resendConfirmation/mailSent"), true);
    }
    assert_eq!(app.letters_to("ada@people.test").await.len(), 10);
    for _ in 0..12 {
        sign_up(&app, "owner@acme.test").await.data();
    }
    assert_eq!(app.letters_to("owner@acme.test").await.len(), 10);
    let old = "UPDATE platform_private.outbox SET created_at = now() - interval '61 minutes'";
    app.service().await.run(old).await;
    ask(&app.anonymous(), RESEND, json!({"email": "ada@people.test"})).await.data();
    assert_eq!(app.letters_to("ada@people.test").await.len(), 11);
}
