//! Seals what must be read back: connection strings, database passwords, project keys, second-factor secrets.
//!
//! A sealed value is `ogv1.<key id>.<base64url of nonce and ciphertext>` (XChaCha20-Poly1305, a random 24-byte
//! nonce). Table, column and row id are its associated data, so a value copied to another place does not open.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::Rng;
use uuid::Uuid;
use zeroize::Zeroizing;

const PREFIX: &str = "ogv1";
const NONCE_BYTES: usize = 24;

/// Where a sealed value lives. It opens only there.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Table without its schema, as `credentials`.
    pub table: &'static str,
    /// Column, as `jwt_secret_sealed`.
    pub column: &'static str,
    /// The row's id.
    pub row: Uuid,
}

impl Place {
    fn associated_data(&self) -> String {
        format!("{}/{}/{}", self.table, self.column, self.row)
    }
}

/// Why a value cannot be sealed or opened. No message holds any part of a secret.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    /// The key ring of the configuration cannot be read.
    #[error("OGELBASE_VAULT_KEYS: {0}")]
    KeyRing(String),
    /// Not a value of ours.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed with a key that the ring does not have.
    #[error("sealed with the key `{0}`, which the key ring does not have")]
    UnknownKey(String),
    /// Changed, or copied from another place.
    #[error("the sealed value does not open here: it was changed or belongs to another row")]
    Refused,
}

/// The key ring: the first key seals, all of them open.
pub struct Vault {
    primary: String,
    keys: BTreeMap<String, XChaCha20Poly1305>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").field("primary", &self.primary).finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads a ring written as `id:base64,id:base64` (ids of `a-z0-9_-`, at most 32 characters; keys of 32 bytes).
    ///
    /// # Errors
    /// [`VaultError::KeyRing`] saying which entry is wrong, by its position, never by its content.
    pub fn from_key_ring(ring: &str) -> Result<Self, VaultError> {
        let mut primary = None;
        let mut keys = BTreeMap::new();
        for (position, entry) in ring.split(',').map(str::trim).enumerate() {
            let wrong = |what: &str| VaultError::KeyRing(format!("entry {}: {what}", position + 1));
            let (id, key) = entry.split_once(':').ok_or_else(|| wrong("is not `id:base64`"))?;
            if !is_key_id(id) {
                return Err(wrong("the id must be 1 to 32 of a-z 0-9 _ -"));
            }
            let bytes = Zeroizing::new(
                general_purpose::STANDARD.decode(key).map_err(|_| wrong("the key is not standard base64"))?,
            );
            let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| wrong("the key is not 32 bytes"))?;
            if keys.insert(id.to_owned(), cipher).is_some() {
                return Err(wrong("the id stands twice"));
            }
            primary.get_or_insert_with(|| id.to_owned());
        }
        let primary = primary.ok_or_else(|| VaultError::KeyRing("is empty".to_owned()))?;
        Ok(Self { primary, keys })
    }

    /// A new ring of one random key, in the notation of [`Vault::from_key_ring`].
    #[must_use]
    pub fn generate_key_ring() -> Zeroizing<String> {
        let mut key = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(key.as_mut());
        Zeroizing::new(format!("k1:{}", general_purpose::STANDARD.encode(key.as_ref())))
    }

    /// Id of the key that seals.
    #[must_use]
    pub fn primary(&self) -> &str {
        &self.primary
    }

    /// Whether the ring has the key of this id.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether a sealed value says that it is of the key that seals.
    #[must_use]
    pub fn sealed_last(&self, sealed: &str) -> bool {
        let id =
            sealed.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('.')).and_then(|rest| rest.split_once('.'));
        id.is_some_and(|(id, _)| id == self.primary)
    }

    /// Seals `secret` for `place` with the first key of the ring.
    ///
    /// # Errors
    /// [`VaultError::Refused`] only if the cipher itself fails (a secret of more than 256 GiB).
    pub fn seal(&self, place: Place, secret: &str) -> Result<String, VaultError> {
        let cipher = self.keys.get(&self.primary).ok_or_else(|| VaultError::UnknownKey(self.primary.clone()))?;
        let mut sealed = vec![0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut sealed);
        let nonce = XNonce::try_from(sealed.as_slice()).map_err(|_| VaultError::Malformed)?;
        let data = place.associated_data();
        let ciphertext = cipher
            .encrypt(&nonce, Payload { msg: secret.as_bytes(), aad: data.as_bytes() })
            .map_err(|_| VaultError::Refused)?;
        sealed.extend_from_slice(&ciphertext);
        Ok(format!("{PREFIX}.{}.{}", self.primary, general_purpose::URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`VaultError`] for a value that is not ours, of an unknown key, changed, or of another place.
    pub fn open(&self, place: Place, sealed: &str) -> Result<Zeroizing<String>, VaultError> {
        let rest = sealed.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('.')).ok_or(VaultError::Malformed)?;
        let (id, body) = rest.split_once('.').ok_or(VaultError::Malformed)?;
        let cipher = self.keys.get(id).ok_or_else(|| VaultError::UnknownKey(id.to_owned()))?;
        let bytes = general_purpose::URL_SAFE_NO_PAD.decode(body).map_err(|_| VaultError::Malformed)?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(VaultError::Malformed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Malformed)?;
        let data = place.associated_data();
        let opened = cipher
            .decrypt(&nonce, Payload { msg: ciphertext, aad: data.as_bytes() })
            .map_err(|_| VaultError::Refused)?;
        String::from_utf8(opened).map(Zeroizing::new).map_err(|_| VaultError::Malformed)
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=32).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place { table: "credentials", column: "jwt_secret_sealed", row: Uuid::from_u128(7) };

    fn vault() -> Vault {
        Vault::from_key_ring(&Vault::generate_key_ring()).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_never_seals_alike() {
        let vault = vault();
        let first = vault.seal(HERE, "s3cret").unwrap();
        assert_ne!(first, vault.seal(HERE, "s3cret").unwrap());
        assert_eq!(*vault.open(HERE, &first).unwrap(), "s3cret");
        assert!(!first.contains("s3cret"));
    }

    #[test]
    fn refuses_another_place_another_key_and_a_changed_value() {
        let vault = vault();
        let sealed = vault.seal(HERE, "s3cret").unwrap();
        for other in [
            Place { row: Uuid::from_u128(8), ..HERE },
            Place { column: "anon_key_sealed", ..HERE },
            Place { table: "databases", ..HERE },
        ] {
            assert_eq!(vault.open(other, &sealed), Err(VaultError::Refused));
        }
        assert_eq!(self::vault().open(HERE, &sealed), Err(VaultError::Refused));
        let other_id = sealed.replace("ogv1.k1.", "ogv1.k2.");
        assert_eq!(vault.open(HERE, &other_id), Err(VaultError::UnknownKey("k2".to_owned())));
        let flipped = if sealed.ends_with('A') { "B" } else { "A" };
        assert!(vault.open(HERE, &format!("{}{flipped}", &sealed[..sealed.len() - 1])).is_err());
        for malformed in ["", "s3cret", "ogv1.", "ogv1.k1", "ogv1.k1.!", "ogv1.k1.AAAA"] {
            assert_eq!(vault.open(HERE, malformed), Err(VaultError::Malformed), "{malformed}");
        }
    }

    #[test]
    fn a_ring_opens_with_old_keys_and_seals_with_the_first() {
        let old = Vault::generate_key_ring();
        let sealed = Vault::from_key_ring(&old).unwrap().seal(HERE, "s3cret").unwrap();
        let new = Vault::generate_key_ring().replacen("k1:", "k2:", 1);
        let both = Vault::from_key_ring(&format!("{new},{}", *old)).unwrap();
        assert_eq!(*both.open(HERE, &sealed).unwrap(), "s3cret");
        assert!(both.seal(HERE, "x").unwrap().starts_with("ogv1.k2."));
    }

    #[test]
    fn a_wrong_ring_is_named_by_position_not_content() {
        let error = Vault::from_key_ring("k1:c2VjcmV0").unwrap_err().to_string();
        assert_eq!(error, "OGELBASE_VAULT_KEYS: entry 1: the key is not 32 bytes");
        assert!(Vault::from_key_ring("").is_err());
    }
}
