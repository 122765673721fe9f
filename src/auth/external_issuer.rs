//! Tokens of outside issuers: checked here, with the issuer's own keys and the one algorithm that it is configured with.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::jwks::Jwks;
use crate::{
    config::external_issuer::{ExternalIssuer as Setting, SecondFactorClaim, TokenAlgorithm},
    error::{Error, Result},
};

/// Seconds by which an issuer's clock may be ahead of ours. A token's end is its end.
const AHEAD: f64 = 30.0;

/// Whose tokens are accepted besides our own.
#[derive(Debug, Default)]
pub struct ExternalIssuers(Vec<ExternalIssuer>);

/// One of them.
pub struct ExternalIssuer {
    setting: Setting,
    validation: Validation,
    keys: Keys,
}

impl std::fmt::Debug for ExternalIssuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ExternalIssuer").field("name", &self.setting.name).finish_non_exhaustive()
    }
}

enum Keys {
    Secret(DecodingKey),
    Public(Arc<Jwks>),
}

/// Who a token is of, as its issuer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer's own name for itself.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// What a new account would be made with; nothing where the issuer may not make any.
    pub newcomer: Option<Newcomer>,
    /// Whether the token tells of a second factor, as the issuer is configured to tell of it.
    pub second_factor: bool,
    /// When the token ends.
    pub ends_at: DateTime<Utc>,
}

/// What a new account is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The address, if the token has one.
    pub email: Option<String>,
    /// Whether the issuer has confirmed that the address is theirs.
    pub email_confirmed: bool,
}

impl ExternalIssuers {
    /// As configured.
    ///
    /// # Errors
    /// As [`Jwks::new`]'s.
    pub fn new(settings: &[Setting]) -> Result<Self> {
        settings.iter().map(ExternalIssuer::new).collect::<Result<_>>().map(Self)
    }

    /// The issuer that a token says it is from. Nothing of the token is checked: who is found here checks it, with its
    /// own key and algorithm, whatever the token says of those.
    #[must_use]
    pub fn claimed_by(&self, token: &str) -> Option<&ExternalIssuer> {
        #[derive(Deserialize)]
        struct Claimed {
            iss: String,
        }
        if self.0.is_empty() {
            return None;
        }
        let claimed: Claimed = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        self.0.iter().find(|issuer| issuer.setting.issuer == claimed.iss)
    }
}

impl ExternalIssuer {
    fn new(setting: &Setting) -> Result<Self> {
        let algorithm = match setting.algorithm {
            TokenAlgorithm::HS256 => Algorithm::HS256,
            TokenAlgorithm::RS256 => Algorithm::RS256,
            TokenAlgorithm::ES256 => Algorithm::ES256,
            TokenAlgorithm::EdDSA => Algorithm::EdDSA,
        };
        let keys = match (setting.algorithm, &setting.secret, &setting.jwks_url) {
            (TokenAlgorithm::HS256, Some(secret), _) => Keys::Secret(DecodingKey::from_secret(secret.as_bytes())),
            (TokenAlgorithm::HS256, None, _) | (_, _, None) => {
                return Err(Error::invalid("OGELBASE_EXTERNAL_ISSUERS", "an issuer has no key"));
            }
            (algorithm, _, Some(url)) => Keys::Public(Arc::new(Jwks::new(url, algorithm)?)),
        };
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&setting.issuer]);
        validation.set_audience(&[&setting.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The times are compared below, with our own clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self { setting: setting.clone(), validation, keys })
    }

    /// Who a token of this issuer is of.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not the issuer's, not for us, or not of now; [`Error::Unavailable`] when
    /// the issuer's keys cannot be had.
    pub async fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Identity> {
        let refused = |reason: &str| {
            // For the operator who configures the issuer; the client learns no more than that it is refused.
            tracing::debug!(issuer = self.setting.name, reason, "refused a token of an outside issuer");
            Error::Unauthenticated(format!("the token of {} is not valid", self.setting.name).into())
        };
        let header = jsonwebtoken::decode_header(token).map_err(|error| refused(&error.to_string()))?;
        // Before any key is looked for, so that no other algorithm ever meets one.
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(refused("its algorithm is not the configured one"));
        }
        if header.crit.is_some() {
            return Err(refused("it has critical extensions"));
        }
        let key = match &self.keys {
            Keys::Secret(secret) => secret.clone(),
            Keys::Public(jwks) => {
                let key = jwks.key(header.kid.as_deref(), now).await?;
                key.ok_or_else(|| refused("the issuer has no such key"))?
            }
        };
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &self.validation);
        let claims = claims.map_err(|error| refused(&error.to_string()))?.claims;
        let ends_at = self.check_times(&claims, now, &refused)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let subject =
            text("sub").filter(|subject| is_plain(subject, 255)).ok_or_else(|| refused("its `sub` is odd"))?;
        let email = text(&self.setting.email_claim).map(str::trim).filter(|email| is_plain(email, 254));
        let email_confirmed = match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            _ => self.setting.confirms_addresses,
        };
        let newcomer = Newcomer { email: email.map(str::to_owned), email_confirmed };
        Ok(Identity {
            issuer: self.setting.issuer.clone(),
            subject: subject.to_owned(),
            newcomer: self.setting.allow_creation.then_some(newcomer),
            second_factor: self.setting.second_factor.as_ref().is_some_and(|told| tells(told, &claims)),
            ends_at,
        })
    }

    fn check_times(
        &self,
        claims: &Map<String, Value>,
        now: DateTime<Utc>,
        refused: &impl Fn(&str) -> Error,
    ) -> Result<DateTime<Utc>> {
        // Milliseconds are enough, and a float holds them exactly.
        let now = now.timestamp_millis() as f64 / 1_000.0;
        let ends = claims.get("exp").and_then(Value::as_f64).ok_or_else(|| refused("its `exp` is no time"))?;
        if ends <= now {
            return Err(Error::Unauthenticated(format!("the token of {} has expired", self.setting.name).into()));
        }
        // One that lies beyond what a calendar has is as good as none.
        let ends_at = DateTime::from_timestamp_millis((ends * 1_000.0) as i64).unwrap_or(DateTime::<Utc>::MAX_UTC);
        for (name, reason) in [("nbf", "its `nbf` is to come"), ("iat", "its `iat` is to come")] {
            if let Some(begins) = claims.get(name) {
                let begins = begins.as_f64().ok_or_else(|| refused("its `nbf` or `iat` is no time"))?;
                if begins > now + AHEAD {
                    return Err(refused(reason));
                }
            }
        }
        Ok(ends_at)
    }
}

/// Whether the claims tell of a second factor: the claim is one of the values, or a list that has one of them. GoTrue's
/// list `amr` has objects, each with its `method`.
fn tells(SecondFactorClaim { claim, values }: &SecondFactorClaim, claims: &Map<String, Value>) -> bool {
    let is_wanted = |told: Option<&str>| told.is_some_and(|told| values.iter().any(|value| value == told));
    match claims.get(claim) {
        Some(Value::String(told)) => is_wanted(Some(told)),
        Some(Value::Array(list)) => {
            list.iter().any(|told| is_wanted(told.as_str()) || is_wanted(told.get("method").and_then(Value::as_str)))
        }
        _ => false,
    }
}

/// Whether the database takes it as it stands.
fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && text.trim() == text && !text.contains(char::is_control)
}
