//! The real binary: settings that stop the start, the end in good order, one server to a data directory, the logs.

use std::{fs, time::Duration};

use ogelbase::db::operator;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    actors::SIGN_IN,
    db::{Sql, TestDatabase, with_database},
    process::{CHEAP, Home, Outcome, ask, lives, make_account, pid, until},
};

/// Nobody listens there: a start that comes so far fails, and differently.
const NOWHERE: (&str, &str) = ("DATABASE_URL", "postgres://somebody:sesame@127.0.0.1:1/nowhere");
const SECRET: (&str, &str) = ("OGELBASE_JWT_SECRET", "0123456789012345678901234567890123456789");

#[tokio::test]
async fn a_bad_setting_stops_the_start_with_a_message_that_names_it() {
    let home = Home::new();
    for (name, value, also) in [
        ("OGELBASE_FOO", "1", ""),
        ("OGELBASE_LISTENN", "127.0.0.1:1", ""),
        ("OGELBASE_LISTEN", "nonsense", ""),
        ("OGELBASE_LISTEN", "127.0.0.1", ""),
        ("OGELBASE_DATABASE_CONNECTIONS", "0", "1 and 1000"),
        ("OGELBASE_DATABASE_CONNECTIONS", "-1", ""),
        ("OGELBASE_DATABASE_CONNECTIONS", "many", ""),
        ("OGELBASE_STATEMENT_TIMEOUT_MS", "99", "100 and 600000"),
        ("OGELBASE_RLS_SHADOW_PERCENT", "101", "0 and 100"),
        ("OGELBASE_ACCESS_TOKEN_SECONDS", "59", "60 and 3600"),
        ("OGELBASE_SESSION_DAYS", "366", "1 and 365"),
        ("OGELBASE_ARGON2_MEMORY_KIB", "7", "8 and"),
        ("OGELBASE_ARGON2_PASSES", "0", "1 and 10"),
        ("OGELBASE_ARGON2_CONCURRENCY", "65", "1 and 64"),
        ("OGELBASE_BODY_LIMIT_BYTES", "1", "1024 and"),
        ("OGELBASE_BODY_TIMEOUT_SECONDS", "0", "1 and 600"),
        ("OGELBASE_REQUEST_TIMEOUT_SECONDS", "0", "1 and 600"),
        ("OGELBASE_HEAD_TIMEOUT_SECONDS", "601", "1 and 600"),
        ("OGELBASE_IDLE_TIMEOUT_SECONDS", "0", "1 and 3600"),
        ("OGELBASE_ANSWER_TIMEOUT_SECONDS", "0", "1 and 600"),
        ("OGELBASE_MAX_CONNECTIONS", "0", "1 and 1000000"),
        ("OGELBASE_MAX_CONNECTIONS_OF_ADDRESS", "0", "1 and 1000000"),
        ("OGELBASE_MAX_REQUESTS", "0", "1 and 1000000"),
        ("OGELBASE_MAX_REQUESTS_OF_ADDRESS", "many", ""),
        ("OGELBASE_HSTS_SECONDS", "-1", ""),
        ("OGELBASE_TRUSTED_PROXIES", "sesame", ""),
        ("OGELBASE_TRUSTED_PROXIES", "[\"10.0.0.0/33\"]", ""),
        ("OGELBASE_PROXY_HEADER", "x-real-ip", "forwarded"),
        ("OGELBASE_CORS_ORIGINS", "[\"*\"]", "origin"),
        ("OGELBASE_CORS_ORIGINS", "[\"null\"]", "origin"),
        ("OGELBASE_CORS_ORIGINS", "[\"https://studio.example.com/\"]", "`https://studio.example.com`"),
        ("OGELBASE_CORS_ORIGINS", "[\"https://Studio.example.com:443\"]", "`https://studio.example.com`"),
        ("OGELBASE_TRUSTED_DOCUMENTS", "some", "only"),
        ("OGELBASE_MIGRATE", "perhaps", ""),
        ("OGELBASE_ENV", "staging", "production"),
        ("OGELBASE_APP_URL", "sesame", "http"),
        ("OGELBASE_APP_URL", "https://app.example/?sesame", "without a query"),
        ("OGELBASE_MAIL_TRANSPORT", "pigeon", "smtp"),
        ("OGELBASE_MAIL_FROM", "sesame", "address"),
        ("OGELBASE_JOBS", "perhaps", ""),
        ("OGELBASE_LOG_FORMAT", "xml", "json"),
        ("OGELBASE_LOG", "ogelbase=loud", ""),
        ("OGELBASE_JWT_SECRET", "sesame", "at least 32 characters"),
        ("OGELBASE_JWT_SECRET", "7777", "at least 32 characters"),
        ("OGELBASE_VAULT_KEYS", "sesame", ""),
        ("OGELBASE_DATABASE_URL", "sesame", ""),
        ("DATABASE_URL", "sesame", ""),
        ("DATABASE_URL", "mysql://somebody:sesame@127.0.0.1/ogelbase", "postgres://"),
    ] {
        let outcome = home.run(&["serve"], &[NOWHERE, (name, value)]).await;
        let said = outcome.refusal();
        assert!(said.contains(name) && said.contains(also), "{name}={value}: {said}");
        assert!(said.starts_with("ogelbase: configuration: "), "{name}={value}: {said}");
        assert!(!said.contains("sesame") && !said.contains("7777"), "{name}: the message shows the value: {said}");
        assert_eq!(outcome.stdout, "", "{name}={value}");
    }
    let smtp = ("OGELBASE_MAIL_TRANSPORT", "smtp");
    for (url, says) in [
        ("", "must be set"),
        ("sesame", "smtps://"),
        ("http://somebody:sesame@mail.example", "smtps://"),
        ("smtp://somebody:sesame@mail.example", "in the clear"),
        ("smtp://somebody:sesame@mail.example?tls=opportunistic", "in the clear"),
    ] {
        let outcome = home.run(&["serve"], &[NOWHERE, smtp, ("OGELBASE_SMTP_URL", url)]).await;
        let said = outcome.refusal();
        assert!(said.contains("OGELBASE_SMTP_URL: ") && said.contains(says), "{url}: {said}");
        assert!(!said.contains("sesame"), "{url}: {said}");
    }
    let outcome = home.run(&["serve"], &[NOWHERE, ("OGELBASE_CONFIG", "/nowhere/a.toml")]).await;
    assert!(outcome.refusal().contains("/nowhere/a.toml: No such file"), "{}", outcome.stderr);
    assert!(!home.data().exists(), "nothing was started");
}

#[tokio::test]
async fn the_file_the_environment_and_the_flags_are_read_in_this_order() {
    let home = Home::new();
    // Each start ends at the first setting that is wrong: sessions are looked at before passwords.
    let wrong = ("OGELBASE_ARGON2_PASSES", "0");
    let write = |text: &str| fs::write(home.0.join("ogelbase.toml"), text).unwrap();
    write("listen = \"127.0.0.1:1\"\nforgotten = 1\n");
    let outcome = home.run(&["serve"], &[wrong]).await;
    assert!(outcome.refusal().contains("forgotten in ") && outcome.stderr.contains("ogelbase.toml"));
    write("jwt_secret = \"sesame\nlisten = [\n");
    let outcome = home.run(&["serve"], &[wrong]).await;
    assert!(outcome.refusal().contains("ogelbase.toml") && !outcome.stderr.contains("sesame"), "{}", outcome.stderr);
    write("jwt_secret = 7777777\n");
    let outcome = home.run(&["serve"], &[wrong]).await;
    assert!(outcome.refusal().contains("jwt_secret in ") && !outcome.stderr.contains("7777"), "{}", outcome.stderr);
    write("session_days = 0\n");
    let outcome = home.run(&["serve"], &[wrong]).await;
    assert!(outcome.refusal().contains("SESSION_DAYS"), "{}", outcome.stderr);
    let outcome = home.run(&["serve"], &[wrong, ("OGELBASE_SESSION_DAYS", "1")]).await;
    assert!(outcome.refusal().contains("PASSES"), "the environment wins: {}", outcome.stderr);
    fs::rename(home.0.join("ogelbase.toml"), home.0.join("other.toml")).unwrap();
    let outcome = home.run(&["serve"], &[wrong]).await;
    assert!(outcome.refusal().contains("PASSES"), "{}", outcome.stderr);
    let outcome = home.run(&["serve"], &[wrong, ("OGELBASE_CONFIG", "other.toml")]).await;
    assert!(outcome.refusal().contains("SESSION_DAYS"), "{}", outcome.stderr);

    let database = TestDatabase::empty().await;
    let there = database.url.as_str();
    let nowhere = with_database(there, "ogelbase_test_nowhere");
    let (ours, usual) = ("OGELBASE_DATABASE_URL", "DATABASE_URL");
    for (flag, settings, works) in [
        (None, [(ours, nowhere.as_str()), (usual, there)], false),
        (None, [(ours, there), (usual, &nowhere)], true),
        (Some(there), [(ours, &nowhere), (usual, &nowhere)], true),
        // Empty is not given.
        (None, [(ours, ""), (usual, there)], true),
        (None, [("PG_BIN_DIR", ""), (usual, there)], true),
    ] {
        let mut arguments = vec!["migrate", "status"];
        arguments.extend(flag.into_iter().flat_map(|url| ["--database-url", url]));
        let outcome = home.run(&arguments, &settings).await;
        assert_eq!(outcome.success, works, "{flag:?} {settings:?}: {}", outcome.stderr);
    }
    assert!(!home.data().exists(), "no private database was started");
}

#[tokio::test]
async fn production_does_not_start_without_its_secrets() {
    let home = Home::new();
    let production = ("OGELBASE_ENV", "production");
    let outcome = home.run(&["serve"], &[NOWHERE, production]).await;
    assert!(outcome.refusal().contains("OGELBASE_JWT_SECRET: must be set in production"), "{}", outcome.stderr);
    let outcome = home.run(&["serve"], &[NOWHERE, production, SECRET]).await;
    assert!(outcome.refusal().contains("OGELBASE_VAULT_KEYS: must be set in production"), "{}", outcome.stderr);
    let empty = ("OGELBASE_VAULT_KEYS", "");
    let outcome = home.run(&["serve"], &[NOWHERE, production, SECRET, empty]).await;
    assert!(outcome.refusal().contains("OGELBASE_VAULT_KEYS: must be set in production"), "{}", outcome.stderr);
    let outcome = home.run(&["seed"], &[NOWHERE, production, SECRET]).await;
    outcome.refusal();
    assert!(!home.data().exists(), "no secret was made in its place");

    let database = TestDatabase::migrated().await;
    let ring = ("OGELBASE_VAULT_KEYS", "one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let letters = home.0.join("letters");
    let mail = [
        ("OGELBASE_MAIL_TRANSPORT", "file"),
        ("OGELBASE_MAIL_FROM", "noreply@example.com"),
        ("OGELBASE_APP_URL", "https://app.example"),
        ("OGELBASE_MAIL_DIR", letters.to_str().unwrap()),
    ];
    for (given, missing) in mail.iter().enumerate().take(3).map(|(given, (name, _))| (given, *name)) {
        let settings = [&[NOWHERE, production, SECRET, ring], &mail[..given]].concat();
        let outcome = home.run(&["serve"], &settings).await;
        assert!(outcome.refusal().contains(&format!("{missing}: must be set in production")), "{}", outcome.stderr);
    }
    let log = ("OGELBASE_MAIL_TRANSPORT", "log");
    let outcome = home.run(&["serve"], &[&[NOWHERE, production, SECRET, ring], &mail[..], &[log]].concat()).await;
    assert!(outcome.refusal().contains("must be `smtp` or `file` in production"), "{}", outcome.stderr);
    let settings = [&[production, SECRET, ring, ("DATABASE_URL", database.url.as_str())], &mail[..]].concat();
    let server = home.serve(&settings).await;
    assert_eq!(server.status("/readyz").await, 200);
    server.stop().await;
    assert!(!home.data().exists(), "nothing is written with a database of one's own and given secrets");
}

#[tokio::test]
async fn a_running_request_is_answered_after_sigterm_and_then_all_of_it_ends() {
    let home = Home::new();
    let mut server = home.serve(&CHEAP).await;
    make_account(&home.service().await, "somebody@example.com", "a password").await;
    let tokens = server.sign_in("somebody@example.com", "a password").await;
    let (postmaster, url) = home.postgres().unwrap();
    let sql = async || Sql(operator::connect_as_login(&url).await.unwrap());
    let (other, watching) = (sql().await, sql().await);
    other.run("BEGIN; LOCK TABLE platform.users IN ACCESS EXCLUSIVE MODE").await;

    let (http, address) = (server.http.clone(), server.url.clone());
    let asked = tokio::spawn(async move {
        let viewer = "{ viewer { email } }";
        ask(&http, &address, Some(&tokens.access), viewer, Value::Null).await
    });
    let waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'platform.users'::regclass AND NOT granted)";
    until("the request waits", Duration::from_secs(10), async || watching.one(waiting, []).await).await;
    server.signal(Signal::TERM);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let refused = async || tokio::net::TcpStream::connect(&address).await.is_err();
    until("new connections are refused", Duration::from_secs(5), refused).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!asked.is_finished());
    other.run("COMMIT").await;
    let (status, answer) = asked.await.unwrap().unwrap();
    assert_eq!((status, answer), (200, json!({"data": {"viewer": {"email": "somebody@example.com"}}})));
    assert!(server.ended(Duration::from_secs(20)).await.success(), "{}", home.log());
    assert!(!lives(postmaster));
    assert!(!home.data().join("postgres/postmaster.pid").exists(), "shut down in good order");
}

#[tokio::test]
async fn a_request_that_takes_longer_than_a_request_may_does_not_keep_the_server_from_ending() {
    let database = TestDatabase::migrated().await;
    let home = Home::new();
    let settings = [("DATABASE_URL", database.url.as_str()), ("OGELBASE_REQUEST_TIMEOUT_SECONDS", "1")];
    let mut server = home.serve(&settings).await;
    let other = database.superuser().await;
    other.run("BEGIN; LOCK TABLE platform.users IN ACCESS EXCLUSIVE MODE").await;
    let (http, address) = (server.http.clone(), server.url.clone());
    let asked = tokio::spawn(async move {
        let input = json!({"input": {"email": "somebody@example.com", "password": "x"}});
        ask(&http, &address, None, SIGN_IN, input).await
    });
    let waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'platform.users'::regclass AND NOT granted)";
    let watching = database.superuser().await;
    until("the request waits", Duration::from_secs(10), async || watching.one(waiting, []).await).await;
    server.signal(Signal::INT);
    let (status, answer) = asked.await.unwrap().unwrap();
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")));
    assert!(server.ended(Duration::from_secs(15)).await.success(), "{}", home.log());
}

#[tokio::test]
async fn a_server_told_to_stop_while_it_waits_for_another_ones_migration_stops() {
    let database = TestDatabase::empty().await;
    let other = database.superuser().await;
    // The key of src/db/migrate.rs.
    other.run("SELECT pg_advisory_lock(x'6f67656c62617365'::bigint)").await;
    let home = Home::new();
    let mut command = home.command(&["serve"]);
    let mut child = command.env("DATABASE_URL", &database.url).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("it waits", Duration::from_secs(20), async || other.one::<i64>(waiting, []).await == 1).await;
    let process = pid(child.id().unwrap());
    kill_process(process, Signal::TERM).unwrap();
    let status = tokio::time::timeout(Duration::from_secs(10), child.wait()).await.expect("an end in time").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_directory_says_so_and_stops() {
    let home = Home::new();
    let server = home.serve(&[]).await;
    let first = fs::read_to_string(home.data().join("lock")).unwrap();
    for arguments in [["serve"].as_slice(), &["migrate", "down"], &["seed"]] {
        let outcome = home.run(arguments, &[]).await;
        let wanted = format!("ogelbase: another ogelbase (pid {}) is using {}", first.trim(), home.data().display());
        assert!(outcome.refusal().contains(&wanted), "{}", outcome.stderr);
    }
    assert_eq!(server.status("/readyz").await, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_taken_address_stops_the_start_and_the_private_database_with_it() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = home.command(&["serve", "--listen", &address]);
    let outcome = Outcome::of(&mut command).await;
    assert!(outcome.refusal().contains(&format!("cannot listen on {address}")), "{}", outcome.stderr);
    if let Some((postmaster, _)) = home.postgres() {
        until("the database ends", Duration::from_secs(5), async || !lives(postmaster)).await;
    }
}

#[tokio::test]
async fn a_server_whose_database_is_gone_for_good_ends_and_says_why() {
    let home = Home::new();
    let mut server = home.serve(&[]).await;
    let (postmaster, _) = home.postgres().unwrap();
    fs::rename(home.data(), home.0.join("elsewhere")).unwrap();
    kill_process(pid(postmaster), Signal::KILL).unwrap();
    assert_eq!(server.ended(Duration::from_secs(20)).await.code(), Some(1));
    assert!(home.log().contains("ogelbase: the database ended: "), "{}", home.log());
    fs::rename(home.0.join("elsewhere"), home.data()).unwrap();
}

#[tokio::test]
async fn the_log_is_json_when_asked_for_with_the_requests_id_and_never_a_secret() {
    for level in ["debug", "trace"] {
        let database = TestDatabase::migrated().await;
        let home = Home::new();
        let settings = [
            CHEAP[0],
            CHEAP[1],
            SECRET,
            ("DATABASE_URL", database.url.as_str()),
            ("OGELBASE_LOG", level),
            ("OGELBASE_LOG_FORMAT", "json"),
        ];
        let server = home.serve(&settings).await;
        make_account(&database.service().await, "somebody@example.com", "a-well-kept-password").await;
        let tokens = server.sign_in("somebody@example.com", "a-well-kept-password").await;
        let wrong = json!({"input": {"email": "somebody@example.com", "password": "a-mistyped-password"}});
        server.ask(None, SIGN_IN, wrong).await;
        let inline = r#"mutation { signIn(input: {email: "somebody@example.com", password: "an-inline-password"}) { nothing } }"#;
        server.ask(None, inline, Value::Null).await;
        server.ask(Some(&tokens.access), "{ viewer { email } nonsense }", Value::Null).await;
        let request = server.http.post(format!("{}/graphql?access_token=in-the-query", server.url));
        let body = json!({"query": "{ viewer { email } }"});
        let request = request.bearer_auth(&tokens.access).header("X-Request-Id", "an-id-of-ours").json(&body);
        assert_eq!(request.send().await.unwrap().status(), 200);
        // A fault of ours is logged in full, for the operator.
        database.superuser().await.run("ALTER FUNCTION platform_private.close_session RENAME TO gone").await;
        server.ask(Some(&tokens.access), "mutation { signOut(input: {}) { signedOut } }", Value::Null).await;
        server.stop().await;

        let log = home.log();
        let payload = tokens.access.split('.').nth(1).unwrap();
        let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let session = claims["sid"].as_str().unwrap();
        let signature = tokens.access.rsplit('.').next().unwrap();
        let typed = ["a-well-kept-password", "a-mistyped-password", "an-inline-password", "in-the-query"];
        for secret in typed.into_iter().chain([&*tokens.access, &*tokens.refresh, session, signature, SECRET.1]) {
            let found: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
            assert!(found.is_empty(), "{level}: {secret}: {found:#?}");
        }
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{level}: {error}: {line}")))
            .collect();
        let answered = |line: &&Value| line["message"] == "answered" && line["span"]["request_id"] == "an-id-of-ours";
        let line = lines.iter().find(answered).expect("a line of that request");
        assert_eq!((&line["status"], &line["span"]["path"]), (&json!(200), &json!("/graphql")));
        assert_eq!((&line["level"], &line["span"]["method"]), (&json!("INFO"), &json!("POST")));
        let fault = lines.iter().find(|line| line["message"] == "internal error").expect("a line of the fault");
        assert!(fault["cause"].as_str().unwrap().contains("close_session"), "{fault}");
        assert!(fault["span"]["request_id"].is_string() && fault["level"] == "ERROR", "{fault}");
    }
}
