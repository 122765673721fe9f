use std::io;
use std::path::{Path, PathBuf};

/// Why the private PostgreSQL could not be had. Every message is one sentence that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Nowhere on this machine, and it could not be fetched either.
    #[error(
        "no PostgreSQL {minimum} or newer was found: install one (Debian, Ubuntu: apt install postgresql; Fedora: dnf install postgresql-server; \
         macOS: brew install postgresql@18), or name the folder of its programs in PG_BIN_DIR, or install npm and tar so that it can be fetched, \
         or give a database of your own in DATABASE_URL (looked at: {tried})"
    )]
    NoBinaries {
        /// The oldest major version that will do.
        minimum: u32,
        /// The places looked at, each with what was wrong with it.
        tried: String,
    },
    /// Data files are only ever readable by the major version that made them.
    #[error(
        "the database in {cluster} was made by PostgreSQL {made_by}, and no working PostgreSQL {made_by} was found: install that version again, \
         or move the directory away to begin with an empty database (looked at: {tried})"
    )]
    OtherMajor {
        /// The database's directory.
        cluster: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The places looked at, each with what was wrong with it.
        tried: String,
    },
    /// Another server holds our lock.
    #[error(
        "another ogelbase (pid {pid}) is using {}: stop it, or give this one another data directory", dir.display()
    )]
    InUse {
        /// The data directory both want.
        dir: PathBuf,
        /// What the other one wrote into the lock file.
        pid: String,
    },
    /// Somebody runs a PostgreSQL on our files by hand.
    #[error(
        "a PostgreSQL that ogelbase did not start (pid {pid}) runs on {}: stop it first, for instance with pg_ctl", cluster.display()
    )]
    Foreign {
        /// The database's directory.
        cluster: PathBuf,
        /// The process to stop.
        pid: i32,
    },
    /// A process of an earlier run survives even SIGKILL (a hanging disk, usually).
    #[error(
        "process {pid} of an earlier run on {} does not end even when killed: see what it waits for (often a hanging disk), then start again",
        cluster.display()
    )]
    Undying {
        /// The database's directory.
        cluster: PathBuf,
        /// The process that stays.
        pid: i32,
    },
    /// postgres refuses to run as root and there is nobody else to run it as.
    #[error(
        "PostgreSQL does not run as root and there is no user to run it as: create one named ogelbase or postgres, or start ogelbase as an ordinary user"
    )]
    NoAccount,
    /// The cluster belongs to root, as which postgres refuses to run.
    #[error(
        "{} belongs to root and PostgreSQL does not run as root: give it to another user with chown -R", cluster.display()
    )]
    OwnedByRoot {
        /// The database's directory.
        cluster: PathBuf,
    },
    /// The data directory was moved to where the database's user cannot go.
    #[error(
        "user {user}, as whom the database runs, cannot reach {}: allow it on every directory above (chmod o+x), or move the data directory elsewhere",
        cluster.display()
    )]
    Unreachable {
        /// The database's directory.
        cluster: PathBuf,
        /// Whom the database runs as.
        user: String,
    },
    /// Something else lies where the cluster should.
    #[error("{} is not a PostgreSQL database: move it away or choose another data directory", cluster.display())]
    NotACluster {
        /// Where the database should be.
        cluster: PathBuf,
    },
    /// The link in the data directory leads nowhere; starting empty would hide a loss.
    #[error(
        "{} leads to {}, which is gone: bring that directory back, or remove the link to begin with an empty database",
        link.display(), target.display()
    )]
    Lost {
        /// The link in the data directory.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A directory that could be somebody else's trap.
    #[error(
        "{} cannot be trusted, because it is a link, belongs to another user or is open to others: remove it", dir.display()
    )]
    UnsafeDirectory {
        /// The directory found.
        dir: PathBuf,
    },
    /// PostgreSQL's own files hold paths as lines of text.
    #[error("the data directory {dir:?} cannot be used: choose a path of plain UTF-8 without control characters")]
    OddPath {
        /// The path asked for.
        dir: PathBuf,
    },
    /// initdb failed, or making our database did.
    #[error("a database could not be made in {}{}: {log}", cluster.display(), disk_hint(log))]
    InitFailed {
        /// Where it should have been.
        cluster: PathBuf,
        /// The last lines it wrote.
        log: String,
    },
    /// postgres ended before it was ready.
    #[error("PostgreSQL did not start on {}{}: {log}", cluster.display(), disk_hint(log))]
    StartFailed {
        /// The database's directory.
        cluster: PathBuf,
        /// The last lines it wrote.
        log: String,
    },
    /// It died again and again; the keeper gave up.
    #[error("PostgreSQL ended {times} times within a minute and is not started again: {reason}")]
    KeptDying {
        /// How often it was started again.
        times: usize,
        /// The last end.
        reason: String,
    },
    /// Somebody removed or replaced the data directory under the running server.
    #[error("{} was removed or replaced while the server ran: start the server again", dir.display())]
    Removed {
        /// The data directory.
        dir: PathBuf,
    },
    /// Neither a fast nor an immediate shutdown nor SIGKILL ended it.
    #[error("the database process {pid} does not end even when killed: see what it waits for (often a hanging disk)")]
    StopFailed {
        /// The process that stays.
        pid: u32,
    },
    /// The keeper was asked to stop before the database was ready.
    #[error("the start of the database was called off")]
    CalledOff,
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}{}", path.display(), io_hint(source))]
    Io {
        /// A verb.
        doing: &'static str,
        /// Its object.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// For `map_err`: what was being done to which path.
    pub(in crate::db) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.as_ref().to_path_buf(), source }
    }
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ": make room on that disk",
        io::ErrorKind::PermissionDenied => ": give it to the user ogelbase runs as, or choose another data directory",
        io::ErrorKind::ReadOnlyFilesystem => ": choose a data directory on a disk that can be written",
        _ => "",
    }
}

fn disk_hint(log: &str) -> &'static str {
    if ["No space left on device", "Check free disk space"].iter().any(|words| log.contains(words)) {
        " because the disk is full (make room and start again)"
    } else {
        ""
    }
}
