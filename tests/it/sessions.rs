//! Signing in and out, and what a credential is good for.

use serde_json::json;

use crate::support::{actors::SIGN_IN, app::App};

#[tokio::test]
async fn signing_in_gives_tokens_that_work_and_stores_only_their_digests() {
    let app = App::start().await;
    let owner = app.owner().await;
    let answer = owner.ask("{ viewer { email mfaEnabled } }").await;
    assert_eq!(answer.data(), &json!({"viewer": {"email": "owner@acme.test", "mfaEnabled": false}}));

    let service = app.service().await;
    let user_id = app.user_id("owner@acme.test").await;
    let stored: Vec<String> = service
        .column(
            "SELECT token_hash || ' ' || refresh_token_hash FROM platform.user_sessions
              WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1",
            [user_id.into()],
        )
        .await;
    let digest = ogelbase::db::bootstrap::hex(&ogelbase::auth::token::digest(owner.refresh_token.as_ref().unwrap()));
    assert!(stored[0].ends_with(&digest));
    assert!(!stored[0].contains(owner.refresh_token.as_ref().unwrap()));
    let audited: i64 = service
        .one(
            "SELECT count(*) FROM platform.audit_logs WHERE event_type = 'user.signed_in' AND user_id = $1
                AND actor_label = 'owner@acme.test' AND ip_address = '127.0.0.1' AND created_at > now() - interval '1 minute'",
            [user_id.into()],
        )
        .await;
    assert_eq!(audited, 1);
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_odd_input_get_the_same_answer() {
    let app = App::start().await;
    let long = "x".repeat(5_000);
    for (email, password) in [
        ("owner@acme.test", "wrong"),
        ("nobody@acme.test", "ogelbase-demo"),
        ("owner@acme.test", ""),
        ("owner@acme.test", &long),
        ("%", "ogelbase-demo"),
        // Has no password until the operator sets one.
        ("admin@ogelbase.com", ""),
    ] {
        let answer = app.anonymous().ask_with(SIGN_IN, json!({"input": {"email": email, "password": password}})).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["data"], json!(null), "{email}");
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{email}");
        assert_eq!(answer.body["errors"][0]["message"], "e-mail or password is wrong", "{email}");
    }
    let odd = json!({"input": {"email": "owner@acme.test\0", "password": "ogelbase-demo"}});
    assert_eq!(app.anonymous().ask_with(SIGN_IN, odd).await.codes(), ["INVALID_INPUT"]);
    let spelled = json!({"input": {"email": "  OWNER@Acme.Test ", "password": "ogelbase-demo"}});
    assert_eq!(app.anonymous().ask_with(SIGN_IN, spelled).await.at("/signIn/user/email"), "owner@acme.test");
}

#[tokio::test]
async fn a_session_that_was_ended_is_refused_at_the_next_request() {
    let app = App::start().await;
    let owner = app.owner().await;
    let elsewhere = app.owner().await;
    let answer =
        owner.ask("mutation { signOut(input: {clientMutationId: \"7\"}) { signedOut clientMutationId } }").await;
    assert_eq!(answer.data(), &json!({"signOut": {"signedOut": true, "clientMutationId": "7"}}));

    let refused = owner.ask("{ __typename }").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.codes(), ["UNAUTHENTICATED"]);
    assert!(refused.body.get("data").is_none());
    assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    // The other session of the same person lives.
    assert_eq!(elsewhere.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");

    app.service()
        .await
        .run("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'owner@acme.test'")
        .await;
    assert_eq!(elsewhere.ask("{ viewer { email } }").await.status, 401);
    let banned = json!({"input": {"email": "owner@acme.test", "password": "ogelbase-demo"}});
    assert_eq!(app.anonymous().ask_with(SIGN_IN, banned).await.codes(), ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn a_credential_that_is_refused_is_never_taken_for_none() {
    let app = App::start().await;
    let owner = app.owner().await;
    let token = owner.access_token.clone().unwrap();
    for header in ["Bearer", "Bearer x", "Basic b3duZXI6eA==", &format!("Bearer {token}x"), "nonsense"] {
        let response = app
            .http
            .post(app.url("/graphql"))
            .header("Authorization", header)
            .json(&json!({"query": "{ serverInfo { version } }"}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401, "{header}");
    }
    let scheme = app
        .http
        .post(app.url("/graphql"))
        .header("Authorization", format!("bearer {token}"))
        .json(&json!({"query": "{ viewer { email } }"}));
    assert_eq!(scheme.send().await.unwrap().status(), 200, "the scheme is case-insensitive (RFC 9110, 11.1)");
}

#[tokio::test]
async fn x_organization_narrows_one_request_and_fails_closed() {
    let app = App::start().await;
    let both = app.both().await;
    let slugs = "{ organizations(orderBy: {field: NAME}) { nodes { slug } } }";
    let answer = both.ask(slugs).await;
    assert_eq!(answer.at("/organizations/nodes"), &json!([{"slug": "acme"}, {"slug": "globex"}]));
    let narrowed = both.in_organization("globex").ask(slugs).await;
    assert_eq!(narrowed.at("/organizations/nodes"), &json!([{"slug": "globex"}]));
    let other = both.in_organization("globex").ask("{ organization(slug: \"acme\") { id } }").await;
    assert_eq!(other.data(), &json!({"organization": null}));

    for slug in ["lancio", "no-such-organization", "Not A Slug", "'; DROP TABLE x; --", ""] {
        let refused = both.in_organization(slug).ask("{ __typename }").await;
        assert_eq!((refused.status, refused.codes()), (404, vec!["NOT_FOUND"]), "{slug}");
        assert!(refused.body.get("data").is_none());
    }
    let anonymous = app.anonymous().in_organization("acme").ask("{ serverInfo { version } }").await;
    assert_eq!(anonymous.status, 401);
}

#[tokio::test]
async fn a_password_alone_does_not_do_for_an_account_with_a_second_factor() {
    let app = App::start().await;
    app.service()
        .await
        .run(
            "UPDATE platform.users o SET mfa_enabled = true, mfa_secret_sealed = m.mfa_secret_sealed
           FROM platform.users m WHERE o.email = 'owner@acme.test' AND m.email = 'mina@acme.test'",
        )
        .await;
    const ASKED: &str = "mutation ($input: SignInInput!) {
        signIn(input: $input) { accessToken refreshToken expiresAt user { id } secondFactor { ticket } } }";
    let input = json!({"input": {"email": "owner@acme.test", "password": "ogelbase-demo"}});
    let answer = app.anonymous().ask_with(ASKED, input).await;
    let payload = answer.at("/signIn");
    for nothing in ["accessToken", "refreshToken", "expiresAt", "user"] {
        assert!(payload[nothing].is_null(), "{nothing}");
    }
    assert!(payload["secondFactor"]["ticket"].is_string());
    let sessions: i64 = app
        .service()
        .await
        .one(
            "SELECT count(*) FROM platform.user_sessions s JOIN platform.users u ON u.id = s.user_id
              WHERE u.email = 'owner@acme.test' AND s.created_at > now() - interval '1 minute'",
            [],
        )
        .await;
    assert_eq!(sessions, 0);
}

#[tokio::test]
async fn who_signs_in_anew_is_not_narrowed_by_the_older_credential() {
    let app = App::start().await;
    let both = app.both().await.in_organization("globex");
    let variables = json!({"input": {"email": "both@acme.test", "password": "ogelbase-demo"}});
    let query = "mutation ($input: SignInInput!) { signIn(input: $input) { user { memberships {
        nodes { organization { slug viewerPermissions } } } } } }";
    let answer = both.ask_with(query, variables).await;
    let memberships = answer.at("/signIn/user/memberships/nodes").as_array().unwrap();
    let slugs: Vec<_> = memberships.iter().map(|node| node["organization"]["slug"].as_str().unwrap()).collect();
    assert!(slugs.contains(&"acme") && slugs.contains(&"globex"), "{slugs:?}");
}
