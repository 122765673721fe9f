//! Where the database lies: its directories, the locks that keep a second server out, and the way around an unreachable home.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::error::EmbeddedError;

/// Root's data directories that the database's user cannot reach (`/root` is closed to all) have their database below this.
const SHARED_HOME: &str = "/var/lib/ogelbase";

/// The socket's name, as every client derives it from the directory and the port.
const SOCKET: &str = ".s.PGSQL.5432";

/// What the kernel allows a socket's path, less the terminating zero.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// How long a server that was just killed may take to let go of its lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// A locked place for one database.
#[derive(Debug)]
pub(super) struct Place {
    /// The database's directory. Its parent is ours as well.
    pub(super) cluster: PathBuf,
    /// Whom the database runs as, where that is not ourselves.
    pub(super) account: Option<Account>,
    locks: Vec<Lock>,
}

impl Place {
    /// Finds or chooses where the database of `data_dir` lies, and locks it for this process.
    pub(super) fn take(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = create_data_dir(data_dir)?;
        let mut locks = vec![Lock::take(&data_dir)?];
        let usual = data_dir.join("postgres");
        let account = Account::choose(&usual)?;

        let cluster = if let Ok(target) = fs::read_link(&usual) {
            let target = data_dir.join(target);
            let (Ok(home), Some(name)) = (fs::canonicalize(parent(&target)), target.file_name()) else {
                return Err(EmbeddedError::Lost { link: usual, target });
            };
            locks.push(Lock::take(&home)?);
            home.join(name)
        } else if usual.exists() || reaches(account.as_ref(), &data_dir)? {
            usual
        } else {
            let home = shared_home(&data_dir)?;
            locks.push(Lock::take(&home)?);
            move_in(&usual, &home)?
        };

        if let Some(account) = &account
            && !account.can_reach(parent(&cluster)).map_err(EmbeddedError::io("look at", &cluster))?
        {
            return Err(EmbeddedError::Unreachable { cluster, user: account.name.clone() });
        }
        Ok(Self { cluster, account, locks })
    }

    /// A name that only this database's processes carry, for finding those an earlier run left behind.
    pub(super) fn mark(&self) -> String {
        format!("ogelbase-{}", short_hash(&self.cluster))
    }

    /// Whether nobody removed or replaced the directories (and with them our locks) meanwhile.
    pub(super) fn check_still_ours(&self) -> Result<(), EmbeddedError> {
        match self.locks.iter().find(|lock| !lock.is_in_place()) {
            Some(lock) => Err(EmbeddedError::Removed { dir: parent(&lock.path).to_path_buf() }),
            None => Ok(()),
        }
    }

    /// A fresh, empty directory beside the cluster, the database user's own.
    pub(super) fn fresh_sibling(&self) -> Result<PathBuf, EmbeddedError> {
        let dir = first_free(&self.cluster, "new");
        self.private_dir(&dir)?;
        Ok(dir)
    }

    /// Removes what an earlier run did not come to finish. What cannot be removed now can be at the next start.
    pub(super) fn sweep(&self) {
        let Some(name) = self.cluster.file_name().and_then(|name| name.to_str()) else { return };
        let prefix = format!("{name}.new-");
        let Ok(entries) = fs::read_dir(parent(&self.cluster)) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
                let outcome = remove_busy(&entry.path());
                tracing::info!(path = %entry.path().display(), ?outcome, "removed an unfinished database");
            }
        }
    }

    /// An empty 0700 directory for the socket: the whole of the database's access control, since whoever gets in is its superuser.
    /// Only call it when no earlier process is alive.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, EmbeddedError> {
        let home = parent(&self.cluster);
        let dir = home.join("run");
        if fits(&dir) {
            // Ours to throw away: `home` is our own directory and we hold its lock.
            if dir.symlink_metadata().is_ok() {
                fs::remove_dir_all(&dir).map_err(EmbeddedError::io("remove", &dir))?;
            }
            self.private_dir(&dir)?;
            return Ok(dir);
        }
        let name = format!("ogelbase-{}", short_hash(home));
        // Root's own runtime directory is closed to the database's user.
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|_| self.account.is_none()).map(PathBuf::from);
        let dir =
            runtime.filter(|dir| dir.is_absolute() && dir.is_dir()).map(|dir| dir.join(&name)).filter(|dir| fits(dir));
        let dir = dir.unwrap_or_else(|| Path::new("/tmp").join(&name));
        self.adopt_or_create(&dir)?;
        for stale in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
            let stale = dir.join(stale);
            match fs::remove_file(&stale) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(EmbeddedError::io("remove", &stale)(error));
                }
                _ => {}
            }
        }
        Ok(dir)
    }

    /// In a directory open to all somebody else may have laid out this name for us.
    fn adopt_or_create(&self, dir: &Path) -> Result<(), EmbeddedError> {
        let Ok(found) = dir.symlink_metadata() else { return self.private_dir(dir) };
        let owner = self.account.as_ref().map_or_else(|| Uid::effective().as_raw(), |account| account.uid);
        if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
            return Err(EmbeddedError::UnsafeDirectory { dir: dir.to_path_buf() });
        }
        Ok(())
    }

    fn private_dir(&self, dir: &Path) -> Result<(), EmbeddedError> {
        DirBuilder::new().mode(0o700).create(dir).map_err(EmbeddedError::io("create", dir))?;
        if let Some(account) = &self.account {
            chown(dir, Some(account.uid), Some(account.gid)).map_err(EmbeddedError::io("hand over", dir))?;
        }
        Ok(())
    }
}

/// A lock that ends with the process, however it ends.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(dir: &Path) -> Result<Self, EmbeddedError> {
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
        let mut file = options.open(&path).map_err(EmbeddedError::io("open", &path))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut pid = String::new();
                    let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
                    let pid = if known { pid.trim().to_owned() } else { "unknown".to_owned() };
                    return Err(EmbeddedError::InUse { dir: dir.to_path_buf(), pid });
                }
                Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", &path)(error)),
            }
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(EmbeddedError::io("write", &path))?;
        Ok(Self { path, file })
    }

    fn is_in_place(&self) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        matches!((self.path.symlink_metadata(), self.file.metadata()),
            (Ok(there), Ok(held)) if identity(there.clone()) == identity(held.clone()))
    }
}

/// The data directory as an absolute path without links, created if need be.
fn create_data_dir(dir: &Path) -> Result<PathBuf, EmbeddedError> {
    if !dir.exists() {
        if let Some(above) = dir.parent().filter(|above| !above.as_os_str().is_empty()) {
            fs::create_dir_all(above).map_err(EmbeddedError::io("create", above))?;
        }
        // Root's is passable, so that the database's user comes to his own directories in it; those are closed.
        let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
        match DirBuilder::new().mode(mode).create(dir) {
            Ok(()) => set_mode(dir, mode)?,
            // Two first starts at once: the lock decides who goes on.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(EmbeddedError::io("create", dir)(error)),
        }
    }
    let dir = fs::canonicalize(dir).map_err(EmbeddedError::io("open", dir))?;
    match dir.to_str() {
        Some(text) if !text.chars().any(char::is_control) => Ok(dir),
        _ => Err(EmbeddedError::OddPath { dir }),
    }
}

fn reaches(account: Option<&Account>, dir: &Path) -> Result<bool, EmbeddedError> {
    match account {
        Some(account) => account.can_reach(dir).map_err(EmbeddedError::io("look at", dir)),
        None => Ok(true),
    }
}

/// Where the database lies when its user cannot reach the data directory.
fn shared_home(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let home = Path::new(SHARED_HOME).join(short_hash(data_dir));
    for dir in [Path::new(SHARED_HOME), &home] {
        fs::create_dir_all(dir).map_err(EmbeddedError::io("create", dir))?;
        let found = dir.symlink_metadata().map_err(EmbeddedError::io("look at", dir))?;
        if !found.is_dir() || found.uid() != 0 || found.mode() & 0o022 != 0 {
            return Err(EmbeddedError::UnsafeDirectory { dir: dir.to_path_buf() });
        }
        set_mode(dir, 0o711)?;
    }
    Ok(home)
}

/// Links the data directory with a place in `home`.
fn move_in(link: &Path, home: &Path) -> Result<PathBuf, EmbeddedError> {
    let cluster = home.join("postgres");
    if cluster.exists() {
        // Its data directory was removed and is being begun anew: to find the old contents again would surprise, to delete them would hurt.
        let aside = first_free(&cluster, "old");
        fs::rename(&cluster, &aside).map_err(EmbeddedError::io("put aside", &cluster))?;
        tracing::warn!(kept = %aside.display(), "an earlier database of a data directory that is gone was put aside");
    }
    symlink(&cluster, link).map_err(EmbeddedError::io("create", link))?;
    tracing::info!(link = %link.display(), cluster = %cluster.display(), "the database's user cannot reach the data directory, so the database lies elsewhere");
    Ok(cluster)
}

/// The child of an initdb that was killed writes on until it has read the end of its input, so a directory can fill
/// while it is being removed.
fn remove_busy(dir: &Path) -> io::Result<()> {
    let mut tries = 40;
    loop {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && tries > 0 => tries -= 1,
            outcome => return outcome,
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// `postgres.new-0`, `postgres.new-1`, ..: the first that is not there.
fn first_free(path: &Path, what: &str) -> PathBuf {
    let mut number = 0_u32;
    loop {
        let candidate = path.with_added_extension(format!("{what}-{number}"));
        if candidate.symlink_metadata().is_err() {
            return candidate;
        }
        number += 1;
    }
}

/// Whether a socket can be there: short enough, and no comma, at which libpq (psql, pg_dump) begins another host.
fn fits(dir: &Path) -> bool {
    let path = dir.join(SOCKET);
    path.as_os_str().len() <= SOCKET_PATH_LIMIT && !path.as_os_str().as_encoded_bytes().contains(&b',')
}

fn set_mode(dir: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::set_permissions(dir, Permissions::from_mode(mode)).map_err(EmbeddedError::io("set the permissions of", dir))
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
