//! Who comes in with a token of an outside issuer.

use std::collections::HashSet;

use ogelbase::config::external_issuer::{ExternalIssuer, TokenAlgorithm};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Issuer, SigningKey, VIEWER, ask, assert_refused, message, serve, trusted};
use crate::support::{app::App, process::Home};

async fn users(app: &App) -> i64 {
    app.service().await.one("SELECT count(*) FROM platform.users", []).await
}

#[tokio::test]
async fn an_account_is_made_at_first_sight_and_is_a_user_like_any_other() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    let before = users(&app).await;
    let token = key.sign(&issuer.claims("auth0|ada", "Ada@example.com"));
    for _ in 0..3 {
        let viewer = ask(&app, &token, "{ viewer { email mfaEnabled memberships { totalCount } } }").await;
        let wanted = json!({"email": "Ada@example.com", "mfaEnabled": false, "memberships": {"totalCount": 0}});
        assert_eq!(viewer.at("/viewer"), &wanted);
    }
    assert_eq!(users(&app).await, before + 1);
    let service = app.service().await;
    let row =
        "SELECT json_build_array(external_issuer, external_subject, email_confirmed_at IS NOT NULL, password_hash,
                      last_sign_in_at IS NOT NULL)::text FROM platform.users WHERE email = 'Ada@example.com'";
    let row: Value = serde_json::from_str(&service.one::<String>(row, []).await).unwrap();
    assert_eq!(row, json!([issuer.url, "auth0|ada", true, null, true]));
    let id = app.user_id("Ada@example.com").await;
    let records = "SELECT json_build_array(actor_label, user_id, resource_id, action, host(ip_address),
                          request_id IS NOT NULL, metadata)::text
                     FROM platform.audit_logs WHERE event_type = 'user.created'";
    let records: Vec<String> = service.column(records, []).await;
    assert_eq!(records.len(), 1);
    let record: Value = serde_json::from_str(&records[0]).unwrap();
    let after = json!({"after": {"external_issuer": issuer.url}});
    assert_eq!(record, json!(["Ada@example.com", id, id, "create", "127.0.0.1", true, after]));

    // A membership is a membership.
    let mut ada = app.anonymous();
    ada.access_token = Some(token.clone());
    assert_eq!(ada.in_organization("acme").ask(VIEWER).await.codes(), ["NOT_FOUND"]);
    service
        .run_with(
            "INSERT INTO platform.organization_members (organization_id, user_id, role)
             SELECT id, $1, 'developer' FROM platform.organizations WHERE slug = ANY ('{acme,globex}')",
            [id.into()],
        )
        .await;
    let slugs = "{ organizations(orderBy: {field: NAME}) { nodes { slug } } }";
    assert_eq!(ada.ask(slugs).await.at("/organizations/nodes"), &json!([{"slug": "acme"}, {"slug": "globex"}]));
    let narrowed = ada.in_organization("globex").ask(slugs).await;
    assert_eq!(narrowed.at("/organizations/nodes"), &json!([{"slug": "globex"}]));
    let renames =
        "mutation { updateOrganization(input: {organization: \"ORG\", name: \"x\"}) { organization { id } } }";
    let acme =
        ada.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization/id").as_str().unwrap().to_owned();
    assert_eq!(ada.ask(&renames.replace("ORG", &acme)).await.codes(), ["FORBIDDEN"]);

    // The session is the issuer's: there is none of ours to end.
    let out = ada.ask("mutation { signOut(input: {}) { signedOut } }").await;
    assert_eq!(
        (out.codes(), message(&out)),
        (vec!["CONFLICT"], "you are signed in by an outside issuer, which keeps the session: this is done there")
    );
    assert_eq!(ada.ask(VIEWER).await.status, 200);
    let sessions: i64 =
        service.one("SELECT count(*) FROM platform.user_sessions WHERE user_id = $1", [id.into()]).await;
    assert_eq!(sessions, 0);
}

#[tokio::test]
async fn no_account_is_made_for_an_address_that_nobody_confirmed() {
    let key = SigningKey::ed("k1");
    let (one, other) = (Issuer::with(&[&key]).await, Issuer::with(&[&key]).await);
    let trusting = ExternalIssuer {
        name: "two".to_owned(),
        confirms_addresses: true,
        email_claim: "mail".to_owned(),
        ..other.setting(TokenAlgorithm::EdDSA)
    };
    let (app, _) = serve(vec![one.setting(TokenAlgorithm::EdDSA), trusting]).await;
    let before = users(&app).await;
    for (subject, verified) in [("a", Value::Null), ("b", json!(false)), ("c", json!("true"))] {
        // Whether the address has an account here makes no difference: nobody learns of it by a token for it.
        for email in [format!("{subject}@example.com"), "owner@acme.test".to_owned()] {
            let mut claims = one.claims(subject, &email);
            claims["email_verified"] = verified.clone();
            // People write what they like into these.
            claims["user_metadata"] = json!({"email_verified": true, "email": email});
            let answer = ask(&app, &key.sign(&claims), VIEWER).await;
            assert_refused(&answer, subject);
            let wanted = format!("no account can be made for you: your e-mail address is not confirmed at {}", one.url);
            assert_eq!(message(&answer), wanted);
        }
    }
    assert_eq!(users(&app).await, before, "and the address is free for who owns it");
    let mut claims = one.claims("d", "d@example.com");
    claims["email_verified"] = json!(true);
    assert_eq!(ask(&app, &key.sign(&claims), VIEWER).await.at("/viewer/email"), "d@example.com");
    // An issuer that confirms them all need not say so; where it says the opposite, that holds.
    let mut claims = other.claims("a", "not-this-one@example.com");
    claims["mail"] = json!("e@example.com");
    claims["email_verified"] = json!(false);
    assert_refused(&ask(&app, &key.sign(&claims), VIEWER).await, "says the opposite");
    claims.as_object_mut().unwrap().remove("email_verified");
    // The same subject of another issuer is another person.
    assert_eq!(ask(&app, &key.sign(&claims), VIEWER).await.at("/viewer/email"), "e@example.com");
    // Who has an account is not asked again.
    let mut claims = one.claims("d", "d@example.com");
    claims["email_verified"] = json!(false);
    assert_eq!(ask(&app, &key.sign(&claims), VIEWER).await.at("/viewer/email"), "d@example.com");
    let confirmed: Vec<String> = app
        .service()
        .await
        .column(
            "SELECT email FROM platform.users WHERE external_issuer LIKE 'http://127.0.0.1:%'
                AND email_confirmed_at IS NOT NULL ORDER BY 1",
            [],
        )
        .await;
    assert_eq!(confirmed, ["d@example.com", "e@example.com"]);
    // The database says no by itself.
    let sql = app.as_user(None, None).await;
    let outcome =
        "SELECT platform_private.create_external_user($1, 'x', 'y', 'new@example.com', false, NULL, NULL, 'r')";
    assert_eq!(sql.one::<String>(outcome, [Uuid::from_u128(9).into()]).await, "unconfirmed");
}

#[tokio::test]
async fn an_account_that_is_there_is_never_taken_over_by_its_address() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    let before = users(&app).await;
    let state = "SELECT json_agg(to_jsonb(u) ORDER BY id)::text FROM platform.users u";
    let service = app.service().await;
    let stored: String = service.one(state, []).await;
    for email in ["owner@acme.test", "OWNER@ACME.TEST", " owner@acme.test "] {
        let answer = ask(&app, &key.sign(&issuer.claims("mallory", email)), VIEWER).await;
        assert_refused(&answer, email);
        assert!(message(&answer).starts_with("there is an account with your e-mail address, and it is not linked"));
    }
    assert_eq!(service.one::<String>(state, []).await, stored);

    // The operator links it; from then on both ways lead in.
    let url = app.database.url.clone();
    let link = async |email: &str, subject: &str| {
        let arguments = ["admin", "link", email, "--issuer", &issuer.url, "--subject", subject];
        Home::new().run(&arguments, &[("DATABASE_URL", &url)]).await
    };
    link("owner@acme.test", "mallory").await.printed();
    let token = key.sign(&issuer.claims("mallory", "whatever@example.com"));
    assert_eq!(ask(&app, &token, VIEWER).await.at("/viewer/email"), "owner@acme.test");
    assert_eq!(app.owner().await.ask(VIEWER).await.status, 200);
    assert!(link("owner@acme.test", "mallory").await.printed().contains("is linked with this identity already"));
    assert!(link("admin@acme.test", "mallory").await.refusal().contains("is linked with another account"));
    assert_eq!(users(&app).await, before);

    // What a deleted account was called may be used again.
    service.run("UPDATE platform.users SET deleted_at = now() WHERE email = 'member@acme.test'").await;
    let token = key.sign(&issuer.claims("new", "member@acme.test"));
    assert_eq!(
        ask(&app, &token, "{ viewer { memberships { totalCount } } }").await.at("/viewer/memberships/totalCount"),
        0
    );
}

#[tokio::test]
async fn nobody_is_made_where_that_is_not_allowed_or_the_token_does_not_do() {
    let key = SigningKey::ec("k1");
    let (strict, open) = (Issuer::with(&[&key]).await, Issuer::with(&[&key]).await);
    let closed =
        ExternalIssuer { name: "strict".to_owned(), allow_creation: false, ..strict.setting(TokenAlgorithm::ES256) };
    let (app, _) = serve(vec![closed, open.setting(TokenAlgorithm::ES256)]).await;
    let before = users(&app).await;
    let answer = ask(&app, &key.sign(&strict.claims("ada", "ada@example.com")), VIEWER).await;
    assert_refused(&answer, "not allowed");
    assert_eq!(message(&answer), format!("no account here is linked with your identity at {}", strict.url));
    for email in
        [json!(null), json!(""), json!(7), json!("ada"), json!("a\u{0}da@example.com"), json!(["ada@example.com"])]
    {
        let mut claims = open.claims("ada", "");
        claims["email"] = email.clone();
        let answer = ask(&app, &key.sign(&claims), VIEWER).await;
        assert_refused(&answer, &email.to_string());
        assert!(message(&answer).contains("has no e-mail address"), "{email}: {}", message(&answer));
    }
    for subject in [json!(null), json!(""), json!(7), json!(" ada"), json!("a\u{0}da"), json!("x".repeat(256))] {
        let mut claims = open.claims("", "ada@example.com");
        claims["sub"] = subject.clone();
        assert_refused(&ask(&app, &key.sign(&claims), VIEWER).await, &subject.to_string());
    }
    assert_eq!(users(&app).await, before);
    // Odd, but lawful: nothing of it becomes SQL.
    let odd = r#"'); DROP TABLE platform.users; -- \x27 "ünï"#;
    let token = key.sign(&open.claims(odd, "odd@example.com"));
    assert_eq!(ask(&app, &token, VIEWER).await.at("/viewer/email"), "odd@example.com");
    assert_eq!(ask(&app, &token, VIEWER).await.status, 200);
    let stored = "SELECT external_subject FROM platform.users WHERE email = 'odd@example.com'";
    assert_eq!(app.service().await.one::<String>(stored, []).await, odd);
}

#[tokio::test]
async fn who_is_banned_or_deleted_is_out_at_once_and_is_not_made_again() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    let service = app.service().await;
    for (subject, shut) in [("a", "banned_until = 'infinity'"), ("b", "deleted_at = now()")] {
        let token = key.sign(&issuer.claims(subject, &format!("{subject}@example.com")));
        assert_eq!(ask(&app, &token, VIEWER).await.status, 200);
        let before = users(&app).await;
        service.run(&format!("UPDATE platform.users SET {shut} WHERE external_subject = '{subject}'")).await;
        let answer = ask(&app, &token, VIEWER).await;
        assert_refused(&answer, shut);
        assert_eq!(message(&answer), "this account is banned or was deleted");
        assert_eq!(users(&app).await, before);
    }
}

#[tokio::test]
async fn of_twenty_first_requests_at_once_one_makes_the_account_and_all_are_answered() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    let before = users(&app).await;
    let token = key.sign(&issuer.claims("ada", "ada@example.com"));
    let asked = (0..20).map(|_| ask(&app, &token, "{ viewer { id } }"));
    let ids: HashSet<String> =
        futures_util::future::join_all(asked).await.iter().map(|answer| answer.at("/viewer/id").to_string()).collect();
    assert_eq!((ids.len(), users(&app).await), (1, before + 1));
    assert_eq!(issuer.asked(), 1, "one fetch does for all");
}

#[tokio::test]
async fn the_application_role_reaches_the_two_functions_and_not_what_they_touch() {
    let key = SigningKey::ec("k1");
    let (app, _, issuer) = trusted(&key).await;
    ask(&app, &key.sign(&issuer.claims("ada", "ada@example.com")), VIEWER).await;
    let owner = app.user_id("owner@acme.test").await;
    let by_sql = app.as_user(Some(owner), None).await;
    for sql in [
        "UPDATE platform.users SET external_issuer = 'x', external_subject = 'y' WHERE email = 'owner@acme.test'",
        "UPDATE platform.users SET external_subject = 'y' WHERE external_subject = 'ada'",
        "INSERT INTO platform.users (email, external_issuer, external_subject) VALUES ('z@example.com', 'x', 'y')",
    ] {
        let refused = by_sql.try_run(sql).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{sql}: {refused}");
    }
    // Neither makes an account that is there somebody else's.
    let outcome =
        "SELECT platform_private.create_external_user($1, 'x', 'y', 'admin@acme.test', true, NULL, NULL, 'r')";
    assert_eq!(by_sql.one::<String>(outcome, [Uuid::from_u128(9).into()]).await, "taken");
}
