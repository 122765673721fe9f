//! Changing one's profile.

use serde_json::{Value, json};

use super::{app, ask, row, trail, wrong_argument};

const UPDATE: &str = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    user { username firstName lastName avatarUrl phone } clientMutationId } }";

#[tokio::test]
async fn one_changes_what_is_given_takes_away_what_is_null_and_leaves_the_rest() {
    let app = app().await;
    let member = app.member().await;
    let before = row(&app, "member@acme.test").await;
    let input = json!({"username": " mem ", "phone": null, "avatarUrl": "https://example.test/m.png",
                       "lastName": before["last_name"], "clientMutationId": "mine"});
    let answer = ask(&member, UPDATE, input).await;
    assert_eq!(
        answer.at("/updateProfile"),
        &json!({"user": {"username": "mem", "firstName": before["first_name"], "lastName": before["last_name"],
                         "avatarUrl": "https://example.test/m.png", "phone": null}, "clientMutationId": "mine"})
    );
    let after = row(&app, "member@acme.test").await;
    assert_eq!([&after["username"], &after["phone"]], [&json!("mem"), &Value::Null]);
    assert_eq!(after["password_hash"], before["password_hash"]);
    let records = trail(&app, "user.updated").await;
    let [record] = records.as_slice() else { panic!("{records:#?}") };
    assert_eq!([&record["user_id"], &record["resource_id"]], [&before["id"], &before["id"]]);
    assert_eq!(
        record["metadata"],
        json!({"before": {"username": before["username"], "phone": before["phone"], "avatarUrl": before["avatar_url"]},
               "after": {"username": "mem", "phone": null, "avatarUrl": "https://example.test/m.png"}})
    );
    // Nothing is a change too, and on record.
    ask(&member, UPDATE, json!({})).await.data();
    assert_eq!(row(&app, "member@acme.test").await["updated_at"], after["updated_at"]);
    assert_eq!(trail(&app, "user.updated").await[1]["metadata"], json!({}));
    // In one organization of theirs it is the same person.
    let narrowed = app.both().await.in_organization("globex");
    let answer = ask(&narrowed, UPDATE, json!({"firstName": "Bo"})).await;
    assert_eq!(answer.at("/updateProfile/user/firstName"), "Bo");
}

#[tokio::test]
async fn wrong_input_is_named_and_changes_nothing() {
    let app = app().await;
    let member = app.member().await;
    let before = row(&app, "member@acme.test").await["updated_at"].clone();
    for (name, value) in [
        ("username", " ".to_owned()),
        ("username", "x".repeat(61)),
        ("firstName", "a\nb".to_owned()),
        ("lastName", "x".repeat(121)),
        ("avatarUrl", "javascript:alert(1)".to_owned()),
        ("avatarUrl", "https://a b".to_owned()),
        ("avatarUrl", format!("https://example.test/{}", "x".repeat(2_048))),
        ("phone", "x".repeat(41)),
    ] {
        let answer = ask(&member, UPDATE, json!({"username": "other", (name): value})).await;
        assert_eq!(wrong_argument(&answer), format!("input.{name}"));
    }
    assert_eq!(ask(&app.anonymous(), UPDATE, json!({"phone": null})).await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(row(&app, "member@acme.test").await["updated_at"], before);
    assert!(trail(&app, "user.updated").await.is_empty());
}
