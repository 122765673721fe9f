//! `ogelbase migrate`: up, down, status, fresh, several at once, and as a role that is no superuser.

use std::{future::Future, panic::AssertUnwindSafe, path::PathBuf, time::Duration};

use futures_util::FutureExt;
use migration::{Migrator, MigratorTrait};
use ogelbase::db::{
    embedded::{EmbeddedPostgres, Settings},
    operator,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    actors::SIGN_IN,
    app::App,
    db::{Sql, TestDatabase, cluster_url, with_database},
    dump,
    process::{CHEAP, Home, Outcome, make_account},
};

/// The steps in their order.
fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

/// `ogelbase migrate ...` on the database behind a URL.
struct Migrate<'a> {
    home: Home,
    url: &'a str,
}

impl<'a> Migrate<'a> {
    fn on(url: &'a str) -> Self {
        Self { home: Home::new(), url }
    }

    async fn run(&self, arguments: &[&str]) -> Outcome {
        self.home.run(&[&["migrate"], arguments].concat(), &[("DATABASE_URL", self.url)]).await
    }

    async fn ok(&self, arguments: &[&str]) {
        self.run(arguments).await.printed();
    }

    /// How many of the first steps are applied, when `status` lists all in their order.
    async fn applied(&self) -> usize {
        let outcome = self.run(&["status"]).await;
        let lines: Vec<&str> = outcome.printed().lines().collect();
        let applied = lines.iter().take_while(|line| line.starts_with("applied  ")).count();
        let wanted: Vec<String> = names()
            .iter()
            .enumerate()
            .map(|(place, name)| format!("{}  {name}", if place < applied { "applied" } else { "missing" }))
            .collect();
        assert_eq!(lines, wanted);
        applied
    }
}

/// The schema as text.
async fn schema(database: &TestDatabase) -> Vec<String> {
    dump::schema(&database.superuser().await).await
}

#[track_caller]
fn assert_same(before: &[String], after: &[String]) {
    assert!(before.len() > 500, "{} lines describe a schema of 28 tables", before.len());
    assert_eq!(differences(before, after), Vec::<String>::new());
}

/// Both are sorted and hold no line twice.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| after.binary_search(line).is_err()).map(|line| format!("gone: {line}"));
    let new = after.iter().filter(|line| before.binary_search(line).is_err()).map(|line| format!("new: {line}"));
    gone.chain(new).collect()
}

/// The ledger, with the times.
const LEDGER: &str = "SELECT version || ' ' || applied_at FROM platform_private.schema_migrations ORDER BY version";

#[tokio::test]
async fn up_applies_all_and_up_again_changes_nothing() {
    let database = TestDatabase::empty().await;
    let migrate = Migrate::on(&database.url);
    assert_eq!(migrate.applied().await, 0, "of an empty database");
    assert_eq!(dump::not_postgresqls(&database.superuser().await).await, Vec::<String>::new(), "status only reads");
    migrate.ok(&["up"]).await;
    assert_eq!(migrate.applied().await, names().len());

    let before = schema(&database).await;
    let service = database.service().await;
    let ledger: Vec<String> = service.column(LEDGER, []).await;
    let rows = "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM platform_private.role_permissions t";
    let permissions: String = service.one(rows, []).await;
    let tenant = "SELECT string_agg(o::text, ' ') FROM platform.organizations o";
    let first_tenant: String = service.one(tenant, []).await;
    migrate.ok(&["up"]).await;
    assert_same(&before, &schema(&database).await);
    assert_eq!(service.column::<String>(LEDGER, []).await, ledger);
    assert_eq!(service.one::<String>(rows, []).await, permissions);
    assert_eq!(service.one::<String>(tenant, []).await, first_tenant);
}

#[tokio::test]
async fn each_step_down_takes_back_exactly_what_its_step_up_made() {
    let database = TestDatabase::migrated().await;
    Migrate::on(&database.url).ok(&["down", "--steps", &(names().len() - 1).to_string()]).await;
    let service = database.service().await;
    let mut levels = vec![schema(&database).await];
    for _ in 1..names().len() {
        Migrator::up(&service.0, Some(1)).await.unwrap();
        levels.push(schema(&database).await);
    }
    assert_same(&schema(&TestDatabase::migrated().await).await, levels.last().unwrap());
    for (level, name) in levels.iter().zip(names()).rev().skip(1) {
        Migrator::down(&service.0, Some(1)).await.unwrap();
        assert_eq!(differences(level, &schema(&database).await), Vec::<String>::new(), "back to {name}");
    }
}

#[tokio::test]
async fn down_leaves_nothing_of_ours_behind_also_when_the_tables_are_full() {
    let database = TestDatabase::seeded().await;
    let migrate = Migrate::on(&database.url);
    let sql = database.superuser().await;
    let organizations: i64 = sql.one("SELECT count(*) FROM platform.organizations", []).await;
    assert!(organizations > 1, "the tables are full");
    let before = schema(&database).await;
    migrate.ok(&["down", "--steps", "1"]).await;
    migrate.ok(&["up"]).await;
    assert_same(&before, &schema(&database).await);
    assert_eq!(sql.one::<i64>("SELECT count(*) FROM platform.organizations", []).await, organizations);

    migrate.ok(&["down"]).await;
    assert_eq!(dump::not_postgresqls(&sql).await, Vec::<String>::new());
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname IN ('ogelbase_service', 'ogelbase_app')";
    assert_eq!(sql.one::<i64>(roles, []).await, 2, "the roles are the cluster's and stay");
    assert_eq!(migrate.applied().await, 0);
    migrate.ok(&["down"]).await;
    assert_eq!(dump::not_postgresqls(&sql).await, Vec::<String>::new(), "down on nothing");

    migrate.ok(&["up"]).await;
    assert_same(&schema(&TestDatabase::migrated().await).await, &schema(&database).await);
}

#[tokio::test]
async fn fresh_throws_all_data_away_and_gives_the_same_schema() {
    let database = TestDatabase::migrated().await;
    let before = schema(&database).await;
    let service = database.service().await;
    service.run("INSERT INTO platform.organizations (name, slug) VALUES ('Leftover', 'leftover')").await;
    Migrate::on(&database.url).ok(&["fresh"]).await;
    assert_same(&before, &schema(&database).await);
    let slugs: Vec<String> = service.column("SELECT slug FROM platform.organizations", []).await;
    assert_eq!(slugs, ["lancio"]);

    let empty = TestDatabase::empty().await;
    Migrate::on(&empty.url).ok(&["fresh"]).await;
    assert_same(&before, &schema(&empty).await);
}

#[tokio::test]
async fn of_six_that_start_at_once_each_migration_is_applied_by_one() {
    let database = TestDatabase::empty().await;
    let migrate = Migrate::on(&database.url);
    let runs = futures_util::future::join_all((0..6).map(|_| migrate.run(&["up"]))).await;
    for run in runs {
        run.printed();
    }
    assert_eq!(migrate.applied().await, names().len());
    let ledger = "SELECT version FROM platform_private.schema_migrations ORDER BY version";
    assert_eq!(database.service().await.column::<String>(ledger, []).await, names());
    assert_same(&schema(&TestDatabase::migrated().await).await, &schema(&database).await);
}

/// Runs `test` with a login role of its own, which is dropped whatever comes.
async fn with_login<F: Future<Output = ()>>(options: &str, test: impl FnOnce(Sql, String) -> F) {
    let login = format!("ogelbase_test_login_{}", Uuid::now_v7().simple());
    let cluster = || async { Sql(operator::connect_as_login(&cluster_url()).await.unwrap()) };
    cluster().await.run(&format!("CREATE ROLE {login} LOGIN PASSWORD 'sesame' {options}")).await;
    let done = AssertUnwindSafe(test(cluster().await, login.clone())).catch_unwind().await;
    cluster().await.run(&format!("DROP ROLE {login}")).await;
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}

/// `url` as another role.
fn with_login_role(url: &str, login: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "user" && name != "password")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(others).extend_pairs([("user", login), ("password", "sesame")]);
    if url.has_host() && !url.username().is_empty() {
        url.set_username(login).unwrap();
        url.set_password(Some("sesame")).unwrap();
    }
    url.to_string()
}

#[tokio::test]
async fn a_login_role_that_is_no_superuser_is_told_the_statements_and_works_after_them() {
    // The roles themselves must be there: they belong to the cluster, which other tests are using.
    drop(TestDatabase::migrated().await);
    let database = TestDatabase::empty().await;
    let name = database.url.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
    with_login("NOSUPERUSER NOCREATEROLE NOINHERIT", async |_, login| {
        let url = with_login_role(&database.url, &login);
        let migrate = Migrate::on(&url);
        let statements = [
            format!("GRANT ogelbase_service TO {login};"),
            format!("GRANT ogelbase_app TO {login};"),
            format!("GRANT CREATE ON DATABASE {name} TO ogelbase_service;"),
        ];
        for done in 0..statements.len() {
            let outcome = migrate.run(&["up"]).await;
            let wanted = format!("Have a superuser run in it:\n{}\nthen start again", statements[done..].join("\n"));
            assert!(outcome.refusal().contains(&wanted), "{}", outcome.stderr);
            assert!(outcome.stderr.contains(&format!("the role {login} may not")), "{}", outcome.stderr);
            database.superuser().await.run(&statements[done]).await;
        }
        migrate.ok(&["up"]).await;
        assert_eq!(migrate.applied().await, names().len());
        assert_same(&schema(&TestDatabase::migrated().await).await, &schema(&database).await);
        migrate.ok(&["down"]).await;
        assert_eq!(dump::not_postgresqls(&database.superuser().await).await, Vec::<String>::new());

        // The server itself, from an empty database on.
        let server = migrate.home.serve(&[CHEAP[0], CHEAP[1], ("DATABASE_URL", &url)]).await;
        make_account(&database.service().await, "somebody@example.com", "a password").await;
        assert_eq!(server.status("/readyz").await, 200);
        let tokens = server.sign_in("somebody@example.com", "a password").await;
        let (_, answer) = server.ask(Some(&tokens.access), "{ viewer { email } }", json!(null)).await;
        assert_eq!(answer, json!({"data": {"viewer": {"email": "somebody@example.com"}}}));
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_role_that_reaches_the_two_roles_through_a_group_needs_no_grant_of_its_own() {
    drop(TestDatabase::migrated().await);
    let database = TestDatabase::empty().await;
    let name = database.url.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
    with_login("NOSUPERUSER", async |cluster, group| {
        cluster.run(&format!("GRANT ogelbase_service, ogelbase_app TO {group}")).await;
        cluster.run(&format!("GRANT CREATE ON DATABASE {name} TO ogelbase_service")).await;
        with_login(&format!("NOSUPERUSER IN ROLE {group}"), async |_, login| {
            Migrate::on(&with_login_role(&database.url, &login)).ok(&["up"]).await;
        })
        .await;
    })
    .await;
}

/// On a cluster of its own, because roles belong to the cluster.
#[tokio::test]
async fn where_the_roles_are_missing_the_message_makes_them_and_a_superuser_makes_them_by_itself() {
    let home = Home::new();
    let postgres = EmbeddedPostgres::start(Settings {
        data_dir: home.data(),
        pg_bin_dir: std::env::var_os("PG_BIN_DIR").map(PathBuf::from),
        launcher: env!("CARGO_BIN_EXE_ogelbase").into(),
        max_connections: 50,
    })
    .await
    .unwrap();
    let superuser = Sql(operator::connect_as_login(&postgres.url()).await.unwrap());
    superuser.run("CREATE ROLE plain LOGIN NOSUPERUSER NOCREATEROLE").await;
    for name in ["\"Odd name\"", "one", "two"] {
        superuser.run(&format!("CREATE DATABASE {name}")).await;
    }

    let odd = with_database(&postgres.url(), "Odd%20name");
    let url = with_login_role(&odd, "plain");
    let migrate = Migrate::on(&url);
    let statements = "CREATE ROLE ogelbase_service NOLOGIN BYPASSRLS;\nCREATE ROLE ogelbase_app NOLOGIN;\n\
                      GRANT ogelbase_service TO plain;\nGRANT ogelbase_app TO plain;\n\
                      GRANT CREATE ON DATABASE \"Odd name\" TO ogelbase_service;\n";
    let outcome = migrate.run(&["up"]).await;
    assert!(outcome.refusal().contains(statements), "{}", outcome.stderr);
    let (before, after) = outcome.stderr.split_once(statements).unwrap();
    assert!(before.contains("the role plain may not"), "{before}");
    assert_eq!(after.trim(), "then start again.", "nothing but the five statements");
    let odd = Sql(operator::connect_as_login(&odd).await.unwrap());
    odd.run(statements).await;
    migrate.ok(&["up"]).await;
    odd.run("DROP OWNED BY ogelbase_service, ogelbase_app; DROP ROLE ogelbase_service, ogelbase_app").await;

    // A superuser needs no help, also when it prepares two databases at once and twice each.
    let urls = ["one", "two"].map(|name| with_database(&postgres.url(), name));
    let migrates: Vec<Migrate<'_>> = urls.iter().chain(&urls).map(|url| Migrate::on(url)).collect();
    let runs = futures_util::future::join_all(migrates.iter().map(|migrate| migrate.run(&["up"]))).await;
    for run in runs {
        run.printed();
    }
    for migrate in &migrates[..2] {
        assert_eq!(migrate.applied().await, names().len());
    }

    // Who may make roles, but is no superuser: enough from PostgreSQL 16 on, where who made a role is a member of it
    // that may not take it, but may let itself.
    let version: i32 = superuser.one("SELECT current_setting('server_version_num')::int", []).await;
    for url in &urls {
        let one = Sql(operator::connect_as_login(url).await.unwrap());
        one.run("DROP OWNED BY ogelbase_service, ogelbase_app").await;
    }
    superuser.run("DROP ROLE ogelbase_service, ogelbase_app").await;
    superuser.run("CREATE ROLE maker LOGIN CREATEROLE BYPASSRLS; ALTER DATABASE one OWNER TO maker").await;
    let url = with_login_role(&urls[0], "maker");
    let outcome = Migrate::on(&url).run(&["up"]).await;
    if version >= 160_000 {
        outcome.printed();
        let two = Sql(operator::connect_as_login(&urls[1]).await.unwrap());
        let one = Sql(operator::connect_as_login(&urls[0]).await.unwrap());
        one.run("DROP OWNED BY ogelbase_service, ogelbase_app; DROP ROLE ogelbase_service, ogelbase_app").await;
        two.run("ALTER DATABASE two OWNER TO maker; SET ROLE maker").await;
        two.run("CREATE ROLE ogelbase_service NOLOGIN BYPASSRLS; CREATE ROLE ogelbase_app NOLOGIN").await;
        Migrate::on(&with_login_role(&urls[1], "maker")).ok(&["up"]).await;
    } else {
        assert!(outcome.refusal().contains("CREATE ROLE ogelbase_service NOLOGIN BYPASSRLS;"), "{}", outcome.stderr);
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_told_not_to_migrate_refuses_a_database_that_lacks_something() {
    let database = TestDatabase::empty().await;
    let home = Home::new();
    let settings = [("DATABASE_URL", database.url.as_str()), ("OGELBASE_MIGRATE", "false")];
    let outcome = home.run(&["serve"], &settings).await;
    assert!(outcome.refusal().contains("run `ogelbase migrate up`"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&names()[0]), "{}", outcome.stderr);
    assert_eq!(dump::not_postgresqls(&database.superuser().await).await, Vec::<String>::new());

    Migrate::on(&database.url).ok(&["up"]).await;
    Migrate::on(&database.url).ok(&["down", "--steps", "1"]).await;
    let outcome = home.run(&["serve"], &settings).await;
    assert!(outcome.refusal().contains(names().last().unwrap()), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(&names()[0]), "{}", outcome.stderr);

    Migrate::on(&database.url).ok(&["up"]).await;
    let server = home.serve(&settings).await;
    assert_eq!(server.status("/readyz").await, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_server_is_ready_while_its_database_answers_and_has_all_migrations() {
    let app = App::on(TestDatabase::migrated().await).await;
    let ask = async |path| {
        let response = app.http.get(app.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(ask("/readyz").await, (200, "ready\n".to_owned()));
    let service = app.service().await;
    service
        .run("BEGIN; DELETE FROM platform_private.schema_migrations WHERE version = 'm008_active_organization'")
        .await;
    assert_eq!(ask("/readyz").await.0, 200, "not yet committed");
    service.run("COMMIT").await;
    assert_eq!(ask("/readyz").await, (503, "migrations are missing: run `ogelbase migrate up`\n".to_owned()));
    assert_eq!(ask("/healthz").await, (200, "alive\n".to_owned()));
    service.run("INSERT INTO platform_private.schema_migrations VALUES ('m008_active_organization', 0)").await;
    assert_eq!(ask("/readyz").await.0, 200);

    // All of it taken away under the running server.
    Migrate::on(&app.database.url).ok(&["down"]).await;
    assert_eq!(ask("/readyz").await.0, 503);
    let nobody = json!({"input": {"email": "nobody@example.com", "password": "x"}});
    let answer = app.anonymous().ask_with(SIGN_IN, nobody).await;
    assert_eq!(answer.codes(), ["INTERNAL"]);
    Migrate::on(&app.database.url).ok(&["up"]).await;
    assert_eq!(ask("/readyz").await.0, 200);

    // The database refuses everybody, and takes them again.
    let cluster = Sql(operator::connect_as_login(&cluster_url()).await.unwrap());
    let name: String = service.one("SELECT current_database()::text", []).await;
    cluster.run(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    cluster.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask("/readyz").await, (503, "the database does not answer\n".to_owned()));
    assert_eq!(ask("/healthz").await.0, 200);
    cluster.run(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    assert_eq!(ask("/readyz").await.0, 200);
    app.server.stop().await.unwrap();
}
