//! Roles in single projects: only for members of the organization, and none stronger than one's own.

use serde_json::json;
use uuid::Uuid;

use super::{global_id, must_not, mutate, refusal};
use crate::support::{actors::Answer, app::App};

/// The shop of acme: paula is its owner by the demo, and what the others are there the test says.
const SHOP: &str = "acmeshopqkzvtrwmplsd";

async fn shop(app: &App) -> Uuid {
    app.service().await.one("SELECT id FROM platform.projects WHERE ref = $1", [SHOP.into()]).await
}

/// Makes somebody what the test needs in the shop.
async fn give(app: &App, email: &str, role: &str) -> String {
    let key = app
        .service()
        .await
        .one(
            "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             SELECT p.id, p.organization_id, u.id, $3 FROM platform.projects p, platform.users u
              WHERE p.ref = $1 AND u.email = $2
             ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role RETURNING id",
            [SHOP.into(), email.into(), role.into()],
        )
        .await;
    global_id("pmb", key)
}

async fn in_shop(app: &App, email: &str) -> Option<String> {
    let roles: Vec<String> = app
        .service()
        .await
        .column(
            "SELECT m.role FROM platform.project_members m JOIN platform.users u ON u.id = m.user_id
               JOIN platform.projects p ON p.id = m.project_id WHERE p.ref = $1 AND u.email = $2",
            [SHOP.into(), email.into()],
        )
        .await;
    roles.into_iter().next()
}

async fn add(app: &App, by: &str, whom: &str, role: &str) -> Answer {
    let input = json!({"project": global_id("prj", shop(app).await), "member": app.membership("acme", whom).await, "role": role});
    let fields = "projectMember { role user { email } addedBy { email } project { ref } }";
    mutate(&app.sign_in(by).await, "addProjectMember", fields, input).await
}

async fn change(app: &App, by: &str, id: &str, role: &str) -> Answer {
    let input = json!({"projectMember": id, "role": role});
    mutate(&app.sign_in(by).await, "updateProjectMember", "projectMember { role }", input).await
}

async fn remove(app: &App, by: &str, id: &str) -> Answer {
    mutate(&app.sign_in(by).await, "removeProjectMember", "removedProjectMember", json!({ "projectMember": id })).await
}

#[tokio::test]
async fn a_projects_admin_adds_changes_and_removes_people_there() {
    let app = App::start().await;
    give(&app, "hugo@acme.test", "admin").await;
    let ines = app.sign_in("ines@acme.test").await;
    let look = format!("{{ project(ref: \"{SHOP}\") {{ slug }} }}");
    assert_eq!(ines.ask(&look).await.codes(), ["FORBIDDEN"]);
    let answer = add(&app, "hugo@acme.test", "ines@acme.test", "DEVELOPER").await;
    let added = answer.at("/addProjectMember/projectMember");
    assert_eq!([&added["role"], &added["project"]["ref"]], ["DEVELOPER", SHOP]);
    assert_eq!([&added["user"]["email"], &added["addedBy"]["email"]], ["ines@acme.test", "hugo@acme.test"]);
    assert!(ines.ask(&look).await.codes().is_empty(), "at once");
    assert_eq!(refusal(&add(&app, "hugo@acme.test", "ines@acme.test", "READ_ONLY").await).0, "CONFLICT");

    let id = give(&app, "ines@acme.test", "developer").await;
    let answer = change(&app, "hugo@acme.test", &id, "READ_ONLY").await;
    assert_eq!(answer.at("/updateProjectMember/projectMember/role"), "READ_ONLY");
    remove(&app, "hugo@acme.test", &id).await.data();
    assert_eq!(ines.ask(&look).await.codes(), ["FORBIDDEN"]);
    for (event, metadata) in [
        ("project_member.added", json!({"email": "ines@acme.test", "role": "developer"})),
        ("project_member.role_changed", json!({"role": "read_only"})),
        ("project_member.removed", json!({"email": null, "role": null})),
    ] {
        let [record] = &app.records(event).await[..] else { panic!("one record of {event}") };
        assert_eq!(record["metadata"]["after"], metadata);
        assert_eq!(record["project_id"], json!(shop(&app).await));
    }
}

#[tokio::test]
async fn a_projects_admin_neither_makes_nor_unmakes_a_project_owner() {
    let app = App::start().await;
    give(&app, "hugo@acme.test", "admin").await;
    let owner = give(&app, "paula@acme.test", "owner").await;
    let mine = give(&app, "hugo@acme.test", "admin").await;
    for answer in [
        add(&app, "hugo@acme.test", "ines@acme.test", "OWNER").await,
        change(&app, "hugo@acme.test", &mine, "OWNER").await,
        change(&app, "hugo@acme.test", &owner, "ADMIN").await,
        remove(&app, "hugo@acme.test", &owner).await,
    ] {
        assert_eq!(refusal(&answer).0, "FORBIDDEN");
        assert_eq!(answer.body["errors"][0]["extensions"]["permission"], "projects:transfer");
    }
    let (shop, acme) = (shop(&app).await, app.organization_key("acme").await);
    let ines = app.user_id("ines@acme.test").await;
    let sql = app.as_user(Some(app.user_id("hugo@acme.test").await), None).await;
    for statement in [
        format!("UPDATE platform.project_members SET role = 'owner' WHERE project_id = '{shop}' AND role <> 'owner'"),
        format!("UPDATE platform.project_members SET role = 'admin' WHERE project_id = '{shop}' AND role = 'owner'"),
        format!("DELETE FROM platform.project_members WHERE project_id = '{shop}' AND role = 'owner'"),
        format!(
            "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             VALUES ('{shop}', '{acme}', '{ines}', 'owner')"
        ),
    ] {
        must_not(&sql, &statement).await;
    }
    assert_eq!(in_shop(&app, "paula@acme.test").await.as_deref(), Some("owner"));
    assert_eq!(in_shop(&app, "ines@acme.test").await, None);
    // Who owns the project may, and so may the leaders of its organization.
    add(&app, "paula@acme.test", "ines@acme.test", "OWNER").await.data();
    change(&app, "admin@acme.test", &owner, "READ_ONLY").await.data();
}

#[tokio::test]
async fn who_does_not_manage_the_project_adds_nobody_and_an_outsider_is_not_added() {
    let app = App::start().await;
    let target = give(&app, "paula@acme.test", "read_only").await;
    give(&app, "hugo@acme.test", "developer").await;
    give(&app, "alice@acme.test", "read_only").await;
    for (by, there, on_member) in [
        ("hugo@acme.test", "FORBIDDEN", "FORBIDDEN"),
        ("alice@acme.test", "FORBIDDEN", "FORBIDDEN"),
        // Sees the project in the list, and nothing of who is in it.
        ("klara@acme.test", "FORBIDDEN", "NOT_FOUND"),
        ("billing@acme.test", "FORBIDDEN", "NOT_FOUND"),
        ("hanna@globex.test", "NOT_FOUND", "NOT_FOUND"),
    ] {
        assert_eq!(refusal(&add(&app, by, "leo@acme.test", "READ_ONLY").await).0, there, "{by}");
        assert_eq!(refusal(&change(&app, by, &target, "READ_ONLY").await).0, on_member, "{by}");
        assert_eq!(refusal(&remove(&app, by, &target).await).0, on_member, "{by}");
        let sql = app.as_user(Some(app.user_id(by).await), None).await;
        let others = format!("user_id <> platform.get_current_user_id() AND project_id = '{}'", shop(&app).await);
        must_not(&sql, &format!("UPDATE platform.project_members SET role = 'admin' WHERE {others}")).await;
        must_not(&sql, &format!("DELETE FROM platform.project_members WHERE {others}")).await;
    }
    // A member of another organization is not there for it, by no way.
    let project = global_id("prj", shop(&app).await);
    let foreign =
        json!({"project": project, "member": app.membership("globex", "both@acme.test").await, "role": "READ_ONLY"});
    let both = app.both().await;
    assert_eq!(
        refusal(&mutate(&both, "addProjectMember", "projectMember { id }", foreign.clone()).await).0,
        "FORBIDDEN"
    );
    let owner = app.owner().await;
    assert_eq!(refusal(&mutate(&owner, "addProjectMember", "projectMember { id }", foreign).await).0, "NOT_FOUND");
    let sql = app.as_user(Some(app.user_id("owner@acme.test").await), None).await;
    let hanna = app.user_id("hanna@globex.test").await;
    for organization in ["acme", "globex"] {
        let statement = format!(
            "INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
             VALUES ('{}', '{}', '{hanna}', 'read_only')",
            shop(&app).await,
            app.organization_key(organization).await
        );
        must_not(&sql, &statement).await;
    }
    assert_eq!(in_shop(&app, "hanna@globex.test").await, None);
}
