//! Accounts made and given a password.

use serde_json::json;

use super::{Operator, records, sign_in};
use crate::support::{app::App, db::TestDatabase, process::Home};

#[tokio::test]
async fn an_account_is_created_given_a_password_and_signs_in() {
    let app = App::on(TestDatabase::migrated().await).await;
    let operator = Operator::of(&app);
    let created = operator.admin(&["create-user", " Ada@Example.com ", "--first-name", "Ada"]).await;
    assert!(created.printed().starts_with("Ada@Example.com was created ("), "{}", created.stdout);
    let id = app.user_id("Ada@Example.com").await;
    let record = json!({
        "who": "operator", "user": null, "resource": id, "action": "create", "organization": null,
        "severity": "info", "metadata": {"before": {"email": null}, "after": {"email": "Ada@Example.com"}},
    });
    assert_eq!(records(&app, "user.created").await, [record]);
    assert_eq!(sign_in(&app, "ada@example.com", "").await.codes(), ["UNAUTHENTICATED"]);

    let set = operator.set_password("ADA@example.com", "the first password\nnot a second line\n").await;
    assert_eq!(set.printed(), "Ada@Example.com has a new password; sessions ended: 0\n");
    let ada = app.sign_in_with("ada@example.com", "the first password").await;
    let query = "{ viewer { email firstName } }";
    assert_eq!(ada.ask(query).await.data(), &json!({"viewer": {"email": "Ada@Example.com", "firstName": "Ada"}}));

    for (arguments, said) in [
        (["create-user", "ada@EXAMPLE.com"].as_slice(), "there is an account with the address ada@EXAMPLE.com already"),
        (&["create-user", "ada"], "the address is not an e-mail address"),
        (&["create-user", "eve@example.com", "--first-name", " "], "--first-name must not be empty"),
        (&["set-password", "eve@example.com"], "there is no account with the address eve@example.com"),
        (&["set-password", "ada@example.com", "given as an argument"], "unexpected argument"),
    ] {
        let outcome = operator.admin(arguments).await;
        assert!(outcome.refusal().contains(said), "{arguments:?}: {}", outcome.stderr);
    }
    let users: i64 = app.service().await.one("SELECT count(*) FROM platform.users", []).await;
    assert_eq!(users, 2, "Ada, and the first tenant's owner");
    assert_eq!(records(&app, "user.created").await.len(), 1);
    let unconfirmed = operator.admin(&["create-user", "eve@example.com", "--unconfirmed"]).await;
    unconfirmed.printed();
    let confirmed: Vec<String> = app
        .service()
        .await
        .column("SELECT email FROM platform.users WHERE email_confirmed_at IS NOT NULL ORDER BY created_at", [])
        .await;
    assert_eq!(confirmed, ["admin@ogelbase.com", "Ada@Example.com"]);
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_what_an_older_one_began() {
    let app = App::start().await;
    let operator = Operator::of(&app);
    let (owner, admin) = (app.owner().await, app.admin().await);
    let id = app.user_id("owner@acme.test").await;
    let service = app.service().await;
    let token = "INSERT INTO platform_private.one_time_tokens (purpose, user_id, token_hash, expires_at)
                 VALUES ($2, $1, encode(sha256($2::bytea), 'hex'), now() + interval '1 hour')";
    for purpose in ["reset_password", "second_factor", "enrol_second_factor", "confirm_email"] {
        service.run_with(token, [id.into(), purpose.into()]).await;
    }
    for wrong in ["", "\n", "seven77\n", &"x".repeat(1_025), &"x".repeat(9_000)] {
        let outcome = operator.set_password("owner@acme.test", wrong).await;
        assert!(outcome.refusal().contains("the password "), "{}", outcome.stderr);
    }
    assert_eq!(owner.ask("{ viewer { email } }").await.status, 200, "nothing was changed");

    let set = operator.set_password("owner@acme.test", "an entirely new one\r\n").await;
    set.printed();
    assert_eq!(owner.ask("{ viewer { email } }").await.status, 401);
    assert_eq!(admin.ask("{ viewer { email } }").await.status, 200, "others' sessions live");
    assert_eq!(sign_in(&app, "owner@acme.test", "ogelbase-demo").await.codes(), ["UNAUTHENTICATED"]);
    app.sign_in_with("owner@acme.test", "an entirely new one").await;
    let good: Vec<String> = service
        .column(
            "SELECT purpose FROM platform_private.one_time_tokens WHERE used_at IS NULL AND user_id = $1",
            [id.into()],
        )
        .await;
    assert_eq!(good, ["confirm_email"]);
    let set_records = records(&app, "user.password_set").await;
    assert_eq!(set_records.len(), 1);
    assert_eq!((&set_records[0]["resource"], &set_records[0]["metadata"]), (&json!(id), &json!({})));
    let hash: String = service.one("SELECT password_hash FROM platform.users WHERE id = $1", [id.into()]).await;
    for shown in [&set.stdout, &set.stderr] {
        assert!(!shown.contains("an entirely new one") && !shown.contains(&hash), "{shown}");
    }
}

#[tokio::test]
async fn the_commands_work_beside_a_server_on_its_private_database_and_alone() {
    let home = Home::new();
    let server = home.serve(&[]).await;
    home.run(&["admin", "create-user", "ada@example.com"], &[]).await.printed();
    assert_eq!(server.status("/readyz").await, 200);
    let count = "SELECT count(*) FROM platform.users WHERE email = 'ada@example.com'";
    assert_eq!(home.service().await.one::<i64>(count, []).await, 1);
    server.stop().await;
    let again = home.run(&["admin", "create-user", "ada@example.com"], &[]).await;
    assert!(again.refusal().contains("already"), "{}", again.stderr);
    home.run(&["admin", "create-user", "eve@example.com"], &[]).await.printed();
}

#[tokio::test]
async fn a_database_that_lacks_migrations_is_left_alone() {
    let database = TestDatabase::empty().await;
    let outcome = Home::new().run(&["admin", "unban", "a@b.example"], &[("DATABASE_URL", &database.url)]).await;
    assert!(outcome.refusal().contains("run `ogelbase migrate up` first"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("m001_core_platform"), "{}", outcome.stderr);
}
