//! Signing in and out with a password.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    activity::Activity, api_key, external_issuer::ExternalIssuers, jwt::AccessTokens, password, password::Passwords,
    service_token::ServiceTokens, token,
};
use crate::{
    clock::Clock,
    db::{
        RequestTransaction,
        accounts::{self, Origin},
        bootstrap::{self, Account, NewSession, Opening, Resolved, Slug},
        external::{ExternalOpening, NewExternalUser},
        sign_in_failures::BackOff,
    },
    error::{Error, Result},
};

/// The domain of the demo accounts (RFC 6761, `.test`), whose password everybody knows.
const DEMO_DOMAIN: &str = ".test";

/// All that signing in and recognising a caller needs.
#[derive(Debug, Clone)]
pub struct Sessions {
    /// Signs and checks access tokens.
    pub tokens: AccessTokens,
    /// Checks tokens of outside issuers.
    pub external: Arc<ExternalIssuers>,
    /// Checks tokens of the service principal.
    pub services: ServiceTokens,
    /// Checks passwords.
    pub passwords: Passwords,
    /// The time.
    pub clock: Clock,
    /// Lifetime of a session.
    pub lifetime: Duration,
    /// Whether the demo accounts may sign in (in development).
    pub demo_accounts: bool,
    /// Which sessions were seen of late.
    pub activity: Activity,
    /// When sign-ins are slowed down after failures.
    pub back_off: BackOff,
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Address of the peer.
    pub ip: Option<IpAddr>,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// Id of the request.
    pub request_id: String,
}

impl Client {
    /// As the database's functions take it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { ip: self.ip.map(Into::into), user_agent: self.user_agent.clone(), request_id: self.request_id.clone() }
    }
}

/// What a successful sign-in hands out. The two tokens exist nowhere else.
#[derive(Debug)]
pub struct SignedIn {
    /// JWT for the header `Authorization`.
    pub access_token: String,
    /// When the access token ends.
    pub access_expires_at: DateTime<Utc>,
    /// Token to get a new access token with.
    pub refresh_token: String,
    /// The user and their roles.
    pub resolved: Resolved,
}

/// An account whose password was given.
#[derive(Debug)]
pub struct CheckedPassword {
    /// The user.
    pub user_id: Uuid,
    /// Whether the account has a second factor, without which its password is not enough to sign in.
    pub second_factor: bool,
    /// The stored hash that it was checked against.
    pub hash: String,
    /// The same password under the present parameters, where the stored hash has others.
    renewed: Option<String>,
}

impl CheckedPassword {
    /// The user, and the stored hash that was checked.
    #[must_use]
    pub fn into_parts(self) -> (Uuid, String) {
        (self.user_id, self.hash)
    }
}

/// What a caller proves who they are with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// What a request of theirs opens its transaction with.
    pub opening: Opening,
    /// When the token ends; none for nothing and for an API key, whose end the database knows.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Credential {
    /// Whether its time is over.
    #[must_use]
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|ends_at| ends_at <= now)
    }

    /// How long it need not be looked at again: until its end; without one, for so many seconds.
    #[must_use]
    pub fn good_for(&self, now: DateTime<Utc>, seconds: u32) -> std::time::Duration {
        let otherwise = std::time::Duration::from_secs(seconds.into());
        self.ends_at.map_or(otherwise, |ends_at| (ends_at - now).to_std().unwrap_or_default())
    }
}

impl From<Opening> for Credential {
    fn from(opening: Opening) -> Self {
        Self { opening, ends_at: None }
    }
}

impl Sessions {
    /// What a request with these headers opens its transaction with.
    ///
    /// # Errors
    /// As [`Sessions::credential`]'s.
    pub async fn opening(&self, bearer: Option<&str>, organization: Option<&str>, client: &Client) -> Result<Opening> {
        Ok(self.credential(bearer, organization, client).await?.opening)
    }

    /// What these headers prove, and for how long.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a credential that is nobody's whom we trust or has ended, and for
    /// `X-Organization` without a credential; [`Error::NotFound`] for an `X-Organization` that cannot be a slug;
    /// [`Error::InvalidInput`] for that header with a service token; [`Error::Unavailable`] when an outside issuer's
    /// keys cannot be had.
    pub async fn credential(
        &self,
        bearer: Option<&str>,
        organization: Option<&str>,
        client: &Client,
    ) -> Result<Credential> {
        let Some(bearer) = bearer else {
            return if organization.is_some() { Err(Error::sign_in_needed()) } else { Ok(Opening::Anonymous.into()) };
        };
        let not_found = || Error::NotFound("the organization of X-Organization was".into());
        let slug = || organization.map(|slug| Slug::parse(slug).ok_or_else(not_found)).transpose();
        if bearer.starts_with(api_key::PREFIX) {
            // A mistyped key costs no database work.
            if !api_key::is_well_formed(bearer) {
                return Err(Error::Unauthenticated("this is no API key: characters are wrong or missing".into()));
            }
            return Ok(Opening::ApiKey { key_hash: token::digest(bearer), organization: slug()? }.into());
        }
        if let Some(issuer) = self.external.claimed_by(bearer) {
            let identity = issuer.check(bearer, self.clock.now()).await?;
            let newcomer = identity.newcomer.map(|newcomer| NewExternalUser {
                id: crate::id::new(),
                email: newcomer.email,
                email_confirmed: newcomer.email_confirmed,
                ip: client.ip.map(Into::into),
                user_agent: client.user_agent.clone(),
                request_id: client.request_id.clone(),
            });
            let opening = Opening::External(Box::new(ExternalOpening {
                issuer: identity.issuer,
                subject: identity.subject,
                organization: slug()?,
                newcomer,
                second_factor: identity.second_factor,
            }));
            return Ok(Credential { opening, ends_at: Some(identity.ends_at) });
        }
        let now = self.clock.now();
        let claims = match self.tokens.check(bearer, now) {
            Ok(claims) => claims,
            Err(refused) => return self.of_service(bearer, organization, now).unwrap_or(Err(refused)),
        };
        let opening = Opening::Session { token_hash: token::digest(&claims.sid), organization: slug()? };
        Ok(Credential { opening, ends_at: DateTime::from_timestamp(claims.exp, 0) })
    }

    /// For a token that is none of a person: none if it is none of the service either.
    fn of_service(&self, bearer: &str, organization: Option<&str>, now: DateTime<Utc>) -> Option<Result<Credential>> {
        let (token_id, ends_at) = self.services.check(bearer, now).ok()?;
        Some(match organization {
            None => Ok(Credential { opening: Opening::Service { token_id }, ends_at }),
            Some(_) => Err(Error::invalid("X-Organization", "is not for the service, which sees all organizations")),
        })
    }

    /// Checks the password; nothing is written. Unknown address (no `account`), wrong password, banned account and an
    /// account without a password get the same answer after the same work.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it does not match.
    pub async fn check_password(
        &self,
        account: Option<Account>,
        email: &str,
        password: String,
    ) -> Result<CheckedPassword> {
        let refused = || Error::Unauthenticated("e-mail or password is wrong".into());
        if password.len() > password::MAX_BYTES {
            return Err(refused());
        }
        let allowed = self.demo_accounts || !email.to_lowercase().ends_with(DEMO_DOMAIN);
        let account = account.filter(|account| allowed && !account.banned);
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let matches = self.passwords.verify(password.clone(), hash).await?;
        let account = account.filter(|_| matches).ok_or_else(refused)?;
        let hash = account.password_hash.unwrap_or_default();
        let renewed = if self.passwords.is_outdated(&hash) { self.renewed(password).await } else { None };
        Ok(CheckedPassword { user_id: account.user_id, second_factor: account.second_factor, hash, renewed })
    }

    /// A sign-in does not fail for this.
    async fn renewed(&self, password: String) -> Option<String> {
        let hashed = self.passwords.hash(password).await;
        hashed.inspect_err(|error| tracing::warn!(%error, "a password's hash was not renewed")).ok()
    }

    /// Opens a session in the request's transaction, which from here on works for that user.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the user was banned or deleted, or the password changed, meanwhile.
    pub async fn open(
        &self,
        transaction: &RequestTransaction,
        checked: CheckedPassword,
        client: &Client,
    ) -> Result<SignedIn> {
        let user_id = checked.user_id;
        let (session_token, refresh_token, tokens) = self.new_tokens(client);
        let session = NewSession {
            id: crate::id::new(),
            user_id,
            checked_hash: checked.hash.clone(),
            tokens,
            expires_at: self.clock.now() + self.lifetime,
        };
        let resolved = bootstrap::open_session(transaction, session).await?;
        if let Some(renewed) = checked.renewed {
            accounts::renew_password_hash(transaction, user_id, checked.hash, renewed).await?;
        }
        self.signed_in(&session_token, refresh_token, resolved)
    }
}
