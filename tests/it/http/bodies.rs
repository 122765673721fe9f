//! Bodies: their type, their coding, their size, and how long they may take.

use std::time::{Duration, Instant};

use reqwest::header;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{TYPENAME, post, refusal};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

#[tokio::test]
async fn only_json_in_utf_8_is_taken_and_the_refusal_says_so() {
    let app = App::on(TestDatabase::migrated().await).await;
    let form = "multipart/form-data; boundary=x";
    let bare = |kind: &str| app.http.post(app.url("/graphql")).header(header::CONTENT_TYPE, kind).body(TYPENAME);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        form,
        "application/jsonx",
        "application/graphql",
        "application/graphql-response+json",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "json",
        "",
    ] {
        let response = bare(kind).send().await.unwrap();
        assert_eq!(response.headers()[header::ACCEPT], "application/json", "{kind}");
        let (status, code, message) = refusal(response).await;
        assert_eq!((status, code.as_str()), (415, "INVALID_INPUT"), "{kind}");
        assert!(message.starts_with("Content-Type: "), "{kind}: {message}");
    }
    let twice = bare("application/json").header(header::CONTENT_TYPE, "text/plain");
    assert_eq!(refusal(twice.send().await.unwrap()).await.0, 415);
    let without = app.http.post(app.url("/graphql")).body(TYPENAME).send().await.unwrap();
    assert_eq!(refusal(without).await.0, 415, "without a type");
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "Application/JSON",
        "application/json; some=thing",
    ] {
        assert_eq!(bare(kind).send().await.unwrap().status(), 200, "{kind}");
    }
    let latin = post(&app, b"{\"query\":\"{ __typename } # \xe4\"}".to_vec()).send().await.unwrap();
    assert_eq!(refusal(latin).await.0, 400, "other bytes than UTF-8");
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_told_what_is_taken() {
    let app = App::on(TestDatabase::migrated().await).await;
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, identity", "x"] {
        let response = post(&app, TYPENAME).header(header::CONTENT_ENCODING, coding).send().await.unwrap();
        assert_eq!(response.headers()[header::ACCEPT_ENCODING], "identity", "{coding}");
        let (status, _, message) = refusal(response).await;
        assert_eq!(status, 415, "{coding}");
        assert!(message.starts_with("Content-Encoding: "), "{message}");
    }
    let plain = post(&app, TYPENAME).header(header::CONTENT_ENCODING, "identity").send().await.unwrap();
    assert_eq!(plain.status(), 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_and_without_its_length_told() {
    let app = App::on(TestDatabase::migrated().await).await;
    let limit = config("").body_limit_bytes;
    let padded = |length: usize| format!("{TYPENAME}{}", " ".repeat(length - TYPENAME.len()));
    assert_eq!(post(&app, padded(limit)).send().await.unwrap().status(), 200);
    let (status, code, message) = refusal(post(&app, padded(limit + 1)).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (413, "INVALID_INPUT"));
    assert!(message.contains("262144"), "{message}");

    let head =
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    assert!(answer_to(&app, head, &chunk, 5).await.starts_with("HTTP/1.1 413"), "in chunks");
    // Told before, it is refused before any of it is read.
    let told = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 262145\r\n\r\n";
    assert!(answer_to(&app, told, "", 0).await.starts_with("HTTP/1.1 413"), "before any byte of it");
    assert_eq!(post(&app, TYPENAME).send().await.unwrap().status(), 200, "the server goes on");
}

/// What a socket is answered with that sends a head and then so many pieces.
async fn answer_to(app: &App, head: &str, piece: &str, pieces: usize) -> String {
    let mut socket = TcpStream::connect(app.server.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..pieces {
        // The server may answer and close before it has read everything.
        let _ = socket.write_all(piece.as_bytes()).await;
    }
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_refused() {
    let database = TestDatabase::migrated().await;
    let config = ogelbase::config::Config { body_timeout_seconds: 1, ..config(&database.url) };
    let app = App::with(database, config).await;
    let mut socket = TcpStream::connect(app.server.address()).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if socket.write_all(b" ").await.is_err() {
                return;
            }
            let mut answer = [0; 12];
            if socket.try_read(&mut answer).is_ok_and(|read| read == 12) {
                assert_eq!(&answer, b"HTTP/1.1 408");
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dripping).await.expect("an answer in time");
    assert!(begun.elapsed() >= Duration::from_millis(900), "{:?}", begun.elapsed());
}
