//! What clients do that mean harm, each from an address of its own so that the well-behaved one is not counted with them.

use std::{
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::target::Target;

/// How long each goes on.
pub const DURATION: Duration = Duration::from_secs(8);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
const MANY: usize = 600;

type Attack = for<'t> fn(&'t Target) -> Pin<Box<dyn Future<Output = String> + 't>>;

pub const ALL: [(&str, Attack); 6] = [
    ("silent sockets", |target| Box::pin(silence(target))),
    ("slow heads", |target| Box::pin(drip(target, "GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: ", b"x"))),
    ("slow bodies", |target| Box::pin(drip(target, SLOW_BODY, b" "))),
    ("endless chunks", |target| Box::pin(drip(target, CHUNKED, b"1000\r\n"))),
    ("answers that nobody reads", |target| Box::pin(deafness(target))),
    ("connections and gone", |target| Box::pin(churn(target))),
];

const SLOW_BODY: &str =
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n";
const CHUNKED: &str =
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

pub async fn connect(target: &Target) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((ADDRESS, 0).into()).ok()?;
    socket.connect(target.address).await.ok()
}

async fn silence(target: &Target) -> String {
    let sockets: Vec<_> = join_all((0..MANY).map(|_| connect(target))).await.into_iter().flatten().collect();
    tokio::time::sleep(DURATION).await;
    format!("{} sockets", sockets.len())
}

/// Sends a beginning, and then the same piece for ever.
async fn drip(target: &Target, head: &str, piece: &[u8]) -> String {
    let one = async || {
        let mut socket = connect(target).await?;
        socket.write_all(head.as_bytes()).await.ok()?;
        let begun = Instant::now();
        while begun.elapsed() < DURATION {
            socket.write_all(piece).await.ok()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(())
    };
    let still = join_all((0..MANY).map(|_| one())).await.into_iter().flatten().count();
    format!("{MANY} sockets, {still} to the end")
}

/// Asks for much, many times over, and reads nothing.
async fn deafness(target: &Target) -> String {
    let asked = "GET /graphql?query=%7B__schema%7Btypes%7Bname%20fields%7Bname%7D%7D%7D%7D HTTP/1.1\r\nHost: x\r\n\r\n"
        .repeat(50);
    let one = async || {
        let mut socket = connect(target).await?;
        let sending = async { while socket.write_all(asked.as_bytes()).await.is_ok() {} };
        tokio::time::timeout(DURATION, sending).await.err()
    };
    let still = join_all((0..100).map(|_| one())).await.into_iter().flatten().count();
    format!("100 sockets, {still} to the end")
}

async fn churn(target: &Target) -> String {
    let (begun, mut made) = (Instant::now(), 0);
    while begun.elapsed() < DURATION && made < 20_000 {
        made += join_all((0..20).map(|_| connect(target))).await.into_iter().flatten().count();
    }
    format!("{made} connections")
}

/// Sends a document; how long its answer took.
pub async fn send(target: &Target, document: &str) -> Result<Duration, String> {
    let body = json!({ "query": document }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = connect(target).await.ok_or("no connection")?;
    let begun = Instant::now();
    let asking = async {
        socket.write_all(head.as_bytes()).await?;
        // A body that is too large is refused while it is being sent.
        drop(socket.write_all(body.as_bytes()).await);
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).await.map(|_| answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(30), asking).await.map_err(|_| "no answer")?;
    let answer = answer.map_err(|error| error.to_string())?;
    let status = String::from_utf8_lossy(&answer);
    if status.starts_with("HTTP/1.1 5") { Err(status.into_owned()) } else { Ok(begun.elapsed()) }
}
