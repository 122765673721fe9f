//! The audit trail: every mutation leaves its record, what is refused leaves one too, and nobody changes any.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use crate::support::app::App;

/// How a mutation is tried: what it leaves on record, who makes it, with which input, and what of its payload is asked.
struct Act {
    mutation: &'static str,
    event: &'static str,
    by: &'static str,
    input: fn(&World) -> Value,
    payload: &'static str,
}

/// Global ids that inputs name, read anew before each mutation.
struct World(BTreeMap<String, String>);

impl World {
    /// Each row has a name here and its global id.
    const ROWS: &str = "SELECT coalesce(jsonb_object_agg(name, kind || '_' || replace(id::text, '-', '')), '{}') FROM (
        SELECT slug AS name, 'org' AS kind, id FROM platform.organizations
        UNION ALL SELECT u.email, 'mem', m.id FROM platform.organization_members m
            JOIN platform.users u ON u.id = m.user_id JOIN platform.organizations o ON o.id = m.organization_id
            WHERE o.slug = 'acme'
        UNION ALL SELECT 'project', 'prj', id FROM platform.projects WHERE ref = 'acmeshopqkzvtrwmplsd'
        UNION ALL SELECT 'added', 'pmb', s.id FROM platform.project_members s
            JOIN platform.users u ON u.id = s.user_id JOIN platform.projects p ON p.id = s.project_id
            WHERE p.ref = 'acmeshopqkzvtrwmplsd' AND u.email = 'billing@acme.test'
        UNION ALL SELECT 'invitation', 'ivt', id FROM platform.organization_invitations
            WHERE invited_email = 'ada@record.test'
        UNION ALL (SELECT 'key', 'key', id FROM platform.api_keys WHERE revoked_at IS NULL
            ORDER BY created_at DESC LIMIT 1)
        UNION ALL (SELECT 'session', 'ses', s.id FROM platform.user_sessions s JOIN platform.users u ON u.id = s.user_id
            WHERE u.email = 'member@acme.test' AND s.revoked_at IS NULL ORDER BY s.created_at LIMIT 1)) rows";

    async fn read(app: &App) -> Self {
        let rows: Value = app.service().await.one(Self::ROWS, []).await;
        Self(serde_json::from_value(rows).unwrap())
    }

    fn id(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }
}

const fn act(
    mutation: &'static str,
    event: &'static str,
    by: &'static str,
    input: fn(&World) -> Value,
    payload: &'static str,
) -> Act {
    Act { mutation, event, by, input, payload }
}

const OWNER: &str = "owner@acme.test";
const MEMBER: &str = "member@acme.test";

/// Every mutation of the schema, one line each, in an order in which each finds what it needs. One that needs a mail or
/// a code has its own test, which says so here: [`ELSEWHERE`].
#[rustfmt::skip]
const ACTS: &[Act] = &[
    act("signIn", "user.signed_in", "nobody", |_| json!({"email": OWNER, "password": "ogelbase-demo"}), "expiresAt"),
    act("signOut", "user.signed_out", OWNER, |_| json!({}), "signedOut"),
    act("signUp", "user.signed_up", "nobody",
        |_| json!({"email": "new@record.test", "password": "three wet hedgehogs"}), "mailSent"),
    act("resendConfirmation", "user.confirmation_requested", "nobody", |_| json!({"email": "new@record.test"}), "mailSent"),
    act("requestPasswordReset", "user.password_reset_requested", "nobody", |_| json!({"email": MEMBER}), "mailSent"),
    act("updateProfile", "user.updated", MEMBER, |_| json!({"username": "on-record"}), "user { id }"),
    act("setActiveOrganization", "user.updated", MEMBER, |world| json!({"organization": world.id("acme")}), "user { id }"),
    act("revokeSession", "user.session_revoked", MEMBER, |world| json!({"session": world.id("session")}), "session { id }"),
    act("signOutEverywhere", "user.signed_out_everywhere", MEMBER, |_| json!({}), "ended"),
    act("enrolSecondFactor", "user.second_factor_enrolled", MEMBER, |_| json!({"password": "ogelbase-demo"}), "uri"),
    act("updateOrganization", "organization.updated", OWNER,
        |world| json!({"organization": world.id("acme"), "name": "Acme on record"}), "organization { name }"),
    act("createOrganization", "organization.created", MEMBER,
        |_| json!({"name": "On record", "slug": "on-record"}), "organization { id }"),
    act("deleteOrganization", "organization.deleted", MEMBER,
        |world| json!({"organization": world.id("on-record"), "slug": "on-record"}), "deletedOrganization"),
    act("inviteMembers", "member.invited", OWNER,
        |world| json!({"organization": world.id("acme"), "invitations": [{"email": "ada@record.test", "role": "MEMBER"}]}),
        "results { outcome }"),
    act("resendInvitation", "invitation.resent", OWNER,
        |world| json!({"invitation": world.id("invitation")}), "invitation { id }"),
    act("revokeInvitation", "invitation.revoked", OWNER,
        |world| json!({"invitation": world.id("invitation")}), "invitation { id }"),
    act("addProjectMember", "project_member.added", OWNER,
        |world| json!({"project": world.id("project"), "member": world.id("billing@acme.test"), "role": "READ_ONLY"}),
        "projectMember { id }"),
    act("updateProjectMember", "project_member.role_changed", OWNER,
        |world| json!({"projectMember": world.id("added"), "role": "DEVELOPER"}), "projectMember { id }"),
    act("removeProjectMember", "project_member.removed", OWNER,
        |world| json!({"projectMember": world.id("added")}), "removedProjectMember"),
    act("updateMemberRole", "member.role_changed", OWNER,
        |world| json!({"member": world.id("developer@acme.test"), "role": "MEMBER"}), "member { id }"),
    act("createApiKey", "api_key.created", OWNER,
        |world| json!({"organization": world.id("acme"), "name": "On record", "scopes": ["organization:read"]}),
        "apiKey { id }"),
    act("updateApiKey", "api_key.updated", OWNER,
        |world| json!({"apiKey": world.id("key"), "name": "Renamed"}), "apiKey { id }"),
    act("rotateApiKey", "api_key.rotated", OWNER, |world| json!({"apiKey": world.id("key")}), "apiKey { id }"),
    act("revokeApiKey", "api_key.revoked", OWNER, |world| json!({"apiKey": world.id("key")}), "apiKey { id }"),
    act("removeMember", "member.removed", OWNER,
        |world| json!({"member": world.id("developer@acme.test")}), "removedMember"),
    act("leaveOrganization", "member.left", "billing@acme.test",
        |world| json!({"organization": world.id("acme")}), "leftOrganization"),
    act("transferOwnership", "ownership.transferred", OWNER,
        |world| json!({"organization": world.id("acme"), "member": world.id("admin@acme.test")}), "newOwner { id }"),
    act("changePassword", "user.password_changed", MEMBER,
        |_| json!({"currentPassword": "ogelbase-demo", "newPassword": "three wet hedgehogs"}), "user { id }"),
    act("deleteAccount", "user.deleted", "developer@acme.test", |_| json!({"password": "ogelbase-demo"}), "deleted"),
];

/// Mutation, event, and the file of the tests that shows the record.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("confirmEmail", "user.email_confirmed", "accounts/sign_up.rs"),
    ("resetPassword", "user.password_reset", "accounts/reset.rs"),
    ("refreshSession", "user.session_refreshed", "user_sessions.rs"),
    ("completeSignIn", "user.signed_in", "second_factor.rs"),
    ("confirmSecondFactor", "user.second_factor_enabled", "second_factor.rs"),
    ("disableSecondFactor", "user.second_factor_disabled", "second_factor.rs"),
    ("regenerateRecoveryCodes", "user.recovery_codes_replaced", "second_factor.rs"),
    ("acceptInvitation", "member.joined", "people/accepting.rs"),
    ("declineInvitation", "invitation.declined", "people/accepting.rs"),
];

#[tokio::test]
async fn every_mutation_leaves_its_record() {
    let app = App::start().await;
    let all = app.anonymous().ask("{ __schema { mutationType { fields { name } } } }").await;
    let fields = all.at("/__schema/mutationType/fields").as_array().unwrap();
    let all: BTreeSet<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    let told: Vec<&str> =
        ACTS.iter().map(|act| act.mutation).chain(ELSEWHERE.iter().map(|(mutation, ..)| *mutation)).collect();
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "a mutation stands twice");
    let untold: Vec<_> = all.iter().filter(|name| !told.contains(name)).collect();
    assert!(untold.is_empty(), "tests/it/trail.rs does not say what these leave on record: {untold:?}");
    let gone: Vec<_> = told.iter().filter(|name| !all.contains(*name)).collect();
    assert!(gone.is_empty(), "the schema does not have them: {gone:?}");

    for (mutation, event, file) in ELSEWHERE {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(file);
        let source = fs::read_to_string(&source).unwrap();
        assert!(source.contains(event), "{file} says nothing of {event}, which {mutation} should leave");
    }
    for Act { mutation, event, by, input, payload } in ACTS {
        let actor = if *by == "nobody" { app.anonymous() } else { app.sign_in(by).await };
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {payload} }} }}");
        let answer = actor.ask_with(&document, json!({ "input": input(&World::read(&app).await) })).await;
        answer.data();
        let request = answer.headers["x-request-id"].to_str().unwrap();
        let sql = "SELECT event_type FROM platform.audit_logs WHERE request_id = $1";
        let events: Vec<String> = app.service().await.column(sql, [request.into()]).await;
        assert!(events.contains(&(*event).to_owned()), "{mutation} should leave {event}, and left {events:?}");
    }
}

const UPDATE: &str = "mutation ($input: UpdateOrganizationInput!) {
    mine: updateOrganization(input: $input) { organization { name } }
}";

const DENIED: &str = "SELECT to_jsonb(a) FROM platform.audit_logs a WHERE event_type = 'access.denied'
                       ORDER BY created_at, id";

#[tokio::test]
async fn a_refused_mutation_is_on_record_where_it_was_tried() {
    let app = App::start().await;
    let owner = app.owner().await;
    let seeded = app.service().await.column::<Value>(DENIED, []).await.len();
    let denied = async || app.service().await.column::<Value>(DENIED, []).await.split_off(seeded);
    let organization = owner.ask("{ organization(slug: \"acme\") { id } }").await;
    let id = organization.at("/organization/id").as_str().unwrap().to_owned();
    let input = json!({"input": {"organization": id, "name": "Taken over"}});
    let answer = app.member().await.ask_with(UPDATE, input.clone()).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let records = denied().await;
    let [record] = &records[..] else { panic!("{records:#?}") };
    let acme: uuid::Uuid =
        app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    assert_eq!([&record["actor_label"], &record["severity"]], ["member@acme.test", "warning"]);
    assert_eq!([&record["action"], &record["resource_type"]], ["deny", "mutation"]);
    assert_eq!(record["organization_id"], acme.to_string());
    assert_eq!(record["user_id"], app.user_id("member@acme.test").await.to_string());
    assert_eq!(record["ip_address"], "127.0.0.1");
    assert_eq!(record["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(record["metadata"], json!({"mutation": "updateOrganization", "permission": "organization:write"}));
    // Who reads the trail there sees it, and who was refused does not.
    let trail = "{ organization(slug: \"acme\") { auditLogs(first: 1) { nodes { eventType severity } } } }";
    let seen = owner.ask(trail).await;
    let wanted = json!({"eventType": "access.denied", "severity": "WARNING"});
    assert_eq!(seen.at("/organization/auditLogs/nodes/0"), &wanted);

    // What one does not see is not denied but not there, and who is nobody has nothing to be denied.
    for (actor, code) in [(app.outsider().await, "NOT_FOUND"), (app.anonymous(), "UNAUTHENTICATED")] {
        assert_eq!(actor.ask_with(UPDATE, input.clone()).await.codes(), [code]);
    }
    // Nor is a query, where the answer says the same without any harm.
    let members = "{ organization(slug: \"acme\") { auditLogs(first: 1) { nodes { id } } } }";
    assert_eq!(app.member().await.ask(members).await.codes(), ["FORBIDDEN"]);
    assert_eq!(denied().await.len(), 1);

    // With a sign-in in the same document: that is undone, and the attempt is nobody's, in no organization.
    let both = "mutation ($who: SignInInput!, $input: UpdateOrganizationInput!) {
        signIn(input: $who) { expiresAt } updateOrganization(input: $input) { organization { name } } }";
    let who = json!({"email": "member@acme.test", "password": "ogelbase-demo"});
    let answer = app.anonymous().ask_with(both, json!({"who": who, "input": input["input"]})).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let last = denied().await.pop().unwrap();
    assert_eq!([&last["actor_label"], &last["organization_id"]], [&json!("anonymous"), &Value::Null]);
    // Under the header of the organization it is the same record.
    let narrowed = app.member().await.in_organization("acme");
    assert_eq!(narrowed.ask_with(UPDATE, input).await.codes(), ["FORBIDDEN"]);
    let last = denied().await.pop().unwrap();
    assert_eq!(last["organization_id"], acme.to_string());
    assert_eq!(denied().await.len(), 3);
}

#[tokio::test]
async fn nobody_changes_a_record_or_takes_it_away_before_its_time() {
    let app = App::start().await;
    let acme: uuid::Uuid =
        app.service().await.one("SELECT id FROM platform.organizations WHERE slug = 'acme'", []).await;
    let owner = app.user_id("owner@acme.test").await;
    let (service, superuser) = (app.service().await, app.superuser().await);
    let insert = format!(
        "INSERT INTO platform.audit_logs (organization_id, actor_label, event_type, action, created_at)
         VALUES ('{acme}', 'somebody', 'test.kept', 'create', now() - interval '1 hour')"
    );
    service.run(&insert).await;
    let attempts = [
        "UPDATE platform.audit_logs SET actor_label = 'nobody' WHERE event_type = 'test.kept'",
        "UPDATE platform.audit_logs SET created_at = now() - interval '9 years' WHERE event_type = 'test.kept'",
        "DELETE FROM platform.audit_logs WHERE event_type = 'test.kept'",
        "TRUNCATE platform.audit_logs",
    ];
    let strongest = app.as_user(Some(owner), None).await;
    for sql in attempts {
        for (who, connection) in [("app", &strongest), ("service", &service), ("superuser", &superuser)] {
            let error = connection.try_run(sql).await.expect_err(sql).to_string();
            assert!(error.contains("append-only") || error.contains("permission denied"), "{who}: {sql}: {error}");
        }
    }
    let forged =
        "INSERT INTO platform.audit_logs (actor_label, event_type, action) VALUES ('x', 'test.forged', 'create')";
    assert!(strongest.try_run(forged).await.unwrap_err().to_string().contains("permission denied"));
    let kept: i64 = service
        .one("SELECT count(*) FROM platform.audit_logs WHERE event_type = 'test.kept' AND actor_label = 'somebody'", [])
        .await;
    assert_eq!(kept, 1);
}
