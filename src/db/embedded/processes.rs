//! Processes an earlier run left on this database. We hold its lock, so they are nobody's any more: on their way out, or stuck.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::error::EmbeddedError;

/// After a kill -9 of the server or the postmaster the rest ends by itself within milliseconds.
const ALONE: Duration = Duration::from_millis(300);
/// A postmaster told to quit gives its children five seconds before it kills them.
const QUITTING: Duration = Duration::from_secs(7);
/// SIGKILL works at once, unless the process waits for a disk.
const KILLED: Duration = Duration::from_secs(10);

struct Found {
    pid: Pid,
    /// Started by an ogelbase.
    ours: bool,
}

/// Waits for the processes on `cluster` to end, helps them to, and removes a pid file that would stop PostgreSQL for no reason.
pub(super) fn clear(cluster: &Path, mark: &str) -> Result<(), EmbeddedError> {
    let begun = Instant::now();
    let mut sent = None;
    loop {
        let found = on_cluster(cluster, mark);
        let Some(first) = found.first() else { break };
        if let Some(foreign) = found.iter().find(|process| !process.ours) {
            return Err(EmbeddedError::Foreign { cluster: cluster.to_path_buf(), pid: foreign.pid.as_raw_pid() });
        }
        let signal = match begun.elapsed() {
            past if past > KILLED => {
                return Err(EmbeddedError::Undying { cluster: cluster.to_path_buf(), pid: first.pid.as_raw_pid() });
            }
            past if past > QUITTING => Some(Signal::KILL),
            past if past > ALONE => Some(Signal::QUIT),
            _ => None,
        };
        if signal.is_some() && signal != sent {
            tracing::warn!(?signal, count = found.len(), "ending processes that an earlier run left on the database");
            for process in &found {
                // One that is gone already is what we want.
                let _ = signal.map(|signal| kill_process(process.pid, signal));
            }
            sent = signal;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    remove_stale_pid_file(cluster)
}

/// PostgreSQL judges a pid file by whether some process has that pid, and so stumbles over one that was given to another since.
/// The file of a dead process is left to it: it checks the old shared memory by it.
fn remove_stale_pid_file(cluster: &Path) -> Result<(), EmbeddedError> {
    let path = cluster.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
    let number = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
    let Some(pid) = number else { return remove(&path, "unreadable") };
    match test_kill_process(pid) {
        Err(error) if error == rustix::io::Errno::SRCH => Ok(()),
        _ if could_be_postgres(pid) => {
            Err(EmbeddedError::Foreign { cluster: cluster.to_path_buf(), pid: pid.as_raw_pid() })
        }
        _ => remove(&path, "its pid belongs to another program now"),
    }
}

fn remove(path: &Path, why: &str) -> Result<(), EmbeddedError> {
    tracing::info!(path = %path.display(), why, "removing a stale pid file");
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(EmbeddedError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Every PostgreSQL process on this cluster: by the mark in its title, or by where it stands.
#[cfg(target_os = "linux")]
fn on_cluster(cluster: &Path, mark: &str) -> Vec<Found> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    let postgres = pids.filter(|pid| is_named_postgres(*pid));
    let found = postgres.filter_map(|pid| {
        let title = title(pid);
        let marked = contains(&title, mark.as_bytes());
        // A process that is just ending loses its title first, its place a little later.
        (marked || stands_in(pid, cluster) == Some(true)).then_some(Found { pid, ours: marked || title.is_empty() })
    });
    found.collect()
}

/// A PostgreSQL we may not look into is taken to be on this cluster; one seen to stand elsewhere is not.
#[cfg(target_os = "linux")]
fn could_be_postgres(pid: Pid) -> bool {
    is_named_postgres(pid) && !title(pid).is_empty() && stands_in(pid, Path::new("/")).is_none()
}

#[cfg(target_os = "linux")]
fn is_named_postgres(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| matches!(name.trim_end(), "postgres" | "postmaster"))
}

/// Empty for a process that ended and was not yet waited for.
#[cfg(target_os = "linux")]
fn title(pid: Pid) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// `None` where we may not know: root in a container without CAP_SYS_PTRACE.
#[cfg(target_os = "linux")]
fn stands_in(pid: Pid, dir: &Path) -> Option<bool> {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) => Some(cwd == dir),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
        Err(_) => Some(false),
    }
}

#[cfg(target_os = "linux")]
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Every PostgreSQL process on this cluster, by its mark or its `-D`, as `ps` knows them.
#[cfg(not(target_os = "linux"))]
fn on_cluster(cluster: &Path, mark: &str) -> Vec<Found> {
    let Ok(listing) = std::process::Command::new("ps").args(["-axww", "-o", "pid=,command="]).output() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&listing.stdout);
    let lines = text.lines().filter(|line| line.contains("postgres"));
    let found = lines.filter_map(|line| {
        let pid = line.split_whitespace().next()?.parse().ok().and_then(Pid::from_raw)?;
        let ours = line.contains(mark);
        (ours || cluster.to_str().is_some_and(|dir| line.contains(dir))).then_some(Found { pid, ours })
    });
    // The server's own command line may name the data directory.
    found.filter(|process| process.pid != rustix::process::getpid()).collect()
}

#[cfg(not(target_os = "linux"))]
fn could_be_postgres(_: Pid) -> bool {
    false
}
