//! Inviting people: what is sent, what is stored, and who may offer which role.

use ogelbase::mail::Letter;
use serde_json::{Value, json};

use super::{global_id, must_not, mutate, refusal};
use crate::support::{
    actors::{Actor, Answer},
    app::App,
    letters,
};

const RESULTS: &str = "results { email outcome token invitation { id email role status expiresAt inviter { email } } }";

async fn invite(app: &App, actor: &Actor<'_>, invitations: Value) -> Answer {
    let organization = app.organization("acme").await;
    let input = json!({"organization": organization, "invitations": invitations});
    mutate(actor, "inviteMembers", RESULTS, input).await
}

#[tokio::test]
async fn several_are_invited_at_once_and_each_address_has_its_own_result() {
    let app = App::start().await;
    let admin = app.admin().await;
    let wanted = json!([
        {"email": " New.One@People.test ", "role": "DEVELOPER"},
        {"email": "MEMBER@acme.test", "role": "MEMBER"},
        {"email": "new.two@people.test", "role": "BILLING_ADMIN"},
        {"email": "NEWCOMER@acme.test", "role": "MEMBER"},
        // Has an account, which makes no difference.
        {"email": "hanna@globex.test", "role": "MEMBER"},
    ]);
    let answer = invite(&app, &admin, wanted).await;
    let results = answer.at("/inviteMembers/results").as_array().unwrap();
    let outcomes: Vec<_> = results.iter().map(|result| result["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["INVITED", "ALREADY_MEMBER", "INVITED", "RENEWED", "INVITED"]);
    assert_eq!(results[0]["email"], "New.One@People.test", "trimmed, and otherwise as it was written");
    assert_eq!(results[0]["invitation"]["status"], "PENDING");
    assert_eq!(results[0]["invitation"]["inviter"]["email"], "admin@acme.test");
    assert_eq!([&results[1]["token"], &results[1]["invitation"]], [&Value::Null, &Value::Null]);
    assert_eq!(results[3]["invitation"]["role"], "MEMBER", "renewed with the new role");

    // The mail has the token, the database its digest, and nobody else anything.
    let [letter] = &app.letters_to("new.one@people.test").await[..] else { panic!("one letter") };
    let Letter::Invitation { organization, role, .. } = letter else { panic!("{letter:?}") };
    assert_eq!([organization.as_str(), role], ["Acme Industries", "developer"]);
    let token = letters::token(letter);
    assert_eq!(results[0]["token"], token);
    assert!(app.letters_to("member@acme.test").await.is_empty(), "a member gets no mail");
    let service = app.service().await;
    let stored: Vec<Value> = service
        .column(
            "SELECT to_jsonb(i) FROM platform.organization_invitations i
              WHERE token_hash = encode(sha256(convert_to($1, 'UTF8')), 'hex')",
            [token.into()],
        )
        .await;
    let [stored] = &stored[..] else { panic!("one row") };
    assert!(!stored.to_string().contains(token));
    let days: f64 = service
        .one(
            "SELECT extract(epoch FROM expires_at - now())::float8 / 86400 FROM platform.organization_invitations
              WHERE id = ($1)::uuid",
            [stored["id"].as_str().unwrap().into()],
        )
        .await;
    assert!((6.99..=7.0).contains(&days), "{days}");
    let records = app.records("member.invited").await;
    assert_eq!(records.len(), 4, "a record for each invitation");
    assert!(!json!(records).to_string().contains(token));
    assert_eq!(records[0]["metadata"]["after"], json!({"email": "New.One@People.test", "role": "developer"}));
}

#[tokio::test]
async fn inviting_again_renews_the_one_open_invitation_and_ends_the_old_token() {
    let app = App::start().await;
    let admin = app.admin().await;
    let token_of = |answer: &Answer| answer.at("/inviteMembers/results/0/token").as_str().unwrap().to_owned();
    let first = token_of(&invite(&app, &admin, json!([{"email": "a@people.test", "role": "DEVELOPER"}])).await);
    let second = token_of(&invite(&app, &admin, json!([{"email": "A@People.test", "role": "MEMBER"}])).await);
    let look = async |token: &str| {
        let query =
            "query ($token: String!) { invitation(token: $token) { organizationName inviterName role expiresAt } }";
        app.anonymous().ask_with(query, json!({ "token": token })).await.at("/invitation").clone()
    };
    assert_eq!(look(&first).await, Value::Null);
    let seen = look(&second).await;
    assert_eq!([&seen["organizationName"], &seen["role"]], ["Acme Industries", "MEMBER"]);
    let service = app.service().await;
    let name: String = service
        .one("SELECT concat_ws(' ', first_name, last_name) FROM platform.users WHERE email = 'admin@acme.test'", [])
        .await;
    assert_eq!(seen["inviterName"], name);
    let count = "SELECT count(*) FROM platform.organization_invitations WHERE lower(invited_email) = 'a@people.test'";
    assert_eq!(service.one::<i64>(count, []).await, 1);

    // Sent again, taken back, sent again: each time the token before it has ended.
    let id: String = {
        let key = "SELECT id FROM platform.organization_invitations WHERE lower(invited_email) = 'a@people.test'";
        global_id("ivt", service.one(key, []).await)
    };
    let input = json!({ "invitation": id });
    let resend = async || {
        let answer = mutate(&admin, "resendInvitation", "token invitation { status }", input.clone()).await;
        assert_eq!(answer.at("/resendInvitation/invitation/status"), "PENDING");
        answer.at("/resendInvitation/token").as_str().unwrap().to_owned()
    };
    service.run("UPDATE platform.organization_invitations SET expires_at = now() WHERE lower(invited_email) = 'a@people.test'").await;
    assert_eq!(look(&second).await, Value::Null, "expired");
    let third = resend().await;
    assert_eq!((look(&second).await, look(&third).await["role"].clone()), (Value::Null, json!("MEMBER")));
    for _ in 0..2 {
        let revoked = mutate(&admin, "revokeInvitation", "invitation { status }", input.clone()).await;
        assert_eq!(revoked.at("/revokeInvitation/invitation/status"), "REVOKED");
        assert_eq!(look(&third).await, Value::Null);
    }
    let fourth = resend().await;
    assert_eq!(look(&fourth).await["role"], "MEMBER");
    let letters = app.letters_to("a@people.test").await;
    let tokens: Vec<_> = letters.iter().map(letters::token).collect();
    assert_eq!(tokens, [&first, &second, &third, &fourth]);
    assert_eq!((app.records("invitation.resent").await.len(), app.records("invitation.revoked").await.len()), (2, 2));

    // Taken back, invited anew, and then the old one cannot be opened beside the new one.
    mutate(&admin, "revokeInvitation", "invitation { id }", input.clone()).await.data();
    invite(&app, &admin, json!([{"email": "a@people.test", "role": "MEMBER"}])).await.data();
    assert_eq!(service.one::<i64>(count, []).await, 2);
    assert_eq!(refusal(&mutate(&admin, "resendInvitation", "token", input).await).0, "CONFLICT");
    // What was answered stays answered.
    for answered in ["accepted_at", "declined_at"] {
        let sql = format!(
            "SELECT i.id FROM platform.organization_invitations i JOIN platform.organizations o ON o.id = organization_id
              WHERE o.slug = 'acme' AND {answered} IS NOT NULL"
        );
        let input = json!({"invitation": global_id("ivt", service.one(&sql, []).await)});
        for mutation in ["resendInvitation", "revokeInvitation"] {
            assert_eq!(refusal(&mutate(&admin, mutation, "clientMutationId", input.clone()).await).0, "CONFLICT");
        }
    }
}

#[tokio::test]
async fn one_wrong_address_or_role_stops_them_all_and_is_named() {
    let app = App::start().await;
    let owner = app.owner().await;
    let fine = json!({"email": "fine@people.test", "role": "MEMBER"});
    let many: Vec<_> = (0..51).map(|n| json!({"email": format!("p{n}@people.test"), "role": "MEMBER"})).collect();
    for (invitations, argument) in [
        (json!([fine, {"email": "nobody", "role": "MEMBER"}]), "input.invitations.1.email"),
        (json!([fine, {"email": "FINE@people.test", "role": "ADMIN"}]), "input.invitations.1.email"),
        (json!([{"email": "a\u{0}b@people.test", "role": "MEMBER"}]), "variables.input.invitations.0.email"),
        (json!([]), "input.invitations"),
        (json!(many), "input.invitations"),
    ] {
        let answer = invite(&app, &owner, invitations.clone()).await;
        assert_eq!(refusal(&answer).0, "INVALID_INPUT", "{invitations}");
        assert_eq!(answer.body["errors"][0]["extensions"]["argument"], argument, "{invitations}");
    }
    assert!(app.letters_to("fine@people.test").await.is_empty());
    assert!(app.records("member.invited").await.is_empty());
}

#[tokio::test]
async fn nobody_offers_a_role_that_is_more_than_theirs() {
    let app = App::start().await;
    let (owner, admin) = (app.owner().await, app.admin().await);
    let future_owner = json!([{"email": "heir@people.test", "role": "OWNER"}]);
    let refused = invite(&app, &admin, future_owner.clone()).await;
    assert_eq!(refusal(&refused).0, "FORBIDDEN");
    assert_eq!(refused.body["errors"][0]["extensions"]["permission"], "ownership:transfer");
    let answer = invite(&app, &owner, future_owner).await;
    let id = answer.at("/inviteMembers/results/0/invitation/id").clone();
    // An owner's invitation is not the admin's to turn into another, to send again or to take back.
    let lesser = invite(&app, &admin, json!([{"email": "heir@people.test", "role": "MEMBER"}])).await;
    assert_eq!(refusal(&lesser).0, "FORBIDDEN");
    for mutation in ["resendInvitation", "revokeInvitation"] {
        let answer = mutate(&admin, mutation, "clientMutationId", json!({ "invitation": id })).await;
        assert_eq!(refusal(&answer).0, "FORBIDDEN", "{mutation}");
    }
    invite(&app, &admin, json!([{"email": "peer@people.test", "role": "ADMIN"}])).await.data();
    for (email, code) in [
        ("developer@acme.test", "FORBIDDEN"),
        ("billing@acme.test", "FORBIDDEN"),
        ("member@acme.test", "FORBIDDEN"),
        ("outsider@globex.test", "NOT_FOUND"),
    ] {
        let actor = app.sign_in(email).await;
        let refused = invite(&app, &actor, json!([{"email": "x@people.test", "role": "MEMBER"}])).await;
        assert_eq!(refusal(&refused).0, code, "{email}");
        for mutation in ["resendInvitation", "revokeInvitation"] {
            let answer = mutate(&actor, mutation, "clientMutationId", json!({ "invitation": id })).await;
            assert_eq!(refusal(&answer).0, "NOT_FOUND", "{email}: {mutation}");
        }
    }
    // Looked for as the service role: an open invitation as an owner, and none as anything else.
    let standing: Vec<String> = app
        .service()
        .await
        .column(
            "SELECT role FROM platform.organization_invitations
              WHERE invited_email IN ('heir@people.test', 'x@people.test') AND revoked_at IS NULL",
            [],
        )
        .await;
    assert_eq!(standing, ["owner"]);
}

#[tokio::test]
async fn by_sql_an_invitation_is_neither_written_nor_its_token_read() {
    let app = App::start().await;
    invite(&app, &app.owner().await, json!([{"email": "heir@people.test", "role": "OWNER"}])).await.data();
    let acme = app.organization_key("acme").await;
    let globex = app.organization_key("globex").await;
    let heir: uuid::Uuid = app
        .service()
        .await
        .one("SELECT id FROM platform.organization_invitations WHERE invited_email = 'heir@people.test'", [])
        .await;
    let invite = |organization, email: &str, role: &str| {
        format!(
            "SELECT outcome FROM platform_private.invite_member(gen_random_uuid(), '{organization}', '{email}', '{role}', repeat('a', 64))"
        )
    };
    for (email, calls) in [
        (
            "admin@acme.test",
            vec![
                (invite(acme, "new@people.test", "owner"), "forbidden"),
                (invite(acme, "heir@people.test", "member"), "forbidden"),
                (invite(globex, "new@people.test", "member"), "forbidden"),
                (format!("SELECT platform_private.revoke_invitation('{heir}')"), "forbidden"),
                (format!("SELECT platform_private.renew_invitation('{heir}', repeat('b', 64))"), "forbidden"),
            ],
        ),
        (
            "developer@acme.test",
            vec![
                (invite(acme, "new@people.test", "member"), "forbidden"),
                (format!("SELECT platform_private.revoke_invitation('{heir}')"), "unknown"),
                (format!("SELECT platform_private.renew_invitation('{heir}', repeat('b', 64))"), "unknown"),
            ],
        ),
    ] {
        let sql = app.as_user(Some(app.user_id(email).await), None).await;
        for (call, outcome) in calls {
            assert_eq!(sql.one::<String>(&call, []).await, outcome, "{email}: {call}");
        }
        for statement in [
            "INSERT INTO platform.organization_invitations (organization_id, invited_email, invited_by, role, expires_at)
             SELECT organization_id, 'x@people.test', user_id, 'admin', now() FROM platform.organization_members",
            "UPDATE platform.organization_invitations SET role = 'owner'",
            "UPDATE platform.organization_invitations SET expires_at = 'infinity'",
            "DELETE FROM platform.organization_invitations WHERE role = 'owner'",
            "SELECT token_hash FROM platform.organization_invitations",
            "SELECT platform_private.may_appoint(platform.get_current_user_id(), gen_random_uuid(), 'owner')",
            "SELECT platform_private.take_invitation(repeat('a', 64))",
            "SELECT letter_sealed FROM platform_private.outbox",
            "SELECT * FROM platform_private.idempotency_keys",
        ] {
            must_not(&sql, statement).await;
        }
    }
    let nobody = app.as_user(None, None).await;
    let outcome: String = nobody.one(&invite(acme, "new@people.test", "member"), []).await;
    assert_eq!(outcome, "forbidden");
}
