//! A proxy between a server and its PostgreSQL. It reads what the server says, so that statements are counted outside
//! of the code that makes them, and it can hold messages up, so that a request can be cut off while one is under way.
//!
//! Of the protocol it knows the framing, the four messages that carry a statement, and the transaction status that the
//! database answers with (PostgreSQL, "Frontend/Backend Protocol").

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sea_orm::sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinHandle,
};

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// What a message asks of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Q`: run this text.
    Simple,
    /// `P`: prepare this text.
    Parse,
    /// `E`: run what was prepared.
    Execute,
}

/// One message of the server that carries SQL.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    pub kind: Kind,
    pub sql: String,
    /// The types that the server named for its parameters, as PostgreSQL numbers them; 0 for one left open.
    pub types: Vec<u32>,
}

impl Message {
    fn starts_with_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.sql.starts_with(word))
    }

    /// Begins a transaction, perhaps after ending one that only read in the same message.
    fn begins(&self) -> bool {
        self.kind != Kind::Parse && self.starts_with_any(&["BEGIN", "COMMIT; BEGIN"])
    }

    fn ends(&self) -> bool {
        self.kind != Kind::Parse && self.starts_with_any(&["COMMIT", "ROLLBACK"]) && !self.begins()
    }

    /// A statement of some request: all that is run, but for a transaction's end, the connection's set-up, and what a
    /// server asks for itself.
    fn is_statement(&self) -> bool {
        let others = ["SET ROLE", "LISTEN", "SELECT platform_private.current_rls_mode"];
        self.kind != Kind::Parse && !self.ends() && !self.starts_with_any(&others)
    }
}

/// Messages whose text starts with `prefix` wait for up to `milliseconds`; of several the first that fits counts.
pub type Delay = (&'static str, u64);

/// The proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Wire {
    /// Where the server finds its database.
    pub url: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    heard: Mutex<Vec<Message>>,
    delays: Mutex<(Vec<Delay>, StdRng)>,
    /// What the database last said of each open connection: `I` idle, `T` in a transaction, `E` in a failed one.
    status: Mutex<HashMap<usize, u8>>,
    begun_inside: AtomicUsize,
}

#[derive(Debug)]
enum Upstream {
    Tcp(String, u16),
    Unix(PathBuf),
}

impl Wire {
    /// In front of the database of this URL.
    pub async fn to(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).unwrap();
        let upstream = match options.get_socket() {
            Some(directory) => Upstream::Unix(directory.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => Upstream::Tcp(options.get_host().to_owned(), options.get_port()),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = with_address(url, listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared {
            upstream,
            heard: Mutex::default(),
            delays: Mutex::new((Vec::new(), StdRng::seed_from_u64(0))),
            status: Mutex::default(),
            begun_inside: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { url, shared, listening }
    }

    /// Holds messages up from now on, by chance of this seed.
    pub fn delay(&self, delays: &[Delay], seed: u64) {
        *self.shared.delays.lock().unwrap() = (delays.to_vec(), StdRng::seed_from_u64(seed));
    }

    /// Forgets what was heard so far.
    pub fn forget(&self) {
        self.shared.heard.lock().unwrap().clear();
    }

    /// All that was heard.
    pub fn heard(&self) -> Vec<Message> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// The statements of each transaction that began since [`Wire::forget`], its BEGIN the first of them. A statement
    /// outside of any stands alone.
    pub fn transactions(&self) -> Vec<Vec<String>> {
        let mut transactions: Vec<Vec<String>> = Vec::new();
        let mut open: HashMap<usize, usize> = HashMap::new();
        for message in self.heard() {
            if message.ends() {
                open.remove(&message.connection);
            } else if message.begins() {
                open.insert(message.connection, transactions.len());
                transactions.push(vec![message.sql]);
            } else if message.is_statement() {
                match open.get(&message.connection) {
                    Some(transaction) => transactions[*transaction].push(message.sql),
                    None => transactions.push(vec![message.sql]),
                }
            }
        }
        transactions
    }

    /// The prepared statements that were run since [`Wire::forget`].
    pub fn statements(&self) -> Vec<Message> {
        let heard = self.heard().into_iter();
        heard.filter(|message| message.kind == Kind::Execute && message.is_statement()).collect()
    }

    /// Connections that are inside a transaction at this moment.
    pub fn open_transactions(&self) -> usize {
        self.shared.status.lock().unwrap().values().filter(|status| **status != b'I').count()
    }

    /// How often BEGIN was said on a connection whose former transaction was still open.
    pub fn begun_inside_another(&self) -> usize {
        self.shared.begun_inside.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The same database and user at this port; what the query says of the address is left out.
fn with_address(url: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !matches!(&**name, "host" | "hostaddr" | "port" | "sslmode"))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair("sslmode", "disable");
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(port)).unwrap();
    url.to_string()
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    for connection in 0.. {
        let (server, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            server.set_nodelay(true).unwrap();
            // Either side may go away at any moment; that ends the connection and is no failure of the proxy.
            let _ = match &shared.upstream {
                Upstream::Unix(path) => match UnixStream::connect(path).await {
                    Ok(database) => shared.relay(connection, server, database).await,
                    Err(error) => Err(error),
                },
                Upstream::Tcp(host, port) => match TcpStream::connect((host.as_str(), *port)).await {
                    Ok(database) => {
                        database.set_nodelay(true).unwrap();
                        shared.relay(connection, server, database).await
                    }
                    Err(error) => Err(error),
                },
            };
            shared.status.lock().unwrap().remove(&connection);
        });
    }
}

impl Shared {
    async fn relay<D>(&self, connection: usize, mut server: TcpStream, mut database: D) -> io::Result<()>
    where
        D: AsyncRead + AsyncWrite,
        D: Unpin,
    {
        pass_startup_on(&mut server, &mut database).await?;
        let (from_server, to_server) = server.split();
        let (from_database, to_database) = tokio::io::split(database);
        let there = self.pass_questions_on(connection, from_server, to_database);
        let back = self.pass_answers_on(connection, from_database, to_server);
        tokio::try_join!(there, back).map(|_| ())
    }

    async fn pass_questions_on(
        &self,
        connection: usize,
        from: impl AsyncRead + Unpin,
        to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
        let mut names = Names::default();
        while let Some(frame) = Frame::read(&mut from).await? {
            if let Some((kind, Prepared { sql, types })) = names.sql_of(&frame) {
                let wait = self.hear(Message { connection, kind, sql, types });
                if !wait.is_zero() {
                    to.flush().await?;
                    tokio::time::sleep(wait).await;
                }
            }
            frame.write(&mut to).await?;
            if from.buffer().is_empty() {
                to.flush().await?;
            }
        }
        to.shutdown().await
    }

    async fn pass_answers_on(
        &self,
        connection: usize,
        from: impl AsyncRead + Unpin,
        to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
        while let Some(frame) = Frame::read(&mut from).await? {
            if let (b'Z', [status]) = (frame.kind, frame.body.as_slice()) {
                self.status.lock().unwrap().insert(connection, *status);
            }
            frame.write(&mut to).await?;
            if from.buffer().is_empty() {
                to.flush().await?;
            }
        }
        to.shutdown().await
    }

    /// Notes a message and says how long to hold it up.
    fn hear(&self, message: Message) -> Duration {
        if message.starts_with_any(&["BEGIN"]) && self.status.lock().unwrap().get(&message.connection) != Some(&b'I') {
            self.begun_inside.fetch_add(1, Ordering::Relaxed);
        }
        let (delays, chance) = &mut *self.delays.lock().unwrap();
        let most = delays.iter().find(|(prefix, _)| message.sql.starts_with(prefix)).map_or(0, |(_, most)| *most);
        self.heard.lock().unwrap().push(message);
        Duration::from_micros(if most == 0 { 0 } else { chance.random_range(0..most * 1_000) })
    }
}

/// The first message has no type. Encryption, which would come before it, is declined.
async fn pass_startup_on(
    server: &mut TcpStream,
    database: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let length = server.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        server.read_exact(&mut body).await?;
        let code = body.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        if matches!(code, SSL_REQUEST | GSS_REQUEST) {
            server.write_all(b"N").await?;
            continue;
        }
        database.write_all(&length.to_be_bytes()).await?;
        return database.write_all(&body).await;
    }
}

/// A message as it travels: its type, its length, its body.
struct Frame {
    kind: u8,
    body: Vec<u8>,
}

impl Frame {
    /// The next one; none at the end of the stream.
    async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let kind = match from.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            kind => kind?,
        };
        let length = from.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut body).await?;
        Ok(Some(Self { kind, body }))
    }

    async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        to.write_u8(self.kind).await?;
        to.write_u32(u32::try_from(self.body.len() + 4).unwrap()).await?;
        to.write_all(&self.body).await
    }

    /// The body's first texts, each of which ends with a null byte.
    fn texts(&self) -> impl Iterator<Item = String> {
        self.body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// The list of types that begins here: how many, then each.
    fn types_after(&self, texts: usize) -> Vec<u32> {
        let numbers = self.body.get(texts + 2..).unwrap_or_default().chunks_exact(4);
        numbers.map(|number| number.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))).collect()
    }
}

/// A statement's text and what it says of its parameters.
#[derive(Clone, Default)]
struct Prepared {
    sql: String,
    types: Vec<u32>,
}

/// What one connection's names of prepared statements and portals stand for.
#[derive(Default)]
struct Names {
    statements: HashMap<String, Prepared>,
    portals: HashMap<String, Prepared>,
}

impl Names {
    fn sql_of(&mut self, frame: &Frame) -> Option<(Kind, Prepared)> {
        let mut texts = frame.texts();
        let mut text = || texts.next().unwrap_or_default();
        match frame.kind {
            b'Q' => Some((Kind::Simple, Prepared { sql: text(), types: Vec::new() })),
            b'P' => {
                let (statement, sql) = (text(), text());
                let prepared = Prepared { types: frame.types_after(statement.len() + sql.len() + 2), sql };
                self.statements.insert(statement, prepared.clone());
                Some((Kind::Parse, prepared))
            }
            b'B' => {
                let (portal, statement) = (text(), text());
                let prepared = self.statements.get(&statement).cloned().unwrap_or_default();
                self.portals.insert(portal, prepared);
                None
            }
            b'E' => Some((Kind::Execute, self.portals.get(&text()).cloned().unwrap_or_default())),
            _ => None,
        }
    }
}
