//! The private PostgreSQL of a server that runs at this moment, for the operator's commands beside it.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::url_of;

/// Where to connect to, when another process serves from this data directory and its database takes connections.
#[must_use]
pub fn serving(data_dir: &Path) -> Option<String> {
    let lock = File::open(data_dir.join("lock")).ok()?;
    // Where nobody holds the lock, the file below tells of an earlier run.
    if !matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let told = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
    let socket_dir = lines.get(4)?;
    (lines.get(7) == Some(&"ready")).then(|| url_of(Path::new(socket_dir)))
}
