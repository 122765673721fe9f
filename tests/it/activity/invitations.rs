//! Invitations: how they stand, for who may invite.

use serde_json::{Value, json};

use super::{assert_forbidden, in_acme, texts};
use crate::support::app::App;

#[tokio::test]
async fn invitations_are_for_who_may_invite_and_say_how_they_stand() {
    let app = App::start().await;
    let (owner, admin) = (app.owner().await, app.admin().await);
    let fields = "{ totalCount nodes { email role status inviter { email } acceptedBy { email } expiresAt } }";
    let all = in_acme(&owner, &format!("invitations {fields}")).await;
    let nodes = all.at("/organization/it/nodes").as_array().unwrap().clone();
    let seen: Vec<_> =
        nodes.iter().map(|node| ["email", "role", "status"].map(|field| node[field].as_str().unwrap())).collect();
    assert_eq!(
        seen,
        [
            ["outsider@globex.test", "MEMBER", "PENDING"],
            ["newcomer@acme.test", "DEVELOPER", "PENDING"],
            ["leo@acme.test", "MEMBER", "ACCEPTED"],
            ["late@acme.test", "MEMBER", "EXPIRED"],
            ["revoked@acme.test", "ADMIN", "REVOKED"],
            ["declined@acme.test", "MEMBER", "DECLINED"],
        ]
    );
    assert_eq!(nodes[0]["inviter"]["email"], "owner@acme.test");
    assert_eq!((&nodes[2]["acceptedBy"]["email"], &nodes[0]["acceptedBy"]), (&json!("leo@acme.test"), &Value::Null));

    for (filter, emails) in [
        ("[PENDING]", vec!["outsider@globex.test", "newcomer@acme.test"]),
        ("[EXPIRED]", vec!["late@acme.test"]),
        ("[ACCEPTED, DECLINED]", vec!["leo@acme.test", "declined@acme.test"]),
        ("[REVOKED]", vec!["revoked@acme.test"]),
        ("[]", vec![]),
    ] {
        let some = in_acme(&admin, &format!("invitations(filter: {{status: {filter}}}) {fields}")).await;
        assert_eq!(texts(some.at("/organization/it/nodes"), "email"), emails, "{filter}");
        assert_eq!(some.at("/organization/it/totalCount"), &json!(emails.len()));
    }
    for person in [app.developer().await, app.billing().await, app.member().await] {
        assert_forbidden(&in_acme(&person, "invitations { totalCount }").await, "members:write");
    }
}
