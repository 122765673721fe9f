//! What clients do that mean harm.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{subscribers, target::Attacker};

/// How long each goes on.
pub const DURATION: Duration = Duration::from_secs(8);
const MANY: usize = 600;

/// What was done, and whether it was enough to prove anything.
pub type Done = (String, bool);

type Attack = for<'t> fn(&'t Attacker) -> Pin<Box<dyn Future<Output = Done> + 't>>;

pub const ALL: [(&str, Attack); 8] = [
    ("silent sockets", |from| Box::pin(silence(from))),
    ("slow heads", |from| Box::pin(drip(from, "GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: ", b"x"))),
    ("slow bodies", |from| Box::pin(drip(from, SLOW_BODY, b" "))),
    ("endless chunks", |from| Box::pin(drip(from, CHUNKED, b"1000\r\n"))),
    ("answers that nobody reads", |from| Box::pin(deafness(from))),
    ("a flood", |from| Box::pin(flood(from))),
    ("connections and gone", |from| Box::pin(churn(from))),
    ("thousands of subscriptions", |from| Box::pin(subscribers::many(from))),
];

const SLOW_BODY: &str =
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n";
const CHUNKED: &str =
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

async fn silence(from: &Attacker<'_>) -> Done {
    let sockets: Vec<_> = join_all((0..MANY).map(|_| from.connect())).await.into_iter().flatten().collect();
    tokio::time::sleep(DURATION).await;
    (format!("{} sockets", sockets.len()), sockets.len() > 256)
}

/// Sends a beginning, and then the same piece for ever.
async fn drip(from: &Attacker<'_>, head: &str, piece: &[u8]) -> Done {
    let one = async || {
        let mut socket = from.connect().await?;
        socket.write_all(head.as_bytes()).await.ok()?;
        let begun = Instant::now();
        while begun.elapsed() < DURATION {
            socket.write_all(piece).await.ok()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(())
    };
    let still = join_all((0..MANY).map(|_| one())).await.into_iter().flatten().count();
    (format!("{MANY} sockets, {still} to the end"), still > 100)
}

/// Asks for much, many times over, and reads nothing.
async fn deafness(from: &Attacker<'_>) -> Done {
    let asked = "GET /graphql?query=%7B__schema%7Btypes%7Bname%20fields%7Bname%7D%7D%7D%7D HTTP/1.1\r\nHost: x\r\n\r\n"
        .repeat(50);
    let one = async || {
        let mut socket = from.connect().await?;
        let sending = async { while socket.write_all(asked.as_bytes()).await.is_ok() {} };
        tokio::time::timeout(DURATION, sending).await.err()
    };
    let still = join_all((0..100).map(|_| one())).await.into_iter().flatten().count();
    (format!("100 sockets, {still} to the end"), still == 100)
}

/// Asks for little, reads the answer and asks again.
async fn flood(from: &Attacker<'_>) -> Done {
    let asked = "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\n\r\n";
    let begun = Instant::now();
    let one = async || {
        let mut answers = 0;
        let Some(mut socket) = from.connect().await else { return answers };
        let mut room = [0; 4 * 1024];
        while begun.elapsed() < DURATION {
            let asking = async {
                socket.write_all(asked.as_bytes()).await?;
                // An answer fits, and leaves as a whole.
                socket.read(&mut room).await
            };
            match asking.await {
                Ok(read) if read > 0 => answers += 1,
                _ => break,
            }
        }
        answers
    };
    let answers: usize = join_all((0..64).map(|_| one())).await.into_iter().sum();
    (format!("64 sockets, {answers} answers"), answers > 10_000)
}

async fn churn(from: &Attacker<'_>) -> Done {
    let (begun, mut made) = (Instant::now(), 0);
    while begun.elapsed() < DURATION {
        made += join_all((0..20).map(|_| from.connect())).await.into_iter().flatten().count();
    }
    (format!("{made} connections"), made > 10_000)
}

/// Sends a body; what it was answered with, and how long that took.
pub async fn send(from: &Attacker<'_>, body: &str) -> Result<(String, Duration), String> {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = from.connect().await.ok_or("no connection")?;
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
    let status = status.trim_start_matches("HTTP/1.1 ");
    // Without having been looked at, it would be no proof of anything.
    if status.starts_with('5') || status == "429" {
        Err(status.to_owned())
    } else {
        Ok((status.to_owned(), begun.elapsed()))
    }
}
