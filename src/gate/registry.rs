//! Documents that are known by a name: those that the operator trusts, and those that clients have sent before. HTTP and
//! WebSocket both come through here, so that nothing else runs where only trusted documents may.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_graphql::{ServerError, Variables};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::{Document, Gate};
use crate::{
    config::{Config, TrustedDocuments},
    error::Error,
    graphql::engine::{Prepared, server_error},
};

/// Bytes that the texts of clients may have together, each with [`OVERHEAD`].
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// What an entry takes beside its text.
const OVERHEAD: usize = 128;

/// What a client asks: a document by its text or by a name, or by both for the first time.
#[derive(Debug, Default)]
pub struct Asked {
    /// The text.
    pub query: Option<String>,
    /// `documentId`: the name of a trusted document, or `sha256:` and the digest of a text.
    pub document_id: Option<String>,
    /// `extensions.persistedQuery.sha256Hash`.
    pub persisted: Option<Sha256Hex>,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Their variables.
    pub variables: Variables,
}

/// A SHA-256 in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Hex([u8; 32]);

impl Sha256Hex {
    /// Reads 64 hexadecimal digits; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// Why the trusted documents cannot be used; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read.
    #[error("OGELBASE_TRUSTED_DOCUMENTS_FILE: {} cannot be read: {error}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is no JSON object of texts.
    #[error("OGELBASE_TRUSTED_DOCUMENTS_FILE: {} must be a JSON object of ids and documents: {error}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: serde_json::Error,
    },
    /// A document would be refused.
    #[error("OGELBASE_TRUSTED_DOCUMENTS_FILE: the document `{id}` would be refused: {problem}")]
    Refused {
        /// Its id in the file.
        id: String,
        /// What the gate says.
        problem: String,
    },
}

/// Finds what is asked for, and lets it through the gate.
#[derive(Debug, Clone)]
pub struct Registry {
    gate: Gate,
    mode: TrustedDocuments,
    trusted: Arc<Trusted>,
    persisted: Cache<Sha256Hex, Arc<str>>,
}

#[derive(Debug, Default)]
struct Trusted {
    by_id: HashMap<String, Arc<str>>,
    by_digest: HashMap<Sha256Hex, Arc<str>>,
}

impl Registry {
    /// Reads the trusted documents, if there are any, and shows each to the gate.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn open(gate: Gate, config: &Config) -> Result<Self, RegistryError> {
        let trusted = match (&config.trusted_documents_file, config.trusted_documents) {
            (Some(file), TrustedDocuments::Also | TrustedDocuments::Only) => Trusted::read(file, &gate)?,
            _ => Trusted::default(),
        };
        let weight = |_: &Sha256Hex, text: &Arc<str>| u32::try_from(text.len() + OVERHEAD).unwrap_or(u32::MAX);
        let persisted = Cache::builder().weigher(weight).max_capacity(MOST_BYTES).build();
        Ok(Self { gate, mode: config.trusted_documents, trusted: Arc::new(trusted), persisted })
    }

    /// Prepares what is asked for to be run; `signed_in` as [`Gate::admit`] has it. A text that comes with its digest and passes is known from then on.
    ///
    /// # Errors
    /// [`Error::DocumentNotFound`] for a name that is not known, [`Error::InvalidInput`] for a digest that is another
    /// text's and for a text that is not among the only ones that may run; what the gate says is wrong with the document.
    pub fn admit(&self, asked: Asked, signed_in: bool) -> Result<Prepared, Vec<ServerError>> {
        let refused = |error| vec![server_error(error)];
        let Asked { query, document_id, persisted, operation_name, variables } = asked;
        let (query, learned) = match query {
            Some(text) => {
                let digest = self.check(&text, persisted).map_err(refused)?;
                let learned = digest.map(|digest| (digest, Arc::from(text.as_str())));
                (text, learned)
            }
            None => {
                let named = self.by_name(document_id.as_deref(), persisted).ok_or(Error::DocumentNotFound);
                (named.map_err(refused)?.to_string(), None)
            }
        };
        let prepared = self.gate.admit(Document { query, operation_name, variables }, signed_in)?;
        if let Some((digest, text)) = learned {
            self.persisted.insert(digest, text);
        }
        Ok(prepared)
    }

    /// Checks a text that is sent; its digest, if it is to be known by that.
    fn check(&self, text: &str, persisted: Option<Sha256Hex>) -> Result<Option<Sha256Hex>, Error> {
        let only = self.mode == TrustedDocuments::Only;
        if persisted.is_none() && !only {
            return Ok(None);
        }
        let digest = Sha256Hex::of(text);
        if persisted.is_some_and(|persisted| persisted != digest) {
            return Err(Error::invalid("extensions.persistedQuery.sha256Hash", "is not the SHA-256 of `query`"));
        }
        if only && !self.trusted.by_digest.contains_key(&digest) {
            return Err(Error::invalid("query", "is not among the documents that this server runs"));
        }
        Ok(persisted.filter(|_| !only))
    }

    fn by_name(&self, id: Option<&str>, persisted: Option<Sha256Hex>) -> Option<Arc<str>> {
        if let Some(id) = id {
            let trusted = self.trusted.by_id.get(id).cloned();
            return trusted.or_else(|| self.by_digest(Sha256Hex::parse(id.strip_prefix("sha256:")?)?));
        }
        self.by_digest(persisted?)
    }

    /// The persisted ones are empty where nothing but trusted documents may run.
    fn by_digest(&self, digest: Sha256Hex) -> Option<Arc<str>> {
        self.trusted.by_digest.get(&digest).cloned().or_else(|| self.persisted.get(&digest))
    }
}

impl Trusted {
    /// From a file as graphql-codegen's client preset writes it: an object of ids and texts.
    fn read(file: &Path, gate: &Gate) -> Result<Self, RegistryError> {
        let text = fs::read_to_string(file).map_err(|error| RegistryError::Read { file: file.to_owned(), error })?;
        let documents: BTreeMap<String, String> =
            serde_json::from_str(&text).map_err(|error| RegistryError::Format { file: file.to_owned(), error })?;
        let mut trusted = Self::default();
        for (id, text) in documents {
            if let Err(errors) = gate.vet(&text) {
                let problem = errors.into_iter().next().map(|error| error.message).unwrap_or_default();
                return Err(RegistryError::Refused { id, problem });
            }
            let (digest, text) = (Sha256Hex::of(&text), Arc::<str>::from(text));
            trusted.by_digest.insert(digest, Arc::clone(&text));
            trusted.by_id.insert(id, text);
        }
        Ok(trusted)
    }
}
