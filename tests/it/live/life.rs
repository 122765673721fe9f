//! How long a subscription lives: no longer than what it is allowed by.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use ogelbase::{clock::Clock, config::Config, server::Server};
use sea_orm::sqlx::postgres::PgListener;
use serde_json::{Value, json};

use super::{PROJECT, SHOP, TRAIL, acme, shop};
use crate::support::{
    actors::Actor,
    app::{App, config},
    db::TestDatabase,
    socket::Socket,
};

const RENAME: &str = "UPDATE platform.projects SET name = $2 WHERE ref = $1";

async fn rename(app: &App, name: &str) {
    app.service().await.run_with(RENAME, [SHOP.into(), name.into()]).await;
}

async fn watching(app: &App, actor: &Actor<'_>) -> Socket {
    let mut socket = Socket::of(app, actor).await;
    socket.subscribe("shop", PROJECT, shop()).await;
    assert_eq!(socket.event("shop").await["projectChanged"]["change"], "CURRENT");
    socket
}

#[tokio::test]
async fn it_ends_with_the_token() {
    let clock = Clock::fixed(Clock::system().now());
    let database = TestDatabase::seeded().await;
    let settings = Config { websocket_ping_seconds: 1, ..config(&database.url) };
    let server = Server::start(settings, clock.clone()).await.unwrap();
    let app = App { server, database, http: reqwest::Client::new() };
    let member = app.member().await;
    let (mut quiet, mut busy) = (watching(&app, &member).await, watching(&app, &member).await);

    clock.advance(TimeDelta::seconds(899));
    rename(&app, "Still").await;
    assert_eq!(quiet.event("shop").await["projectChanged"]["project"]["name"], "Still");
    assert_eq!(busy.event("shop").await["projectChanged"]["project"]["name"], "Still");

    clock.advance(TimeDelta::seconds(2));
    // Whatever comes first, a change or the time: no event is read any more.
    rename(&app, "Too late").await;
    let expired = (4403, "the token has expired: connect again with a new one".to_owned());
    for socket in [&mut quiet, &mut busy] {
        match socket.frame().await {
            Some(Ok(tungstenite::Message::Ping(_))) => assert_eq!(socket.closed().await, expired),
            Some(Ok(tungstenite::Message::Close(Some(frame)))) => {
                assert_eq!((frame.code.into(), frame.reason.to_string()), expired);
            }
            other => panic!("{other:?}"),
        }
    }
    // An operation is not started either.
    let mut late = Socket::open(&app).await;
    let fresh = app.member().await;
    late.init(&fresh.connection_params()).await;
    clock.advance(TimeDelta::seconds(901));
    late.subscribe("1", "{ viewer { email } }", Value::Null).await;
    assert_eq!(late.closed().await, expired);
}

#[tokio::test]
async fn whoever_is_signed_out_banned_or_revoked_hears_nothing_more() {
    let app = App::start().await;
    let service = app.service().await;
    let (signed_out, banned) = (app.member().await, app.developer().await);
    let key = json!({ "input": { "organization": organization_id(&app).await, "name": "Watch", "scopes": ["projects:read", "projects:list"] } });
    let made = app.owner().await;
    let create = "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }";
    let made_key = made.ask_with(create, key).await;
    let mut of_key = app.anonymous();
    of_key.access_token = made_key.at("/createApiKey/key").as_str().map(str::to_owned);

    let mut sockets = [watching(&app, &signed_out).await, watching(&app, &banned).await, watching(&app, &of_key).await];
    rename(&app, "Before").await;
    for socket in &mut sockets {
        assert_eq!(socket.event("shop").await["projectChanged"]["project"]["name"], "Before");
    }
    signed_out.ask("mutation { signOut(input: {}) { clientMutationId } }").await.data();
    service.run("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'developer@acme.test'").await;
    let revoke = format!(
        "mutation {{ revokeApiKey(input: {{ apiKey: {} }}) {{ clientMutationId }} }}",
        made_key.at("/createApiKey/apiKey/id")
    );
    made.ask(&revoke).await.data();
    rename(&app, "After").await;
    for socket in &mut sockets {
        let message = socket.frame().await.unwrap().unwrap();
        let tungstenite::Message::Close(Some(frame)) = message else { panic!("{message:?}") };
        assert_eq!(u16::from(frame.code), 4403, "{frame:?}");
    }
}

async fn organization_id(app: &App) -> Value {
    app.owner().await.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization/id").clone()
}

/// Whoever loses what they saw hears that it is gone, with and without row-level security.
async fn access_that_ends_ends_the_subscription(app: &App) {
    let service = app.service().await;
    let mut member = watching(app, &app.member().await).await;
    let mut admin = Socket::of(app, &app.admin().await).await;
    admin.subscribe("trail", TRAIL, acme()).await;
    assert_eq!(admin.event("trail").await["auditLogAdded"]["auditLog"], Value::Null);
    let mut outsider = Socket::of(app, &app.outsider().await).await;
    outsider.subscribe("shop", PROJECT, shop()).await;
    assert_eq!(outsider.hear().await["payload"][0]["extensions"]["code"], "NOT_FOUND");

    let of = |email: &str| format!("user_id = (SELECT id FROM platform.users WHERE email = '{email}')");
    service.run(&format!("DELETE FROM platform.organization_members WHERE {}", of("member@acme.test"))).await;
    rename(app, "Gone").await;
    let gone = member.event("shop").await;
    assert_eq!([&gone["projectChanged"]["change"], &gone["projectChanged"]["project"]], [&json!("GONE"), &Value::Null]);
    assert!(gone["projectChanged"]["projectId"].as_str().unwrap().starts_with("prj_"), "{gone}");
    assert_eq!(member.hear().await, json!({ "id": "shop", "type": "complete" }));

    service
        .run(&format!("UPDATE platform.organization_members SET role = 'member' WHERE {}", of("admin@acme.test")))
        .await;
    put_on_record(&service, "test.happened").await;
    let refused = admin.hear().await;
    assert_eq!([&refused["type"], &refused["payload"][0]["extensions"]["code"]], ["error", "FORBIDDEN"], "{refused:#}");
    assert_eq!(refused["payload"][0]["extensions"]["permission"], "audit:read");
}

async fn put_on_record(service: &crate::support::db::Sql, event: &str) {
    let record = "SELECT platform_private.record_audit((SELECT id FROM platform.organizations WHERE slug = 'acme'),
                      NULL, $1, NULL, NULL, 'test')::text";
    service.one::<String>(record, [event.into()]).await;
}

#[tokio::test]
async fn what_one_may_not_see_any_more_is_gone() {
    access_that_ends_ends_the_subscription(&App::start().await).await;
}

#[tokio::test]
async fn what_one_may_not_see_any_more_is_gone_where_the_guards_stand_alone() {
    let app = App::start().await;
    app.let_every_row_through().await;
    access_that_ends_ends_the_subscription(&app).await;
}

#[tokio::test]
async fn a_project_that_is_deleted_is_gone() {
    let app = App::start().await;
    let mut owner = watching(&app, &app.owner().await).await;
    app.service().await.run_with("DELETE FROM platform.projects WHERE ref = $1", [SHOP.into()]).await;
    assert_eq!(owner.event("shop").await["projectChanged"]["change"], "GONE");
    assert_eq!(owner.hear().await["type"], "complete");
}

#[tokio::test]
async fn of_a_burst_the_last_state_is_heard_and_who_falls_behind_is_told() {
    const RECORDS: usize = 3_000;
    let app = App::start().await;
    let (service, actor) = (app.service().await, app.owner().await);
    let mut owner = watching(&app, &actor).await;
    for number in 1..=1_000 {
        service.run_with(RENAME, [SHOP.into(), format!("Shop {number}").into()]).await;
    }
    let mut events = 0;
    while owner.event("shop").await["projectChanged"]["project"]["name"] != "Shop 1000" {
        events += 1;
    }
    assert!(events < 1_000, "changes in quick succession are one event");

    let mut auditor = Socket::of(&app, &actor).await;
    auditor.subscribe("trail", TRAIL, acme()).await;
    auditor.event("trail").await;
    let all = "SELECT count(platform_private.record_audit(o.id, NULL, 'burst.' || n, NULL, NULL, 'burst'))
                 FROM platform.organizations o, generate_series(1, $1) n WHERE o.slug = 'acme'";
    service.one::<i64>(all, [i64::try_from(RECORDS).unwrap().into()]).await;
    let (mut records, mut read_again, mut last) = (0, 0, false);
    while !last {
        // Where it comes while the mailbox is full, it is one of those that are to be read again.
        put_on_record(&service, "burst.last").await;
        while let Ok(event) = tokio::time::timeout(Duration::from_secs(2), auditor.event("trail")).await {
            match event["auditLogAdded"]["auditLog"]["eventType"].as_str() {
                None => read_again += 1,
                Some("burst.last") => last = true,
                Some(_) => records += 1,
            }
        }
    }
    assert!(records == RECORDS || read_again > 0, "{records} records came, and nothing said that others did not");
}

#[tokio::test]
async fn what_happened_while_the_server_could_not_hear_is_looked_at() {
    let app = App::start().await;
    let mut owner = watching(&app, &app.owner().await).await;
    owner.subscribe("trail", TRAIL, acme()).await;
    owner.event("trail").await;
    let superuser = app.superuser().await;
    let cut = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                WHERE application_name = 'ogelbase notices' AND datname = current_database()";
    superuser.one::<String>(cut, []).await;
    rename(&app, "Unheard").await;
    let mut heard = [owner.hear().await, owner.hear().await];
    heard.sort_by_key(|message| message["id"].to_string());
    let event = &heard[0]["payload"]["data"]["projectChanged"];
    assert_eq!([&event["change"], &event["project"]["name"]], ["CURRENT", "Unheard"], "{heard:#?}");
    assert_eq!(heard[1]["payload"]["data"], json!({ "auditLogAdded": { "auditLog": null } }), "{heard:#?}");
    rename(&app, "Heard").await;
    assert_eq!(owner.event("shop").await["projectChanged"]["project"]["name"], "Heard");
}

#[tokio::test]
async fn notices_have_ids_and_nothing_else() {
    let app = App::start().await;
    let mut listener = PgListener::connect(&app.database.url).await.unwrap();
    listener.listen("ogelbase_changes").await.unwrap();
    rename(&app, "Secret plans").await;
    let service = app.service().await;
    put_on_record(&service, "test.happened").await;
    app.owner().await;
    service.run_with("DELETE FROM platform.projects WHERE ref = $1", [SHOP.into()]).await;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let notice: Value = serde_json::from_str(listener.recv().await.unwrap().payload()).unwrap();
        let members = notice.as_object().unwrap().iter();
        let words = members.map(|(name, value)| match uuid::Uuid::parse_str(value.as_str().unwrap()) {
            Ok(_) => name.clone(),
            Err(_) => value.as_str().unwrap().to_owned(),
        });
        let mut words: Vec<_> = words.collect();
        words.sort();
        // Signing in is on record too, in the trail of no organization; and the databases go with their project.
        if words.contains(&"organization_id".to_owned()) && !words.contains(&"databases".to_owned()) {
            heard.push(words.join(" "));
        }
    }
    assert_eq!(
        heard,
        [
            "id organization_id project_id projects update",
            "audit_logs id insert organization_id",
            "delete id organization_id project_id projects",
        ]
    );
}

#[tokio::test]
async fn a_server_that_stops_closes_them_and_does_not_hang() {
    let app = App::start().await;
    let member = app.member().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(watching(&app, &member).await);
    }
    let mut silent = Socket::open(&app).await;
    // One that does not read, and so does not take its leave.
    let _deaf = watching(&app, &member).await;
    let App { server, database, .. } = app;
    let begun = Instant::now();
    let stopping = tokio::spawn(server.stop());
    for socket in sockets.iter_mut().chain([&mut silent]) {
        assert_eq!(socket.closed().await, (1001, "the server stops: connect again".to_owned()));
    }
    drop(sockets);
    stopping.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let left: i64 = database
        .superuser()
        .await
        .one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ogelbase notices' AND datname = current_database()", [])
        .await;
    assert_eq!(left, 0);
}
