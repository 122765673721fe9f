//! The rules hold in the database as well: what the application role cannot do by SQL, whoever it works for.

use std::time::Duration;

use ogelbase::db::{Opening, RequestTransaction, accounts};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;

use super::{row, sign_up};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

const FUNCTIONS: [&str; 21] = [
    "account_key",
    "ask_for_letter",
    "begin_sign_in",
    "change_password",
    "client_key",
    "confirm_email",
    "count_failure",
    "delete_account",
    "end_access",
    "end_sign_in",
    "forget_sign_in_failures",
    "give_turn_back",
    "holder_of_reset",
    "mail_link",
    "mailbox_is_full",
    "record_by",
    "renew_password_hash",
    "reset_password",
    "sign_in_lookup",
    "sign_up",
    "take_turn",
];

#[tokio::test]
async fn nothing_that_makes_a_token_or_touches_a_password_can_be_called_by_the_application_role() {
    let database = TestDatabase::migrated().await;
    let mut callable: Vec<String> = database
        .superuser()
        .await
        .column(
            "SELECT proname::text || CASE WHEN has_function_privilege('ogelbase_app', oid, 'EXECUTE') THEN ' open' ELSE '' END
               FROM pg_proc WHERE pronamespace = 'platform_private'::regnamespace AND proname = ANY ($1) ORDER BY 1",
            [FUNCTIONS.map(str::to_owned).to_vec().into()],
        )
        .await;
    callable.sort();
    assert_eq!(callable, FUNCTIONS);
}

#[tokio::test]
async fn by_sql_one_reads_no_secret_and_changes_nobody_but_oneself_and_that_not_all() {
    let app = App::start().await;
    sign_up(&app, "ada@people.test").await.data();
    let before = [row(&app, "owner@acme.test").await, row(&app, "ada@people.test").await];
    let me = app.user_id("admin@acme.test").await;
    // The strongest who must not: an admin of the same organization.
    let admin = app.as_user(Some(me), None).await;
    let owner = app.user_id("owner@acme.test").await;
    let denied = [
        "SELECT password_hash FROM platform.users".to_owned(),
        "SELECT * FROM platform.users".to_owned(),
        "SELECT * FROM platform_private.one_time_tokens".to_owned(),
        "SELECT * FROM platform_private.sign_in_failures".to_owned(),
        "DELETE FROM platform_private.sign_in_failures".to_owned(),
        "SELECT * FROM platform_private.outbox".to_owned(),
        "SELECT * FROM platform_private.sign_in_lookup('owner@acme.test')".to_owned(),
        "UPDATE platform.users SET password_hash = '$argon2id$x'".to_owned(),
        "UPDATE platform.users SET email_confirmed_at = now()".to_owned(),
        "UPDATE platform.users SET email = 'mine@people.test'".to_owned(),
        "UPDATE platform.users SET deleted_at = now()".to_owned(),
        "INSERT INTO platform.users (email) VALUES ('new@people.test')".to_owned(),
        "DELETE FROM platform.users".to_owned(),
        "INSERT INTO platform_private.one_time_tokens (purpose, user_id, token_hash, expires_at)
         SELECT 'reset_password', id, repeat('0', 64), now() + interval '1 hour' FROM platform.users"
            .to_owned(),
        "UPDATE platform.user_sessions SET revoked_at = NULL".to_owned(),
        "SELECT platform_private.confirm_email(repeat('0', 64), NULL, NULL, NULL)".to_owned(),
        "SELECT platform_private.reset_password(repeat('0', 64), '$argon2id$x', NULL, NULL, NULL)".to_owned(),
        format!("SELECT platform_private.change_password('{owner}', '{owner}', 'x', '$argon2id$x')"),
        format!("SELECT platform_private.renew_password_hash('{me}', 'x', '$argon2id$x')"),
        format!("SELECT platform_private.delete_account('{owner}', 'x', NULL, NULL, NULL)"),
        "SELECT platform_private.mail_link('reset_password', 'owner@acme.test', gen_random_uuid(), repeat('0', 64),
             now() + interval '1 hour', gen_random_uuid(), 'ogv1.test.AAAA', NULL, NULL, NULL)"
            .to_owned(),
        "SELECT platform_private.end_sign_in('owner@acme.test', NULL, true, 5, 5, 5)".to_owned(),
    ];
    for sql in &denied {
        let error = admin.try_run(sql).await.expect_err(sql).to_string();
        assert!(error.contains("permission denied"), "{sql}: {error}");
    }
    // The columns of a profile, of oneself alone.
    admin.run("UPDATE platform.users SET username = 'taken over', phone = '1'").await;
    assert_eq!([row(&app, "owner@acme.test").await, row(&app, "ada@people.test").await], before);
    assert_eq!(row(&app, "admin@acme.test").await["username"], "taken over");
    let nobody = app.as_user(None, None).await;
    nobody.run("UPDATE platform.users SET username = 'nobody'").await;
    let service = app.service().await;
    let renamed: Vec<Value> =
        service.column("SELECT to_jsonb(u) FROM platform.users u WHERE username = 'nobody'", []).await;
    assert!(renamed.is_empty(), "{renamed:?}");
}

async fn role(transaction: &RequestTransaction) -> Result<String, sea_orm::DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT current_user::text");
    transaction.query_one_raw(statement).await?.unwrap().try_get_by_index(0)
}

#[tokio::test]
async fn the_service_role_lasts_for_one_statement_also_when_that_is_cut_off() {
    let database = TestDatabase::migrated().await;
    let mut settings = config(&database.url);
    settings.database_connections = 1;
    let app = App::with(database, settings).await;
    let begin = async || app.server.database().begin(&Opening::Anonymous).await.unwrap().0;

    let transaction = begin().await;
    assert_eq!(accounts::holder_of_reset(&transaction, &[0; 32]).await.unwrap(), None);
    assert_eq!(role(&transaction).await.unwrap(), "ogelbase_app");
    transaction.commit().await.unwrap();

    // A statement that fails takes the transaction with it.
    let transaction = begin().await;
    let refused = accounts::reset_password(&transaction, &[0; 32], "\0".to_owned(), &origin()).await;
    assert!(refused.is_err());
    assert!(role(&transaction).await.is_err());
    assert!(transaction.commit().await.is_err());
    let transaction = begin().await;
    assert_eq!(role(&transaction).await.unwrap(), "ogelbase_app");
    transaction.commit().await.unwrap();

    // One that is cut off, too: nothing else is asked on it, and its connection comes back as it was.
    let lock = app.superuser().await;
    lock.run("BEGIN; LOCK TABLE platform_private.one_time_tokens IN ACCESS EXCLUSIVE MODE").await;
    let transaction = begin().await;
    let waiting = accounts::holder_of_reset(&transaction, &[0; 32]);
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
    assert!(role(&transaction).await.is_err());
    lock.run("COMMIT").await;
    assert!(transaction.commit().await.is_err());
    let transaction = begin().await;
    assert_eq!(role(&transaction).await.unwrap(), "ogelbase_app");
}

fn origin() -> accounts::Origin {
    accounts::Origin { ip: None, user_agent: None, request_id: "test".to_owned() }
}
