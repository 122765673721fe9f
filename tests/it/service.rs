//! The service principal: who holds a token of the operator's.

use chrono::Duration;
use ogelbase::{admin::token, auth::service_token::ServiceTokens, clock::Clock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::Actor,
    app::{App, config},
};

pub(crate) async fn service(app: &App) -> (Actor<'_>, Uuid) {
    let tokens = ServiceTokens::new(&config("").jwt_secret.unwrap());
    let now = Clock::system().now();
    let token = token::mint(&app.database.url, &tokens, "Nightly metrics", now, now + Duration::days(1)).await.unwrap();
    let mut actor = app.anonymous();
    actor.access_token = Some(token.clone());
    (actor, tokens.check(&token, now).unwrap().0)
}

#[tokio::test]
async fn the_service_sees_and_may_everything_and_is_nobody() {
    let app = App::start().await;
    let sql = app.service().await;
    let (service, _) = service(&app).await;
    let count = async |table: &str| -> i64 { sql.one(&format!("SELECT count(*) FROM platform.{table}"), []).await };
    let answer = service
        .ask(
            "{ viewer { id } organizations { totalCount } projects { totalCount }
               organization(slug: \"globex\") { invoices { totalCount } members { nodes { user { email } } }
                 viewerPermissions projects { nodes { credentials { anonKey } databases { totalCount } } } } }",
        )
        .await;
    let data = answer.data();
    assert_eq!(data["viewer"], Value::Null);
    assert_eq!(data["organizations"]["totalCount"], count("organizations").await);
    assert_eq!(data["projects"]["totalCount"], count("projects").await);
    let globex = &data["organization"];
    assert!(globex["invoices"]["totalCount"].as_i64().unwrap() > 0);
    assert!(globex["members"]["nodes"][0]["user"]["email"].is_string());
    assert!(globex["projects"]["nodes"][0]["credentials"]["anonKey"].is_string());
    let permissions = globex["viewerPermissions"].as_array().unwrap();
    assert_eq!(permissions.len(), ogelbase::auth::Permission::ALL.len());
    for (prefix, table) in [
        ("usr", "users"),
        ("inv", "invoices"),
        ("aud", "audit_logs"),
        ("key", "api_keys"),
        ("dbl", "database_connection_logs"),
    ] {
        let ids: Vec<Uuid> = sql.column(&format!("SELECT id FROM platform.{table} LIMIT 100"), []).await;
        let ids: Vec<_> = ids.iter().map(|id| format!("{prefix}_{}", id.simple())).collect();
        let nodes = service.ask_with("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
        assert!(nodes.at("/nodes").as_array().unwrap().iter().all(|node| node["id"].is_string()), "{table}");
    }
}

#[tokio::test]
async fn what_the_service_does_is_on_record_under_its_label() {
    let app = App::start().await;
    let (service, token_id) = service(&app).await;
    let globex: Uuid = app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'globex'", []).await;
    let globex = format!("org_{}", globex.simple());
    let update =
        "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }";
    let answer = service.ask_with(update, json!({"input": {"organization": globex, "name": "By the service"}})).await;
    assert_eq!(answer.at("/updateOrganization/organization/name"), "By the service");
    let record = async |event: &str| -> Value {
        let sql = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = $1 AND created_at > now() - interval '1 minute'";
        app.service().await.one(sql, [event.into()]).await
    };
    let updated = record("organization.updated").await;
    assert_eq!(updated["actor_label"], "service: Nightly metrics");
    assert_eq!([&updated["user_id"], &updated["api_key_id"]], [&Value::Null, &Value::Null]);
    let minted = record("service_token.created").await;
    assert_eq!([&minted["actor_label"], &minted["resource_id"]], [&json!("operator"), &json!(token_id)]);
    // What is a person's own it has not: it signs nobody out, signs in as nobody, and makes no key in nobody's name.
    for (mutation, code) in [
        ("signOut(input: {}) { signedOut }".to_owned(), "FORBIDDEN"),
        (
            format!(
                "createApiKey(input: {{organization: \"{globex}\", name: \"x\", scopes: [\"organization:read\"]}}) {{ key }}"
            ),
            "FORBIDDEN",
        ),
        (
            "signIn(input: {email: \"owner@acme.test\", password: \"ogelbase-demo\"}) { accessToken }".to_owned(),
            "INVALID_INPUT",
        ),
    ] {
        assert_eq!(service.ask(&format!("mutation {{ {mutation} }}")).await.codes(), [code], "{mutation}");
    }
    // The next request on the same connections is not the service's.
    let seen = app.member().await.ask("{ organizations { nodes { slug } } }").await;
    assert_eq!(seen.at("/organizations/nodes"), &json!([{"slug": "acme"}]));
    let anonymous: i64 = app.as_user(None, None).await.one("SELECT count(*) FROM platform.organizations", []).await;
    assert_eq!(anonymous, 0);
}

#[tokio::test]
async fn a_service_token_ends_when_it_is_revoked_or_over_and_only_the_operator_lists_it() {
    let app = App::start().await;
    let (service, token_id) = service(&app).await;
    assert_eq!(service.ask("{ __typename }").await.status, 200);
    let narrowed = service.in_organization("acme").ask("{ __typename }").await;
    assert_eq!((narrowed.status, narrowed.codes()), (400, vec!["INVALID_INPUT"]));
    assert!(token::revoke(&app.database.url, token_id).await.unwrap());
    assert!(!token::revoke(&app.database.url, token_id).await.unwrap());
    assert_eq!(service.ask("{ __typename }").await.status, 401);

    // Signed by us, and yet in no list; and one that is over.
    let tokens = ServiceTokens::new(&config("").jwt_secret.unwrap());
    let now = Clock::system().now();
    let mut stranger = app.anonymous();
    stranger.access_token = Some(tokens.mint(Uuid::now_v7(), now, now + Duration::days(1)).unwrap());
    assert_eq!(stranger.ask("{ __typename }").await.status, 401);
    let past = now - Duration::days(2);
    stranger.access_token =
        Some(token::mint(&app.database.url, &tokens, "Over", past, past + Duration::days(1)).await.unwrap());
    assert_eq!(stranger.ask("{ __typename }").await.status, 401);
    // Requests cannot read or make tokens.
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    for forbidden in [
        "SELECT * FROM platform_private.service_tokens",
        "INSERT INTO platform_private.service_tokens (id, label, expires_at) VALUES (gen_random_uuid(), 'x', 'infinity')",
    ] {
        assert!(sql.try_run(forbidden).await.unwrap_err().to_string().contains("permission denied"), "{forbidden}");
    }
}
