//! A server of one test, in the test's process, behind a real socket.

use std::{ops::Deref, path::PathBuf};

use ogelbase::{clock::Clock, config::Config, server::Server};

use super::{db::TestDatabase, evidence};

/// The secret that signs the tests' tokens.
pub const JWT_SECRET: &str = "a-secret-of-the-tests-that-signs-tokens";

/// The key ring of the tests' vault.
pub const VAULT_KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Settings of a test's server: an address of its own, fixed secrets, nothing read from the environment. It runs no jobs:
/// the test finds the database as it left it, and mails in the outbox.
pub fn config(database_url: &str) -> Config {
    for text in [JWT_SECRET, VAULT_KEYS, VAULT_KEYS.trim_start_matches("test:")] {
        evidence::secret(text);
    }
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: PathBuf::from("/nonexistent/nothing-is-written-there"),
        database_url: Some(database_url.to_owned()),
        jwt_secret: Some(JWT_SECRET.to_owned()),
        vault_keys: Some(VAULT_KEYS.to_owned()),
        log: "warn".to_owned(),
        // All who ask in the tests have one address.
        sign_in_free_failures_of_address: 100_000,
        user_cost_per_minute: 2_000_000_000,
        key_cost_per_minute: 2_000_000_000,
        anonymous_cost_per_minute: 2_000_000_000,
        jobs: false,
        ..Config::default()
    }
}

/// A running server and its database.
#[derive(Debug)]
pub struct App {
    pub server: Server,
    pub database: TestDatabase,
    pub http: reqwest::Client,
}

impl App {
    /// On the demo data.
    pub async fn start() -> Self {
        Self::on(TestDatabase::seeded().await).await
    }

    /// On this database.
    pub async fn on(database: TestDatabase) -> Self {
        let config = config(&database.url);
        Self::with(database, config).await
    }

    /// With these settings.
    pub async fn with(database: TestDatabase, config: Config) -> Self {
        evidence::keep_the_log();
        let server = Server::start(config, Clock::system()).await.unwrap();
        Self { server, database, http: reqwest::Client::new() }
    }

    /// On the demo data, with a clock that the test moves.
    pub async fn at(clock: &Clock) -> Self {
        let database = TestDatabase::seeded().await;
        let server = Server::start(config(&database.url), clock.clone()).await.unwrap();
        Self { server, database, http: reqwest::Client::new() }
    }

    /// Switches row-level security to the mode in which it lets every row through, as the operator may.
    pub async fn let_every_row_through(&self) {
        let service = self.service().await;
        service.run("SELECT platform_private.set_rls_mode('permissive')").await;
        let user = self.user_id("member@acme.test").await;
        let open: i64 = self.as_user(Some(user), None).await.one("SELECT count(*) FROM platform.invoices", []).await;
        let all: i64 = service.one("SELECT count(*) FROM platform.invoices", []).await;
        assert!(open == all && all > 0, "row-level security should let everything through now");
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }
}

impl Deref for App {
    type Target = TestDatabase;

    fn deref(&self) -> &TestDatabase {
        &self.database
    }
}
