//! `ogelbase rls`: the mode is shown and switched on record, and running servers follow; in shadow mode what the
//! restrictive policies would withhold is logged and not withheld.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ogelbase::{clock::Clock, seed::accounts::PASSWORD};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    db::TestDatabase,
    process::{CHEAP, Home, Serving, until},
};

const DIFFERS: &str = "row-level security would answer this read differently";
const SWITCHED: &str = "row-level security was switched";

/// `ogelbase rls ...` on the database.
async fn rls(home: &Home, database: &TestDatabase, arguments: &[&str]) -> String {
    let outcome = home.run(&[&["rls"], arguments].concat(), &[("DATABASE_URL", &database.url)]).await;
    outcome.printed().trim().to_owned()
}

/// The mode and its time, as `ogelbase rls` prints them.
fn read(printed: &str) -> (&str, DateTime<Utc>) {
    let (mode, since) = printed.split_once(" since ").unwrap_or_else(|| panic!("{printed}"));
    (mode, since.parse().unwrap())
}

#[tokio::test]
async fn the_mode_is_shown_and_switched_and_each_switch_is_on_record() {
    let database = TestDatabase::seeded().await;
    let service = database.service().await;
    let user: Uuid = service.one("SELECT id FROM platform.users WHERE email = 'member@acme.test'", []).await;
    let app = database.as_user(Some(user), None).await;
    let invoices = async || -> i64 { app.one("SELECT count(*) FROM platform.invoices", []).await };
    let home = Home::new();
    service.run("UPDATE platform_private.rls_mode SET changed_at = '2026-01-02 03:04:05.6Z'").await;
    assert_eq!(rls(&home, &database, &[]).await, "restrictive since 2026-01-02T03:04:05Z");
    assert_eq!(invoices().await, 0);

    for mode in ["permissive", "shadow"] {
        let printed = rls(&home, &database, &["set", mode]).await;
        assert!(printed.starts_with(&format!("{mode} since ")), "{printed}");
        assert!(invoices().await > 0, "under {mode}");
        let refused = app.try_run("SELECT password_hash FROM platform.users").await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "grants hold in every mode: {refused}");
    }
    let (since, now) = (read(&rls(&home, &database, &[]).await).1, Clock::system().now());
    assert!((now - since).num_seconds() < 60, "{since}");
    service.run("UPDATE platform_private.rls_mode SET changed_at = '2026-01-02 03:04:05Z'").await;
    let again = rls(&home, &database, &["set", "shadow"]).await;
    assert_eq!(again, "shadow since 2026-01-02T03:04:05Z (it was shadow)", "nothing was switched");
    let printed = rls(&home, &database, &["set", "restrictive"]).await;
    assert!(printed.ends_with(" (it was shadow)"), "{printed}");
    assert_eq!(invoices().await, 0);

    let trail = "SELECT jsonb_build_array(metadata #>> '{before,mode}', metadata #>> '{after,mode}', severity,
                        actor_label, action, user_id, organization_id)
                   FROM platform.audit_logs WHERE event_type = 'rls.mode_changed' ORDER BY created_at";
    let record =
        |before: &str, after: &str, severity: &str| json!([before, after, severity, "operator", "update", null, null]);
    assert_eq!(
        service.column::<Value>(trail, []).await,
        [
            record("restrictive", "permissive", "warning"),
            record("permissive", "shadow", "warning"),
            record("shadow", "shadow", "warning"),
            record("shadow", "restrictive", "info"),
        ]
    );

    for sql in ["SELECT platform_private.switch_rls_mode('permissive')", "SELECT * FROM platform_private.rls_mode"] {
        let refused = app.try_run(sql).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
    let outcome = home.run(&["rls", "set", "open"], &[("DATABASE_URL", &database.url)]).await;
    assert!(outcome.refusal().contains("permissive, shadow, restrictive"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_database_without_the_schema_is_told_apart() {
    drop(TestDatabase::migrated().await);
    let empty = TestDatabase::empty().await;
    let outcome = Home::new().run(&["rls"], &[("DATABASE_URL", &empty.url)]).await;
    assert!(outcome.refusal().contains("run `ogelbase migrate up` first"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_switch_waits_for_who_uses_a_table() {
    let database = TestDatabase::migrated().await;
    let other = database.superuser().await;
    other.run("BEGIN; SELECT count(*) FROM platform.users").await;
    let home = Home::new();
    let switching = rls(&home, &database, &["set", "permissive"]);
    let releasing = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mode: String = other.one("SELECT mode FROM platform_private.rls_mode", []).await;
        other.run("COMMIT").await;
        mode
    };
    let (printed, meanwhile) = tokio::join!(switching, releasing);
    assert_eq!(meanwhile, "restrictive");
    assert_eq!(read(printed.split_once(" (").unwrap().0).0, "permissive");
}

const DASHBOARD: &str = "{ organization(slug: \"acme\") {
    name members(first: 50) { nodes { role user { email } } }
    projects(first: 20) { nodes { ref compute { instanceSize } } }
    invoices(first: 5) { nodes { number } }
} }";

const RENAME: &str = "mutation ($input: UpdateOrganizationInput!) {
    updateOrganization(input: $input) { organization { name } }
}";

/// A server, its log, and the owner of acme.
struct Watched {
    home: Home,
    database: TestDatabase,
    server: Serving,
    token: String,
}

impl Watched {
    async fn start() -> Self {
        let database = TestDatabase::seeded().await;
        let home = Home::new();
        let settings = [CHEAP[0], CHEAP[1], ("DATABASE_URL", &*database.url), ("OGELBASE_LOG_FORMAT", "json")];
        let server = home.serve(&settings).await;
        let token = server.sign_in("owner@acme.test", PASSWORD).await.access;
        Self { home, database, server, token }
    }

    /// Switches the mode, and returns when the server has followed.
    async fn switch(&self, mode: &str) {
        let told = || self.lines(SWITCHED).iter().filter(|line| line["mode"] == mode).count();
        let before = told();
        rls(&self.home, &self.database, &["set", mode]).await;
        until("the server follows", Duration::from_secs(10), async || told() > before).await;
    }

    /// Lines of the log with this message.
    fn lines(&self, message: &str) -> Vec<Value> {
        let lines = self.home.log();
        let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let (status, answer) = self.server.ask(Some(&self.token), query, variables).await;
        assert_eq!(status, 200, "{answer:#}");
        answer
    }
}

#[tokio::test]
async fn in_shadow_mode_what_would_be_withheld_is_logged_with_table_user_and_statement_and_answered() {
    let watched = Watched::start().await;
    let superuser = watched.database.superuser().await;
    let whole = watched.ask(DASHBOARD, Value::Null).await;
    assert_eq!(whole["data"]["organization"]["projects"]["nodes"].as_array().unwrap().len(), 8, "{whole:#}");
    let policy: String = superuser.one("SELECT qual FROM pg_policies WHERE policyname = 'projects_select'", []).await;

    watched.switch("shadow").await;
    assert_eq!(watched.ask(DASHBOARD, Value::Null).await, whole);
    assert_eq!(watched.lines(DIFFERS), Vec::<Value>::new(), "the policies allow what the guards do");

    superuser.run("DROP POLICY projects_select ON platform.projects").await;
    assert_eq!(watched.ask(DASHBOARD, Value::Null).await, whole, "nothing is withheld");
    let lines = watched.lines(DIFFERS);
    let [line] = lines.as_slice() else { panic!("one line for the one statement: {lines:#?}") };
    let owner: Uuid = superuser.one("SELECT id FROM platform.users WHERE email = 'owner@acme.test'", []).await;
    let tables = json!("compute_config, disk_config, projects");
    assert_eq!([&line["tables"], &line["user"]], [&tables, &json!(owner.to_string())]);
    assert_eq!(line["level"], "WARN");
    let statement = line["statement"].as_str().unwrap();
    assert!(statement.starts_with("SELECT ") && statement.contains("\"platform\".\"projects\""), "{statement}");
    assert!(line["restrictive_rows"].as_u64() < line["rows"].as_u64(), "{line}");
    assert!(line["span"]["request_id"].is_string(), "{line}");

    // A mutation writes what it writes, once.
    let id = watched.ask("{ organization(slug: \"acme\") { id } }", Value::Null).await;
    let input = json!({"input": {"organization": id["data"]["organization"]["id"], "name": "Acme in the shadow"}});
    let renamed = watched.ask(RENAME, input).await;
    assert_eq!(renamed["data"]["updateOrganization"]["organization"]["name"], "Acme in the shadow", "{renamed:#}");
    let name: String = superuser.one("SELECT name FROM platform.organizations WHERE slug = 'acme'", []).await;
    assert_eq!(name, "Acme in the shadow");
    let records = "SELECT count(*) FROM platform.audit_logs WHERE event_type = 'organization.updated'
                      AND metadata #>> '{after,name}' = 'Acme in the shadow'";
    assert_eq!(superuser.one::<i64>(records, []).await, 1);

    // Restrictive: now they are withheld, and nothing runs twice.
    let logged = watched.lines(DIFFERS).len();
    watched.switch("restrictive").await;
    let answer = watched.ask(DASHBOARD, Value::Null).await;
    assert_eq!(answer["data"]["organization"]["projects"]["nodes"], json!([]), "{answer:#}");
    let select =
        format!("CREATE POLICY projects_select ON platform.projects FOR SELECT TO ogelbase_app USING ({policy})");
    superuser.run(&select).await;
    let answer = watched.ask(DASHBOARD, Value::Null).await;
    assert_eq!(answer["data"]["organization"]["projects"], whole["data"]["organization"]["projects"]);
    assert_eq!(watched.lines(DIFFERS).len(), logged);
    watched.server.stop().await;
}

#[tokio::test]
async fn of_requests_that_are_not_sampled_nothing_is_logged() {
    let database = TestDatabase::seeded().await;
    let home = Home::new();
    let settings = [
        CHEAP[0],
        CHEAP[1],
        ("DATABASE_URL", &*database.url),
        ("OGELBASE_LOG_FORMAT", "json"),
        ("OGELBASE_RLS_SHADOW_PERCENT", "0"),
    ];
    rls(&home, &database, &["set", "shadow"]).await;
    let server = home.serve(&settings).await;
    let token = server.sign_in("owner@acme.test", PASSWORD).await.access;
    until("the server knows the mode", Duration::from_secs(10), async || home.log().contains(SWITCHED)).await;
    database.superuser().await.run("DROP POLICY projects_select ON platform.projects").await;
    let (_, answer) = server.ask(Some(&token), DASHBOARD, Value::Null).await;
    assert_eq!(answer["data"]["organization"]["projects"]["nodes"].as_array().unwrap().len(), 8);
    assert!(!home.log().contains(DIFFERS), "{}", home.log());
    server.stop().await;
}
