//! Roles in an organization, and the rules that none of them escapes.

use serde_json::{Value, json};

use super::{must_not, mutate, refusal};
use crate::support::{actors::Answer, app::App};

/// Somebody of acme gives somebody else there another role.
async fn change(app: &App, by: &str, whom: &str, role: &str) -> Answer {
    let input = json!({"member": app.membership("acme", whom).await, "role": role});
    mutate(&app.sign_in(by).await, "updateMemberRole", "member { role }", input).await
}

async fn remove(app: &App, by: &str, whom: &str) -> Answer {
    let input = json!({"member": app.membership("acme", whom).await});
    mutate(&app.sign_in(by).await, "removeMember", "removedMember", input).await
}

async fn make_second_owner(app: &App, email: &str) {
    let sql = "UPDATE platform.organization_members m SET role = 'owner' FROM platform.users u
                WHERE u.id = m.user_id AND u.email = $1";
    app.service().await.run_with(sql, [email.into()]).await;
}

#[tokio::test]
async fn roles_change_at_once_and_are_on_record() {
    let app = App::start().await;
    let member = app.member().await;
    let invitations = "{ organization(slug: \"acme\") { invitations { totalCount } } }";
    assert_eq!(member.ask(invitations).await.codes(), ["FORBIDDEN"]);
    let answer = change(&app, "admin@acme.test", "member@acme.test", "ADMIN").await;
    assert_eq!(answer.at("/updateMemberRole/member/role"), "ADMIN");
    assert!(member.ask(invitations).await.codes().is_empty(), "the same session, at once");
    change(&app, "owner@acme.test", "member@acme.test", "OWNER").await.data();
    let [first, second] = &app.records("member.role_changed").await[..] else { panic!("two records") };
    assert_eq!(first["metadata"], json!({"before": {"role": "member"}, "after": {"role": "admin"}}));
    assert_eq!(second["metadata"], json!({"before": {"role": "admin"}, "after": {"role": "owner"}}));
    // One's own, downwards, and what follows in the same document is done as who one has become.
    let mine = app.membership("acme", "admin@acme.test").await;
    let document = format!(
        "mutation {{ a: updateMemberRole(input: {{member: \"{mine}\", role: MEMBER}}) {{ member {{ role }} }}
                     b: updateMemberRole(input: {{member: \"{mine}\", role: ADMIN}}) {{ member {{ role }} }} }}"
    );
    assert_eq!(refusal(&app.admin().await.ask(&document).await).0, "FORBIDDEN");
    assert_eq!(app.role("acme", "admin@acme.test").await.as_deref(), Some("admin"), "all or nothing");
    change(&app, "admin@acme.test", "admin@acme.test", "DEVELOPER").await.data();
    assert_eq!(refusal(&change(&app, "admin@acme.test", "admin@acme.test", "ADMIN").await).0, "FORBIDDEN");
}

#[tokio::test]
async fn an_admin_neither_makes_nor_unmakes_an_owner() {
    let app = App::start().await;
    make_second_owner(&app, "elena@acme.test").await;
    for (answer, what) in [
        (change(&app, "admin@acme.test", "admin@acme.test", "OWNER").await, "makes themself"),
        (change(&app, "admin@acme.test", "developer@acme.test", "OWNER").await, "makes another"),
        (change(&app, "admin@acme.test", "elena@acme.test", "ADMIN").await, "demotes"),
        (change(&app, "admin@acme.test", "elena@acme.test", "OWNER").await, "leaves as is"),
        (remove(&app, "admin@acme.test", "elena@acme.test").await, "removes"),
    ] {
        assert_eq!(refusal(&answer).0, "FORBIDDEN", "{what}");
        assert_eq!(answer.body["errors"][0]["extensions"]["permission"], "ownership:transfer", "{what}");
    }
    let transfer = json!({"organization": app.organization("acme").await, "member": app.membership("acme", "admin@acme.test").await});
    let answer = mutate(&app.admin().await, "transferOwnership", "newOwner { role }", transfer).await;
    assert_eq!(refusal(&answer).0, "FORBIDDEN");

    let sql = app.as_user(Some(app.user_id("admin@acme.test").await), None).await;
    for statement in [
        "UPDATE platform.organization_members SET role = 'owner' WHERE role <> 'owner'",
        "UPDATE platform.organization_members SET role = 'member' WHERE role = 'owner'",
        "DELETE FROM platform.organization_members WHERE role = 'owner'",
        "UPDATE platform.organization_members SET user_id = platform.get_current_user_id() WHERE role = 'owner'",
        "UPDATE platform.organization_members SET organization_id = gen_random_uuid()",
        "INSERT INTO platform.organization_members (organization_id, user_id, role)
         SELECT organization_id, gen_random_uuid(), 'member' FROM platform.organization_members LIMIT 1",
    ] {
        must_not(&sql, statement).await;
    }
    let owners: i64 = app
        .service()
        .await
        .one(
            "SELECT count(*) FROM platform.organization_members m JOIN platform.organizations o ON o.id = organization_id
              WHERE role = 'owner' AND slug = 'acme'",
            [],
        )
        .await;
    assert_eq!(owners, 2);
}

#[tokio::test]
async fn who_does_not_manage_members_changes_and_removes_nobody() {
    let app = App::start().await;
    for (by, code) in [
        ("developer@acme.test", "FORBIDDEN"),
        ("billing@acme.test", "FORBIDDEN"),
        ("member@acme.test", "FORBIDDEN"),
        ("outsider@globex.test", "NOT_FOUND"),
    ] {
        // Themselves and another.
        let whom = if by == "outsider@globex.test" { "member@acme.test" } else { by };
        for answer in [
            change(&app, by, whom, "ADMIN").await,
            change(&app, by, "hugo@acme.test", "MEMBER").await,
            remove(&app, by, "hugo@acme.test").await,
        ] {
            assert_eq!(refusal(&answer).0, code, "{by}");
        }
        let sql = app.as_user(Some(app.user_id(by).await), None).await;
        let lifted = format!(
            "UPDATE platform.organization_members SET role = 'admin' WHERE role = 'member' AND organization_id = '{}'",
            app.organization_key("acme").await
        );
        must_not(&sql, &lifted).await;
        must_not(&sql, "UPDATE platform.organization_members SET role = 'admin' WHERE user_id = platform.get_current_user_id() AND role <> 'owner'").await;
        let others = "DELETE FROM platform.organization_members m USING platform.organizations o
                       WHERE o.id = m.organization_id AND o.slug = 'acme' AND user_id <> platform.get_current_user_id()";
        must_not(&sql, others).await;
    }
    // Not in an organization where one is less either: both@acme.test is a developer of globex.
    let narrowed = app.both().await.in_organization("globex");
    let input = json!({"member": app.membership("acme", "hugo@acme.test").await});
    assert_eq!(refusal(&mutate(&narrowed, "removeMember", "removedMember", input).await).0, "NOT_FOUND");
    assert_eq!(app.role("acme", "hugo@acme.test").await.as_deref(), Some("member"));
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_of_the_projects_too() {
    let app = App::start().await;
    let peter = app.sign_in("peter@acme.test").await;
    let projects = "{ organizations { totalCount } projects { totalCount } viewer { activeOrganization { role } } }";
    assert_ne!(peter.ask(projects).await.at("/projects/totalCount"), 0);
    remove(&app, "admin@acme.test", "peter@acme.test").await.data();
    let none = json!({"organizations": {"totalCount": 0}, "projects": {"totalCount": 0}, "viewer": {"activeOrganization": null}});
    assert_eq!(peter.ask(projects).await.data(), &none);
    let left: i64 = app
        .service()
        .await
        .one(
            "SELECT count(*) FROM platform.project_members p JOIN platform.users u ON u.id = p.user_id
              WHERE u.email = 'peter@acme.test'",
            [],
        )
        .await;
    assert_eq!(left, 0);
    let [record] = &app.records("member.removed").await[..] else { panic!("one record") };
    assert_eq!(record["metadata"]["before"], json!({"email": "peter@acme.test", "role": "member"}));
    // An admin removes themself like anybody else.
    remove(&app, "admin@acme.test", "admin@acme.test").await.data();
    assert_eq!(app.role("acme", "admin@acme.test").await, None);
}

#[tokio::test]
async fn the_last_owner_cannot_leave_be_demoted_or_be_removed() {
    let app = App::start().await;
    let leave = json!({"organization": app.organization("acme").await});
    let owner = app.owner().await;
    for answer in [
        mutate(&owner, "leaveOrganization", "leftOrganization", leave.clone()).await,
        change(&app, "owner@acme.test", "owner@acme.test", "ADMIN").await,
        remove(&app, "owner@acme.test", "owner@acme.test").await,
    ] {
        let (code, message) = refusal(&answer);
        assert_eq!(code, "CONFLICT");
        assert!(message.contains("at least one owner"), "{message}");
    }
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    for statement in [
        "DELETE FROM platform.organization_members WHERE user_id = platform.get_current_user_id()",
        "UPDATE platform.organization_members SET role = 'admin' WHERE user_id = platform.get_current_user_id()",
    ] {
        let refused = sql.try_run(statement).await.unwrap_err().to_string();
        assert!(refused.contains("at least one owner"), "{refused}");
    }
    // A second owner who is banned is none.
    make_second_owner(&app, "boris@acme.test").await;
    let banned = "UPDATE platform.users SET banned_until = 'infinity' WHERE email = 'boris@acme.test'";
    app.service().await.run(banned).await;
    assert_eq!(refusal(&mutate(&owner, "leaveOrganization", "leftOrganization", leave.clone()).await).0, "CONFLICT");
    assert_eq!(app.role("acme", "owner@acme.test").await.as_deref(), Some("owner"));
    assert!(app.records("member.left").await.is_empty(), "what was refused is not on record");
    make_second_owner(&app, "elena@acme.test").await;
    let left = mutate(&owner, "leaveOrganization", "leftOrganization clientMutationId", leave).await;
    assert_eq!(left.at("/leaveOrganization/leftOrganization"), &json!(app.organization("acme").await));
    assert_eq!(owner.ask("{ organization(slug: \"acme\") { id } }").await.at("/organization"), &Value::Null);
    assert_eq!(app.records("member.left").await.len(), 1);
}

#[tokio::test]
async fn an_owner_hands_over_and_stays_as_an_admin() {
    let app = App::start().await;
    let owner = app.owner().await;
    let transfer = async |member: String| {
        let input = json!({"organization": app.organization("acme").await, "member": member});
        let fields =
            "newOwner { role user { email } } formerOwner { role user { email } organization { viewerPermissions } }";
        mutate(&owner, "transferOwnership", fields, input).await
    };
    assert_eq!(refusal(&transfer(app.membership("acme", "owner@acme.test").await).await).0, "INVALID_INPUT");
    assert_eq!(refusal(&transfer(app.membership("globex", "hanna@globex.test").await).await).0, "NOT_FOUND");
    // boris is banned: nobody who can act would be left.
    let banned = "UPDATE platform.users SET banned_until = now() + interval '1 year' WHERE email = 'boris@acme.test'";
    app.service().await.run(banned).await;
    assert_eq!(refusal(&transfer(app.membership("acme", "boris@acme.test").await).await).0, "CONFLICT");
    let answer = transfer(app.membership("acme", "developer@acme.test").await).await;
    let done = answer.at("/transferOwnership");
    assert_eq!(done["newOwner"], json!({"role": "OWNER", "user": {"email": "developer@acme.test"}}));
    assert_eq!([&done["formerOwner"]["role"], &done["formerOwner"]["user"]["email"]], ["ADMIN", "owner@acme.test"]);
    let mine = done["formerOwner"]["organization"]["viewerPermissions"].as_array().unwrap();
    assert!(mine.contains(&json!("members:write")) && !mine.contains(&json!("ownership:transfer")));
    let [record] = &app.records("ownership.transferred").await[..] else { panic!("one record") };
    assert_eq!(record["severity"], "warning");
    assert_eq!(
        record["metadata"],
        json!({"before": {"owner": "owner@acme.test"}, "after": {"owner": "developer@acme.test"}})
    );
    assert_eq!(
        refusal(&transfer(app.membership("acme", "elena@acme.test").await).await).0,
        "FORBIDDEN",
        "no owner any more"
    );
}
