//! What the database refuses or gives up, as a client reads it.

use std::time::Duration;

use ogelbase::config::Config;
use serde_json::{Value, json};

use crate::support::{
    actors::{Actor, Answer},
    app::{App, config},
    db::TestDatabase,
};

const UPDATE: &str =
    "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }";

async fn acme(actor: &Actor<'_>) -> Value {
    actor.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization/id").clone()
}

async fn update(actor: &Actor<'_>, field: &str, value: &str) -> Answer {
    let input = json!({"organization": acme(actor).await, field: value});
    actor.ask_with(UPDATE, json!({ "input": input })).await
}

#[track_caller]
fn assert_error(answer: &Answer, code: &str, argument: Value, words: &str) {
    assert_eq!(answer.codes(), [code], "{:#}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(error["extensions"]["argument"], argument);
    assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    assert_eq!(answer.body["data"], Value::Null);
}

#[tokio::test]
async fn a_constraint_that_no_rule_of_inputs_knows_names_the_field() {
    let app = App::start().await;
    let owner = app.owner().await;
    let sql = "ALTER TABLE platform.organizations
                   DROP CONSTRAINT organizations_name_check,
                   ADD CONSTRAINT organizations_name_check CHECK (name <> 'Refused'),
                   DROP CONSTRAINT organizations_billing_email_check,
                   ADD CONSTRAINT organizations_billing_email_check CHECK (billing_email <> 'refused@acme.test');
               CREATE UNIQUE INDEX organizations_name_is_unique ON platform.organizations (name);";
    app.superuser().await.run(sql).await;
    assert_error(
        &update(&owner, "name", "Refused").await,
        "INVALID_INPUT",
        json!("input.name"),
        "not a value that is taken",
    );
    let answer = update(&owner, "billingEmail", "refused@acme.test").await;
    assert_error(&answer, "INVALID_INPUT", json!("input.billingEmail"), "not a value that is taken");
    assert_error(&update(&owner, "name", "Globex Corporation").await, "CONFLICT", Value::Null, "exists already");
    update(&owner, "name", "Taken").await.data();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    let database = TestDatabase::seeded().await;
    let hasty = Config { statement_timeout_ms: 300, ..config(&database.url) };
    let app = App::with(database, hasty).await;
    let owner = app.owner().await;
    let service = app.service().await;
    service.run("BEGIN; SELECT FROM platform.organizations WHERE slug = 'acme' FOR UPDATE").await;
    let answer = update(&owner, "name", "Late").await;
    assert_error(&answer, "UNAVAILABLE", Value::Null, "took too long");
    service.run("ROLLBACK").await;
    update(&owner, "name", "In time").await.data();
}

#[tokio::test]
async fn who_loses_a_deadlock_is_told_to_try_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let create = "mutation { createOrganization(input: {name: \"Second\", slug: \"second\"}) { organization { id } } }";
    let second = owner.ask(create).await.at("/createOrganization/organization/id").clone();
    let service = app.service().await;
    service.run("BEGIN; SELECT FROM platform.organizations WHERE slug = 'second' FOR UPDATE").await;
    let both = format!(
        "mutation {{
            one: updateOrganization(input: {{organization: {}, name: \"One\"}}) {{ clientMutationId }}
            two: updateOrganization(input: {{organization: {second}, name: \"Two\"}}) {{ clientMutationId }}
        }}",
        acme(&owner).await
    );
    let (answer, ()) = tokio::join!(owner.ask(&both), async {
        // The request waits for the second one by then, and is the first to look for a deadlock, a second after it began.
        tokio::time::sleep(Duration::from_millis(500)).await;
        service.run("SELECT FROM platform.organizations WHERE slug = 'acme' FOR UPDATE").await;
    });
    assert_error(&answer, "UNAVAILABLE", Value::Null, "collided");
    service.run("ROLLBACK").await;
    owner.ask(&both).await.data();
}

#[tokio::test]
async fn a_client_may_call_itself_what_it_likes() {
    let app = App::start().await;
    let sign_in = json!({"query": "mutation { signIn(input: {email: \"owner@acme.test\", password: \"ogelbase-demo\"}) {
                                       accessToken } }"});
    let request = app.anonymous().request(&sign_in).header("User-Agent", "a long name ".repeat(400));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let mut owner = app.anonymous();
    owner.access_token = answer["data"]["signIn"]["accessToken"].as_str().map(str::to_owned);
    for mutation in [
        "mutation { createOrganization(input: {name: \"Long\", slug: \"long\"}) { clientMutationId } }",
        "mutation { requestPasswordReset(input: {email: \"member@acme.test\"}) { clientMutationId } }",
        "mutation { signUp(input: {email: \"a@long.test\", password: \"up hill and down dale\"}) { clientMutationId } }",
    ] {
        let request = owner.request(&json!({ "query": mutation })).header("User-Agent", "a long name ".repeat(400));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer.get("errors"), None, "{mutation}");
    }
    let longest = "SELECT max(char_length(user_agent))::int FROM platform.audit_logs";
    assert_eq!(app.service().await.one::<i32>(longest, []).await, 500);
}
