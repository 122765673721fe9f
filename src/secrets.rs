//! The server's own secrets: given by the configuration; in development made once and kept in the data directory.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    auth::token,
    config::Config,
    vault::{Vault, VaultError},
};

/// The secrets, resolved.
#[derive(Debug)]
pub struct Secrets {
    /// Signs access tokens.
    pub jwt: Zeroizing<String>,
    /// Seals what must be read back.
    pub vault: Vault,
}

/// Why there are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// A file of the data directory cannot be read or made.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no key ring.
    #[error("there is no key ring: set OGELBASE_VAULT_KEYS as the server has it ({0} is not there)")]
    NoKeyRing(PathBuf),
    /// The key ring cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Takes the secrets from the configuration, or from files that are made at the first start.
///
/// # Errors
/// [`SecretsError`] naming the file or the setting.
pub fn resolve(config: &Config) -> Result<Secrets, SecretsError> {
    let kept = |given: &Option<String>, name: &str, make: fn() -> Zeroizing<String>| match given {
        Some(given) => Ok(Zeroizing::new(given.clone())),
        None => read_or_make(&config.data_dir.join(name), make),
    };
    let jwt = kept(&config.jwt_secret, "jwt.secret", || Zeroizing::new(token::new()))?;
    let ring = kept(&config.vault_keys, "vault.keys", Vault::generate_key_ring)?;
    Ok(Secrets { jwt, vault: Vault::from_key_ring(&ring)? })
}

/// The vault of what was sealed already: its key ring is never made here, for a new one would open nothing.
///
/// # Errors
/// [`SecretsError`] naming the file or the setting.
pub fn vault(config: &Config) -> Result<Vault, SecretsError> {
    if let Some(ring) = &config.vault_keys {
        return Ok(Vault::from_key_ring(ring)?);
    }
    let path = config.data_dir.join("vault.keys");
    match fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(ring) => Ok(Vault::from_key_ring(ring.trim())?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SecretsError::NoKeyRing(path)),
        Err(error) => Err(SecretsError::File { path, error }),
    }
}

fn read_or_make(path: &Path, make: fn() -> Zeroizing<String>) -> Result<Zeroizing<String>, SecretsError> {
    let at = |error| SecretsError::File { path: path.to_owned(), error };
    match fs::read_to_string(path) {
        Ok(text) => return Ok(Zeroizing::new(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(error)),
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at)?;
    // Written aside and linked into place: the file is whole or not there, and of two servers one wins. The name is
    // nobody else's, not even that of a server that was killed here and had the same pid, as in a container.
    let aside = path.with_extension(format!("{}.new", crate::id::new().simple()));
    let made = make();
    let write = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(made.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&aside, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // What is sealed with it will be on the disk; so must the name be by which it is found.
        fs::File::open(directory)?.sync_all()
    };
    let written = write();
    let _ = fs::remove_file(&aside);
    written.map_err(at)?;
    fs::read_to_string(path).map(|text| Zeroizing::new(text.trim().to_owned())).map_err(at)
}
