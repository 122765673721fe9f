//! The audit trail: every mutation leaves its record, what is refused leaves one too, and nobody changes any.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::app::App;

/// How a mutation is tried: what it leaves on record, who makes it, with which input, and what of its payload is asked.
struct Act {
    mutation: &'static str,
    event: &'static str,
    by: &'static str,
    input: fn(&World) -> Value,
    payload: &'static str,
}

/// Global ids that inputs name.
struct World {
    acme: String,
}

/// Every mutation of the schema, one line each. One that needs more than the demo data has its own test, which says so
/// here: [`ELSEWHERE`].
const ACTS: &[Act] = &[
    Act {
        mutation: "signIn",
        event: "user.signed_in",
        by: "nobody",
        input: |_| json!({"email": "owner@acme.test", "password": "ogelbase-demo"}),
        payload: "expiresAt",
    },
    Act {
        mutation: "signOut",
        event: "user.signed_out",
        by: "owner@acme.test",
        input: |_| json!({}),
        payload: "signedOut",
    },
    Act {
        mutation: "updateOrganization",
        event: "organization.updated",
        by: "owner@acme.test",
        input: |world| json!({"organization": world.acme, "name": "Acme on record"}),
        payload: "organization { name }",
    },
];

/// Mutation, event, and the test that shows the record.
const ELSEWHERE: &[(&str, &str, &str)] = &[];

#[tokio::test]
async fn every_mutation_leaves_its_record() {
    let app = App::start().await;
    let all = app.anonymous().ask("{ __schema { mutationType { fields { name } } } }").await;
    let fields = all.at("/__schema/mutationType/fields").as_array().unwrap();
    let all: BTreeSet<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    let told: Vec<&str> =
        ACTS.iter().map(|act| act.mutation).chain(ELSEWHERE.iter().map(|(mutation, ..)| *mutation)).collect();
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "a mutation stands twice");
    let untold: Vec<_> = all.iter().filter(|name| !told.contains(name)).collect();
    assert!(untold.is_empty(), "tests/it/trail.rs does not say what these leave on record: {untold:?}");
    let gone: Vec<_> = told.iter().filter(|name| !all.contains(*name)).collect();
    assert!(gone.is_empty(), "the schema does not have them: {gone:?}");

    let acme = app.owner().await.ask("{ organization(slug: \"acme\") { id } }").await;
    let world = World { acme: acme.at("/organization/id").as_str().unwrap().to_owned() };
    for Act { mutation, event, by, input, payload } in ACTS {
        let actor = if *by == "nobody" { app.anonymous() } else { app.sign_in(by).await };
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {payload} }} }}");
        let answer = actor.ask_with(&document, json!({ "input": input(&world) })).await;
        answer.data();
        let request = answer.headers["x-request-id"].to_str().unwrap();
        let sql = "SELECT event_type FROM platform.audit_logs WHERE request_id = $1";
        let events: Vec<String> = app.service().await.column(sql, [request.into()]).await;
        assert!(events.contains(&(*event).to_owned()), "{mutation} should leave {event}, and left {events:?}");
    }
}

const UPDATE: &str = "mutation ($input: UpdateOrganizationInput!) {
    mine: updateOrganization(input: $input) { organization { name } }
}";

const DENIED: &str = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'access.denied'
                       ORDER BY created_at, id";

#[tokio::test]
async fn a_refused_mutation_is_on_record_where_it_was_tried() {
    let app = App::start().await;
    let owner = app.owner().await;
    let seeded = app.service().await.column::<Value>(DENIED, []).await.len();
    let denied = async || app.service().await.column::<Value>(DENIED, []).await.split_off(seeded);
    let organization = owner.ask("{ organization(slug: \"acme\") { id } }").await;
    let id = organization.at("/organization/id").as_str().unwrap().to_owned();
    let input = json!({"input": {"organization": id, "name": "Taken over"}});
    let answer = app.member().await.ask_with(UPDATE, input.clone()).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let records = denied().await;
    let [record] = &records[..] else { panic!("{records:#?}") };
    let acme: uuid::Uuid =
        app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    assert_eq!([&record["actor_label"], &record["severity"]], ["member@acme.test", "warning"]);
    assert_eq!([&record["action"], &record["resource_type"]], ["deny", "mutation"]);
    assert_eq!(record["organization_id"], acme.to_string());
    assert_eq!(record["user_id"], app.user_id("member@acme.test").await.to_string());
    assert_eq!(record["ip_address"], "127.0.0.1");
    assert_eq!(record["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(record["metadata"], json!({"mutation": "updateOrganization", "permission": "organization:write"}));
    // Who reads the trail there sees it, and who was refused does not.
    let trail = "{ organization(slug: \"acme\") { auditLogs(first: 1) { nodes { eventType severity } } } }";
    let seen = owner.ask(trail).await;
    let wanted = json!({"eventType": "access.denied", "severity": "WARNING"});
    assert_eq!(seen.at("/organization/auditLogs/nodes/0"), &wanted);

    // What one does not see is not denied but not there, and who is nobody has nothing to be denied.
    for (actor, code) in [(app.outsider().await, "NOT_FOUND"), (app.anonymous(), "UNAUTHENTICATED")] {
        assert_eq!(actor.ask_with(UPDATE, input.clone()).await.codes(), [code]);
    }
    // Nor is a query, where the answer says the same without any harm.
    let members = "{ organization(slug: \"acme\") { auditLogs(first: 1) { nodes { id } } } }";
    assert_eq!(app.member().await.ask(members).await.codes(), ["FORBIDDEN"]);
    assert_eq!(denied().await.len(), 1);

    // With a sign-in in the same document: that is undone, and the attempt is nobody's, in no organization.
    let both = "mutation ($who: SignInInput!, $input: UpdateOrganizationInput!) {
        signIn(input: $who) { expiresAt } updateOrganization(input: $input) { organization { name } } }";
    let who = json!({"email": "member@acme.test", "password": "ogelbase-demo"});
    let answer = app.anonymous().ask_with(both, json!({"who": who, "input": input["input"]})).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let last = denied().await.pop().unwrap();
    assert_eq!([&last["actor_label"], &last["organization_id"]], [&json!("anonymous"), &Value::Null]);
    // Under the header of the organization it is the same record.
    let narrowed = app.member().await.in_organization("acme");
    assert_eq!(narrowed.ask_with(UPDATE, input).await.codes(), ["FORBIDDEN"]);
    let last = denied().await.pop().unwrap();
    assert_eq!(last["organization_id"], acme.to_string());
    assert_eq!(denied().await.len(), 3);
}

#[tokio::test]
async fn nobody_changes_a_record_or_takes_it_away_before_its_time() {
    let app = App::start().await;
    let acme: uuid::Uuid =
        app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    let owner = app.user_id("owner@acme.test").await;
    let (service, superuser) = (app.service().await, app.superuser().await);
    let insert = format!(
        "INSERT INTO platform.audit_logs (organization_id, actor_label, event_type, action, created_at)
         VALUES ('{acme}', 'somebody', 'test.kept', 'create', now() - interval '1 hour')"
    );
    service.run(&insert).await;
    let attempts = [
        "UPDATE platform.audit_logs SET actor_label = 'nobody' WHERE event_type = 'test.kept'",
        "UPDATE platform.audit_logs SET created_at = now() - interval '9 years' WHERE event_type = 'test.kept'",
        "DELETE FROM platform.audit_logs WHERE event_type = 'test.kept'",
        "TRUNCATE platform.audit_logs",
    ];
    let strongest = app.as_user(Some(owner), None).await;
    for sql in attempts {
        for (who, connection) in [("app", &strongest), ("service", &service), ("superuser", &superuser)] {
            let error = connection.try_run(sql).await.expect_err(sql).to_string();
            assert!(error.contains("append-only") || error.contains("permission denied"), "{who}: {sql}: {error}");
        }
    }
    let forged =
        "INSERT INTO platform.audit_logs (actor_label, event_type, action) VALUES ('x', 'test.forged', 'create')";
    assert!(strongest.try_run(forged).await.unwrap_err().to_string().contains("permission denied"));
    let kept: i64 = service
        .one("SELECT count(*) FROM platform.audit_logs WHERE event_type = 'test.kept' AND actor_label = 'somebody'", [])
        .await;
    assert_eq!(kept, 1);
}
