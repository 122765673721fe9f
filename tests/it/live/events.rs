//! What subscribers hear.

use serde_json::{Value, json};

use super::{PROJECT, SHOP, TRAIL, acme, shop};
use crate::support::{app::App, db::TestDatabase, socket::Socket};

const RENAME: &str = "UPDATE platform.projects SET name = $2 WHERE ref = $1";

fn changed(event: &Value) -> [&Value; 3] {
    let event = &event["projectChanged"];
    [&event["change"], &event["project"]["name"], &event["project"]["status"]]
}

#[tokio::test]
async fn a_change_and_what_is_put_on_record_are_heard_on_every_server() {
    let one = App::start().await;
    let two = App::on(TestDatabase { url: one.database.url.clone() }).await;
    let (owner, member) = (one.owner().await, two.member().await);
    let mut here = Socket::of(&one, &owner).await;
    let mut there = Socket::of(&two, &member).await;

    for socket in [&mut here, &mut there] {
        socket.subscribe("shop", PROJECT, shop()).await;
        assert_eq!(changed(&socket.event("shop").await), ["CURRENT", "Shop", "ACTIVE_HEALTHY"]);
    }
    let service = one.service().await;
    service.run_with(RENAME, [SHOP.into(), "Boutique".into()]).await;
    for socket in [&mut here, &mut there] {
        assert_eq!(changed(&socket.event("shop").await), ["CHANGED", "Boutique", "ACTIVE_HEALTHY"]);
    }

    here.subscribe("trail", TRAIL, acme()).await;
    assert_eq!(here.event("trail").await, json!({ "auditLogAdded": { "auditLog": null } }));
    // By the other server.
    let organization = two.owner().await.ask("{ organization(slug: \"acme\") { id } }").await;
    let rename =
        "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }";
    let input = json!({ "input": { "organization": organization.at("/organization/id"), "name": "Acme & Sons" } });
    two.owner().await.ask_with(rename, input).await.data();
    // Two sign-ins came before, which are in the trail of no organization.
    let record = here.event("trail").await;
    let record = &record["auditLogAdded"]["auditLog"];
    assert_eq!(
        [&record["eventType"], &record["action"], &record["resourceType"]],
        ["organization.updated", "update", "organization"]
    );

    here.say(&json!({ "id": "shop", "type": "complete" })).await;
    there.say(&json!({ "id": "shop", "type": "complete" })).await;
    there.subscribe("viewer", "{ viewer { email } }", Value::Null).await;
    assert_eq!(there.event("viewer").await, json!({ "viewer": { "email": "member@acme.test" } }));
    assert_eq!(there.hear().await, json!({ "id": "viewer", "type": "complete" }));
    service.run_with(RENAME, [SHOP.into(), "Shop".into()]).await;
    assert!(there.is_silent(std::time::Duration::from_millis(500)).await, "nobody waits for it any more");
    here.close().await;
    there.close().await;
}

#[tokio::test]
async fn two_fragments_with_the_same_field_are_one_subscription() {
    let app = App::start().await;
    let owner = app.owner().await;
    let mut socket = Socket::of(&app, &owner).await;
    let document = "subscription ($ref: String!) { ...A ...B }
        fragment A on SubscriptionRoot { projectChanged(ref: $ref) { change } }
        fragment B on SubscriptionRoot { projectChanged(ref: $ref) { project { name } } }";
    socket.subscribe("1", document, shop()).await;
    let event = json!({ "projectChanged": { "change": "CURRENT", "project": { "name": "Shop" } } });
    assert_eq!(socket.event("1").await, event);
    socket.close().await;
}

#[tokio::test]
async fn who_may_not_see_it_may_not_wait_for_it() {
    let app = App::start().await;
    let (outsider, member) = (app.outsider().await, app.member().await);
    let refusals: [(&str, &crate::support::actors::Actor<'_>, &str, Value, &str); 5] = [
        ("an outsider's", &outsider, PROJECT, shop(), "NOT_FOUND"),
        ("an outsider's", &outsider, TRAIL, acme(), "NOT_FOUND"),
        ("a member's", &member, TRAIL, acme(), "FORBIDDEN"),
        ("of nothing", &member, PROJECT, json!({ "ref": "nothing-there" }), "NOT_FOUND"),
        ("anonymous", &app.anonymous(), PROJECT, shop(), "UNAUTHENTICATED"),
    ];
    for (what, actor, query, variables, code) in refusals {
        let mut socket = Socket::of(&app, actor).await;
        socket.subscribe("1", query, variables).await;
        let answer = socket.hear().await;
        assert_eq!([&answer["type"], &answer["id"]], ["error", "1"], "{what}: {answer:#}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], code, "{what}: {answer:#}");
        // The socket lives, and the id is free again.
        socket.subscribe("1", "{ serverInfo { environment } }", Value::Null).await;
        socket.event("1").await;
    }
}
