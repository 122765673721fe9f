//! Requests that nobody waits for any more, or that took too long: the database stops working on them, and their
//! connection does no harm to who gets it next.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{
    app::{App, config},
    db::{Sql, TestDatabase},
    process::until,
};

const PROJECTS: &str = "{ projects { nodes { ref } } }";

/// Statements of the server that are under way.
async fn running(superuser: &Sql) -> i64 {
    superuser
        .one(
            "SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'ogelbase' AND state = 'active' AND pid <> pg_backend_pid()",
            [],
        )
        .await
}

/// Of them those that wait for a lock.
async fn waiting(superuser: &Sql) -> i64 {
    superuser
        .one(
            "SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'ogelbase' AND wait_event_type = 'Lock'",
            [],
        )
        .await
}

/// Asks for projects on a socket of its own.
async fn ask(app: &App, token: &str) -> TcpStream {
    let body = json!({ "query": PROJECTS }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(app.server.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_statement_ends_soon_after_its_client_has_gone_and_its_connection_is_nobody_elses_harm() {
    let database = TestDatabase::seeded().await;
    let config = ogelbase::config::Config { database_connections: 2, ..config(&database.url) };
    let app = App::with(database, config).await;
    let owner = app.owner().await;
    let token = owner.access_token.clone().unwrap();
    let (service, superuser) = (app.service().await, app.superuser().await);
    service.run("BEGIN; LOCK TABLE platform.projects IN ACCESS EXCLUSIVE MODE").await;
    let (first, second) = (ask(&app, &token).await, ask(&app, &token).await);
    until("both wait for the lock", Duration::from_secs(10), async || waiting(&superuser).await == 2).await;
    let begun = Instant::now();
    drop((first, second));
    let gone = until("nobody waits", Duration::from_secs(5), async || running(&superuser).await == 0).await;
    assert!(gone < Duration::from_secs(3), "{gone:?}");
    assert!(app.server.database().cuts().statement >= 2, "{:?}", app.server.database().cuts());
    service.run("COMMIT").await;
    // Both connections can be had again, and what was stopped stops nobody else.
    let (one, other) = tokio::join!(owner.ask(PROJECTS), owner.ask(PROJECTS));
    for answer in [one, other] {
        assert!(!answer.at("/projects/nodes").as_array().unwrap().is_empty());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "the lock was not waited for until a time limit");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_its_statement_ends() {
    let database = TestDatabase::seeded().await;
    let config = ogelbase::config::Config { request_timeout_seconds: 1, ..config(&database.url) };
    let app = App::with(database, config).await;
    let owner = app.owner().await;
    let (service, superuser) = (app.service().await, app.superuser().await);
    service.run("BEGIN; LOCK TABLE platform.projects IN ACCESS EXCLUSIVE MODE").await;
    let answer = owner.ask(PROJECTS).await;
    assert_eq!((answer.status, answer.codes()), (503, vec!["UNAVAILABLE"]));
    until("nobody waits", Duration::from_secs(5), async || running(&superuser).await == 0).await;
    service.run("COMMIT").await;
    owner.ask(PROJECTS).await.data();
}

#[tokio::test]
async fn a_short_statement_that_was_cut_off_keeps_its_connection() {
    let database = TestDatabase::seeded().await;
    let config = ogelbase::config::Config { database_connections: 1, ..config(&database.url) };
    let app = App::with(database, config).await;
    let owner = app.owner().await;
    let token = owner.access_token.clone().unwrap();
    let (service, superuser) = (app.service().await, app.superuser().await);
    let backends = async || -> Vec<i32> {
        let sql = "SELECT pid FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'ogelbase' ORDER BY pid";
        superuser.column(sql, []).await
    };
    service.run("BEGIN; LOCK TABLE platform.projects IN ACCESS EXCLUSIVE MODE").await;
    let socket = ask(&app, &token).await;
    until("it waits for the lock", Duration::from_secs(10), async || waiting(&superuser).await == 1).await;
    let before = backends().await;
    drop(socket);
    until("it is cut off", Duration::from_secs(5), async || app.server.database().cuts().statement == 1).await;
    service.run("COMMIT").await;
    owner.ask(PROJECTS).await.data();
    assert_eq!(backends().await, before, "the same connections");
}
