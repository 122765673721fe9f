//! Passwords: Argon2id (RFC 9106), computed off the async threads and a bounded number at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Longest password that is hashed, in bytes; longer ones are refused before any work is done.
pub const MAX_BYTES: usize = 1_024;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// Checked against when there is no account, so that both answers take the same time.
    dummy: Arc<str>,
}

impl Passwords {
    /// With Argon2id's memory in KiB, its passes, and how many hashes are computed at once.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when Argon2 does not take the parameters.
    pub fn new(memory_kib: u32, passes: u32, at_once: usize) -> Result<Self> {
        let params = Params::new(memory_kib, passes, 1, None)
            .map_err(|error| Error::invalid("OGELBASE_ARGON2_MEMORY_KIB", error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_now(&argon2, "no account has this password")?;
        Ok(Self { argon2, turns: Arc::new(Semaphore::new(at_once)), dummy: dummy.into() })
    }

    /// The hash to store, in PHC notation.
    ///
    /// # Errors
    /// [`Error::Internal`] when hashing fails.
    pub async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.take_turn(move || hash_now(&argon2, &password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// [`Error::Internal`] when the work cannot be done.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let matches = self
            .take_turn(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(matches && known)
    }

    async fn take_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(Error::internal)
    }
}

fn hash_now(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    argon2
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}
