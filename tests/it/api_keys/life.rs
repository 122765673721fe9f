//! How keys live and end: rotation, expiry, revocation, also while they are in use.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{REVOKE, ROTATE, acme, assert_refused, holder, make, make_with, works};
use crate::support::{
    actors::{Actor, Answer},
    app::App,
    db::TestDatabase,
};

async fn rotate(actor: &Actor<'_>, key_id: &str, more: Value) -> Answer {
    let mut input = json!({ "apiKey": key_id });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.ask_with(ROTATE, json!({ "input": input })).await
}

async fn revoke(actor: &Actor<'_>, key_id: &str) -> Answer {
    actor.ask_with(REVOKE, json!({"input": {"apiKey": key_id}})).await
}

#[tokio::test]
async fn a_rotated_key_works_beside_its_successor_until_the_overlap_is_over() {
    let app = App::start().await;
    let owner = app.owner().await;
    let service = app.service().await;
    let (id, old) = make(&app, &owner, &["organization:read", "projects:list"]).await;
    let answer = rotate(&owner, &id, json!({})).await;
    let new = answer.at("/rotateApiKey/key").as_str().unwrap().to_owned();
    let successor = answer.at("/rotateApiKey/apiKey");
    assert_eq!([&successor["name"], &successor["expiresAt"]], [&json!("Made"), &Value::Null]);
    assert_eq!(successor["scopes"], json!(["organization:read", "projects:list"]));
    assert_eq!(successor["rotatedFrom"]["id"], json!(id));
    assert_eq!(answer.at("/rotateApiKey/replaced/id"), &json!(id));
    assert!(new != old && works(&app, &old).await && works(&app, &new).await);
    let left: f64 = service
        .one("SELECT extract(epoch FROM expires_at - now())::float8 FROM platform.api_keys WHERE name = 'Made' AND rotated_from IS NULL", [])
        .await;
    assert!((86_000.0..86_401.0).contains(&left), "{left} seconds are left");
    // As if a day had gone by.
    service.run("UPDATE platform.api_keys SET expires_at = now() WHERE name = 'Made' AND rotated_from IS NULL").await;
    assert!(!works(&app, &old).await && works(&app, &new).await);

    let record: Value =
        service.one("SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'api_key.rotated' AND created_at > now() - interval '1 minute'", []).await;
    assert_eq!(format!("key_{}", record["metadata"]["after"]["rotatedFrom"].as_str().unwrap().replace('-', "")), id);
    assert!(!record.to_string().contains(&new[12..]));
    assert_refused(&rotate(&owner, &id, json!({})).await, "CONFLICT", "has ended");
}

#[tokio::test]
async fn the_overlap_is_chosen_and_bounded_and_a_key_has_one_successor() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (id, old) = make(&app, &owner, &["organization:read"]).await;
    for overlap in [-1, 604_801] {
        assert_refused(
            &rotate(&owner, &id, json!({"overlapSeconds": overlap})).await,
            "INVALID_INPUT",
            "overlapSeconds",
        );
    }
    // Two at once: one is made.
    let both = join_all([0, 1].map(|_| rotate(&owner, &id, json!({"overlapSeconds": 604_800})))).await;
    let (made, refused): (Vec<_>, Vec<_>) = both.into_iter().partition(|answer| answer.codes().is_empty());
    assert_eq!(made.len(), 1);
    assert_refused(&refused[0], "CONFLICT", "rotated already");
    assert!(works(&app, &old).await);
    // Its successor is replaced at once.
    let second = made[0].at("/rotateApiKey/apiKey/id").as_str().unwrap();
    let second_key = made[0].at("/rotateApiKey/key").as_str().unwrap();
    let third = rotate(&owner, second, json!({"overlapSeconds": 0, "expiresAt": "2099-05-05T00:00:00Z"})).await;
    assert_eq!(third.at("/rotateApiKey/apiKey/expiresAt"), "2099-05-05T00:00:00+00:00");
    assert!(!works(&app, second_key).await && works(&app, third.at("/rotateApiKey/key").as_str().unwrap()).await);
    // When the successor is revoked, another one may be made.
    revoke(&owner, second).await.data();
    rotate(&owner, &id, json!({})).await.data();
}

#[tokio::test]
async fn the_new_key_acts_for_who_rotates_and_is_no_stronger_than_they_are() {
    let app = App::start().await;
    let (owner, admin, developer) = (app.owner().await, app.admin().await, app.developer().await);
    let (strong, _) = make(&app, &owner, &["organization:read", "organization:delete"]).await;
    assert_refused(&rotate(&admin, &strong, json!({})).await, "FORBIDDEN", "organization:delete");
    let (plain, _) = make(&app, &owner, &["organization:read", "audit:read"]).await;
    assert_refused(&rotate(&developer, &plain, json!({})).await, "NOT_FOUND", "API key");
    let taken = rotate(&admin, &plain, json!({})).await;
    assert_eq!(taken.at("/rotateApiKey/apiKey/creator/email"), "admin@acme.test");
    let (own, _) = make(&app, &developer, &["organization:read"]).await;
    assert_eq!(
        rotate(&developer, &own, json!({})).await.at("/rotateApiKey/apiKey/creator/email"),
        "developer@acme.test"
    );
    // By SQL the same.
    let (strong_row, plain_row) = (strong.trim_start_matches("key_"), plain.trim_start_matches("key_"));
    for (email, key, reason) in [
        ("admin@acme.test", strong_row, "does not hold"),
        ("developer@acme.test", plain_row, "may not rotate"),
        ("member@acme.test", plain_row, "may not rotate"),
        ("outsider@globex.test", plain_row, "may not rotate"),
    ] {
        let sql = app.as_user(Some(app.user_id(email).await), None).await;
        let rotated = sql
            .try_run(&format!(
                "SELECT platform_private.rotate_api_key('{key}', gen_random_uuid(), 'ogb_try', repeat('ab', 32), NULL, 0)"
            ))
            .await;
        assert!(rotated.as_ref().unwrap_err().to_string().contains(reason), "{email}: {rotated:?}");
        if email != "admin@acme.test" {
            sql.run(&format!("SELECT platform_private.revoke_api_key('{key}')")).await;
        }
    }
    let revoked: i64 = app
        .service()
        .await
        .one(
            "SELECT count(*) FROM platform.api_keys WHERE id = $1 AND revoked_at IS NOT NULL",
            [uuid::Uuid::parse_str(plain_row).unwrap().into()],
        )
        .await;
    assert_eq!(revoked, 0);
}

#[tokio::test]
async fn keys_are_revoked_by_leaders_and_their_makers() {
    let app = App::start().await;
    let (owner, developer) = (app.owner().await, app.developer().await);
    let (own, own_key) = make(&app, &developer, &["organization:read"]).await;
    let (others, others_key) = make(&app, &owner, &["organization:read"]).await;
    assert_refused(&revoke(&developer, &others).await, "NOT_FOUND", "API key");
    assert_refused(&revoke(&app.member().await, &others).await, "NOT_FOUND", "API key");
    assert_refused(&revoke(&app.outsider().await, &others).await, "NOT_FOUND", "API key");
    assert_refused(&revoke(&app.anonymous(), &others).await, "UNAUTHENTICATED", "sign in");
    assert!(works(&app, &others_key).await);
    let first = revoke(&developer, &own).await;
    let again = revoke(&owner, &own).await;
    assert_eq!(first.at("/revokeApiKey/apiKey/revokedAt"), again.at("/revokeApiKey/apiKey/revokedAt"));
    assert!(!works(&app, &own_key).await);
    // Who was a developer and is a member now sees the own key, and may not change it.
    let (kept, _) = make(&app, &developer, &["organization:read"]).await;
    let demote = "UPDATE platform.organization_members m SET role = 'member' FROM platform.users u
                   WHERE u.id = m.user_id AND u.email = 'developer@acme.test'";
    app.service().await.run(demote).await;
    assert_refused(&revoke(&developer, &kept).await, "FORBIDDEN", "api_keys:write");
    // A key may end itself, if it has the scope.
    let (itself, key) = make(&app, &owner, &["api_keys:read", "api_keys:write"]).await;
    revoke(&holder(&app, &key), &itself).await.data();
    assert!(!works(&app, &key).await);
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let app = App::start().await;
    let input = json!({"organization": acme(&app).await, "name": "Brief", "scopes": ["organization:read"],
                       "expiresAt": "2099-01-01T00:00:00Z"});
    let (_, key) = make_with(&app.owner().await, input).await;
    assert!(works(&app, &key).await);
    app.service()
        .await
        .run("UPDATE platform.api_keys SET expires_at = now() - interval '1 second' WHERE name = 'Brief'")
        .await;
    assert!(!works(&app, &key).await);
    // One that never was looks the same.
    let answer = holder(&app, &key).ask("{ __typename }").await;
    let unknown = holder(&app, &ogelbase::auth::api_key::new()).ask("{ __typename }").await;
    assert_eq!(answer.body, unknown.body);
}

/// After revokeApiKey was answered no request that begins later is served, by whichever server.
#[tokio::test]
async fn a_key_that_is_revoked_while_in_use_ends_lawfully_on_two_servers() {
    let app = App::start().await;
    let other = App::on(TestDatabase { url: app.database.url.clone() }).await;
    let owner = app.owner().await;
    let (id, key) = make(&app, &owner, &["organization:read", "projects:list", "organization:write"]).await;
    let acme = acme(&app).await;
    let update =
        "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id } } }";
    let over = OnceLock::new();
    let use_it = async |nth: usize| -> Vec<(Instant, u16, bool)> {
        let actor = holder(if nth.is_multiple_of(2) { &app } else { &other }, &key);
        let mut seen = Vec::new();
        let mut after = 0;
        // Two more after the end, however slow the machine is.
        while after < 2 {
            let at = Instant::now();
            after += i32::from(over.get().is_some());
            let answer = if nth.is_multiple_of(5) {
                actor.ask_with(update, json!({"input": {"organization": acme}})).await
            } else {
                actor.ask("{ projects(first: 5) { nodes { id } } }").await
            };
            seen.push((at, answer.status, answer.codes().is_empty()));
        }
        seen
    };
    let end = async {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        revoke(&owner, &id).await.data();
        *over.get_or_init(Instant::now)
    };
    let (seen, ended) = tokio::join!(join_all((0..50).map(use_it)), end);
    let seen: Vec<_> = seen.into_iter().flatten().collect();
    for (at, status, served) in &seen {
        assert!(matches!((status, served), (200, true) | (401, false)), "{status}, served: {served}");
        assert!(*at < ended || *status == 401, "a request that began after the end was served");
    }
    let before = seen.iter().filter(|(_, status, _)| *status == 200).count();
    let after = seen.iter().filter(|(at, ..)| *at > ended).count();
    assert!(before > 20 && after > 20, "{before} before, {after} after");
}

#[tokio::test]
async fn the_successor_of_a_confined_key_has_the_projects_that_are_left_and_never_all() {
    let app = App::start().await;
    let owner = app.owner().await;
    let service = app.service().await;
    let projects: Vec<uuid::Uuid> = service
        .column(
            "SELECT p.id FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
              WHERE o.slug = 'acme' ORDER BY p.ref LIMIT 2",
            [],
        )
        .await;
    let ids: Vec<_> = projects.iter().map(|key| super::id("prj", *key)).collect();
    let input =
        json!({"organization": acme(&app).await, "name": "Two", "scopes": ["projects:read"], "projectIds": ids});
    let (first, key) = make_with(&owner, input).await;
    service.run_with("DELETE FROM platform.projects WHERE id = $1", [projects[0].into()]).await;
    assert!(works(&app, &key).await);
    let answer = rotate(&owner, &first, json!({})).await;
    assert_eq!(answer.at("/rotateApiKey/apiKey/projectIds"), &json!([ids[1]]));
    let second = answer.at("/rotateApiKey/apiKey/id").as_str().unwrap().to_owned();
    let stored: Vec<uuid::Uuid> = service
        .one("SELECT project_ids FROM platform.api_keys WHERE name = 'Two' AND rotated_from IS NOT NULL", [])
        .await;
    assert_eq!(stored, projects[1..]);
    service.run_with("DELETE FROM platform.projects WHERE id = $1", [projects[1].into()]).await;
    assert_refused(&rotate(&owner, &second, json!({})).await, "CONFLICT", "projects of this API key are gone");
    // By SQL too: a key of nothing does not become a key of everything.
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    let rotated =
        "SELECT platform_private.rotate_api_key(k.id, gen_random_uuid(), 'ogb_xxxxxxxx', repeat('ab', 32), NULL, 0)
        FROM platform.api_keys k WHERE k.name = 'Two' AND k.rotated_from IS NOT NULL";
    let refused = sql.try_run(rotated).await.unwrap_err().to_string();
    assert!(refused.contains("all projects of this key are gone"), "{refused}");
    let made: i64 = service.one("SELECT count(*) FROM platform.api_keys WHERE name = 'Two'", []).await;
    assert_eq!(made, 2);
}
