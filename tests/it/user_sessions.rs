//! Sessions that are renewed, listed and ended, and what happens to a refresh token that comes back.

use futures_util::future::join_all;
use ogelbase::{auth::token, db::bootstrap::hex};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    actors::{Actor, Answer},
    app::App,
};

const REFRESH: &str = "mutation ($input: RefreshSessionInput!) {
    refreshSession(input: $input) { accessToken refreshToken expiresAt user { email } clientMutationId }
}";
const SESSIONS: &str =
    "{ viewer { sessions { totalCount nodes { id current userAgent ip createdAt lastSeenAt expiresAt endedAt } } } }";
const REVOKE: &str = "mutation ($id: ID!) { revokeSession(input: {session: $id}) { session { id current endedAt } } }";

async fn refresh(app: &App, token: &str) -> Answer {
    app.anonymous().ask_with(REFRESH, json!({"input": {"refreshToken": token}})).await
}

fn digest(text: &str) -> String {
    hex(&token::digest(text))
}

fn renewed<'a>(actor: &Actor<'a>, answer: &Answer) -> Actor<'a> {
    let mut actor = actor.clone();
    actor.access_token = answer.at("/refreshSession/accessToken").as_str().map(str::to_owned);
    actor.refresh_token = answer.at("/refreshSession/refreshToken").as_str().map(str::to_owned);
    actor
}

/// The latest session of a person, as the database has it.
async fn latest(app: &App, email: &str) -> Value {
    app.service()
        .await
        .one(
            "SELECT to_jsonb(s) FROM platform.user_sessions s JOIN platform.users u ON u.id = s.user_id
              WHERE u.email = $1 ORDER BY s.created_at DESC LIMIT 1",
            [email.into()],
        )
        .await
}

async fn records(app: &App, event: &str) -> Vec<Value> {
    let sql =
        "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = $1 AND created_at > now() - interval '1 hour'
                ORDER BY created_at";
    app.service().await.column(sql, [event.into()]).await
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_ends_the_old_ones() {
    let app = App::start().await;
    let owner = app.owner().await;
    let before = latest(&app, "owner@acme.test").await;
    let first = owner.refresh_token.clone().unwrap();
    let input = json!({"input": {"refreshToken": first, "clientMutationId": "mine"}});
    let answer = app.anonymous().ask_with(REFRESH, input).await;
    assert_eq!(answer.at("/refreshSession/user/email"), "owner@acme.test");
    assert_eq!(answer.at("/refreshSession/clientMutationId"), "mine");
    let fresh = renewed(&owner, &answer);
    assert_eq!(fresh.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");
    // The earlier access token ended with the rotation, not with its fifteen minutes.
    assert_eq!(owner.ask("{ viewer { email } }").await.status, 401);

    let after = latest(&app, "owner@acme.test").await;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["previous_refresh_hash"], json!(digest(&first)));
    assert_eq!(after["refresh_token_hash"], json!(digest(fresh.refresh_token.as_ref().unwrap())));
    assert_ne!(after["token_hash"], before["token_hash"]);
    assert_eq!(after["expires_at"], before["expires_at"], "renewing does not lengthen a session");
    let trail = records(&app, "user.session_refreshed").await;
    let [record] = trail.as_slice() else { panic!("{trail:#?}") };
    assert_eq!([&record["resource_id"], &record["user_id"]], [&after["id"], &after["user_id"]]);
    // And so on.
    let again = refresh(&app, fresh.refresh_token.as_ref().unwrap()).await;
    assert_eq!(renewed(&fresh, &again).ask("{ viewer { email } }").await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_ends_the_session_and_stays_on_record() {
    let app = App::start().await;
    let owner = app.owner().await;
    let elsewhere = app.owner().await;
    let first = owner.refresh_token.clone().unwrap();
    let fresh = renewed(&owner, &refresh(&app, &first).await);
    for _ in 0..2 {
        let reused = refresh(&app, &first).await;
        assert_eq!((reused.codes(), &reused.body["data"]), (vec!["UNAUTHENTICATED"], &json!(null)));
    }
    assert_eq!(fresh.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(refresh(&app, fresh.refresh_token.as_ref().unwrap()).await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(elsewhere.ask("{ viewer { email } }").await.at("/viewer/email"), "owner@acme.test");
    let trail = records(&app, "user.refresh_token_reused").await;
    let [record] = trail.as_slice() else { panic!("{trail:#?}") };
    assert_eq!(record["severity"], "warning");
    assert_eq!(record["user_id"], json!(app.user_id("owner@acme.test").await));
    assert_eq!([&record["actor_label"], &record["ip_address"]], ["owner@acme.test", "127.0.0.1"]);
    assert!(!record.to_string().contains(&first) && !record.to_string().contains(&digest(&first)));
}

#[tokio::test]
async fn of_fifty_with_one_token_one_gets_new_tokens_and_the_session_ends() {
    let app = App::start().await;
    let owner = app.owner().await;
    let token = owner.refresh_token.clone().unwrap();
    let answers = join_all((0..50).map(|_| refresh(&app, &token))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.codes().is_empty()).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| !answer.codes().is_empty()) {
        assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{:#}", answer.body);
    }
    // Nobody can tell the thief from the other: neither keeps it.
    assert_eq!(renewed(&owner, won[0]).ask("{ viewer { email } }").await.status, 401);
    assert!(latest(&app, "owner@acme.test").await["revoked_at"].is_string());
    assert_eq!(records(&app, "user.refresh_token_reused").await.len(), 1);
    assert_eq!(records(&app, "user.session_refreshed").await.len(), 1);
}

#[tokio::test]
async fn a_document_that_fails_has_renewed_nothing() {
    let app = App::start().await;
    let owner = app.owner().await;
    let token = owner.refresh_token.clone().unwrap();
    let twice = "mutation ($input: RefreshSessionInput!) {
        a: refreshSession(input: $input) { accessToken } b: refreshSession(input: $input) { accessToken } }";
    let answer = app.anonymous().ask_with(twice, json!({"input": {"refreshToken": token}})).await;
    assert_eq!((answer.codes(), &answer.body["data"]), (vec!["UNAUTHENTICATED"], &json!(null)));
    // The tokens that the first would have given are nowhere, so the old one is still the latest.
    assert_eq!(owner.ask("{ viewer { email } }").await.status, 200);
    assert!(refresh(&app, &token).await.codes().is_empty());
}

#[tokio::test]
async fn what_is_no_token_of_a_live_session_is_refused() {
    let app = App::start().await;
    let service = app.service().await;
    let admin = app.admin().await;
    let token = admin.refresh_token.clone().unwrap();
    let long = "x".repeat(10_000);
    for wrong in ["", "x", &long, admin.access_token.as_ref().unwrap(), &digest(&token)] {
        assert_eq!(refresh(&app, wrong).await.codes(), ["UNAUTHENTICATED"]);
    }
    assert_eq!(refresh(&app, "a\0b").await.codes(), ["INVALID_INPUT"]);
    for (change, back) in
        [("banned_until = 'infinity'", "banned_until = NULL"), ("deleted_at = now()", "deleted_at = NULL")]
    {
        let person = "WHERE email = 'admin@acme.test'";
        service.run(&format!("UPDATE platform.users SET {change} {person}")).await;
        assert_eq!(refresh(&app, &token).await.codes(), ["UNAUTHENTICATED"], "{change}");
        service.run(&format!("UPDATE platform.users SET {back} {person}")).await;
    }
    let id = latest(&app, "admin@acme.test").await["id"].as_str().unwrap().to_owned();
    service
        .run(&format!(
            "UPDATE platform.user_sessions SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day'
              WHERE id = '{id}'"
        ))
        .await;
    assert_eq!(refresh(&app, &token).await.codes(), ["UNAUTHENTICATED"], "expired");
    assert_eq!(records(&app, "user.refresh_token_reused").await.len(), 0);
    assert_eq!(records(&app, "user.session_refreshed").await.len(), 0);
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_one_of_the_sessions() {
    let app = App::start().await;
    let (here, there) = (app.owner().await, app.owner().await);
    let answer = here.ask(SESSIONS).await;
    let nodes = answer.at("/viewer/sessions/nodes").as_array().unwrap().clone();
    // Newest first; the demo has some of the owner's, and one that was ended, which is not among them.
    let live: i64 = app
        .service()
        .await
        .one(
            "SELECT count(*) FROM platform.user_sessions s JOIN platform.users u ON u.id = s.user_id
              WHERE u.email = 'owner@acme.test' AND s.revoked_at IS NULL AND s.expires_at > now()",
            [],
        )
        .await;
    assert_eq!(answer.at("/viewer/sessions/totalCount"), &json!(live));
    assert!(live >= 4 && nodes.len() == usize::try_from(live).unwrap(), "{nodes:#?}");
    assert_eq!([&nodes[0]["current"], &nodes[1]["current"]], [false, true]);
    assert_eq!(nodes[1]["ip"], "127.0.0.1");
    let demo = nodes.iter().find(|node| node["ip"] == "203.0.113.10").expect("the laptop of the demo");
    assert!(demo["userAgent"].as_str().unwrap().contains("Firefox"));
    assert!(nodes.iter().all(|node| node["endedAt"].is_null() && node["lastSeenAt"].is_string()));

    let id = nodes[0]["id"].as_str().unwrap();
    let revoked = here.ask_with(REVOKE, json!({ "id": id })).await;
    assert_eq!(revoked.at("/revokeSession/session/id"), id);
    let ended = revoked.at("/revokeSession/session/endedAt").clone();
    assert!(ended.is_string());
    assert_eq!(there.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(refresh(&app, there.refresh_token.as_ref().unwrap()).await.codes(), ["UNAUTHENTICATED"]);
    // Again: it stays as it is.
    assert_eq!(here.ask_with(REVOKE, json!({ "id": id })).await.at("/revokeSession/session/endedAt"), &ended);
    let again = here.ask(&format!("{{ node(id: \"{id}\") {{ ... on Session {{ endedAt current }} }} }}")).await;
    assert_eq!(again.at("/node"), &json!({"endedAt": ended, "current": false}));
    assert_eq!(records(&app, "user.session_revoked").await.len(), 2);
}

#[tokio::test]
async fn nobody_ends_anothers_session() {
    let app = App::start().await;
    let member = app.member().await;
    let answer = member.ask("{ viewer { sessions { nodes { id } } } }").await;
    let id = answer.at("/viewer/sessions/nodes/0/id").as_str().unwrap().to_owned();
    for actor in [app.owner().await, app.outsider().await] {
        assert_eq!(actor.ask_with(REVOKE, json!({ "id": id })).await.codes(), ["NOT_FOUND"], "{}", actor.email);
        assert_eq!(actor.ask(&format!("{{ node(id: \"{id}\") {{ id }} }}")).await.data(), &json!({"node": null}));
    }
    assert_eq!(app.anonymous().ask_with(REVOKE, json!({ "id": id })).await.codes(), ["UNAUTHENTICATED"]);
    let members = "{ organization(slug: \"acme\") { members { nodes { user { sessions { nodes { id } } } } } } }";
    let seen = app.owner().await.ask(members).await;
    assert!(seen.codes().iter().all(|code| *code == "FORBIDDEN") && !seen.codes().is_empty());
    assert!(!seen.body.to_string().contains(&id));

    // And by SQL as the application role.
    let key = Uuid::parse_str(id.strip_prefix("ses_").unwrap()).unwrap();
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    assert!(!sql.one::<bool>("SELECT platform_private.revoke_session($1)", [key.into()]).await);
    let kept: i32 = sql.one("SELECT platform_private.revoke_sessions(NULL)", []).await;
    assert!(kept > 0, "one's own");
    for forbidden in [
        "UPDATE platform.user_sessions SET revoked_at = now()",
        "DELETE FROM platform.user_sessions",
        "SELECT refresh_token_hash FROM platform.user_sessions",
        "INSERT INTO platform.user_sessions (user_id, token_hash, expires_at) VALUES (gen_random_uuid(), 'x', 'infinity')",
    ] {
        let refused = sql.try_run(forbidden).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    assert_eq!(member.ask("{ viewer { email } }").await.at("/viewer/email"), "member@acme.test");
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_or_all_others() {
    let app = App::start().await;
    let (here, there, admin) = (app.owner().await, app.owner().await, app.admin().await);
    let kept = here.ask("mutation { signOutEverywhere(input: {keepCurrent: true}) { ended } }").await;
    assert!(kept.at("/signOutEverywhere/ended").as_i64().unwrap() >= 3, "{:#}", kept.body);
    assert_eq!(there.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(here.ask(SESSIONS).await.at("/viewer/sessions/totalCount"), 1);
    let all = here.ask("mutation { signOutEverywhere(input: {}) { ended } }").await;
    assert_eq!(all.at("/signOutEverywhere/ended"), 1);
    assert_eq!(here.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(refresh(&app, here.refresh_token.as_ref().unwrap()).await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(admin.ask("{ viewer { email } }").await.at("/viewer/email"), "admin@acme.test");
    let trail = records(&app, "user.signed_out_everywhere").await;
    assert_eq!(trail.len(), 2);
    assert_eq!(trail[1]["metadata"]["after"]["sessions"], 1);
}

#[tokio::test]
async fn fifty_who_sign_out_everywhere_at_once_all_get_an_answer() {
    let app = App::start().await;
    let service = app.service().await;
    let user = app.user_id("owner@acme.test").await;
    let sessions = service.make_sessions(user, 50).await;
    let out = "mutation { signOutEverywhere(input: {}) { ended } }";
    let actors: Vec<_> = sessions.iter().map(|session| app.holder_of(session)).collect();
    let answers = join_all(actors.iter().map(|actor| actor.ask(out))).await;
    assert!(answers.iter().any(|answer| answer.status == 200));
    for answer in &answers {
        assert!(answer.status == 401 || answer.codes().is_empty(), "{} {:#}", answer.status, answer.body);
    }
    let live: i64 = service
        .one("SELECT count(*) FROM platform.user_sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()", [
            user.into(),
        ])
        .await;
    assert_eq!(live, 0);
}

#[tokio::test]
async fn a_session_is_seen_again_after_a_minute_and_not_at_each_request() {
    let app = App::start().await;
    let service = app.service().await;
    let user = app.user_id("member@acme.test").await;
    let session = service.make_sessions(user, 1).await.remove(0);
    let long_ago = "UPDATE platform.user_sessions SET last_activity_at = now() - interval '1 day' WHERE id = $1";
    service.run_with(long_ago, [session.id.into()]).await;
    let actor = app.holder_of(&session);
    let idle = async || -> bool {
        let sql = "SELECT last_activity_at < now() - interval '1 hour' FROM platform.user_sessions WHERE id = $1";
        service.one(sql, [session.id.into()]).await
    };
    assert!(idle().await);
    actor.ask("{ viewer { email } }").await.data();
    // It is written after the answer.
    for _ in 0..100 {
        if !idle().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(!idle().await);
    service.run_with(long_ago, [session.id.into()]).await;
    for _ in 0..5 {
        actor.ask("{ viewer { email } }").await.data();
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(idle().await, "within the minute nothing is written");
}
