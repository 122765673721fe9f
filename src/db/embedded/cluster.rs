//! The database's files: making them, and what can be read off them.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::launch::{AtParentsDeath, Launcher};
use super::place::{Place, parent};
use super::{DATABASE, USER, tool};

/// Slow disks need their time; it takes a second elsewhere.
const INIT_LIMIT: Duration = Duration::from_secs(300);

/// The major version that made the cluster; `None` when there is no cluster yet.
pub(super) fn made_by(cluster: &Path) -> Result<Option<u32>, EmbeddedError> {
    let version = cluster.join("PG_VERSION");
    let not_a_cluster = || EmbeddedError::NotACluster { cluster: cluster.to_path_buf() };
    match fs::read_to_string(&version) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| not_a_cluster()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(EmbeddedError::io("read", &version)(error)),
        Err(_) if !cluster.exists() => Ok(None),
        // An empty directory (a cautious administrator's mkdir) is as good as none.
        Err(_) => fs::remove_dir(cluster).map(|()| None).map_err(|_| not_a_cluster()),
    }
}

/// Makes the cluster with our database in it, under another name until it is whole: a crash half way leaves nothing that looks finished.
pub(super) fn init(
    place: &Place,
    launcher: &Launcher,
    binaries: &Binaries,
    unwanted: &dyn Fn() -> bool,
) -> Result<(), EmbeddedError> {
    tracing::info!(cluster = %place.cluster.display(), version = binaries.version, "making a new database");
    let fresh = place.fresh_sibling()?;
    let made = fill(&fresh, launcher, binaries, unwanted);
    let failed = |log| EmbeddedError::InitFailed { cluster: place.cluster.clone(), log };
    let outcome = made.map_err(failed).and_then(|()| {
        fs::rename(&fresh, &place.cluster).map_err(EmbeddedError::io("create", &place.cluster))?;
        let above = parent(&place.cluster);
        File::open(above).and_then(|dir| dir.sync_all()).map_err(EmbeddedError::io("sync", above))
    });
    if outcome.is_err() {
        // Or else the next start does it.
        let _ = fs::remove_dir_all(&fresh);
    }
    outcome
}

fn fill(dir: &Path, launcher: &Launcher, binaries: &Binaries, unwanted: &dyn Fn() -> bool) -> Result<(), String> {
    let run = |command: &mut Command, input| match tool::run(command, input, INIT_LIMIT, unwanted) {
        Ok(outcome) if outcome.status.success() && !outcome.text.contains("ERROR:  ") => Ok(()),
        Ok(outcome) => Err(outcome.last_words()),
        Err(error) => Err(error.to_string()),
    };

    let mut initdb = launcher.command(&binaries.program("initdb"), AtParentsDeath::Kill);
    initdb.arg("-D").arg(dir).args(["--username", USER, "--encoding=UTF8", "--data-checksums", "--no-instructions"]);
    // The socket's directory is the guard; should somebody open a port by hand, nobody gets in there.
    initdb.args(["--auth-local=trust", "--auth-host=reject"]);
    initdb.args(locale(binaries.major));
    run(&mut initdb, None)?;

    // Single-user mode reports a failed statement and still ends well, hence the look for ERROR above.
    let mut single = launcher.command(&binaries.program("postgres"), AtParentsDeath::Kill);
    single.arg("--single").arg("-D").arg(dir).arg("postgres");
    run(&mut single, Some(&format!("CREATE DATABASE {DATABASE};\n")))
}

/// Sorted by code point, the same on every machine and in every release of its C library (an index outlives those), with upper and lower
/// case for all of Unicode.
fn locale(major: u32) -> &'static [&'static str] {
    if major >= 17 {
        &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    } else if cfg!(target_os = "linux") {
        &["--locale=C", "--lc-ctype=C.UTF-8"]
    } else {
        &["--locale=C"]
    }
}

/// Whether the postmaster `pid` says in its pid file that it takes connections.
pub(super) fn is_ready(cluster: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(cluster.join("postmaster.pid")) else { return false };
    let mut lines = text.lines();
    lines.next().is_some_and(|line| line.trim().parse() == Ok(pid))
        // The eighth line: after the directory, start time, port, socket, addresses and shared memory.
        && lines.nth(6).is_some_and(|line| line.trim_end() == "ready")
}
