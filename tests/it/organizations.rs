//! Changing an organization: what is answered, what the row then holds, and what the audit trail tells.

use serde_json::{Value, json};

use crate::support::{actors::Actor, app::App};

const UPDATE: &str = "mutation ($input: UpdateOrganizationInput!) {
    updateOrganization(input: $input) {
        organization { id name slug billingEmail updatedAt }
        clientMutationId
    }
}";

const TRAIL: &str = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'organization.updated'";

async fn acme(app: &App) -> String {
    let owner = app.owner().await;
    owner.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization/id").as_str().unwrap().to_owned()
}

async fn row(app: &App) -> Value {
    app.service().await.one("SELECT to_jsonb(o) FROM platform.organizations o WHERE slug LIKE 'acme%'", []).await
}

async fn update(actor: &Actor<'_>, input: Value) -> crate::support::actors::Answer {
    actor.ask_with(UPDATE, json!({ "input": input })).await
}

#[tokio::test]
async fn an_owner_changes_an_organization_and_the_trail_tells_what_was_before() {
    let app = App::start().await;
    let id = acme(&app).await;
    let before = row(&app).await;
    let input = json!({
        "organization": id, "name": "  Acme & Söhne ", "slug": "acme-and-sons", "billingEmail": "pay@acme.test",
        "clientMutationId": "mine"
    });
    let answer = update(&app.owner().await, input).await;
    let changed = answer.at("/updateOrganization");
    assert_eq!(changed["clientMutationId"], "mine");
    assert_eq!(changed["organization"]["name"], "Acme & Söhne");
    let after = row(&app).await;
    assert_eq!(
        [&after["name"], &after["slug"], &after["billing_email"]],
        ["Acme & Söhne", "acme-and-sons", "pay@acme.test"]
    );
    assert_ne!(after["updated_at"], before["updated_at"]);
    assert_eq!(after["mfa_required"], before["mfa_required"]);
    let trail: Vec<Value> = app.service().await.column(TRAIL, []).await;
    let [record] = trail.as_slice() else { panic!("{trail:#?}") };
    assert_eq!(record["actor_label"], "owner@acme.test");
    assert_eq!(record["organization_id"], after["id"]);
    assert_eq!([&record["resource_type"], &record["resource_id"]], [&json!("organization"), &after["id"]]);
    assert_eq!([&record["action"], &record["severity"]], ["update", "info"]);
    assert_eq!(record["ip_address"], "127.0.0.1");
    assert_eq!(record["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(
        record["metadata"],
        json!({
            "before": {"name": before["name"], "slug": "acme", "billingEmail": before["billing_email"]},
            "after": {"name": "Acme & Söhne", "slug": "acme-and-sons", "billingEmail": "pay@acme.test"}
        })
    );
    // What is left out stays, null takes away, and what is the same is no change.
    let input = json!({"organization": id, "slug": "acme-and-sons", "billingEmail": null});
    update(&app.admin().await, input).await.data();
    let now = row(&app).await;
    assert_eq!([&now["name"], &now["billing_email"]], [&json!("Acme & Söhne"), &Value::Null]);
    let latest: Value = app.service().await.one(&format!("{TRAIL} ORDER BY created_at DESC LIMIT 1"), []).await;
    assert_eq!(
        latest["metadata"],
        json!({"before": {"billingEmail": "pay@acme.test"}, "after": {"billingEmail": null}})
    );
    assert_eq!(latest["actor_label"], "admin@acme.test");
    // Nothing changed: the row is not written, the act is on record all the same.
    update(&app.owner().await, json!({"organization": id, "name": "Acme & Söhne"})).await.data();
    assert_eq!(row(&app).await["updated_at"], now["updated_at"]);
    let latest: Value = app.service().await.one(&format!("{TRAIL} ORDER BY created_at DESC LIMIT 1"), []).await;
    assert_eq!(latest["metadata"], json!({}));
}

#[tokio::test]
async fn who_may_not_is_refused_and_who_may_not_see_finds_nothing() {
    let app = App::start().await;
    let id = acme(&app).await;
    let before = row(&app).await;
    let input = json!({"organization": id, "name": "Taken over"});
    for (email, code) in [
        ("developer@acme.test", "FORBIDDEN"),
        ("billing@acme.test", "FORBIDDEN"),
        ("member@acme.test", "FORBIDDEN"),
        ("outsider@globex.test", "NOT_FOUND"),
    ] {
        let answer = update(&app.sign_in(email).await, input.clone()).await;
        assert_eq!(answer.codes(), [code], "{email}");
        assert!(answer.body["data"].is_null(), "{:#}", answer.body);
    }
    assert_eq!(update(&app.anonymous(), input.clone()).await.codes(), ["UNAUTHENTICATED"]);
    // Under the header of another organization of theirs this one is out of sight.
    let narrowed = app.both().await.in_organization("globex");
    assert_eq!(update(&narrowed, input).await.codes(), ["NOT_FOUND"]);
    let nowhere = json!({"organization": format!("org_{}", "0".repeat(32)), "name": "Nobody's"});
    assert_eq!(update(&app.owner().await, nowhere).await.codes(), ["NOT_FOUND"]);
    assert_eq!(row(&app).await, before);
    let trail: Vec<Value> = app.service().await.column(TRAIL, []).await;
    assert!(trail.is_empty(), "{trail:#?}");
}

#[tokio::test]
async fn wrong_input_is_named_and_changes_nothing() {
    let app = App::start().await;
    let owner = app.owner().await;
    let id = acme(&app).await;
    let before = row(&app).await;
    let user = format!("usr_{}", app.user_id("owner@acme.test").await.simple());
    for (input, argument) in [
        (json!({"organization": id, "name": " "}), "input.name"),
        (json!({"organization": id, "name": "x".repeat(121)}), "input.name"),
        (json!({"organization": id, "name": "a\u{0}b"}), "variables.input.name"),
        (json!({"organization": id, "slug": "No Slug"}), "input.slug"),
        (json!({"organization": id, "name": "Fine", "billingEmail": "nobody"}), "input.billingEmail"),
        (json!({"organization": "acme", "name": "Fine"}), "input.organization"),
        (json!({"organization": user, "name": "Fine"}), "input.organization"),
    ] {
        let answer = update(&owner, input.clone()).await;
        assert_eq!(answer.codes(), ["INVALID_INPUT"], "{input}");
        assert_eq!(answer.body["errors"][0]["extensions"]["argument"], argument, "{:#}", answer.body);
    }
    let taken = update(&owner, json!({"organization": id, "name": "Fine", "slug": "globex"})).await;
    assert_eq!(taken.codes(), ["CONFLICT"], "{:#}", taken.body);
    assert_eq!(taken.body["errors"][0]["message"], "this slug is taken");
    // One that fails takes the other with it.
    let both = "mutation ($a: UpdateOrganizationInput!, $b: UpdateOrganizationInput!) {
        a: updateOrganization(input: $a) { organization { name } }
        b: updateOrganization(input: $b) { organization { name } } }";
    let variables = json!({"a": {"organization": id, "name": "First"}, "b": {"organization": id, "slug": "globex"}});
    let answer = owner.ask_with(both, variables).await;
    assert_eq!(answer.codes(), ["CONFLICT"]);
    assert!(answer.body["data"].is_null());
    assert_eq!(row(&app).await, before);
    let trail: Vec<Value> = app.service().await.column(TRAIL, []).await;
    assert!(trail.is_empty(), "{trail:#?}");
}
