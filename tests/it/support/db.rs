//! A database for each test, copied from a template that is migrated and seeded once per run. That with volume is not
//! copied: it is large, and who asks for it reads.

use std::time::Duration;

use ogelbase::{
    db::{migrate, operator},
    seed,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

/// Where the run's PostgreSQL is; `make test` starts one.
pub fn cluster_url() -> String {
    std::env::var("OGELBASE_TEST_DATABASE_URL")
        .expect("run the tests with `make test` or `make nextest ARGS=...`: they need a PostgreSQL")
}

/// `url` with another database.
pub fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).expect("a URL");
    url.set_path(name);
    url.to_string()
}

/// A migrated database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    pub url: String,
}

/// What a template is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filling {
    Nothing,
    Demo,
    /// The demo data, a hundred units of numbered organizations, and volume in the tables that those leave small.
    Volume,
}

impl TestDatabase {
    /// With the demo data.
    pub async fn seeded() -> Self {
        let template = template("ogelbase_test_seeded", Filling::Demo).await;
        Self::copy(&template).await
    }

    /// With what the migrations make.
    pub async fn migrated() -> Self {
        let template = template("ogelbase_test_migrated", Filling::Nothing).await;
        Self::copy(&template).await
    }

    /// With many rows in every table that has many in real life. All tests of a run share it, so none changes it.
    pub async fn with_volume() -> Self {
        let name = template("ogelbase_test_volume", Filling::Volume).await;
        Self { url: with_database(&cluster_url(), &name) }
    }

    /// Without anything.
    pub async fn empty() -> Self {
        Self::copy("template0").await
    }

    async fn copy(template: &str) -> Self {
        let name = format!("ogelbase_test_{}", Uuid::now_v7().simple());
        let cluster = operator::connect_as_login(&cluster_url()).await.unwrap();
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        cluster.execute_unprepared(&sql).await.unwrap();
        cluster.close().await.unwrap();
        Self { url: with_database(&cluster_url(), &name) }
    }

    /// As `ogelbase_service`, whom no policy binds.
    pub async fn service(&self) -> Sql {
        Sql(operator::connect_as_service(&self.url).await.unwrap())
    }

    /// As the login role, a superuser.
    pub async fn superuser(&self) -> Sql {
        Sql(operator::connect_as_login(&self.url).await.unwrap())
    }

    /// As `ogelbase_app`, as a request of this user works; `organization` as `X-Organization` narrows it.
    pub async fn as_user(&self, user: Option<Uuid>, organization: Option<Uuid>) -> Sql {
        let connection = operator::connect_as_login(&self.url).await.unwrap();
        let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let sql = format!(
            "SET ROLE ogelbase_app; SET search_path = pg_catalog; SET app.current_user_id = '{}'; \
             SET app.current_org_id = '{}'",
            text(user),
            text(organization)
        );
        connection.execute_unprepared(&sql).await.unwrap();
        Sql(connection)
    }
}

/// One connection to ask SQL on.
#[derive(Debug)]
pub struct Sql(pub DatabaseConnection);

impl Sql {
    pub async fn run(&self, sql: &str) {
        self.try_run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn try_run(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        self.0.execute_unprepared(sql).await.map(|_| ())
    }

    pub async fn run_with(&self, sql: &str, values: impl IntoIterator<Item = Value>) {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        self.0.execute_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of the first row.
    pub async fn one<T: sea_orm::TryGetable>(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> T {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let row = self.0.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        row.expect("a row").try_get_by_index(0).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The first column of all rows.
    pub async fn column<T: sea_orm::TryGetable>(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Vec<T> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let rows = self.0.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| row.try_get_by_index(0).unwrap_or_else(|error| panic!("{sql}: {error:?}"))).collect()
    }

    /// Waits until so many statements in this database wait for locks, for five seconds at most; how many do.
    pub async fn until_locked_out(&self, number: usize) -> usize {
        let mut waiting = 0;
        for _ in 0..100 {
            waiting = self
                .one::<i64>(
                    "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'",
                    [],
                )
                .await;
            if waiting == i64::try_from(number).unwrap() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        usize::try_from(waiting).unwrap()
    }

    /// All rows.
    pub async fn rows<M: FromQueryResult>(&self, sql: &str) -> Vec<M> {
        let rows = self.0.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| M::from_query_result(row, "").unwrap()).collect()
    }
}

/// Makes the template once for all tests of the run, which are processes of their own.
async fn template(name: &str, filling: Filling) -> String {
    let cluster = Sql(operator::connect_as_login(&cluster_url()).await.unwrap());
    // One lock for each: who needs another one need not wait for the large one.
    cluster.run_with("SELECT pg_advisory_lock(hashtextextended($1, 0))", [name.into()]).await;
    let exists: bool = cluster.one("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", [name.into()]).await;
    if !exists {
        let building = format!("{name}_building");
        cluster.run(&format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)")).await;
        cluster.run(&format!("CREATE DATABASE {building} TEMPLATE template0")).await;
        let url = with_database(&cluster_url(), &building);
        migrate::up(&url).await.unwrap();
        fill(&url, filling).await;
        // A template must have no session left, and closing one takes the server a moment.
        for _ in 0..100 {
            if cluster.try_run(&format!("ALTER DATABASE {building} RENAME TO {name}")).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    cluster.0.close().await.unwrap();
    name.to_owned()
}

async fn fill(url: &str, filling: Filling) {
    let config = super::app::config(url);
    match filling {
        Filling::Nothing => {}
        Filling::Demo => seed::run(&config, url, 0).await.unwrap(),
        Filling::Volume => {
            seed::run(&config, url, 100).await.unwrap();
            let superuser = Sql(operator::connect_as_login(url).await.unwrap());
            superuser.run(include_str!("volume.sql")).await;
            // As the seed does, and for the same reasons.
            let filled = "SELECT 'VACUUM (ANALYZE) ' || string_agg(format('platform.%I', relname), ', ') FROM pg_class
                           WHERE relnamespace = 'platform'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0";
            superuser.run(&superuser.one::<String>(filled, []).await).await;
            superuser.0.close().await.unwrap();
        }
    }
}
