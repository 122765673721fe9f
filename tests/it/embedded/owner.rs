//! Processes that own a private PostgreSQL and can be killed, and the small things around them.

use nix::unistd::{Uid, User};
use ogelbase::db::embedded::{EmbeddedPostgres, Settings};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A process of its own that owns a database. Killed when dropped.
pub struct Owner(pub Child);

impl Owner {
    /// As another user, who needs copies of our programs where he can reach them.
    pub fn spawn(data_dir: &Path, user: Option<(&User, &Path)>) -> Self {
        let mut program = std::env::current_exe().expect("a path");
        let mut launcher = PathBuf::from(env!("CARGO_BIN_EXE_ogelbase"));
        if let Some((_, folder)) = user {
            for path in [&mut program, &mut launcher] {
                let copy = folder.join(path.file_name().expect("a name")).with_added_extension("copy");
                fs::copy(&*path, &copy).expect("a copy");
                *path = copy;
            }
        }
        let mut command = Command::new(program);
        command.args(["--exact", "embedded::own_until_killed", "--ignored", "--nocapture"]);
        command
            .env("OWN_DATA_DIR", data_dir)
            .env("OWN_LAUNCHER", launcher)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some((user, _)) = user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).current_dir("/");
        }
        Self(command.spawn().expect("an owner"))
    }

    /// Waits until its database runs: the postmaster's pid, and where to connect.
    pub fn ready(&mut self) -> (u32, String) {
        let mut lines = BufReader::new(self.0.stderr.take().expect("a pipe")).lines();
        let line = lines.find_map(|line| {
            let line = line.expect("a line");
            assert!(!line.starts_with("FAILED"), "{line}");
            line.strip_prefix("READY ").map(str::to_owned)
        });
        let line = line.expect("an answer");
        let (pid, url) = line.split_once(' ').expect("two words");
        (pid.parse().expect("a pid"), url.to_owned())
    }

    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A directory of the test's own, removed at its end.
pub struct TempDir(pub PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("ogelbase-it-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = fs::canonicalize(std::env::temp_dir()).expect("a path").join(name);
        fs::create_dir(&path).expect("a directory");
        Self(path)
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A database that was dropped rather than stopped may still be writing.
        for _ in 0..100 {
            match fs::remove_dir_all(&self.0) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(50))
                }
                _ => break,
            }
        }
    }
}

pub fn settings(data_dir: &Path) -> Settings {
    Settings {
        data_dir: data_dir.to_path_buf(),
        pg_bin_dir: std::env::var_os("PG_BIN_DIR").map(PathBuf::from),
        launcher: PathBuf::from(env!("CARGO_BIN_EXE_ogelbase")),
        max_connections: 20,
    }
}

pub async fn start(data_dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(settings(data_dir)).await.unwrap_or_else(|error| panic!("{error}"))
}

pub async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

pub async fn text(db: &DatabaseConnection, sql: &str) -> String {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    row.expect("an answer").expect("a row").try_get_by_index(0).expect("a text")
}

pub fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a pid")
}

pub fn lives(number: u32) -> bool {
    test_kill_process(pid(number)).is_ok()
        && fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|line| !line.is_empty())
}

pub fn kill_9(number: u32) {
    kill_process(pid(number), Signal::KILL).expect("a signal");
}

pub fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn programs_of(number: u32) -> PathBuf {
    fs::read_link(format!("/proc/{number}/exe")).expect("a program")
}

/// As root: what the database's user would own.
pub fn give_away(dir: &Path) {
    let nobody = User::from_name("nobody").ok().flatten().expect("a user nobody");
    if Uid::effective().is_root() {
        std::os::unix::fs::chown(dir, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).expect("a change of owner");
    }
}
