//! Answering an invitation: only the invited person, only once, only as many as the plan allows.

use serde_json::{Value, json};

use super::{mutate, refusal};
use crate::support::{
    actors::{Actor, Answer},
    app::App,
    letters,
};

const JOINED: &str = "organization { slug members(first: 1) { totalCount } viewerPermissions }
                      member { role user { email } invitedAt }";

/// Invites an address to globex, which has room, and returns the token of the mail.
async fn invited(app: &App, email: &str, role: &str) -> String {
    let input =
        json!({"organization": app.organization("globex").await, "invitations": [{"email": email, "role": role}]});
    let outsider = app.outsider().await;
    mutate(&outsider, "inviteMembers", "results { outcome }", input).await.data();
    letters::token(app.letters_to(email).await.last().unwrap()).to_owned()
}

async fn accept(actor: &Actor<'_>, token: &str) -> Answer {
    mutate(actor, "acceptInvitation", JOINED, json!({ "token": token })).await
}

async fn decline(actor: &Actor<'_>, token: &str) -> Answer {
    mutate(actor, "declineInvitation", "declined", json!({ "token": token })).await
}

#[tokio::test]
async fn the_invited_person_joins_with_the_role_that_was_offered() {
    let app = App::start().await;
    let person = app.newcomer("Invited@People.test").await;
    let token = invited(&app, "invited@people.TEST", "BILLING_ADMIN").await;
    assert_eq!(person.ask("{ organization(slug: \"globex\") { id } }").await.at("/organization"), &Value::Null);
    let answer = accept(&person, &token).await;
    let joined = answer.at("/acceptInvitation");
    assert_eq!([&joined["organization"]["slug"], &joined["member"]["role"]], ["globex", "BILLING_ADMIN"]);
    assert_eq!(joined["member"]["user"]["email"], "Invited@People.test");
    assert!(joined["organization"]["viewerPermissions"].as_array().unwrap().contains(&json!("billing:write")));
    assert_eq!(app.role("globex", "Invited@People.test").await.as_deref(), Some("billing_admin"));
    let active = person.ask("{ viewer { activeOrganization { organization { slug } } } }").await;
    assert_eq!(active.at("/viewer/activeOrganization/organization/slug"), "globex");
    let [record] = &app.records("member.joined").await[..] else { panic!("one record") };
    assert_eq!(
        [&record["actor_label"], &record["metadata"]["after"]["role"]],
        ["Invited@People.test", "billing_admin"]
    );
    let invitation: Value = app
        .service()
        .await
        .one(
            "SELECT to_jsonb(i) FROM platform.organization_invitations i WHERE invited_email = 'invited@people.TEST'",
            [],
        )
        .await;
    assert!(!invitation["accepted_at"].is_null());
    assert_eq!(invitation["accepted_by"], record["user_id"]);

    // Once.
    assert_eq!(refusal(&accept(&person, &token).await).0, "CONFLICT");
    assert_eq!(refusal(&decline(&person, &token).await).0, "CONFLICT");
    assert_eq!(app.records("member.joined").await.len(), 1);
}

#[tokio::test]
async fn nobody_else_accepts_it_and_nobody_with_an_unconfirmed_address() {
    let app = App::start().await;
    let service = app.service().await;
    let person = app.newcomer("invited@people.test").await;
    let token = invited(&app, "invited@people.test", "ADMIN").await;
    for email in ["owner@acme.test", "both@acme.test", "outsider@globex.test"] {
        let other = app.sign_in(email).await;
        for answer in [accept(&other, &token).await, decline(&other, &token).await] {
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "{email}");
            assert_eq!(answer.body["errors"][0]["extensions"]["permission"], "self");
        }
    }
    for answer in [accept(&app.anonymous(), &token).await, decline(&app.anonymous(), &token).await] {
        assert_eq!(refusal(&answer).0, "UNAUTHENTICATED");
    }
    for unknown in ["", "x", &"y".repeat(10_000)] {
        assert_eq!(refusal(&accept(&person, unknown).await).0, "NOT_FOUND");
        let query = "query ($token: String!) { invitation(token: $token) { role } }";
        let looked = app.anonymous().ask_with(query, json!({ "token": unknown })).await;
        assert_eq!(looked.at("/invitation"), &Value::Null);
    }
    assert_eq!(refusal(&accept(&person, "a\u{0}b").await).0, "INVALID_INPUT");
    // The address is the person's, but not proved.
    service.run("UPDATE platform.users SET email_confirmed_at = NULL WHERE email = 'invited@people.test'").await;
    let (code, message) = (accept(&person, &token).await, "confirm your e-mail address first");
    assert_eq!(refusal(&code), ("CONFLICT", message));
    assert_eq!(refusal(&decline(&person, &token).await), ("CONFLICT", message));
    // By SQL the digest is of no use to another either.
    let digest = ogelbase::db::bootstrap::hex(&ogelbase::auth::token::digest(&token));
    for (email, outcome) in [("owner@acme.test", "other"), ("invited@people.test", "unconfirmed")] {
        let sql = app.as_user(Some(app.user_id(email).await), None).await;
        let call = format!("SELECT outcome FROM platform_private.accept_invitation('{digest}', gen_random_uuid())");
        assert_eq!(sql.one::<String>(&call, []).await, outcome);
        let call = format!("SELECT platform_private.decline_invitation('{digest}', NULL, NULL, 'r')");
        assert_eq!(sql.one::<String>(&call, []).await, outcome);
        super::must_not(
            &sql,
            &format!(
                "INSERT INTO platform.organization_members (organization_id, user_id, role)
                 VALUES ('{}', platform.get_current_user_id(), 'admin')",
                app.organization_key("globex").await
            ),
        )
        .await;
    }
    // Under the header of another organization, and banned.
    service.run("UPDATE platform.users SET email_confirmed_at = now() WHERE email = 'invited@people.test'").await;
    let narrowed = app.both().await.in_organization("acme");
    assert_eq!(refusal(&accept(&narrowed, &token).await).0, "INVALID_INPUT");
    service.run("UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'invited@people.test'").await;
    assert_eq!(accept(&person, &token).await.status, 401);
    let banned = app.as_user(Some(app.user_id("invited@people.test").await), None).await;
    let call = format!("SELECT outcome FROM platform_private.accept_invitation('{digest}', gen_random_uuid())");
    assert!(banned.try_run(&call).await.is_err());
    assert_eq!(app.role("globex", "invited@people.test").await, None);
}

#[tokio::test]
async fn who_declines_is_no_member_and_the_organization_reads_of_it() {
    let app = App::start().await;
    let person = app.newcomer("invited@people.test").await;
    let token = invited(&app, "invited@people.test", "MEMBER").await;
    assert_eq!(decline(&person, &token).await.at("/declineInvitation/declined"), &json!(true));
    assert_eq!(refusal(&accept(&person, &token).await).0, "CONFLICT");
    let query =
        "{ organization(slug: \"globex\") { auditLogs(filter: {eventTypes: [\"invitation.declined\"]}, first: 1) {
                   nodes { actorLabel resourceType ip } }
                   invitations(filter: {status: [DECLINED]}, first: 1) { nodes { email status } } } }";
    let seen = app.outsider().await.ask(query).await;
    let record =
        json!({"actorLabel": "invited@people.test", "resourceType": "organization_invitation", "ip": "127.0.0.1"});
    assert_eq!(seen.at("/organization/auditLogs/nodes/0"), &record);
    let invitation = json!({"email": "invited@people.test", "status": "DECLINED"});
    assert_eq!(seen.at("/organization/invitations/nodes/0"), &invitation);
    // Said no, and asked again.
    let token = invited(&app, "invited@people.test", "MEMBER").await;
    accept(&person, &token).await.data();
}

#[tokio::test]
async fn an_invitation_is_worth_what_its_inviter_is() {
    let app = App::start().await;
    let service = app.service().await;
    let person = app.newcomer("invited@people.test").await;
    let token = invited(&app, "invited@people.test", "OWNER").await;
    let look = "query ($token: String!) { invitation(token: $token) { role } }";
    for (change, undone) in [
        (
            "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'outsider@globex.test'",
            "UPDATE platform.users SET banned_until = NULL WHERE email = 'outsider@globex.test'",
        ),
        (
            "UPDATE platform.organization_members m SET role = 'admin' FROM platform.users u
              WHERE u.id = m.user_id AND u.email = 'outsider@globex.test'",
            "UPDATE platform.organization_members m SET role = 'owner' FROM platform.users u
              WHERE u.id = m.user_id AND u.email = 'outsider@globex.test'",
        ),
        (
            "UPDATE platform.organization_invitations SET expires_at = now() WHERE invited_email = 'invited@people.test'",
            "UPDATE platform.organization_invitations SET expires_at = now() + interval '1 day'
              WHERE invited_email = 'invited@people.test'",
        ),
    ] {
        service.run(change).await;
        let looked = app.anonymous().ask_with(look, json!({ "token": token })).await;
        assert_eq!(looked.at("/invitation"), &Value::Null, "{change}");
        assert_eq!(refusal(&accept(&person, &token).await).0, "CONFLICT", "{change}");
        service.run(undone).await;
    }
    let looked = app.anonymous().ask_with(look, json!({ "token": token })).await;
    assert_eq!(looked.at("/invitation/role"), "OWNER");
    accept(&person, &token).await.data();
}

#[tokio::test]
async fn a_full_organization_takes_nobody_in_and_says_what_would_help() {
    let app = App::start().await;
    // acme has all of the 25 members that Pro allows, and an open invitation to one more.
    let service = app.service().await;
    service
        .run(
            "UPDATE platform.subscriptions s SET plan_id = 'tier_pro', plan_name = 'Pro' FROM platform.organizations o
              WHERE o.id = s.organization_id AND o.slug = 'acme'",
        )
        .await;
    let token = "acmeOutsiderDemoInvitation00000000000000000";
    let outsider = app.outsider().await;
    let refused = accept(&outsider, token).await;
    assert_eq!(refusal(&refused).0, "LIMIT_EXCEEDED");
    let told = &refused.body["errors"][0]["extensions"];
    assert_eq!((&told["limit"], &told["allowed"]), (&json!("members"), &json!(25)));
    assert_eq!(told["liftedBy"], "the plan Team allows 100");
    assert_eq!(app.role("acme", "outsider@globex.test").await, None);
    // The invitation is still good: somebody leaves, and there is room.
    let leave = json!({"organization": app.organization("acme").await});
    mutate(&app.member().await, "leaveOrganization", "leftOrganization", leave).await.data();
    let answer = accept(&outsider, token).await;
    assert_eq!(answer.at("/acceptInvitation/organization/members/totalCount"), 25);
    // Where no plan on offer allows more, that is what is said; and without a limit there is none.
    service.run("UPDATE platform.billing_plans SET active = false WHERE id IN ('tier_team', 'tier_enterprise')").await;
    let person = app.newcomer("more@people.test").await;
    let invite = json!({"organization": app.organization("acme").await,
                        "invitations": [{"email": "more@people.test", "role": "MEMBER"}]});
    mutate(&app.owner().await, "inviteMembers", "results { outcome }", invite).await.data();
    let letters = app.letters_to("more@people.test").await;
    let token = letters::token(&letters[0]);
    let refused = accept(&person, token).await;
    assert_eq!(refused.body["errors"][0]["extensions"]["liftedBy"], "no plan on offer allows more");
    service.run("UPDATE platform.billing_plans SET max_members = NULL WHERE id = 'tier_pro'").await;
    accept(&person, token).await.data();
}
