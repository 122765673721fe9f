//! Deleting one's account.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{DELETE, PASSWORD, app, ask, row, sign_in, sign_up, trail, wrong_argument};
use crate::support::process::make_account;

#[tokio::test]
async fn a_deleted_account_is_out_at_once_and_leaves_its_trail() {
    let app = app().await;
    let service = app.service().await;
    let me = "developer@acme.test";
    let id = row(&app, me).await["id"].clone();
    let (here, elsewhere) = (app.developer().await, app.developer().await);
    let count = async |sql: &str| -> i64 { service.one(sql, [app_id(&id).into()]).await };
    const KEYS: &str = "SELECT count(*) FROM platform.api_keys WHERE user_id = $1 AND revoked_at IS NULL";
    const MEMBERSHIPS: &str = "SELECT count(*) FROM platform.organization_members WHERE user_id = $1";
    const PROJECTS: &str = "SELECT count(*) FROM platform.project_members WHERE user_id = $1";
    for had in [KEYS, MEMBERSHIPS, PROJECTS] {
        assert!(count(had).await > 0, "{had}");
    }
    assert_eq!(wrong_argument(&ask(&here, DELETE, json!({"password": ""})).await), "input.password");
    assert_eq!(wrong_argument(&ask(&here, DELETE, json!({"password": "wrong"})).await), "input.password");
    let memberships = count(MEMBERSHIPS).await;
    let answer = ask(&here, DELETE, json!({"password": "ogelbase-demo"})).await;
    assert_eq!(answer.data(), &json!({"deleteAccount": {"deleted": true}}));
    for session in [&here, &elsewhere] {
        assert_eq!(session.ask("{ __typename }").await.status, 401);
    }
    assert_eq!(sign_in(&app, me, "ogelbase-demo").await.codes(), ["UNAUTHENTICATED"]);
    for has in [KEYS, MEMBERSHIPS, PROJECTS] {
        assert_eq!(count(has).await, 0, "{has}");
    }
    let kept: Value = service.one("SELECT to_jsonb(u) FROM platform.users u WHERE id = $1", [app_id(&id).into()]).await;
    assert_eq!(kept["email"], me);
    assert!(kept["deleted_at"].is_string() && kept["password_hash"].is_null());
    let deleted = trail(&app, "user.deleted").await;
    assert_eq!([&deleted[0]["user_id"], &deleted[0]["actor_label"]], [&id, &json!(me)]);
    // Each organization has it in its own trail.
    let left = trail(&app, "member.left").await;
    assert_eq!(left.len() as i64, memberships);
    assert!(left.iter().all(|record| record["organization_id"].is_string() && record["user_id"] == id));

    // The address is free for another account, which is another person.
    sign_up(&app, me).await.data();
    assert_ne!(row(&app, me).await["id"], id);
    let anew = app.sign_in_with(me, PASSWORD).await;
    assert_eq!(anew.ask("{ organizations { nodes { slug } } }").await.at("/organizations/nodes"), &json!([]));
}

fn app_id(id: &Value) -> uuid::Uuid {
    id.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_last_owner_of_an_organization_stays() {
    let app = app().await;
    let owner = app.owner().await;
    let before = row(&app, "owner@acme.test").await;
    let answer = ask(&owner, DELETE, json!({"password": "ogelbase-demo"})).await;
    assert_eq!(answer.codes(), ["CONFLICT"], "{:#}", answer.body);
    assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains("at least one owner"));
    assert_eq!(
        owner.ask("{ organization(slug: \"acme\") { name } }").await.at("/organization/name"),
        "Acme Industries"
    );
    let after = row(&app, "owner@acme.test").await;
    assert_eq!([&after["password_hash"], &after["deleted_at"]], [&before["password_hash"], &Value::Null]);
    assert!(trail(&app, "user.deleted").await.is_empty() && trail(&app, "member.left").await.is_empty());
    // A banned owner is none that could act.
    let service = app.service().await;
    service
        .run(
            "UPDATE platform.organization_members SET role = 'owner' WHERE user_id =
                 (SELECT id FROM platform.users WHERE email = 'admin@acme.test');
             UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'admin@acme.test'",
        )
        .await;
    assert_eq!(ask(&owner, DELETE, json!({"password": "ogelbase-demo"})).await.codes(), ["CONFLICT"]);
    service.run("UPDATE platform.users SET banned_until = NULL WHERE email = 'admin@acme.test'").await;
    ask(&owner, DELETE, json!({"password": "ogelbase-demo"})).await.data();
}

#[tokio::test]
async fn of_two_owners_who_go_at_once_one_stays() {
    let app = app().await;
    let service = app.service().await;
    for round in 0..3 {
        let emails = [format!("left-{round}@people.test"), format!("right-{round}@people.test")];
        let mut people = Vec::new();
        for email in &emails {
            people.push(make_account(&service, email, PASSWORD).await);
        }
        // Two organizations, so that each could wait for what the other one holds.
        for slug in ["one", "two"] {
            let organization = service.make_organization(people[0], &format!("{slug}-{round}"), 1, 1).await;
            service
                .run_with(
                    "INSERT INTO platform.organization_members (organization_id, user_id, role) VALUES ($1, $2, 'owner')",
                    [organization.into(), people[1].into()],
                )
                .await;
        }
        let mut owners = Vec::new();
        for email in &emails {
            owners.push(app.sign_in_with(email, PASSWORD).await);
        }
        let going = owners.iter().map(|owner| ask(owner, DELETE, json!({"password": PASSWORD})));
        let answers = join_all(going).await;
        let mut codes: Vec<_> = answers.iter().map(|answer| answer.codes()).collect();
        codes.sort();
        assert_eq!(codes, [vec![], vec!["CONFLICT"]]);
        let left: i64 = service
            .one(
                "SELECT count(*) FROM platform.organization_members m
                   JOIN platform.organizations o ON o.id = m.organization_id
                   JOIN platform.users u ON u.id = m.user_id
                  WHERE o.slug LIKE '%-' || $1 AND o.slug ~ '^(one|two)-' AND m.role = 'owner' AND u.deleted_at IS NULL",
                [round.to_string().into()],
            )
            .await;
        assert_eq!(left, 2, "one owner in each of the two");
    }
}
