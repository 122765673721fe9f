//! People managed by programs: an API key does what its scopes and its maker's present role both allow, the service
//! everything, and what is a person's own neither.

use ogelbase::auth::Permission as P;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{global_id, must_not, mutate, refusal};
use crate::{
    api_keys::{holder, make, make_with, sql::under_key},
    service::service,
    support::{actors::Actor, app::App, letters},
};

/// What a member of an organization may, and to manage members.
const OF_A_MEMBER: [&str; 6] =
    ["members:write", "organization:read", "members:read", "flags:read", "usage:read", "projects:list"];

fn every() -> Vec<&'static str> {
    P::ALL.iter().map(|permission| permission.name()).collect()
}

/// What a role of admin grants.
fn of_an_admin() -> Vec<&'static str> {
    every().into_iter().filter(|scope| !["organization:delete", "ownership:transfer"].contains(scope)).collect()
}

async fn invite(app: &App, by: &Actor<'_>, slug: &str, email: &str, role: &str) -> crate::support::actors::Answer {
    let input = json!({"organization": app.organization(slug).await, "invitations": [{"email": email, "role": role}]});
    mutate(by, "inviteMembers", "results { outcome token invitation { id inviter { email } } }", input).await
}

async fn shop(app: &App) -> String {
    let sql = "SELECT id FROM platform.projects WHERE ref = 'acmeshopqkzvtrwmplsd'";
    global_id("prj", app.service().await.one(sql, []).await)
}

/// Invites, sends again, takes back, lets in, changes and removes somebody, in the organization and in a project.
async fn manages(app: &App, by: &Actor<'_>, email: &str) {
    let text = |answer: &crate::support::actors::Answer, pointer: &str| answer.at(pointer).as_str().unwrap().to_owned();
    let invited = invite(app, by, "acme", email, "ADMIN").await;
    let id = text(&invited, "/inviteMembers/results/0/invitation/id");
    let input = json!({ "invitation": id });
    let revoked = mutate(by, "revokeInvitation", "invitation { status }", input.clone()).await;
    assert_eq!(revoked.at("/revokeInvitation/invitation/status"), "REVOKED");
    let token = text(&mutate(by, "resendInvitation", "token", input).await, "/resendInvitation/token");
    let newcomer = app.newcomer(email).await;
    let accepted = mutate(&newcomer, "acceptInvitation", "member { id role }", json!({ "token": token })).await;
    assert_eq!(accepted.at("/acceptInvitation/member/role"), "ADMIN");
    let member = text(&accepted, "/acceptInvitation/member/id");
    let changed = mutate(by, "updateMemberRole", "member { role }", json!({"member": member, "role": "MEMBER"})).await;
    assert_eq!(changed.at("/updateMemberRole/member/role"), "MEMBER");
    let input = json!({"project": shop(app).await, "member": member, "role": "READ_ONLY"});
    let added = mutate(by, "addProjectMember", "projectMember { id role }", input).await;
    let in_project = text(&added, "/addProjectMember/projectMember/id");
    let input = json!({"projectMember": in_project, "role": "DEVELOPER"});
    let changed = mutate(by, "updateProjectMember", "projectMember { role }", input).await;
    assert_eq!(changed.at("/updateProjectMember/projectMember/role"), "DEVELOPER");
    let input = json!({ "projectMember": in_project });
    mutate(by, "removeProjectMember", "removedProjectMember", input).await.data();
    mutate(by, "removeMember", "removedMember", json!({ "member": member })).await.data();
    assert_eq!(app.role("acme", email).await, None);
}

const EVENTS: [&str; 8] = [
    "member.invited",
    "invitation.revoked",
    "invitation.resent",
    "member.role_changed",
    "project_member.added",
    "project_member.role_changed",
    "project_member.removed",
    "member.removed",
];

#[tokio::test]
async fn a_key_manages_people_in_its_makers_name_and_the_record_names_both() {
    let app = App::start().await;
    let (id, key) = make(&app, &app.owner().await, &every()).await;
    manages(&app, &holder(&app, &key), "managed@people.test").await;
    let owner = app.user_id("owner@acme.test").await;
    for event in EVENTS {
        let [record] = &app.records(event).await[..] else { panic!("one {event}") };
        assert_eq!(record["actor_label"], "owner@acme.test (API key Made)", "{event}");
        assert_eq!(record["user_id"], json!(owner), "{event}");
        let key_id: Uuid = record["api_key_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(global_id("key", key_id), id, "{event}");
    }
    // The letter and the invitation are its maker's.
    let letters = app.letters_to("managed@people.test").await;
    let name: String = app
        .service()
        .await
        .one("SELECT concat_ws(' ', first_name, last_name) FROM platform.users WHERE email = 'owner@acme.test'", [])
        .await;
    let ogelbase::mail::Letter::Invitation { invited_by, .. } = &letters[0] else { panic!("{letters:?}") };
    assert_eq!(*invited_by, name);
    assert_ne!(letters::token(&letters[0]), letters::token(&letters[1]), "sent again with another token");
    let again = invite(&app, &holder(&app, &key), "acme", "again@people.test", "OWNER").await;
    assert_eq!(again.at("/inviteMembers/results/0/invitation/inviter/email"), "owner@acme.test");
}

#[tokio::test]
async fn the_service_manages_people_everywhere_and_in_nobodys_name() {
    let app = App::start().await;
    let (actor, _) = service(&app).await;
    manages(&app, &actor, "managed@people.test").await;
    for event in EVENTS {
        let [record] = &app.records(event).await[..] else { panic!("one {event}") };
        assert_eq!(record["actor_label"], "service: Nightly metrics", "{event}");
        assert_eq!([&record["user_id"], &record["api_key_id"]], [&Value::Null, &Value::Null], "{event}");
    }
    let invited = invite(&app, &actor, "globex", "owner@people.test", "OWNER").await;
    let result = invited.at("/inviteMembers/results/0");
    assert_eq!(result["invitation"]["inviter"], Value::Null);
    let query = "query ($token: String!) { invitation(token: $token) { inviterName role } }";
    let seen = app.anonymous().ask_with(query, json!({"token": result["token"]})).await;
    assert_eq!(seen.at("/invitation"), &json!({"inviterName": "ogelbase", "role": "OWNER"}));
    let person = app.newcomer("owner@people.test").await;
    mutate(&person, "acceptInvitation", "member { role }", json!({"token": result["token"]})).await.data();
    assert_eq!(app.role("globex", "owner@people.test").await.as_deref(), Some("owner"));
    // The last owner stays for the service too.
    for email in ["owner@people.test", "outsider@globex.test", "hanna@globex.test"] {
        let input = json!({"member": app.membership("globex", email).await, "role": "MEMBER"});
        mutate(&actor, "updateMemberRole", "member { role }", input).await;
    }
    let owners =
        "SELECT count(*) FROM platform.organization_members m JOIN platform.organizations o ON o.id = m.organization_id
                   WHERE o.slug = 'globex' AND m.role = 'owner'";
    assert!(app.service().await.one::<i64>(owners, []).await >= 1);
}

/// Asked twice, the second time without row-level security: then the guards alone are left.
#[tokio::test]
async fn a_key_gives_and_takes_no_role_that_it_does_not_hold_whole() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (_, small) = make(&app, &owner, &OF_A_MEMBER).await;
    let (_, reads) = make(&app, &owner, &OF_A_MEMBER[1..]).await;
    let (_, of_admin) = make(&app, &app.admin().await, &of_an_admin()).await;
    let membership = async |email: &str| app.membership("acme", email).await;
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        // Too small for the role, in whoever's name.
        for (key, role, lacks) in [
            (&small, "ADMIN", None),
            (&small, "DEVELOPER", None),
            (&small, "OWNER", None),
            (&reads, "MEMBER", Some("members:write")),
            (&of_admin, "OWNER", Some("ownership:transfer")),
        ] {
            let key = holder(&app, key);
            let answer = invite(&app, &key, "acme", "x@people.test", role).await;
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "invites {role}");
            let named = &answer.body["errors"][0]["extensions"]["permission"];
            assert!(lacks.is_none_or(|lacks| named == lacks), "{named}");
            let input = json!({"member": membership("hugo@acme.test").await, "role": role});
            // Hugo is a member already: to leave a role as it is needs it as well.
            let answer = mutate(&key, "updateMemberRole", "member { role }", input).await;
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "makes {role}");
        }
        for (key, whom) in
            [(&small, "admin@acme.test"), (&small, "developer@acme.test"), (&of_admin, "owner@acme.test")]
        {
            let input = json!({"member": membership(whom).await});
            let answer = mutate(&holder(&app, key), "removeMember", "removedMember", input).await;
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "removes {whom}");
            let input = json!({"member": membership(whom).await, "role": "MEMBER"});
            let answer = mutate(&holder(&app, key), "updateMemberRole", "member { role }", input).await;
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "demotes {whom}");
        }
        // Another organization is not there, also where the maker belongs to it.
        let answer = invite(&app, &holder(&app, &of_admin), "globex", "x@people.test", "MEMBER").await;
        assert_eq!(refusal(&answer).0, "NOT_FOUND");
        // As far as it goes, it goes.
        let email = format!("fine-{permissive}@people.test");
        assert_eq!(
            invite(&app, &holder(&app, &small), "acme", &email, "MEMBER").await.at("/inviteMembers/results/0/outcome"),
            "INVITED"
        );
        // What was offered by somebody stronger it neither sends again nor takes back, nor turns into something else.
        let email = format!("heir-{permissive}@people.test");
        let heir = invite(&app, &owner, "acme", &email, "ADMIN").await;
        let id = heir.at("/inviteMembers/results/0/invitation/id");
        for mutation in ["resendInvitation", "revokeInvitation"] {
            let answer = mutate(&holder(&app, &small), mutation, "clientMutationId", json!({"invitation": id})).await;
            assert_eq!(refusal(&answer).0, "FORBIDDEN", "{mutation}");
        }
        assert_eq!(
            refusal(&invite(&app, &holder(&app, &small), "acme", &email, "MEMBER").await).0,
            "FORBIDDEN",
            "a smaller role for the same address"
        );
    }
}

#[tokio::test]
async fn a_key_of_one_project_manages_its_people_and_no_other_projects() {
    let app = App::start().await;
    let shop = shop(&app).await;
    let other = global_id(
        "prj",
        app.service()
            .await
            .one(
                "SELECT p.id FROM platform.projects p JOIN platform.organizations o ON o.id = p.organization_id
                  WHERE o.slug = 'acme' AND p.ref <> 'acmeshopqkzvtrwmplsd' ORDER BY p.id LIMIT 1",
                [],
            )
            .await,
    );
    let scopes = [
        "organization:read",
        "members:read",
        "projects:read",
        "databases:read",
        "metrics:read",
        "infrastructure:read",
        "project_members:write",
    ];
    let input =
        json!({"organization": app.organization("acme").await, "name": "Shop", "scopes": scopes, "projectIds": [shop]});
    let (_, key) = make_with(&app.admin().await, input).await;
    let key = holder(&app, &key);
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        let whom = if permissive { "ines@acme.test" } else { "hugo@acme.test" };
        let add = async |project: &str, role: &str| {
            let input = json!({"project": project, "member": app.membership("acme", whom).await, "role": role});
            mutate(&key, "addProjectMember", "projectMember { id role addedBy { email } }", input).await
        };
        for role in ["OWNER", "ADMIN", "DEVELOPER"] {
            assert_eq!(refusal(&add(&shop, role).await).0, "FORBIDDEN", "{role}");
        }
        assert_eq!(refusal(&add(&other, "READ_ONLY").await).0, "NOT_FOUND");
        let added = add(&shop, "READ_ONLY").await;
        let added = added.at("/addProjectMember/projectMember");
        assert_eq!(added["addedBy"]["email"], "admin@acme.test");
        let lift = json!({"projectMember": added["id"], "role": "ADMIN"});
        assert_eq!(refusal(&mutate(&key, "updateProjectMember", "projectMember { id }", lift).await).0, "FORBIDDEN");
        // Of the whole organization it manages nobody.
        assert_eq!(refusal(&invite(&app, &key, "acme", "x@people.test", "MEMBER").await).0, "FORBIDDEN");
    }
}

#[tokio::test]
async fn who_is_demoted_by_their_own_key_goes_on_as_who_they_have_become() {
    let app = App::start().await;
    let (_, key) = make(&app, &app.admin().await, &of_an_admin()).await;
    let mine = app.membership("acme", "admin@acme.test").await;
    let organization = app.organization("acme").await;
    let invites = format!(
        "b: inviteMembers(input: {{organization: \"{organization}\", invitations: [{{email: \"late@people.test\", role: MEMBER}}]}}) {{ results {{ outcome }} }}"
    );
    let steps_down =
        format!("a: updateMemberRole(input: {{member: \"{mine}\", role: MEMBER}}) {{ member {{ role }} }}");
    let goes = format!("a: removeMember(input: {{member: \"{mine}\"}}) {{ removedMember }}");
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        let answer = holder(&app, &key).ask(&format!("mutation {{ {steps_down} {invites} }}")).await;
        assert_eq!(refusal(&answer).0, "FORBIDDEN");
        let answer = holder(&app, &key).ask(&format!("mutation {{ {goes} {invites} }}")).await;
        assert_eq!(refusal(&answer).0, "UNAUTHENTICATED", "{:#}", answer.body);
        assert_eq!(app.role("acme", "admin@acme.test").await.as_deref(), Some("admin"), "all or nothing");
    }
    mutate(&holder(&app, &key), "removeMember", "removedMember", json!({ "member": mine })).await.data();
    assert_eq!(holder(&app, &key).ask("{ __typename }").await.status, 401, "a key of nobody's");
}

/// The strongest key there is, and the service: what one does with one's own standing takes oneself.
#[tokio::test]
async fn answering_leaving_and_handing_over_stay_a_persons() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (_, key) = make(&app, &owner, &every()).await;
    let (service, _) = service(&app).await;
    let invited = invite(&app, &app.outsider().await, "globex", "owner@acme.test", "MEMBER").await;
    let token = invited.at("/inviteMembers/results/0/token").clone();
    let organization = app.organization("acme").await;
    let member = app.membership("acme", "admin@acme.test").await;
    for permissive in [false, true] {
        if permissive {
            app.let_every_row_through().await;
        }
        for actor in [holder(&app, &key), service.clone()] {
            for (mutation, input) in [
                ("acceptInvitation", json!({ "token": token })),
                ("declineInvitation", json!({ "token": token })),
                ("leaveOrganization", json!({ "organization": organization })),
                ("transferOwnership", json!({"organization": organization, "member": member})),
            ] {
                let answer = mutate(&actor, mutation, "clientMutationId", input).await;
                assert_eq!(refusal(&answer).0, "FORBIDDEN", "{mutation}");
                assert_eq!(answer.body["errors"][0]["extensions"]["permission"], "self", "{mutation}");
            }
        }
    }
}

/// No guard is here: SQL as `ogelbase_app` in the context of a key.
#[tokio::test]
async fn by_sql_a_key_gives_no_role_that_its_scopes_do_not_cover() {
    let app = App::start().await;
    let acme = app.organization_key("acme").await;
    let member: Vec<P> = OF_A_MEMBER.iter().filter_map(|name| P::named(name)).collect();
    let invites = |role: &str| {
        format!(
            "SELECT outcome FROM platform_private.invite_member(gen_random_uuid(), '{acme}', 'sql@people.test', '{role}',
                    repeat('ab', 32))"
        )
    };
    let open: Uuid = app
        .service()
        .await
        .one(
            "INSERT INTO platform.organization_invitations (organization_id, invited_email, invited_by, role, token_hash, expires_at)
             SELECT $1, 'heir@people.test', u.id, 'admin', repeat('cd', 32), now() + interval '1 day'
               FROM platform.users u WHERE u.email = 'owner@acme.test' RETURNING id",
            [acme.into()],
        )
        .await;
    let key = under_key(&app, "owner@acme.test", "acme", &member, &[]).await;
    for role in ["owner", "admin", "developer", "billing_admin"] {
        assert_eq!(key.one::<String>(&invites(role), []).await, "forbidden", "{role}");
        must_not(&key, &format!("UPDATE platform.organization_members SET role = '{role}' WHERE role = 'member'"))
            .await;
        must_not(&key, &format!("UPDATE platform.organization_members SET role = 'member' WHERE role = '{role}'"))
            .await;
        must_not(&key, &format!("DELETE FROM platform.organization_members WHERE role = '{role}'")).await;
    }
    for call in [format!("renew_invitation('{open}', repeat('ef', 32))"), format!("revoke_invitation('{open}')")] {
        assert_eq!(key.one::<String>(&format!("SELECT platform_private.{call}"), []).await, "forbidden");
    }
    must_not(&key, &format!("DELETE FROM platform.organization_invitations WHERE id = '{open}'")).await;
    assert_eq!(key.one::<String>(&invites("member"), []).await, "invited");
    key.run("BEGIN").await;
    let removed = key.0.execute_unprepared("DELETE FROM platform.organization_members WHERE role = 'member'").await;
    assert!(removed.unwrap().rows_affected() > 0);
    key.run("ROLLBACK").await;

    // An admin's key is no owner's, whatever stands among its scopes; and none of another organization's.
    let key = under_key(&app, "admin@acme.test", "acme", P::ALL, &[]).await;
    assert_eq!(key.one::<String>(&invites("owner"), []).await, "forbidden");
    must_not(&key, "UPDATE platform.organization_members SET role = 'owner' WHERE role <> 'owner'").await;
    must_not(&key, "DELETE FROM platform.organization_members WHERE role = 'owner'").await;
    let away = under_key(&app, "admin@acme.test", "globex", P::ALL, &[]).await;
    assert_eq!(away.one::<String>(&invites("member"), []).await, "forbidden");
    must_not(&away, "DELETE FROM platform.organization_members").await;

    // In projects likewise.
    let mut scopes: Vec<P> = ["projects:read", "databases:read", "metrics:read", "infrastructure:read", "members:read"]
        .iter()
        .filter_map(|name| P::named(name))
        .collect();
    scopes.push(P::ProjectMembersWrite);
    let key = under_key(&app, "owner@acme.test", "acme", &scopes, &[]).await;
    for role in ["owner", "admin", "developer"] {
        must_not(&key, &format!("UPDATE platform.project_members SET role = '{role}' WHERE role = 'read_only'")).await;
        must_not(&key, &format!("DELETE FROM platform.project_members WHERE role = '{role}'")).await;
        let insert = format!(
            "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             SELECT p.id, p.organization_id, m.user_id, '{role}' FROM platform.projects p
               JOIN platform.organization_members m ON m.organization_id = p.organization_id
              WHERE NOT EXISTS (SELECT FROM platform.project_members s WHERE s.project_id = p.id AND s.user_id = m.user_id)
              LIMIT 1"
        );
        must_not(&key, &insert).await;
    }
    let removed = key.0.execute_unprepared("DELETE FROM platform.project_members WHERE role = 'read_only'").await;
    assert!(removed.unwrap().rows_affected() > 0);
}
