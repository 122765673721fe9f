//! Passwords: Argon2id (RFC 9106), computed off the async threads and a bounded number at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::password_rules;
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

    /// The hash to store of a password that somebody wants to have, if it follows the rules. `path` names the argument
    /// it came in, `own` is what everybody knows of its person.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] as [`password_rules::check`]; [`Error::Internal`] when hashing fails.
    pub async fn hash_new(&self, path: &'static str, password: String, own: Vec<String>) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.take_turn(move || {
            password_rules::check(path, &password, &own)?;
            hash_now(&argon2, &password)
        })
        .await?
    }

    /// Whether the hash was made under other parameters than the present ones.
    #[must_use]
    pub fn is_outdated(&self, hash: &str) -> bool {
        let made_with = PasswordHash::new(hash).ok().filter(|hash| {
            hash.algorithm == Algorithm::Argon2id.ident() && hash.version == Some(Version::V0x13.into())
        });
        let params = made_with.and_then(|hash| Params::try_from(&hash).ok());
        let present = self.argon2.params();
        params.is_none_or(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                != (present.m_cost(), present.t_cost(), present.p_cost())
        })
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
                let password = normal(&password);
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

/// One spelling for what looks the same: an `ü` may come as one character or as two.
fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().collect())
}

fn hash_now(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    argon2
        .hash_password(normal(password).as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(passes: u32) -> Passwords {
        Passwords::new(8, passes, 1).unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_outdated_once_the_parameters_are_others() {
        let hash = passwords(1).hash("a password".to_owned()).await.unwrap();
        assert!(!passwords(1).is_outdated(&hash));
        assert!(passwords(2).is_outdated(&hash));
        assert!(passwords(1).is_outdated("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA"));
        assert!(passwords(1).is_outdated("nonsense"));
        // It is good all the same.
        assert!(passwords(2).verify("a password".to_owned(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_its_letters_are_put_together() {
        let hash = passwords(1).hash("m\u{fc}hle am bach".to_owned()).await.unwrap();
        assert!(passwords(1).verify("mu\u{308}hle am bach".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords(1).verify("muhle am bach".to_owned(), Some(hash)).await.unwrap());
    }
}
