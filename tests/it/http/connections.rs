//! Connections: how long a client may be silent or slow, how much it may send before it is known, and how many there may
//! be.

use std::time::{Duration, Instant};

use ogelbase::config::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{TYPENAME, post};
use crate::support::{
    app::{App, config},
    db::TestDatabase,
};

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
/// The limits that a test waits for.
const SHORT: Duration = Duration::from_secs(1);
/// What a limit may be late by on a busy machine.
const LATE: Duration = Duration::from_secs(5);

async fn impatient() -> App {
    with(|config| Config { head_timeout_seconds: 1, idle_timeout_seconds: 3, answer_timeout_seconds: 1, ..config })
        .await
}

async fn with(change: impl FnOnce(Config) -> Config) -> App {
    let database = TestDatabase::migrated().await;
    let config = change(config(&database.url));
    App::with(database, config).await
}

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.server.address()).await.unwrap()
}

/// Reads until the server ends the connection; what it said, and how long that took.
async fn until_closed(mut socket: TcpStream) -> (String, Duration) {
    let begun = Instant::now();
    let mut said = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(30), socket.read_to_end(&mut said)).await;
    // A reset ends it as well.
    drop(reading.expect("the server ends the connection"));
    (String::from_utf8_lossy(&said).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn who_is_silent_from_the_start_is_not_kept() {
    let app = impatient().await;
    let (said, took) = until_closed(connect(&app).await).await;
    assert_eq!(said, "");
    assert!(took >= SHORT - Duration::from_millis(100) && took < SHORT + LATE, "{took:?}");
    assert_eq!(post(&app, TYPENAME).send().await.unwrap().status(), 200, "others are served");
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_also_on_a_connection_that_was_used() {
    let app = impatient().await;
    for used in [false, true] {
        let mut socket = connect(&app).await;
        if used {
            socket.write_all(ALIVE.as_bytes()).await.unwrap();
            let mut answer = [0; 15];
            socket.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200 OK");
            tokio::time::sleep(Duration::from_millis(200)).await;
            while socket.try_read(&mut [0; 1024]).is_ok() {}
        }
        let begun = Instant::now();
        let mut head = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ".bytes().chain(std::iter::repeat(b'x'));
        while socket.write_all(&[head.next().unwrap()]).await.is_ok() {
            assert!(begun.elapsed() < SHORT + LATE, "it is still read, used: {used}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            if matches!(socket.try_read(&mut [0; 1024]), Ok(0)) {
                break;
            }
        }
        assert!(begun.elapsed() >= SHORT - Duration::from_millis(100), "{:?}, used: {used}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_connection_may_wait_for_its_next_request_and_not_for_ever() {
    let app = impatient().await;
    let mut socket = connect(&app).await;
    for _ in 0..2 {
        socket.write_all(ALIVE.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        // Longer than a head may take, shorter than a connection may be idle.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        while socket.try_read(&mut [0; 1024]).is_ok() {}
    }
    let (_, took) = until_closed(socket).await;
    assert!(took < Duration::from_secs(3) + LATE, "{took:?}");
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let app = with(|config| config).await;
    let long = "x".repeat(40_000);
    let many = "X-Another: x\r\n".repeat(101);
    for (what, head) in [
        ("one long header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n")),
        ("many headers", format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n")),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n")),
    ] {
        let mut socket = connect(&app).await;
        let _ = socket.write_all(head.as_bytes()).await;
        let (said, _) = until_closed(socket).await;
        assert!(said.starts_with("HTTP/1.1 431") || said.starts_with("HTTP/1.1 414"), "{what}: {said}");
    }
    let within =
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: {}\r\n\r\n", &long[..16_000]);
    let mut socket = connect(&app).await;
    socket.write_all(within.as_bytes()).await.unwrap();
    assert!(until_closed(socket).await.0.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn who_does_not_take_what_they_asked_for_is_cut_off() {
    let app = impatient().await;
    let mut socket = connect(&app).await;
    // More answers than sockets have room for, and nobody reads them.
    let asked = ALIVE.repeat(1_000);
    let begun = Instant::now();
    loop {
        let written = tokio::time::timeout(Duration::from_secs(20), socket.write_all(asked.as_bytes())).await;
        match written.expect("it is cut off while it writes") {
            Ok(()) => assert!(begun.elapsed() < Duration::from_secs(60), "it can write for ever"),
            Err(_) => break,
        }
    }
    assert_eq!(post(&app, TYPENAME).send().await.unwrap().status(), 200, "others are served");
}

#[tokio::test]
async fn there_are_so_many_connections_from_one_address_and_no_more() {
    let app = with(|config| Config { max_connections_of_address: 3, ..config }).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = connect(&app).await;
        socket.write_all(ALIVE.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        sockets.push(socket);
    }
    let (said, _) = until_closed(connect(&app).await).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("Retry-After: 1"), "{said}");
    sockets.pop();
    let again = async || post(&app, TYPENAME).send().await.is_ok_and(|response| response.status() == 200);
    crate::support::process::until("the place is free again", Duration::from_secs(5), again).await;
}

#[tokio::test]
async fn there_are_so_many_requests_of_one_address_at_once_and_no_more() {
    let app = with(|config| Config { max_requests_of_address: 2, ..config }).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut socket = connect(&app).await;
        socket.write_all(head.as_bytes()).await.unwrap();
        waiting.push(socket);
    }
    let full = async || post(&app, TYPENAME).send().await.unwrap().status() == 503;
    crate::support::process::until("there are two", Duration::from_secs(5), full).await;
    let refused = post(&app, TYPENAME).send().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.headers().contains_key("x-request-id"));
    assert_eq!(super::refusal(refused).await.1, "UNAVAILABLE");
    drop(waiting);
    let free = async || post(&app, TYPENAME).send().await.unwrap().status() == 200;
    crate::support::process::until("the places are free again", Duration::from_secs(5), free).await;
}

#[tokio::test]
async fn http_2_is_answered_and_a_flood_of_resets_ends_the_connection() {
    let app = with(|config| config).await;
    let modern = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let request = modern.post(app.url("/graphql")).header("Content-Type", "application/json").body(TYPENAME);
    let answer = request.send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));

    // Opens streams and resets each at once (CVE-2023-44487).
    let mut socket = connect(&app).await;
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(4, 0, 0, &[]));
    for number in 0..50_000_u32 {
        let stream = number * 2 + 1;
        // :method GET, :scheme http, :path /, :authority x
        flood.extend(frame(1, 5, stream, &[0x82, 0x86, 0x84, 0x41, 0x01, b'x']));
        flood.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    let begun = Instant::now();
    let (mut reading, mut writing) = socket.split();
    let written = tokio::time::timeout(Duration::from_secs(30), async {
        let mut said = Vec::new();
        let (written, read) = tokio::join!(writing.write_all(&flood), reading.read_to_end(&mut said));
        (written.is_err() || read.is_err() || !said.is_empty(), said)
    });
    let (ended, said) = written.await.expect("the connection ends");
    assert!(ended, "{:?}", begun.elapsed());
    // GOAWAY is a frame of type 7; where the connection was reset it may be lost.
    assert!(said.is_empty() || said.windows(4).any(|window| window[3] == 7), "{said:?}");
    assert_eq!(post(&app, TYPENAME).send().await.unwrap().status(), 200, "others are served");
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
