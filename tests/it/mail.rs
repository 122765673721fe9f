//! Mails: from the outbox through a real SMTP conversation to whom they are for, once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ogelbase::{
    clock::Clock,
    config::{Config, Hidden, MailTransport},
    db::{Database, Opening, pool},
    mail::{self, Letter},
    vault::Vault,
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, JWT_SECRET, VAULT_KEYS, config},
    db::TestDatabase,
    evidence,
    process::{Home, Serving, until},
    smtp::{ACCOUNT, MailServer, Manner},
};

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Puts letters into the outbox as a request does: in a transaction under the application role.
pub(crate) struct Desk {
    database: Database,
    vault: Vault,
}

impl Desk {
    pub(crate) fn at(database: &TestDatabase) -> Self {
        let settings = pool::Settings {
            url: database.url.clone(),
            connections: 2,
            statement_timeout_ms: 5_000,
            shadow_percent: 0,
        };
        Self { database: Database::connect(&settings).unwrap(), vault: Vault::from_key_ring(VAULT_KEYS).unwrap() }
    }

    pub(crate) async fn post(&self, recipient: &str, letter: &Letter) {
        let (transaction, _) = self.database.begin(&Opening::Anonymous).await.unwrap();
        mail::enqueue(&transaction, &self.vault, recipient, letter).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

fn tomorrow() -> DateTime<Utc> {
    Clock::system().now() + chrono::Duration::days(1)
}

/// A secret that the search for secrets knows.
fn token(text: &str) -> String {
    evidence::secret(text);
    text.to_owned()
}

fn confirmation(text: &str) -> Letter {
    Letter::ConfirmEmail { token: token(text), expires_at: tomorrow() }
}

pub(crate) fn by_smtp(database: &TestDatabase, url: String) -> Config {
    Config {
        jobs: true,
        mail_transport: Some(MailTransport::Smtp),
        smtp_url: Some(Hidden::new(url)),
        mail_from: Some("Ogel <noreply@ogel.example>".to_owned()),
        app_url: Some("https://app.example/studio".to_owned()),
        ..config(&database.url)
    }
}

/// The outbox as it stands, without what is sealed.
pub(crate) async fn outbox(database: &TestDatabase) -> Vec<Value> {
    let sql = "SELECT jsonb_build_object('recipient', recipient, 'attempts', attempts, 'sent', sent_at IS NOT NULL,
                      'failed', failed_at IS NOT NULL, 'kept', letter_sealed IS NOT NULL, 'error', last_error)
                 FROM platform_private.outbox ORDER BY created_at, id";
    database.service().await.column(sql, []).await
}

/// What waits becomes due now, as if its time had passed.
pub(crate) async fn let_time_pass(database: &TestDatabase) {
    let service = database.service().await;
    service.run("UPDATE platform_private.outbox SET due_at = now() WHERE sent_at IS NULL AND failed_at IS NULL").await;
    service.run("NOTIFY ogelbase_jobs").await;
}

#[tokio::test]
async fn every_letter_arrives_with_its_words_and_its_link() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::Takes).await;
    let config = by_smtp(&database, post.url());
    let app = App::with(database, config).await;
    let desk = Desk::at(&app);
    let at = tomorrow();
    let until_when = at.format("%-d %B %Y, %H:%M UTC").to_string();
    let invitation = Letter::Invitation {
        organization: "Söhne & <b>Co</b>".to_owned(),
        invited_by: "Ann".to_owned(),
        role: "billing_admin".to_owned(),
        token: token("token-of-an-invitation"),
        expires_at: at,
    };
    let reset = Letter::ResetPassword { token: token("token-of-a-reset"), expires_at: at };
    for (letter, subject, words) in [
        (
            Letter::ConfirmEmail { token: token("token-of-a-new-address"), expires_at: at },
            "Confirm your e-mail address",
            vec!["https://app.example/studio/confirm-email?token=token-of-a-new-address", &until_when],
        ),
        (Letter::AccountExists, "You have an account already", vec!["https://app.example/studio/sign-in"]),
        (
            reset,
            "Reset your password",
            vec!["https://app.example/studio/reset-password?token=token-of-a-reset", &until_when],
        ),
        (Letter::PasswordChanged { at }, "Your password was changed", vec!["was changed on", &until_when]),
        (
            invitation,
            "Ann invites you to =?utf-8?b?",
            vec![
                "https://app.example/studio/invitation?token=token-of-an-invitation",
                "Söhne & <b>Co</b>, as billing admin.",
                "&#60;b&#62;Co&#60;/b&#62;",
            ],
        ),
        (Letter::SecondFactorChanged { enabled: true, at }, "Your second factor was switched on", vec![&until_when]),
        (Letter::SecondFactorChanged { enabled: false, at }, "Your second factor was switched off", vec![&until_when]),
    ] {
        let before = post.taken().len();
        desk.post("ann@acme.test", &letter).await;
        until("the mail arrives", SOON, async || post.taken().len() > before).await;
        let mail = post.taken().pop().unwrap();
        assert_eq!(mail.from, "noreply@ogel.example");
        assert_eq!(mail.to, ["ann@acme.test"]);
        assert_eq!(mail.header("From"), "Ogel <noreply@ogel.example>");
        assert_eq!(mail.header("To"), "ann@acme.test");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(mail.header("Subject").starts_with(subject), "{}", mail.header("Subject"));
        let text = mail.readable();
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    // Each told the server that it waits: nobody waited for the next look.
    until("all are noted", SOON, async || outbox(&app).await.iter().all(|mail| mail["sent"] == true)).await;
    let rows = outbox(&app).await;
    assert_eq!(rows.len(), 7);
    for row in rows {
        assert_eq!([&row["attempts"], &row["kept"], &row["error"]], [&json!(1), &json!(false), &Value::Null], "{row}");
    }
    let ids: Vec<String> = post.taken().iter().map(|mail| mail.header("Message-ID")).collect();
    let wanted: Vec<String> = app
        .service()
        .await
        .column("SELECT '<' || id || '@ogel.example>' FROM platform_private.outbox ORDER BY created_at, id", [])
        .await;
    assert_eq!(ids, wanted);
    app.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_rolled_back_is_never_sent_and_what_has_ended_neither() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::Takes).await;
    let desk = Desk::at(&database);
    let (transaction, _) = desk.database.begin(&Opening::Anonymous).await.unwrap();
    mail::enqueue(&transaction, &desk.vault, "undone@acme.test", &Letter::AccountExists).await.unwrap();
    transaction.roll_back_in_background().await;
    let ended = Letter::ResetPassword {
        token: token("token-that-has-ended"),
        expires_at: Clock::system().now() - chrono::Duration::seconds(1),
    };
    desk.post("late@acme.test", &ended).await;
    desk.post("ann@acme.test", &Letter::AccountExists).await;
    let config = by_smtp(&database, post.url());
    let app = App::with(database, config).await;
    until("the mail arrives", SOON, async || !post.taken().is_empty()).await;
    until("all are done", SOON, async || outbox(&app).await.iter().all(|mail| mail["kept"] == false)).await;
    assert_eq!(post.taken().len(), 1);
    assert_eq!(post.taken()[0].to, ["ann@acme.test"]);
    let late = &outbox(&app).await[0];
    assert_eq!([&late["recipient"], &late["failed"]], [&json!("late@acme.test"), &json!(true)]);
    assert_eq!(late["error"], "its link ended before it could be sent");
}

#[tokio::test]
async fn a_temporary_refusal_is_tried_again_and_a_permanent_one_given_up() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::Refuses("451 4.7.1 try later")).await;
    let config = by_smtp(&database, post.url());
    let app = App::with(database, config).await;
    let desk = Desk::at(&app);
    desk.post("ann@acme.test", &confirmation("token-that-is-refused-once")).await;
    until("it was refused", SOON, async || !outbox(&app).await[0]["error"].is_null()).await;
    let row = outbox(&app).await.pop().unwrap();
    assert_eq!([&row["attempts"], &row["kept"], &row["failed"]], [&json!(1), &json!(true), &json!(false)], "{row}");
    assert!(row["error"].as_str().unwrap().contains("451"), "{row}");
    let wait: f64 = app
        .service()
        .await
        .one("SELECT extract(epoch FROM due_at - now())::float8 FROM platform_private.outbox", [])
        .await;
    assert!((1.0..=10.0).contains(&wait), "{wait} s");
    post.be(Manner::Takes);
    let_time_pass(&app).await;
    until("it was sent", SOON, async || outbox(&app).await[0]["sent"] == true).await;
    let row = outbox(&app).await.pop().unwrap();
    assert_eq!([&row["attempts"], &row["kept"], &row["error"]], [&json!(2), &json!(false), &Value::Null], "{row}");
    assert_eq!(post.taken().len(), 1);

    post.be(Manner::Refuses("550 5.1.1 nobody of that name"));
    desk.post("nobody@acme.test", &confirmation("token-that-is-refused-for-good")).await;
    until("it was given up", SOON, async || outbox(&app).await[1]["failed"] == true).await;
    let row = outbox(&app).await.pop().unwrap();
    assert_eq!([&row["attempts"], &row["kept"], &row["sent"]], [&json!(1), &json!(false), &json!(false)], "{row}");
    assert!(row["error"].as_str().unwrap().contains("550"), "{row}");

    // One that is refused again and again ends too.
    post.be(Manner::Refuses("451 4.7.1 try later"));
    desk.post("never@acme.test", &confirmation("token-that-is-refused-for-ever")).await;
    until("it was refused", SOON, async || !outbox(&app).await[2]["error"].is_null()).await;
    let last = mail::outbox::MAX_ATTEMPTS - 1;
    app.service()
        .await
        .run(&format!("UPDATE platform_private.outbox SET attempts = {last} WHERE sent_at IS NULL"))
        .await;
    let_time_pass(&app).await;
    until("it was given up", SOON, async || outbox(&app).await[2]["failed"] == true).await;
    assert_eq!(outbox(&app).await[2]["kept"], false);
    assert_eq!(post.taken().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_of_ours_is_no_mails_fault_and_stands_nowhere() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::WantsAccount).await;
    let wrong = "not-the-password-of-the-mail-server";
    for password in [wrong, ACCOUNT.1] {
        evidence::secret(password);
    }
    let mut config = by_smtp(&database, post.url_with(wrong));
    assert!(!format!("{config:?}").contains(wrong), "settings print the password");
    let app = App::with(database, config.clone()).await;
    let desk = Desk::at(&app);
    desk.post("ann@acme.test", &Letter::AccountExists).await;
    until("it was refused", SOON, async || !outbox(&app).await[0]["error"].is_null()).await;
    let row = outbox(&app).await.pop().unwrap();
    assert_eq!([&row["failed"], &row["kept"]], [&json!(false), &json!(true)], "{row}");
    let error = row["error"].as_str().unwrap();
    assert!(error.contains("535") && !error.contains(wrong), "{error}");
    let App { server, database, .. } = app;
    server.stop().await.unwrap();
    config.smtp_url = Some(Hidden::new(post.url_with(ACCOUNT.1)));
    let app = App::with(database, config).await;
    let_time_pass(&app).await;
    until("it was sent", SOON, async || outbox(&app).await[0]["sent"] == true).await;
    assert_eq!(post.taken().len(), 1);
}

#[tokio::test]
async fn of_two_servers_each_mail_is_sent_by_one() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::Takes).await;
    let desk = Desk::at(&database);
    for number in 0..40 {
        desk.post(&format!("n{number:02}@acme.test"), &Letter::AccountExists).await;
    }
    let config = by_smtp(&database, post.url());
    let (one, two) = tokio::join!(
        App::with(TestDatabase { url: database.url.clone() }, config.clone()),
        App::with(TestDatabase { url: database.url.clone() }, config.clone()),
    );
    until("all are sent", SOON, async || outbox(&database).await.iter().all(|mail| mail["sent"] == true)).await;
    let mut recipients: Vec<String> = post.taken().into_iter().flat_map(|mail| mail.to).collect();
    recipients.sort();
    assert_eq!(recipients, (0..40).map(|number| format!("n{number:02}@acme.test")).collect::<Vec<_>>());
    one.server.stop().await.unwrap();
    two.server.stop().await.unwrap();
}

async fn serve(home: &Home, database: &TestDatabase, more: &[(&str, &str)]) -> Serving {
    let ours = [
        ("DATABASE_URL", database.url.as_str()),
        ("OGELBASE_JWT_SECRET", JWT_SECRET),
        ("OGELBASE_VAULT_KEYS", VAULT_KEYS),
    ];
    home.serve(&[&ours, more].concat()).await
}

#[tokio::test]
async fn a_server_that_is_killed_between_claim_and_sending_leaves_the_mail_to_the_next() {
    let database = TestDatabase::migrated().await;
    let home = Home::new();
    let post = MailServer::start(Manner::IsSilent).await;
    let url = post.url();
    let by_smtp = [("OGELBASE_MAIL_TRANSPORT", "smtp"), ("OGELBASE_SMTP_URL", url.as_str())];
    let desk = Desk::at(&database);
    let first = serve(&home, &database, &by_smtp).await;
    desk.post("ann@acme.test", &confirmation("token-of-a-mail-that-survives")).await;
    until("it is being sent", SOON, async || post.conversations() == 1).await;
    first.kill_9().await;
    let row = outbox(&database).await.pop().unwrap();
    assert_eq!([&row["attempts"], &row["sent"], &row["kept"]], [&json!(1), &json!(false), &json!(true)], "{row}");
    post.be(Manner::Takes);
    let second = serve(&home, &database, &by_smtp).await;
    // As long as the first one's claim holds, nobody else sends it.
    database.service().await.run("NOTIFY ogelbase_jobs").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(post.taken().len(), 0);
    let_time_pass(&database).await;
    until("it was sent", SOON, async || outbox(&database).await[0]["sent"] == true).await;
    let_time_pass(&database).await;
    second.stop().await;
    assert_eq!(post.taken().len(), 1);
}

#[tokio::test]
async fn what_the_mail_server_took_from_a_server_that_died_comes_again_under_the_same_id() {
    let database = TestDatabase::migrated().await;
    let home = Home::new();
    let post = MailServer::start(Manner::TakesSilently).await;
    let url = post.url();
    let by_smtp = [("OGELBASE_MAIL_TRANSPORT", "smtp"), ("OGELBASE_SMTP_URL", url.as_str())];
    let first = serve(&home, &database, &by_smtp).await;
    Desk::at(&database).post("ann@acme.test", &confirmation("token-of-a-mail-that-comes-twice")).await;
    until("it was taken", SOON, async || post.taken().len() == 1).await;
    first.kill_9().await;
    post.be(Manner::Takes);
    let second = serve(&home, &database, &by_smtp).await;
    let_time_pass(&database).await;
    until("it was sent", SOON, async || outbox(&database).await[0]["sent"] == true).await;
    second.stop().await;
    let [before, after] = &post.taken()[..] else { panic!("{:#?}", post.taken()) };
    for name in ["Message-ID", "Date", "To", "Subject"] {
        assert_eq!(before.header(name), after.header(name));
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_finishes_the_mail_it_is_at() {
    let database = TestDatabase::migrated().await;
    let post = MailServer::start(Manner::TakesSilently).await;
    let config = by_smtp(&database, post.url());
    let app = App::with(database, config).await;
    Desk::at(&app).post("ann@acme.test", &Letter::AccountExists).await;
    until("it was taken", SOON, async || post.taken().len() == 1).await;
    let App { server, database, .. } = app;
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stopping.is_finished(), "it waits for the mail server's word");
    post.be(Manner::Takes);
    stopping.await.unwrap().unwrap();
    assert_eq!(outbox(&database).await[0]["sent"], true);
    assert_eq!(post.taken().len(), 1);
}

#[tokio::test]
async fn in_development_the_log_has_the_link_and_a_directory_one_file_for_each_mail() {
    let database = TestDatabase::migrated().await;
    let home = Home::new();
    let desk = Desk::at(&database);
    // Not among the secrets: the log is where it belongs here.
    let letter = |token: &str| Letter::ConfirmEmail { token: token.to_owned(), expires_at: tomorrow() };
    let server = serve(&home, &database, &[("OGELBASE_APP_URL", "http://localhost:3000/")]).await;
    desk.post("ann@acme.test", &letter("shown-in-the-log")).await;
    let link = "http://localhost:3000/confirm-email?token=shown-in-the-log";
    until("the link is in the log", SOON, async || home.log().contains(link)).await;
    until("it is noted", SOON, async || outbox(&database).await[0]["sent"] == true).await;
    server.stop().await;

    let directory = home.0.join("letters");
    let settings = [("OGELBASE_MAIL_TRANSPORT", "file"), ("OGELBASE_MAIL_DIR", directory.to_str().unwrap())];
    let server = serve(&home, &database, &settings).await;
    desk.post("ann@acme.test", &letter("written-into-a-file")).await;
    desk.post("ben@acme.test", &Letter::AccountExists).await;
    until("they are noted", SOON, async || outbox(&database).await.iter().all(|mail| mail["sent"] == true)).await;
    server.stop().await;
    let mut names: Vec<String> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let wanted = "SELECT id || '.eml' FROM platform_private.outbox ORDER BY created_at, id OFFSET 1";
    assert_eq!(names, database.service().await.column::<String>(wanted, []).await);
    let first = std::fs::read_to_string(directory.join(&names[0])).unwrap();
    assert!(first.contains("To: ann@acme.test") && first.contains("written-into-a-file"), "{first}");
    assert!(!home.log().contains("written-into-a-file"), "only the transport `log` logs links");
}
