//! Owners made, accounts banned and let in again.

use serde_json::{Value, json};

use super::{Operator, records, sign_in};
use crate::support::app::App;

const VIEWER: &str = "{ viewer { email } }";

#[tokio::test]
async fn whoever_the_operator_names_is_an_owner_once_and_on_record() {
    let app = App::start().await;
    let operator = Operator::of(&app);
    let rename =
        |slug: &'static str, id: Value| json!({"input": {"organization": id, "name": format!("renamed {slug}")}});
    for (email, before) in [("member@acme.test", json!("member")), ("outsider@globex.test", Value::Null)] {
        let made = operator.admin(&["make-owner", email, "--organization", "acme"]).await;
        assert_eq!(made.printed(), format!("{email} is an owner of acme now\n"));
        let again = operator.admin(&["make-owner", email, "--organization", "acme"]).await;
        assert_eq!(again.printed(), format!("{email} is an owner of acme already\n"));
        let written = records(&app, "member.made_owner").await.pop().unwrap();
        assert_eq!(written["metadata"]["before"]["role"], before, "{written}");
        assert_eq!((&written["metadata"]["after"]["role"], &written["user"]), (&json!("owner"), &Value::Null));
        let actor = app.sign_in(email).await;
        let seen = actor.ask("{ organization(slug: \"acme\") { id viewerPermissions } }").await;
        assert!(seen.at("/organization/viewerPermissions").to_string().contains("ownership:transfer"), "{}", seen.body);
        let input = rename("acme", seen.at("/organization/id").clone());
        let update = "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }";
        assert_eq!(actor.ask_with(update, input).await.codes(), Vec::<&str>::new());
    }
    assert_eq!(records(&app, "member.made_owner").await.len(), 2);
    // Leaders read it in their organization's trail.
    let trail = app
        .owner()
        .await
        .ask("{ organization(slug: \"acme\") { auditLogs(first: 20) { nodes { eventType actorLabel } } } }")
        .await;
    assert!(trail.body.to_string().contains("member.made_owner"), "{}", trail.body);

    operator.admin(&["ban", "developer@acme.test"]).await.printed();
    for (email, slug, said) in [
        ("nobody@acme.test", "acme", "there is no account"),
        ("member@acme.test", "nowhere", "there is no organization nowhere"),
        ("developer@acme.test", "acme", "unban it first"),
    ] {
        let outcome = operator.admin(&["make-owner", email, "--organization", slug]).await;
        assert!(outcome.refusal().contains(said), "{}", outcome.stderr);
    }
    assert_eq!(records(&app, "member.made_owner").await.len(), 2);
}

#[tokio::test]
async fn a_banned_user_is_out_at_once_and_comes_back_only_by_signing_in() {
    let app = App::start().await;
    let operator = Operator::of(&app);
    let (owner, developer) = (app.owner().await, app.developer().await);
    let id = app.user_id("developer@acme.test").await;
    let by_sql = app.as_user(Some(id), None).await;
    let reach = "SELECT (SELECT count(*) FROM platform.organizations) + (SELECT count(*) FROM platform.projects)
                      + (SELECT count(*) FROM platform.api_keys) + cardinality(platform.current_org_ids())";
    assert!(by_sql.one::<i64>(reach, []).await > 3);
    assert_eq!(developer.ask(VIEWER).await.status, 200);

    let banned = operator.admin(&["ban", "Developer@acme.test"]).await;
    assert!(banned.printed().starts_with("developer@acme.test is banned for ever; sessions ended: "));
    assert_eq!(developer.ask(VIEWER).await.status, 401);
    assert_eq!(sign_in(&app, "developer@acme.test", "ogelbase-demo").await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(by_sql.one::<i64>(reach, []).await, 0, "also for who works under an older context");
    // Those who still see them are not harmed by a ban without an end, however it was written.
    let list = "{ organization(slug: \"acme\") { members(first: 100) { nodes { user { email } } } } }";
    assert!(owner.ask(list).await.data().to_string().contains("developer@acme.test"));
    app.service()
        .await
        .run("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'developer@acme.test'")
        .await;
    assert!(owner.ask(list).await.data().to_string().contains("developer@acme.test"));
    assert_eq!(developer.ask(VIEWER).await.status, 401);

    let unbanned = operator.admin(&["unban", "developer@acme.test"]).await;
    assert_eq!(unbanned.printed(), "developer@acme.test may sign in again\n");
    assert_eq!(developer.ask(VIEWER).await.status, 401, "the old session stays ended");
    assert_eq!(app.developer().await.ask(VIEWER).await.status, 200);
    assert!(by_sql.one::<i64>(reach, []).await > 3);
    assert_eq!(
        operator.admin(&["unban", "developer@acme.test"]).await.printed(),
        "developer@acme.test is not banned\n"
    );

    let bans = records(&app, "user.banned").await;
    assert_eq!(bans.len(), 1);
    let after = json!({"before": {"banned_until": null}, "after": {"banned_until": "9999-12-31T00:00:00Z"}});
    assert_eq!((&bans[0]["metadata"], &bans[0]["resource"]), (&after, &json!(id)));
    assert_eq!(records(&app, "user.unbanned").await.len(), 1);
}

#[tokio::test]
async fn a_ban_until_a_time_ends_then() {
    let app = App::start().await;
    let operator = Operator::of(&app);
    let owner = app.owner().await;
    for wrong in ["2020-01-01T00:00:00Z", "tomorrow"] {
        operator.admin(&["ban", "owner@acme.test", "--until", wrong]).await.refusal();
        assert_eq!(owner.ask(VIEWER).await.status, 200);
    }
    // The last owner of an organization too: a ban is never refused.
    let banned = operator.admin(&["ban", "owner@acme.test", "--until", "2999-01-31T12:00:00+01:00"]).await;
    assert!(banned.printed().contains("owner@acme.test is banned until 2999-01-31T11:00:00Z"), "{}", banned.stdout);
    assert_eq!(owner.ask(VIEWER).await.status, 401);
    let service = app.service().await;
    service.run("UPDATE platform.users SET banned_until = now() WHERE email = 'owner@acme.test'").await;
    assert_eq!(app.owner().await.ask(VIEWER).await.status, 200);
}
