//! What the use of a key leaves behind, and what it costs.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ogelbase::{
    auth::token,
    db::{bootstrap::hex, operator},
};
use serde_json::{Value, json};

use super::{acme, holder, make, make_with, works};
use crate::support::{
    app::App,
    db::{Sql, cluster_url},
};

/// The time of the last use, once it differs from `before`; notes are written in the background.
async fn noted(app: &App, name: &str, before: Option<&str>) -> String {
    let service = app.service().await;
    for _ in 0..200 {
        let last: Option<String> =
            service.one("SELECT last_used_at::text FROM platform.api_keys WHERE name = $1", [name.into()]).await;
        if let Some(last) = last.filter(|last| Some(last.as_str()) != before) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no use was noted");
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute_also_of_a_request_that_failed() {
    let app = App::start().await;
    let input = json!({"organization": acme(&app).await, "name": "Used", "scopes": ["organization:read"]});
    let (_, key) = make_with(&app.owner().await, input).await;
    let failed = holder(&app, &key).ask("mutation { signOut(input: {}) { signedOut } }").await;
    assert_eq!(failed.body["data"], Value::Null);
    let first = noted(&app, "Used", None).await;
    let service = app.service().await;
    // Many at once, after a minute: a single write, which moves `updated_at` once.
    service.run("ALTER TABLE platform.api_keys ADD COLUMN writes int DEFAULT 0").await;
    service
        .run(
            "CREATE FUNCTION platform.count_writes() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END $$",
        )
        .await;
    service
        .run("UPDATE platform.api_keys SET last_used_at = last_used_at - interval '2 minutes' WHERE name = 'Used'")
        .await;
    service
        .run("CREATE TRIGGER z_count BEFORE UPDATE ON platform.api_keys FOR EACH ROW EXECUTE FUNCTION platform.count_writes()")
        .await;
    let before: String = service.one("SELECT last_used_at::text FROM platform.api_keys WHERE name = 'Used'", []).await;
    assert!(join_all((0..20).map(|_| works(&app, &key))).await.into_iter().all(|served| served));
    let second = noted(&app, "Used", Some(&before)).await;
    assert!(second > first, "{second} after {first}");
    assert!(join_all((0..20).map(|_| works(&app, &key))).await.into_iter().all(|served| served));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (writes, last): (i32, String) = (
        service.one("SELECT writes FROM platform.api_keys WHERE name = 'Used'", []).await,
        service.one("SELECT last_used_at::text FROM platform.api_keys WHERE name = 'Used'", []).await,
    );
    assert_eq!((writes, last), (1, second));
}

#[tokio::test]
async fn what_a_key_does_is_on_record_with_the_key() {
    let app = App::start().await;
    let (id, key) = make(&app, &app.owner().await, &["organization:read", "organization:write"]).await;
    let update =
        "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }";
    let answer = holder(&app, &key)
        .ask_with(update, json!({"input": {"organization": acme(&app).await, "name": "By key"}}))
        .await;
    assert_eq!(answer.at("/updateOrganization/organization/name"), "By key");
    let sql = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'organization.updated'
                 AND created_at > now() - interval '1 minute'";
    let record: Value = app.service().await.one(sql, []).await;
    assert_eq!(record["actor_label"], "owner@acme.test (API key Made)");
    assert_eq!(record["user_id"], app.user_id("owner@acme.test").await.to_string());
    assert_eq!(id, format!("key_{}", record["api_key_id"].as_str().unwrap().replace('-', "")));
    // The owner finds the key in the trail.
    let trail = app
        .owner()
        .await
        .ask(
            "{ organization(slug: \"acme\") { auditLogs(first: 1, filter: {eventTypes:
        [\"organization.updated\"]}) { nodes { actorLabel apiKey { name } } } } }",
        )
        .await;
    assert_eq!(trail.at("/organization/auditLogs/nodes/0/apiKey/name"), "Made");
    // A key writes into no other trail, and under no other key's name.
    let both = app.user_id("both@acme.test").await;
    let globex = super::organization(&app, "globex").await;
    let acme = super::organization(&app, "acme").await;
    let sql = app.as_user(Some(both), Some(acme)).await;
    sql.run("SET app.current_api_key_id = '00000000-0000-7000-8000-000000000001'").await;
    let forged = format!("SELECT platform_private.record_audit('{globex}', NULL, 'x.y', NULL, NULL, 'x')");
    assert!(sql.try_run(&forged).await.unwrap_err().to_string().contains("needs an actor"));
    sql.run("SET app.current_api_key_id = ''").await;
    let other: uuid::Uuid = sql
        .one(
            "SELECT platform_private.record_audit($1, NULL, 'x.y', NULL, NULL, 'x', api_key_id => gen_random_uuid())",
            [acme.into()],
        )
        .await;
    let of: Option<uuid::Uuid> =
        app.service().await.one("SELECT api_key_id FROM platform.audit_logs WHERE id = $1", [other.into()]).await;
    assert_eq!(of, None);
}

/// The database takes no connections, so whatever needs it fails otherwise.
#[tokio::test]
async fn a_mistyped_key_is_refused_without_any_database_work() {
    let app = App::start().await;
    let key = ogelbase::auth::api_key::new();
    let name = url::Url::parse(&app.database.url).unwrap().path().trim_start_matches('/').to_owned();
    let cluster = Sql(operator::connect_as_login(&cluster_url()).await.unwrap());
    cluster.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    let (mut swapped, mut short) = (key.clone().into_bytes(), key.clone());
    swapped[20] = if swapped[20] == b'x' { b'y' } else { b'x' };
    short.pop();
    for wrong in [String::from_utf8(swapped).unwrap(), short, "ogb_".to_owned(), format!("{key}A")] {
        assert!(!works(&app, &wrong).await, "{wrong}");
    }
    let unknown = holder(&app, &key).ask("{ __typename }").await;
    assert!(unknown.status >= 500, "{}: without a database nobody can know: {:#}", unknown.status, unknown.body);
}

#[tokio::test]
async fn a_key_is_verified_in_under_a_millisecond() {
    let app = App::start().await;
    let (_, key) = make(&app, &app.developer().await, &["organization:read", "projects:read"]).await;
    let sql = app.as_user(None, None).await;
    let digest = hex(&token::digest(&key));
    let many = format!(
        "DO $$ BEGIN FOR i IN 1..1000 LOOP
             PERFORM * FROM platform_private.open_api_key('{digest}', NULL); END LOOP; END $$"
    );
    sql.run(&many).await;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        sql.run(&many).await;
        best = best.min(started.elapsed() / 1000);
    }
    eprintln!("a key is resolved in {best:?}");
    assert!(best < Duration::from_millis(1), "{best:?}");
}
