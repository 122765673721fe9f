//! A password's hash follows the parameters of the configuration.

use serde_json::Value;

use super::{PASSWORD, row};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
    process::make_account,
};

const ME: &str = "ada@people.test";

/// A server whose parameters are not those that `make_account` hashes with.
async fn app() -> App {
    let database = TestDatabase::migrated().await;
    let mut config = config(&database.url);
    (config.argon2_memory_kib, config.argon2_passes) = (16, 1);
    let app = App::with(database, config).await;
    make_account(&app.service().await, ME, PASSWORD).await;
    app
}

async fn hash(app: &App) -> Value {
    row(app, ME).await["password_hash"].clone()
}

#[tokio::test]
async fn a_hash_with_old_parameters_is_renewed_at_sign_in_once() {
    let app = app().await;
    let old = hash(&app).await;
    assert!(old.as_str().unwrap().contains("m=8,t=1"), "{old}");
    assert_eq!(super::sign_in(&app, ME, "wrong").await.codes(), ["UNAUTHENTICATED"]);
    assert_eq!(hash(&app).await, old);
    let session = app.sign_in_with(ME, PASSWORD).await;
    let new = hash(&app).await;
    assert!(new.as_str().unwrap().contains("m=16,t=1"), "{new}");
    app.sign_in_with(ME, PASSWORD).await;
    assert_eq!(hash(&app).await, new);
    assert_eq!(session.ask("{ viewer { email } }").await.at("/viewer/email"), ME);
}

#[tokio::test]
async fn a_hash_that_cannot_be_renewed_does_not_fail_the_sign_in() {
    let app = app().await;
    let old = hash(&app).await;
    let refuse = "ALTER TABLE platform.users ADD CONSTRAINT refused CHECK (password_hash NOT LIKE '%m=16%')";
    app.service().await.run(refuse).await;
    let session = app.sign_in_with(ME, PASSWORD).await;
    assert_eq!(session.ask("{ viewer { email } }").await.at("/viewer/email"), ME);
    assert_eq!(hash(&app).await, old);
}
