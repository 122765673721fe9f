//! A mail server of one test: it speaks SMTP (RFC 5321) on a real socket and keeps what it takes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// The account that it lets in, when it asks for one.
pub const ACCOUNT: (&str, &str) = ("mailer", "a-password-of-the-mail-server");

/// How it treats what it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It answers the recipient with this.
    Refuses(&'static str),
    /// It says nothing when somebody connects.
    IsSilent,
    /// It keeps a mail and does not say so, as long as this is its manner.
    TakesSilently,
    /// It asks for the account.
    WantsAccount,
}

/// A mail as it was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

impl Taken {
    /// A header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> String {
        let (headers, _) = self.data.split_once("\r\n\r\n").expect("headers and a body");
        let headers = headers.replace("\r\n ", " ");
        let value = headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        value.unwrap_or_else(|| panic!("no {name} in {headers}")).to_owned()
    }

    /// The whole mail with its quoted-printable bodies as they read.
    pub fn readable(&self) -> String {
        let joined = self.data.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let [first, tail @ ..] = rest {
            let code = (*first == b'=').then(|| std::str::from_utf8(tail.get(..2)?).ok()).flatten();
            match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &tail[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// When it speaks TLS.
#[derive(Clone)]
pub enum Encryption {
    Never,
    FromTheFirstByte(TlsAcceptor),
    AfterStartTls(TlsAcceptor),
}

struct State {
    manner: Mutex<Manner>,
    encryption: Encryption,
    taken: Mutex<Vec<Taken>>,
    conversations: Mutex<usize>,
    /// What was said in the clear.
    overheard: Mutex<Vec<String>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}
type Line = BufReader<Box<dyn Stream>>;

/// The running server; it ends with the test.
pub struct MailServer {
    port: u16,
    state: Arc<State>,
}

impl MailServer {
    pub async fn start(manner: Manner) -> Self {
        Self::encrypting(manner, Encryption::Never).await
    }

    pub async fn encrypting(manner: Manner, encryption: Encryption) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            manner: Mutex::new(manner),
            encryption,
            taken: Mutex::default(),
            conversations: Mutex::new(0),
            overheard: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *shared.conversations.lock().unwrap() += 1;
                let state = Arc::clone(&shared);
                // A client that goes away in the middle is no fault of this server.
                tokio::spawn(async move {
                    match &state.encryption {
                        Encryption::FromTheFirstByte(acceptor) => {
                            let stream = acceptor.accept(stream).await.ok()?;
                            converse(Box::new(stream), &state).await
                        }
                        _ => converse(Box::new(stream), &state).await,
                    }
                });
            }
        });
        Self { port, state }
    }

    /// For `smtp_url`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// As [`MailServer::url`], with an account.
    pub fn url_with(&self, password: &str) -> String {
        format!("smtp://{}:{password}@127.0.0.1:{}", ACCOUNT.0, self.port)
    }

    /// For `smtp_url`, by the name that certificates are made for.
    pub fn named_url(&self, scheme: &str, query: &str) -> String {
        format!("{scheme}://{}:{}@localhost:{}{query}", ACCOUNT.0, ACCOUNT.1, self.port)
    }

    /// All that clients said in the clear.
    pub fn overheard(&self) -> Vec<String> {
        self.state.overheard.lock().unwrap().clone()
    }

    pub fn be(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.taken.lock().unwrap().clone()
    }

    /// How often somebody connected.
    pub fn conversations(&self) -> usize {
        *self.state.conversations.lock().unwrap()
    }
}

async fn converse(stream: Box<dyn Stream>, state: &State) -> Option<()> {
    let manner = || state.manner.lock().unwrap().clone();
    let mut stream = BufReader::new(stream);
    let mut secured = matches!(state.encryption, Encryption::FromTheFirstByte(_));
    if manner() == Manner::IsSilent {
        // Until the client goes away.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        return None;
    }
    say(&mut stream, "220 mail.test ready").await?;
    let (mut from, mut to, mut known) = (String::new(), Vec::new(), false);
    loop {
        let line = hear(&mut stream).await?;
        if !secured {
            state.overheard.lock().unwrap().push(line.clone());
        }
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let reply = match (verb.as_str(), manner()) {
            ("EHLO" | "HELO", _) if !secured && matches!(state.encryption, Encryption::AfterStartTls(_)) => {
                "250-mail.test\r\n250 STARTTLS"
            }
            ("STARTTLS", _) => match &state.encryption {
                Encryption::AfterStartTls(acceptor) => {
                    say(&mut stream, "220 2.0.0 go on").await?;
                    stream = BufReader::new(Box::new(acceptor.accept(stream.into_inner()).await.ok()?));
                    secured = true;
                    continue;
                }
                _ => "502 5.5.1 not here",
            },
            ("EHLO" | "HELO", Manner::WantsAccount) => "250-mail.test\r\n250 AUTH PLAIN",
            ("EHLO" | "HELO", _) => "250-mail.test\r\n250 8BITMIME",
            ("AUTH", _) => {
                let wanted = BASE64_STANDARD.encode(format!("\0{}\0{}", ACCOUNT.0, ACCOUNT.1));
                known = line == format!("AUTH PLAIN {wanted}");
                if known { "235 2.7.0 welcome" } else { "535 5.7.8 wrong account" }
            }
            ("MAIL", Manner::WantsAccount) if !known => "530 5.7.0 who are you",
            ("MAIL", _) => {
                from = between(&line);
                "250 2.1.0 fine"
            }
            ("RCPT", Manner::Refuses(reply)) => reply,
            ("RCPT", _) => {
                to.push(between(&line));
                "250 2.1.5 fine"
            }
            ("DATA", _) => {
                say(&mut stream, "354 go on").await?;
                let mut data = String::new();
                loop {
                    let line = hear(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                let mail = Taken { from: std::mem::take(&mut from), to: std::mem::take(&mut to), data };
                state.taken.lock().unwrap().push(mail);
                while manner() == Manner::TakesSilently {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                "250 2.0.0 taken"
            }
            ("RSET" | "NOOP", _) => "250 2.0.0 fine",
            ("QUIT", _) => {
                say(&mut stream, "221 2.0.0 bye").await?;
                return Some(());
            }
            _ => "500 5.5.2 what",
        };
        say(&mut stream, reply).await?;
    }
}

/// The address in `MAIL FROM:<...>`.
fn between(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn say(stream: &mut Line, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

async fn hear(stream: &mut Line) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
