//! Access tokens: JWTs (RFC 7519) signed with HS256.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

/// What our own tokens name as their issuer.
pub const ISSUER: &str = "ogelbase";
const AUDIENCE: &str = "ogelbase-api";

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The user.
    pub sub: Uuid,
    /// The session's token; the database knows its digest alone.
    pub sid: String,
    iat: i64,
    /// When the token ends, in seconds since 1970.
    pub exp: i64,
}

/// Signs and checks access tokens.
#[derive(Clone)]
pub struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    lifetime: Duration,
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccessTokens").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl AccessTokens {
    /// From the signing secret and the lifetime of a token in seconds.
    #[must_use]
    pub fn new(secret: &str, lifetime_seconds: u32) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            lifetime: Duration::seconds(lifetime_seconds.into()),
        }
    }

    /// A token for a session, and when it ends.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn sign(&self, user_id: Uuid, session_token: &str, now: DateTime<Utc>) -> Result<(String, DateTime<Utc>)> {
        let ends = now + self.lifetime;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_token.to_owned(),
            iat: now.timestamp(),
            exp: ends.timestamp(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding);
        Ok((token.map_err(Error::internal)?, DateTime::from_timestamp(claims.exp, 0).unwrap_or(ends)))
    }

    /// The claims of a token that is ours and has not ended.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for anything else.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The end is compared below, with our own clock.
        validation.validate_exp = false;
        let refused = |_| Error::Unauthenticated("the access token is not valid".into());
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).map_err(refused)?.claims;
        if claims.exp <= now.timestamp() {
            return Err(Error::Unauthenticated("the access token has expired".into()));
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any time will do")]
    fn a_token_is_taken_until_it_ends_and_only_with_our_signature() {
        let tokens = AccessTokens::new("0123456789abcdef0123456789abcdef", 900);
        let now = Utc::now();
        let (token, ends) = tokens.sign(Uuid::from_u128(1), "secret", now).unwrap();
        assert_eq!(ends.timestamp(), now.timestamp() + 900);
        assert_eq!(tokens.check(&token, now).unwrap().sid, "secret");
        assert!(tokens.check(&token, now + Duration::seconds(900)).is_err());
        assert!(AccessTokens::new("another-secret-another-secret-32", 900).check(&token, now).is_err());

        // `none` and a changed payload.
        let mut parts: Vec<&str> = token.split('.').collect();
        assert!(tokens.check(&format!("eyJhbGciOiJub25lIn0.{}.", parts[1]), now).is_err());
        parts[1] = "eyJzdWIiOiIwIn0";
        assert!(tokens.check(&parts.join("."), now).is_err());
    }
}
