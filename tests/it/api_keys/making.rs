//! Who may make a key, and with which scopes: never more than they hold themselves.

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use ogelbase::auth::{Permission, api_key, token};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, assert_refused, create, id, make, make_with, organization, project};
use crate::support::app::App;

const PEOPLE: [&str; 6] = [
    "owner@acme.test",
    "admin@acme.test",
    "developer@acme.test",
    "billing@acme.test",
    "member@acme.test",
    "outsider@globex.test",
];

/// What the permission table says of somebody who wants a key of acme with this scope.
struct Standing {
    role: Option<OrganizationRole>,
    projects: Vec<ProjectRole>,
}

impl Standing {
    async fn of(app: &App, user: Uuid) -> Self {
        let service = app.service().await;
        let acme = organization(app, "acme").await;
        let roles =
            |table: &str| format!("SELECT role FROM platform.{table} WHERE organization_id = $1 AND user_id = $2");
        let of = [acme.into(), user.into()];
        let role: Vec<String> = service.column(&roles("organization_members"), of.clone()).await;
        let projects: Vec<String> = service.column(&roles("project_members"), of).await;
        Self {
            role: role.first().map(|role| OrganizationRole::try_from_value(role).unwrap()),
            projects: projects.iter().map(|role| ProjectRole::try_from_value(role).unwrap()).collect(),
        }
    }

    fn may_make(&self, scope: Permission) -> Result<(), (&'static str, &'static str)> {
        let Some(role) = self.role else { return Err(("NOT_FOUND", "organization")) };
        let holds = |permission: Permission| {
            permission.granted_by_organization_role(role) || permission.granted_on_own_by(role)
        };
        if !holds(Permission::ApiKeysWrite) {
            return Err(("FORBIDDEN", "api_keys:write"));
        }
        if holds(scope) || self.projects.iter().any(|role| scope.granted_by_project_role(*role)) {
            return Ok(());
        }
        Err(("FORBIDDEN", scope.name()))
    }
}

#[tokio::test]
async fn nobody_makes_a_key_stronger_than_they_are_role_by_role_and_scope_by_scope() {
    let app = App::start().await;
    let acme_id = acme(&app).await;
    let acme = organization(&app, "acme").await;
    let (mut made, mut refused) = (0, 0);
    for email in PEOPLE {
        let person = app.sign_in(email).await;
        let user = app.user_id(email).await;
        let standing = Standing::of(&app, user).await;
        let sql = app.as_user(Some(user), None).await;
        for scope in Permission::ALL {
            let expected = standing.may_make(*scope);
            let answer =
                create(&person, json!({"organization": acme_id, "name": "Try", "scopes": [scope.name()]})).await;
            match expected {
                Ok(()) => {
                    assert_eq!(answer.at("/createApiKey/apiKey/scopes"), &json!([scope.name()]), "{email}");
                    made += 1;
                }
                Err((code, detail)) => {
                    assert_refused(&answer, code, detail);
                    refused += 1;
                }
            }
            // The database says the same by itself.
            let by_sql = format!(
                "SELECT platform_private.create_api_key(gen_random_uuid(), '{acme}', 'Try', 'ogb_try',
                     encode(sha256(gen_random_uuid()::text::bytea), 'hex'), '{{{}}}', NULL, NULL, NULL, NULL)",
                scope.name()
            );
            let by_sql = sql.try_run(&by_sql).await;
            assert_eq!(by_sql.is_ok(), expected.is_ok(), "{email} makes a key with {scope:?} by SQL: {by_sql:?}");
        }
    }
    assert!(made > 60 && refused > 60, "{made} made, {refused} refused");
    let input = json!({"organization": acme_id, "name": "Try", "scopes": ["organization:read"]});
    let nobody = create(&app.anonymous(), input).await;
    assert_refused(&nobody, "UNAUTHENTICATED", "sign in");
}

#[tokio::test]
async fn the_key_is_shown_once_and_only_its_digest_is_kept() {
    let app = App::start().await;
    let owner = app.owner().await;
    let input = json!({
        "organization": acme(&app).await, "name": "  Nightly  ", "requestsPerMinute": 90,
        "scopes": ["projects:read", "organization:read", "projects:read"], "expiresAt": "2099-01-01T00:00:00Z",
        "clientMutationId": "mine"
    });
    let answer = create(&owner, input).await;
    let key = answer.at("/createApiKey/key").as_str().unwrap();
    assert!(api_key::is_well_formed(key), "{key}");
    let shown = answer.at("/createApiKey/apiKey");
    assert_eq!(answer.at("/createApiKey/clientMutationId"), "mine");
    assert_eq!([&shown["name"], &shown["prefix"]], ["Nightly", &key[..12]]);
    assert_eq!(shown["scopes"], json!(["organization:read", "projects:read"]));
    assert_eq!([&shown["expiresAt"], &shown["lastUsedAt"]], [&json!("2099-01-01T00:00:00+00:00"), &Value::Null]);

    let service = app.service().await;
    let row: Value = service.one("SELECT to_jsonb(k) FROM platform.api_keys k WHERE name = 'Nightly'", []).await;
    assert_eq!(row["key_hash"], ogelbase::db::bootstrap::hex(&token::digest(key)));
    assert_eq!(row["user_id"], app.user_id("owner@acme.test").await.to_string());
    let record: Value =
        service.one("SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'api_key.created' AND created_at > now() - interval '1 minute'", []).await;
    assert_eq!([&record["resource_id"], &record["actor_label"]], [&row["id"], &json!("owner@acme.test")]);
    assert_eq!(record["metadata"]["after"]["scopes"], json!(["organization:read", "projects:read"]));
    for told in [&row, &record] {
        assert!(!told.to_string().contains(&key[12..]), "{told:#}");
    }
    // What is read of it is what the payload said.
    let read = owner
        .ask(&format!(
            "{{ node(id: {}) {{ ... on ApiKey {{ id name prefix scopes projectIds
        requestsPerMinute expiresAt revokedAt lastUsedAt }} }} }}",
            shown["id"]
        ))
        .await;
    let mut shown = shown.clone();
    shown.as_object_mut().unwrap().remove("createdAt");
    assert_eq!(read.at("/node"), &shown);
}

#[tokio::test]
async fn a_key_is_confined_to_projects_that_its_maker_has_access_to() {
    let app = App::start().await;
    let acme_id = acme(&app).await;
    let shop: Uuid =
        app.service().await.one("SELECT id FROM platform.projects WHERE ref = 'acmeshopqkzvtrwmplsd'", []).await;
    let foreign: Uuid = app
        .service()
        .await
        .one(
            "SELECT id FROM platform.projects WHERE organization_id = $1 LIMIT 1",
            [organization(&app, "globex").await.into()],
        )
        .await;
    let developer = app.developer().await;
    let user = app.user_id("developer@acme.test").await;
    let beyond: Vec<Uuid> = app
        .service()
        .await
        .column(
            "SELECT id FROM platform.projects p WHERE organization_id = $1 AND NOT EXISTS (
                 SELECT FROM platform.project_members m WHERE m.project_id = p.id AND m.user_id = $2)",
            [organization(&app, "acme").await.into(), user.into()],
        )
        .await;
    let own = project(&app, "Public API").await;
    let input = |projects: Value, scopes: Value| json!({"organization": acme_id, "name": "Try", "scopes": scopes, "projectIds": projects});
    let reading = json!(["projects:list", "projects:read"]);
    let (_, key) = make_with(&developer, input(json!([id("prj", own)]), reading.clone())).await;
    assert!(api_key::is_well_formed(&key));
    let refused = create(&developer, input(json!([id("prj", own), id("prj", beyond[0])]), reading.clone())).await;
    assert_refused(&refused, "FORBIDDEN", "projects:read");
    let owner = app.owner().await;
    make_with(&owner, input(json!([id("prj", shop)]), json!(["projects:delete"]))).await;
    for (projects, scopes, code, detail) in [
        (json!([id("prj", foreign)]), reading.clone(), "NOT_FOUND", "project"),
        (json!([id("prj", Uuid::from_u128(5))]), reading.clone(), "NOT_FOUND", "project"),
        (json!([acme_id]), reading.clone(), "INVALID_INPUT", "input.projectIds"),
        (json!([]), reading, "INVALID_INPUT", "input.projectIds"),
        (json!([id("prj", shop)]), json!(["billing:read"]), "INVALID_INPUT", "input.scopes"),
        (json!([id("prj", shop)]), json!(["audit:read", "projects:read"]), "INVALID_INPUT", "input.scopes"),
    ] {
        assert_refused(&create(&owner, input(projects, scopes)).await, code, detail);
    }
    // By SQL nobody's project but those that one reaches.
    let sql = app.as_user(Some(user), None).await;
    for project in [beyond[0], foreign] {
        let by_sql = format!(
            "SELECT platform_private.create_api_key(gen_random_uuid(), '{}', 'Try', 'ogb_try', repeat('ab', 32),
                 '{{organization:read}}', '{{{project}}}', NULL, NULL, NULL)",
            organization(&app, "acme").await
        );
        assert!(sql.try_run(&by_sql).await.unwrap_err().to_string().contains("does not reach"));
    }
}

#[tokio::test]
async fn odd_input_is_refused_with_its_place() {
    let app = App::start().await;
    let owner = app.owner().await;
    let acme_id = acme(&app).await;
    for (change, detail) in [
        (json!({"name": " "}), "input.name"),
        (json!({"scopes": []}), "input.scopes"),
        (json!({"scopes": ["everything"]}), "input.scopes"),
        (json!({"scopes": ["organization:read", ""]}), "input.scopes"),
        (json!({"expiresAt": "2020-01-01T00:00:00Z"}), "input.expiresAt"),
        (json!({"requestsPerMinute": 0}), "input.requestsPerMinute"),
        (json!({"requestsPerMinute": 1_000_001}), "input.requestsPerMinute"),
        (json!({"organization": "prj_00000000000000000000000000000000"}), "input.organization"),
    ] {
        let mut input = json!({"organization": acme_id, "name": "Try", "scopes": ["organization:read"]});
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_refused(&create(&owner, input).await, "INVALID_INPUT", detail);
    }
}

#[tokio::test]
async fn a_key_makes_no_key_that_is_stronger_or_lives_longer() {
    let app = App::start().await;
    let acme_id = acme(&app).await;
    let (_, maker) = make_with(
        &app.owner().await,
        json!({"organization": acme_id, "name": "Maker", "scopes": ["api_keys:write", "organization:read"],
               "expiresAt": "2090-01-01T00:00:00Z", "requestsPerMinute": 50}),
    )
    .await;
    let maker = super::holder(&app, &maker);
    let input =
        |scope: &str, end: &str| json!({"organization": acme_id, "name": "Child", "scopes": [scope], "expiresAt": end});
    let (_, child) = make_with(&maker, input("organization:read", "2089-01-01T00:00:00Z")).await;
    assert!(super::works(&app, &child).await);
    let limit: i32 =
        app.service().await.one("SELECT requests_per_minute FROM platform.api_keys WHERE name = 'Child'", []).await;
    assert_eq!(limit, 50);
    // Its maker's own role would grant this one.
    assert_refused(&create(&maker, input("billing:read", "2089-01-01T00:00:00Z")).await, "FORBIDDEN", "billing:read");
    assert_refused(
        &create(&maker, input("organization:read", "2091-01-01T00:00:00Z")).await,
        "INVALID_INPUT",
        "expiresAt",
    );
    let endless = json!({"organization": acme_id, "name": "Child", "scopes": ["organization:read"]});
    assert_refused(&create(&maker, endless).await, "INVALID_INPUT", "expiresAt");
    // A developer's key may what a developer may: own keys alone.
    let (_, of_developer) = make(&app, &app.developer().await, &["api_keys:write", "api_keys:read"]).await;
    let of_developer = super::holder(&app, &of_developer);
    let own: Uuid = app.service().await.one("SELECT id FROM platform.api_keys WHERE name = 'My laptop'", []).await;
    let others: Uuid = app.service().await.one("SELECT id FROM platform.api_keys WHERE name = 'Backup'", []).await;
    let rename = |key: Uuid| json!({"input": {"apiKey": id("key", key), "name": "Renamed"}});
    let renamed = of_developer.ask_with(super::UPDATE, rename(own)).await;
    assert_eq!(renamed.at("/updateApiKey/apiKey/name"), "Renamed");
    assert_refused(&of_developer.ask_with(super::UPDATE, rename(others)).await, "NOT_FOUND", "API key");
}
