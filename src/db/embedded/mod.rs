//! The private PostgreSQL of a server without DATABASE_URL: found, made, started, watched, stopped.
//!
//! It listens on a socket in a directory closed to others, keeps fsync on, and dies with the server. Whatever a crash leaves behind, the
//! next start mends.

mod account;
mod binaries;
mod cluster;
mod error;
mod journal;
mod keeper;
mod launch;
mod neighbour;
mod npm;
mod place;
mod processes;
mod tool;

use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::{oneshot, watch};

pub use error::EmbeddedError;
pub use launch::{SUBCOMMAND, exec_child};
pub use neighbour::serving;

use keeper::Control;

/// The superuser, whom only the socket's directory keeps from everybody.
const USER: &str = "ogelbase_login";
/// The one database.
const DATABASE: &str = "ogelbase";

/// What a shutdown may take before the next harsher signal: fast, immediate (PostgreSQL gives its processes five seconds), SIGKILL.
const PATIENCE: [(Option<Signal>, Duration); 3] = [
    (None, Duration::from_secs(20)),
    (Some(Signal::QUIT), Duration::from_secs(7)),
    (Some(Signal::KILL), Duration::from_secs(12)),
];

/// What the private database needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's data directory; created if need be.
    pub data_dir: PathBuf,
    /// Where to look for PostgreSQL's programs first.
    pub pg_bin_dir: Option<PathBuf>,
    /// Our own executable, which becomes PostgreSQL under [`SUBCOMMAND`]; see [`own_executable`].
    pub launcher: PathBuf,
    /// How many sessions it allows.
    pub max_connections: u16,
}

/// How the database is.
#[derive(Clone, Debug)]
pub enum Status {
    /// Not ready yet, for the first time.
    Starting,
    /// It takes connections.
    Running {
        /// The postmaster.
        pid: u32,
    },
    /// It ended unexpectedly and is being started again.
    Restarting,
    /// It was stopped, as asked.
    Stopped,
    /// It ended and will not be started again.
    Failed(Arc<EmbeddedError>),
}

/// A running private PostgreSQL. Dropped, it is told to stop, but not waited for.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    socket_dir: PathBuf,
    status: watch::Receiver<Status>,
    // Last: the database is told to stop when this goes.
    control: StopOnDrop,
}

#[derive(Debug)]
struct StopOnDrop(Arc<Control>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The running executable, under a name that stays right when the file is replaced by a newer one.
pub fn own_executable() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

impl EmbeddedPostgres {
    /// Starts the database of this data directory, making it first if there is none. Returns when it takes connections.
    pub async fn start(settings: Settings) -> Result<Self, EmbeddedError> {
        let (status_sender, status) = watch::channel(Status::Starting);
        let (started, outcome) = oneshot::channel();
        let control = StopOnDrop(Arc::default());
        let shared = Arc::clone(&control.0);
        std::thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keeper::run(&settings, &shared, &status_sender, started))
            .map_err(EmbeddedError::io("start a thread for", "PostgreSQL"))?;
        let socket_dir = outcome.await.unwrap_or(Err(EmbeddedError::CalledOff))?;
        Ok(Self { socket_dir, status, control })
    }

    /// The directory of its socket.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The role to connect as, a superuser.
    pub fn user(&self) -> &str {
        USER
    }

    /// The database to connect to.
    pub fn database(&self) -> &str {
        DATABASE
    }

    /// Where to connect, as psql and sqlx both read it. Complete, so that PGPORT and the like do not interfere.
    pub fn url(&self) -> String {
        url_of(&self.socket_dir)
    }

    /// The postmaster's pid; 0 while there is none.
    pub fn pid(&self) -> u32 {
        match *self.status.borrow() {
            Status::Running { pid } => pid,
            _ => 0,
        }
    }

    /// How the database is, and each change of it.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Returns when the database ended and will not be started again: time for the server to say so and end as well.
    pub async fn failure(&self) -> Arc<EmbeddedError> {
        let mut status = self.status.clone();
        loop {
            if let Status::Failed(error) = &*status.borrow_and_update() {
                return Arc::clone(error);
            }
            if status.changed().await.is_err() {
                return pending().await;
            }
        }
    }

    /// Stops it: in good order if that goes within a bounded time, by force otherwise.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let pid = self.pid();
        self.control.0.stop();
        for (signal, patience) in PATIENCE {
            if let Some(signal) = signal {
                tracing::warn!(pid, ?signal, "the database does not stop, now told harder");
                self.control.0.signal(signal);
            }
            let mut status = self.status.clone();
            let ended = status.wait_for(|status| matches!(status, Status::Stopped | Status::Failed(_)));
            // A keeper that is gone has no database any more.
            if tokio::time::timeout(patience, ended).await.is_ok() {
                return Ok(());
            }
        }
        Err(EmbeddedError::StopFailed { pid })
    }
}

fn url_of(socket_dir: &Path) -> String {
    // The path was checked to be UTF-8 when the data directory was taken.
    let host: String = socket_dir.as_os_str().as_encoded_bytes().iter().map(|byte| encode(*byte)).collect();
    format!("postgres:///{DATABASE}?host={host}&port=5432&user={USER}&sslmode=disable")
}

fn encode(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}
