//! The data that everything is measured on: the seed of scale 100, and somebody who owns twenty of its organizations.

use std::process::Command;

use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    case::Case,
    cpu,
    server::{self, Server},
    sql,
};

const DATABASE: &str = "ogelbase_test_bench";
pub const EMAIL: &str = "owner@acme.test";
pub const PASSWORD: &str = "ogelbase-demo";

/// A seeded database.
#[derive(Debug)]
pub struct Database {
    pub url: String,
}

/// Who asks, and what there is to ask for.
#[derive(Debug)]
pub struct World {
    pub url: String,
    pub postmaster: u32,
    pub user: Uuid,
    pub session_digest: String,
    token: String,
    /// Keys of the organizations that the user owns.
    pub organizations: Vec<String>,
    /// A project with data for each minute of 24 hours, and those hours.
    pub project: String,
    pub from: String,
    pub to: String,
}

impl World {
    /// Makes the database and seeds it.
    pub async fn create(scale: u64) -> Database {
        let cluster = std::env::var("OGELBASE_TEST_DATABASE_URL").expect("run this by `make bench`");
        let client = sql::connect(&cluster).await;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")).await.unwrap();
        client.batch_execute(&format!("CREATE DATABASE {DATABASE} TEMPLATE template0")).await.unwrap();
        let mut url = url::Url::parse(&cluster).unwrap();
        url.set_path(DATABASE);
        let url = url.to_string();
        for arguments in [vec!["migrate", "up"], vec!["seed", "--scale", &scale.to_string()]] {
            let mut command: Command = server::command(&url, &server::data());
            let output = command.args(&arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Database { url }
    }

    /// Signs in, and finds what is asked for.
    pub async fn prepare(database: Database, server: &Server) -> Self {
        let client = sql::connect(&database.url).await;
        let backend: i32 = one(&client, "SELECT pg_backend_pid()").await;
        let organizations: Vec<String> = {
            let sql = "SELECT id::text FROM platform.organizations WHERE slug LIKE 'org-%' ORDER BY slug LIMIT 20";
            client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
        };
        let user: String = {
            let sql = "SELECT id::text FROM platform.users WHERE email = $1";
            client.query_one(sql, &[&EMAIL]).await.unwrap().get(0)
        };
        let own = "INSERT INTO platform.organization_members (organization_id, user_id, role)
                   SELECT unnest($1::text[])::uuid, $2::text::uuid, 'owner'";
        client.execute(own, &[&organizations, &user]).await.unwrap();
        // Not everything: see docs/decisions.md on months without rows.
        client.batch_execute("VACUUM (ANALYZE) platform.organization_members").await.unwrap();
        let body = serde_json::json!({
            "query": crate::page::SIGN_IN,
            "variables": {"input": {"email": EMAIL, "password": PASSWORD}}
        });
        let answer = server.ask(&body.to_string(), None).await;
        let token = answer["data"]["signIn"]["accessToken"].as_str().unwrap().to_owned();
        let session_digest =
            one(&client, "SELECT token_hash FROM platform.user_sessions ORDER BY created_at DESC LIMIT 1").await;
        let measured = client
            .query_one(
                "SELECT p.ref, (m.latest - interval '1435 minutes')::text, (m.latest + interval '5 minutes')::text
                   FROM platform.projects p
                  CROSS JOIN LATERAL (SELECT count(*) AS rows, date_bin('5 minutes', max(\"timestamp\"), 'epoch') AS latest
                                        FROM platform.project_metrics WHERE project_id = p.id) m
                  WHERE p.organization_id = $1::text::uuid AND m.rows >= 1440 LIMIT 1",
                &[&organizations[0]],
            )
            .await
            .unwrap();
        let time = |index: usize| measured.get::<_, String>(index).replace(' ', "T") + ":00";
        Self {
            postmaster: cpu::parent_of(u32::try_from(backend).unwrap()).expect("PostgreSQL runs on this machine"),
            url: database.url,
            user: user.parse().unwrap(),
            session_digest,
            token,
            organizations,
            project: measured.get(0),
            from: time(1),
            to: time(2),
        }
    }

    /// The token that a case is asked with.
    pub fn token_of(&self, case: &Case) -> Option<&str> {
        (!case.anonymous).then_some(self.token.as_str())
    }
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, sql: &str) -> T {
    client.query_one(sql, &[]).await.unwrap().get(0)
}
