//! Who is told to be the caller.

use ogelbase::config::Config;
use serde_json::json;

use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

const ME: &str = "{ viewer { email firstName } }";

#[tokio::test]
async fn everybody_is_themselves_on_one_connection() {
    let database = TestDatabase::seeded().await;
    let config = Config { database_connections: 1, ..config(&database.url) };
    let app = App::with(database, config).await;
    let (owner, member) = (app.owner().await, app.member().await);
    for _ in 0..5 {
        assert_eq!(owner.ask(ME).await.at("/viewer/email"), "owner@acme.test");
        assert_eq!(member.ask(ME).await.at("/viewer/email"), "member@acme.test");
        let narrowed = member.in_organization("acme").ask(ME).await;
        assert_eq!(narrowed.at("/viewer/email"), "member@acme.test");
        assert_eq!(app.anonymous().ask(ME).await.codes(), ["UNAUTHENTICATED"]);
    }
}

#[tokio::test]
async fn the_viewer_is_there_beside_a_field_that_fails_and_as_they_were_changed() {
    let app = App::start().await;
    let owner = app.owner().await;
    let answer = owner.ask("{ ...Me node(id: \"nonsense\") { id } } fragment Me on Query { viewer { email } }").await;
    assert_eq!(answer.codes(), ["INVALID_INPUT"]);
    assert_eq!(answer.body["data"], json!({ "viewer": { "email": "owner@acme.test" }, "node": null }));

    let rename = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { firstName } } }";
    owner.ask_with(rename, json!({ "input": { "firstName": "Olive" } })).await.data();
    assert_eq!(owner.ask(ME).await.at("/viewer/firstName"), "Olive");
}
