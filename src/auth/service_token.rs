//! Tokens of the service principal: JWTs with an audience of their own, signed with the server's secret. The database
//! lists them, so that one can be revoked.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

const ISSUER: &str = "ogelbase";
/// No token of a person has it, and no token of the service has theirs.
const AUDIENCE: &str = "ogelbase-service";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// Key of the token's row.
    jti: Uuid,
    /// Says the same as the audience, to who reads the token by eye.
    service: bool,
    iat: i64,
    exp: i64,
}

/// Makes and checks the service's tokens.
#[derive(Clone)]
pub struct ServiceTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for ServiceTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServiceTokens").finish_non_exhaustive()
    }
}

impl ServiceTokens {
    /// From the secret that signs access tokens.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        }
    }

    /// The token with this id. It is good for nothing before the database lists it.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn mint(&self, id: Uuid, now: DateTime<Utc>, ends: DateTime<Utc>) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            jti: id,
            service: true,
            iat: now.timestamp(),
            exp: ends.timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)
    }

    /// The id and the end of a token that is ours and has not ended; the database says whether it was revoked.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for anything else.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<(Uuid, Option<DateTime<Utc>>)> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The end is compared below, with our own clock.
        validation.validate_exp = false;
        let refused = |_| Error::Unauthenticated("the service token is not valid".into());
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).map_err(refused)?.claims;
        if !claims.service || claims.exp <= now.timestamp() {
            return Err(Error::Unauthenticated("the service token has expired".into()));
        }
        Ok((claims.jti, DateTime::from_timestamp(claims.exp, 0)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::auth::jwt::AccessTokens;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any time will do")]
    fn a_token_is_taken_until_it_ends_and_is_none_of_a_person() {
        let (tokens, now) = (ServiceTokens::new(SECRET), Utc::now());
        let token = tokens.mint(Uuid::from_u128(7), now, now + Duration::days(1)).unwrap();
        assert_eq!(tokens.check(&token, now).unwrap().0, Uuid::from_u128(7));
        assert!(tokens.check(&token, now + Duration::days(1)).is_err());
        assert!(ServiceTokens::new("another-secret-another-secret-32").check(&token, now).is_err());

        let people = AccessTokens::new(SECRET, 900);
        assert!(people.check(&token, now).is_err());
        assert!(tokens.check(&people.sign(Uuid::from_u128(1), "secret", now).unwrap().0, now).is_err());
    }
}
