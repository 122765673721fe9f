//! The organization that somebody asks for when they sign up: founded when the address is confirmed, not before.

use serde_json::{Value, json};

use super::{PASSWORD, SIGN_UP, app, ask, sign_up, wrong_argument};
use crate::support::{actors::Answer, app::App, letters::token};

const CONFIRM: &str = "mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) { foundedOrganization } }";

async fn asks(app: &App, email: &str, slug: &str) -> Answer {
    let organization = json!({"name": "Looms", "slug": slug});
    let input = json!({"email": email, "password": PASSWORD, "organization": organization});
    ask(&app.anonymous(), SIGN_UP, input).await
}

async fn confirms(app: &App, email: &str) -> Value {
    let clear = token(app.letters_to(email).await.last().unwrap()).to_owned();
    // Whatever other credential the request has: it is the mail's holder whose organization it is.
    let outsider = app.outsider().await.in_organization("globex");
    ask(&outsider, CONFIRM, json!({ "token": clear })).await.at("/confirmEmail/foundedOrganization").clone()
}

async fn organizations(app: &App) -> i64 {
    app.service().await.one("SELECT count(*) FROM platform.organizations", []).await
}

#[tokio::test]
async fn it_is_founded_once_with_the_confirmation() {
    let app = app().await;
    let before = organizations(&app).await;
    asks(&app, "ada@looms.test", "looms").await.data();
    assert_eq!(organizations(&app).await, before, "nothing before the address is confirmed");
    assert_eq!(confirms(&app, "ada@looms.test").await, "looms");

    let ada = app.sign_in_with("ada@looms.test", PASSWORD).await;
    let mine = ada
        .ask(
            "{ viewer { activeOrganization { role organization { name slug subscription { planName }
                 auditLogs(first: 1) { nodes { eventType actorLabel } } } } } }",
        )
        .await;
    let trail = json!({"nodes": [{"eventType": "organization.created", "actorLabel": "ada@looms.test"}]});
    let organization =
        json!({"name": "Looms", "slug": "looms", "subscription": {"planName": "Free"}, "auditLogs": trail});
    let wanted = json!({"role": "OWNER", "organization": organization});
    assert_eq!(*mine.at("/viewer/activeOrganization"), wanted);
    let left: i64 = app.service().await.one("SELECT count(*) FROM platform_private.first_organizations", []).await;
    assert_eq!((organizations(&app).await, left), (before + 1, 0));
}

#[tokio::test]
async fn a_slug_is_no_way_to_learn_of_an_account() {
    let app = app().await;
    sign_up(&app, "known@people.test").await;
    // With an account or without: the answer is the same, and the slug is free afterwards.
    for email in ["known@people.test", "unknown@people.test"] {
        let answer = asks(&app, email, "same-slug").await;
        assert_eq!(answer.data()["signUp"]["mailSent"], true);
        let taken: bool = app
            .service()
            .await
            .one("SELECT EXISTS (SELECT FROM platform.organizations WHERE slug = 'same-slug')", [])
            .await;
        assert!(!taken);
    }
    assert_eq!(confirms(&app, "unknown@people.test").await, "same-slug");
}

#[tokio::test]
async fn whose_slug_was_taken_meanwhile_is_confirmed_all_the_same() {
    let app = app().await;
    asks(&app, "late@people.test", "acme").await.data();
    assert_eq!(confirms(&app, "late@people.test").await, Value::Null);
    let late = app.sign_in_with("late@people.test", PASSWORD).await;
    let answer = late.ask("{ viewer { emailConfirmedAt activeOrganization { role } } }").await;
    assert!(answer.at("/viewer/emailConfirmedAt").is_string());
    assert!(answer.at("/viewer/activeOrganization").is_null());
    let wrong = asks(&app, "wrong@people.test", "No Slug").await;
    assert_eq!(wrong_argument(&wrong), "input.organization.slug");
}
