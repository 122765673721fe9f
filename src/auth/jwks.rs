//! The public keys of an outside issuer (JSON Web Key Set, RFC 7517): fetched when they are needed, kept for a while,
//! fetched again when a token names a key that is not among them, because issuers change their keys.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration as StdDuration,
};

use axum::http::{HeaderValue, Request, StatusCode, Uri, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{
    config::external_issuer::TokenAlgorithm,
    error::{Error, Result},
};

/// Older keys are fetched again, beside the request that finds them old.
const FRESH: Duration = Duration::minutes(10);
/// Older keys are not used any more: an issuer that takes a key back expects it to be gone some time.
const USABLE: Duration = Duration::hours(1);
/// Between two fetches, however many tokens name unknown keys.
const PAUSE: Duration = Duration::seconds(5);
/// For one fetch as a whole.
const PATIENCE: StdDuration = StdDuration::from_secs(5);
/// Largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1_024;
/// Keys taken of one answer.
const MOST: usize = 100;
/// Bytes of an RSA modulus: 2,048 to 4,096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

type Http = Client<HttpsConnector<HttpConnector>, Empty<axum::body::Bytes>>;

/// The keys of one issuer.
#[derive(Debug)]
pub struct Jwks {
    url: Uri,
    algorithm: TokenAlgorithm,
    http: Http,
    kept: RwLock<Kept>,
    /// One fetch at a time.
    turn: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Key>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error("{0}")]
    Http(#[from] hyper_util::client::legacy::Error),
    #[error("{0}")]
    Request(#[from] axum::http::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the answer cannot be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is not a key set: {0}")]
    Json(#[from] serde_json::Error),
}

impl Jwks {
    /// Keys for `algorithm` from `url`. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what is no URL, [`Error::Internal`] when the system has no certificates to check an
    /// https:// address with.
    pub fn new(url: &str, algorithm: TokenAlgorithm) -> Result<Self> {
        let wrong = |_| Error::invalid("OGELBASE_EXTERNAL_ISSUERS", "jwks_url is no URL");
        let url: Uri = url.parse().map_err(wrong)?;
        let tls = HttpsConnectorBuilder::new();
        let provider = rustls::crypto::ring::default_provider();
        let connector = if url.scheme_str() == Some("https") {
            tls.with_provider_and_native_roots(provider).map_err(Error::internal)?.https_only().enable_http1().build()
        } else {
            // No certificate is ever looked at.
            let none = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(Error::internal)?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            tls.with_tls_config(none).https_or_http().enable_http1().build()
        };
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { url, algorithm, http, kept: RwLock::default(), turn: Arc::default() })
    }

    /// The key that a token names, or the only one where it names none; nothing when the issuer has no such key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there are no keys to look among.
    pub async fn key(self: &Arc<Self>, id: Option<&str>, now: DateTime<Utc>) -> Result<Option<DecodingKey>> {
        let (known, age) = self.look(id, now);
        if let Some(key) = known
            && age < USABLE
        {
            if age >= FRESH {
                // The request does not wait.
                let this = Arc::clone(self);
                tokio::spawn(async move { this.fetch_in_turn(now).await });
            }
            return Ok(Some(key));
        }
        // A client that goes away does not stop the fetch that others wait for.
        let this = Arc::clone(self);
        tokio::spawn(async move { this.fetch_in_turn(now).await }).await.map_err(Error::internal)?;
        let (known, age) = self.look(id, now);
        if age < USABLE {
            return Ok(known);
        }
        Err(Error::Unavailable(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(format!(
            "the keys at {} cannot be fetched",
            self.url
        )))))
    }

    /// The key, and how old what is kept is.
    fn look(&self, id: Option<&str>, now: DateTime<Utc>) -> (Option<DecodingKey>, Duration) {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let age = kept.fetched_at.map_or(Duration::MAX, |at| (now - at).abs());
        let named = |wanted: &str| kept.keys.iter().find(|key| key.id.as_deref() == Some(wanted));
        let only = || match kept.keys.as_slice() {
            [key] => Some(key),
            _ => None,
        };
        let found = match id {
            // A set of one key need not name it.
            Some(id) => named(id).or_else(|| only().filter(|key| key.id.is_none())),
            None => only(),
        };
        (found.map(|found| found.key.clone()), age)
    }

    async fn fetch_in_turn(&self, now: DateTime<Utc>) {
        let _turn = self.turn.lock().await;
        {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            // Whoever had the turn before may have fetched just now.
            if kept.tried_at.is_some_and(|at| (now - at).abs() < PAUSE) {
                return;
            }
            kept.tried_at = Some(now);
        }
        let fetched = tokio::time::timeout(PATIENCE, self.fetch()).await.unwrap_or(Err(FetchError::Late));
        match fetched {
            Ok(keys) => {
                tracing::info!(url = %self.url, keys = keys.len(), "fetched the keys of an outside issuer");
                let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
                kept.keys = keys;
                kept.fetched_at = Some(now);
            }
            Err(error) => tracing::warn!(url = %self.url, %error, "the keys of an outside issuer cannot be fetched"),
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, FetchError> {
        let request = Request::get(self.url.clone())
            .header(header::ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"))
            .header(header::USER_AGENT, HeaderValue::from_static(concat!("ogelbase/", env!("CARGO_PKG_VERSION"))))
            .body(Empty::new())?;
        let response = self.http.request(request).await?;
        // Redirects are not followed: the configuration says where the keys are.
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(FetchError::Body)?.to_bytes();
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(&body)?;
        // A key that we do not understand is no reason to do without the others (RFC 7517, 5).
        let keys = set.keys.into_iter().take(MOST).filter_map(|key| {
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            let key = usable(&jwk, self.algorithm)?;
            Some(Key { id: jwk.common.key_id, key })
        });
        Ok(keys.collect())
    }
}

/// The key, when it is a public one that is meant for signatures of this algorithm.
fn usable(jwk: &Jwk, algorithm: TokenAlgorithm) -> Option<DecodingKey> {
    let common = &jwk.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    let (named, fits) = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::RSA(rsa), TokenAlgorithm::RS256) => {
            let bytes = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            (KeyAlgorithm::RS256, RSA_BYTES.contains(&bytes.len()))
        }
        (AlgorithmParameters::EllipticCurve(key), TokenAlgorithm::ES256) => {
            (KeyAlgorithm::ES256, key.curve == EllipticCurve::P256)
        }
        (AlgorithmParameters::OctetKeyPair(key), TokenAlgorithm::EdDSA) => {
            // jsonwebtoken takes the length for granted.
            let bytes = URL_SAFE_NO_PAD.decode(&key.x).ok()?;
            (KeyAlgorithm::EdDSA, key.curve == EllipticCurve::Ed25519 && bytes.len() == 32)
        }
        _ => return None,
    };
    let for_algorithm = common.key_algorithm.is_none_or(|it| it == named);
    if for_signatures && for_algorithm && fits { DecodingKey::from_jwk(jwk).ok() } else { None }
}
