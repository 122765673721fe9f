//! Whom the database runs as when the server runs as root, which PostgreSQL refuses to.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Uid, User};

use super::error::EmbeddedError;

/// `ogelbase` first, for whoever wants the database apart from everything else. Then `postgres`, a user that exists for just this.
/// `nobody` last: other programs run as it too, and each of them could open our socket.
const CANDIDATES: [&str; 3] = ["ogelbase", "postgres", "nobody"];

/// The user the database runs as.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `None` when we are an ordinary user: then it is our own.
    pub(super) fn choose(cluster: &Path) -> Result<Option<Self>, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        // Who made the database keeps it, even when a candidate ranked before him was created since.
        if let Ok(metadata) = fs::metadata(cluster) {
            if metadata.uid() == 0 {
                return Err(EmbeddedError::OwnedByRoot { cluster: cluster.to_path_buf() });
            }
            let owner = User::from_uid(Uid::from_raw(metadata.uid()));
            return owner.ok().flatten().map(|user| Some(user.into())).ok_or(EmbeddedError::NoAccount);
        }
        let found = CANDIDATES.iter().find_map(|name| User::from_name(name).ok().flatten());
        found.map(|user| Some(user.into())).ok_or(EmbeddedError::NoAccount)
    }

    /// Whether this user can walk down to `dir`. Looks at the plain permissions; where an access list allows more, the answer is too careful.
    pub(super) fn can_reach(&self, dir: &Path) -> io::Result<bool> {
        for directory in dir.ancestors() {
            if !self.may_enter(&fs::metadata(directory)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn may_enter(&self, metadata: &Metadata) -> bool {
        let bit = if metadata.uid() == self.uid {
            0o100
        } else if metadata.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & bit != 0
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }
    }
}
