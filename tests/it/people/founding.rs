//! Founding an organization, once under one key, and deleting it.

use serde_json::{Value, json};

use super::{must_not, mutate, refusal};
use crate::support::{actors::Answer, app::App};

async fn create(actor: &crate::support::actors::Actor<'_>, input: Value) -> Answer {
    let fields = "organization { id name slug viewerPermissions subscription { plan { planId } status }
                  members { nodes { role user { email } } } } clientMutationId";
    mutate(actor, "createOrganization", fields, input).await
}

#[tokio::test]
async fn who_founds_an_organization_owns_it_on_the_free_plan() {
    let app = App::start().await;
    let newcomer = app.newcomer("founder@people.test").await;
    let input = json!({"name": "  Söhne & Co ", "slug": "soehne", "clientMutationId": "7"});
    let answer = create(&newcomer, input).await;
    let made = answer.at("/createOrganization");
    assert_eq!(made["clientMutationId"], "7");
    let organization = &made["organization"];
    assert_eq!([&organization["name"], &organization["slug"]], ["Söhne & Co", "soehne"]);
    assert_eq!(organization["subscription"], json!({"plan": {"planId": "tier_free"}, "status": "ACTIVE"}));
    let member = json!([{"role": "OWNER", "user": {"email": "founder@people.test"}}]);
    assert_eq!(organization["members"]["nodes"], member);
    assert!(organization["viewerPermissions"].as_array().unwrap().contains(&json!("ownership:transfer")));
    let active = newcomer.ask("{ viewer { activeOrganization { role organization { slug } } } }").await;
    let expected = json!({"role": "OWNER", "organization": {"slug": "soehne"}});
    assert_eq!(active.at("/viewer/activeOrganization"), &expected, "who worked nowhere works there");
    let [record] = &app.records("organization.created").await[..] else { panic!("one record") };
    assert_eq!(record["actor_label"], "founder@people.test");
    assert_eq!(record["metadata"]["after"], json!({"name": "Söhne & Co", "slug": "soehne"}));
    let days: i64 = app
        .service()
        .await
        .one(
            "SELECT extract(day FROM s.current_period_end - s.current_period_start)::bigint
               FROM platform.subscriptions s JOIN platform.organizations o ON o.id = s.organization_id
              WHERE o.slug = 'soehne'",
            [],
        )
        .await;
    assert!((28..=31).contains(&days), "{days}");

    for (input, code, argument) in [
        (json!({"name": "Second", "slug": "soehne"}), "CONFLICT", Value::Null),
        (json!({"name": " ", "slug": "second"}), "INVALID_INPUT", json!("input.name")),
        (json!({"name": "Second", "slug": "No Slug"}), "INVALID_INPUT", json!("input.slug")),
        (
            json!({"name": "Second", "slug": "second", "idempotencyKey": " x"}),
            "INVALID_INPUT",
            json!("input.idempotencyKey"),
        ),
        (
            json!({"name": "Second", "slug": "second", "idempotencyKey": ""}),
            "INVALID_INPUT",
            json!("input.idempotencyKey"),
        ),
    ] {
        let answer = create(&newcomer, input.clone()).await;
        assert_eq!(refusal(&answer).0, code, "{input}");
        assert_eq!(answer.body["errors"][0]["extensions"]["argument"], argument, "{input}");
    }
    assert_eq!(refusal(&create(&app.anonymous(), json!({"name": "A", "slug": "aaa"})).await).0, "UNAUTHENTICATED");
    let narrowed = create(&newcomer.in_organization("soehne"), json!({"name": "A", "slug": "aaa"})).await;
    assert_eq!(refusal(&narrowed).0, "INVALID_INPUT");
    assert_eq!(app.records("organization.created").await.len(), 1);
}

#[tokio::test]
async fn the_same_key_makes_one_organization_and_another_input_is_refused() {
    let app = App::start().await;
    let founder = app.newcomer("founder@people.test").await;
    let input = json!({"name": "Once", "slug": "once", "idempotencyKey": "a key"});
    let first = create(&founder, input.clone()).await;
    let renamed = json!({"organization": first.at("/createOrganization/organization/id"), "name": "Renamed"});
    mutate(&founder, "updateOrganization", "organization { id }", renamed).await.data();
    // White space around the name makes no other input, nor does the client's own id.
    let again = json!({"name": " Once ", "slug": "once", "idempotencyKey": "a key", "clientMutationId": "other"});
    let second = create(&founder, again).await;
    let [first, second] = [&first, &second].map(|answer| answer.at("/createOrganization/organization"));
    assert_eq!(first["id"], second["id"]);
    assert_eq!(second["name"], "Renamed", "as it is now");
    let other = create(&founder, json!({"name": "Once", "slug": "twice", "idempotencyKey": "a key"})).await;
    assert_eq!(refusal(&other).0, "IDEMPOTENCY_MISMATCH");
    // A key is its user's own.
    let neighbour = app.newcomer("neighbour@people.test").await;
    create(&neighbour, json!({"name": "Once", "slug": "twice", "idempotencyKey": "a key"})).await.data();
    assert_eq!(app.records("organization.created").await.len(), 2, "what was made before is not made again");

    // What failed has used no key.
    let taken = json!({"name": "Three", "slug": "once", "idempotencyKey": "another"});
    assert_eq!(refusal(&create(&founder, taken).await).0, "CONFLICT");
    create(&founder, json!({"name": "Three", "slug": "three", "idempotencyKey": "another"})).await.data();

    // What was made under the key may be gone.
    let gone = json!({"organization": first["id"], "slug": "once"});
    mutate(&founder, "deleteOrganization", "deletedOrganization", gone).await.data();
    assert_eq!(refusal(&create(&founder, input).await).0, "NOT_FOUND");

    // Ten that come at once.
    let input = json!({"name": "Rush", "slug": "rush", "idempotencyKey": "rush"});
    let answers = futures_util::future::join_all((0..10).map(|_| create(&founder, input.clone()))).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.at("/createOrganization/organization/id").as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn only_an_owner_deletes_an_organization_and_only_by_its_slug() {
    let app = App::start().await;
    let id = app.organization("acme").await;
    let delete = async |email: &str, slug: &str| {
        let input = json!({"organization": id, "slug": slug});
        mutate(&app.sign_in(email).await, "deleteOrganization", "deletedOrganization", input).await
    };
    for email in ["admin@acme.test", "developer@acme.test", "billing@acme.test", "member@acme.test"] {
        assert_eq!(refusal(&delete(email, "acme").await).0, "FORBIDDEN", "{email}");
    }
    assert_eq!(refusal(&delete("outsider@globex.test", "acme").await).0, "NOT_FOUND");
    for slug in ["", "ACME", "globex", "acme "] {
        assert_eq!(refusal(&delete("owner@acme.test", slug).await).0, "INVALID_INPUT", "{slug}");
    }
    // By SQL: an admin's rows to delete are none, and nobody founds one by hand.
    let admin = app.as_user(Some(app.user_id("admin@acme.test").await), None).await;
    must_not(&admin, "DELETE FROM platform.organizations").await;
    must_not(&admin, "INSERT INTO platform.organizations (name, slug) VALUES ('x', 'xxx')").await;
    must_not(
        &app.as_user(None, None).await,
        "SELECT platform_private.create_organization(gen_random_uuid(), 'x', 'xxx')",
    )
    .await;

    assert_eq!(delete("owner@acme.test", "acme").await.at("/deleteOrganization/deletedOrganization"), &json!(id));
    let left: i64 = app
        .service()
        .await
        .one(
            "SELECT (SELECT count(*) FROM platform.organizations WHERE slug = 'acme')
                  + (SELECT count(*) FROM platform.organization_members m WHERE NOT EXISTS (
                         SELECT FROM platform.organizations o WHERE o.id = m.organization_id))
                  + (SELECT count(*) FROM platform.projects p WHERE p.ref LIKE 'acme%')",
            [],
        )
        .await;
    assert_eq!(left, 0);
    let [record] = &app.records("organization.deleted").await[..] else { panic!("one record") };
    assert_eq!([&record["actor_label"], &record["severity"]], ["owner@acme.test", "warning"]);
    let owner = app.owner().await.ask("{ viewer { activeOrganization { role } } organizations { totalCount } }").await;
    assert_eq!(owner.data(), &json!({"viewer": {"activeOrganization": null}, "organizations": {"totalCount": 0}}));
}
