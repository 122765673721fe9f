//! What happens before there is a membership to check: resolving a credential, looking an account up, opening a
//! session. Each is one call of a narrow SECURITY DEFINER function (migration m009).

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, FromQueryResult,
    sqlx::{Row, postgres::PgRow},
};
use uuid::Uuid;

use super::{RequestTransaction, external::ExternalOpening, function::call, key::ResolvedKey, renewal::NewTokens};
use crate::error::{Error, Result};

/// Prepared on each connection, so that opening a request is neither parsed nor planned anew.
pub(super) const PREPARED: &str =
    "PREPARE open_request (text, text) AS SELECT * FROM platform_private.open_request($1, $2)";

/// What a request proves itself with, and the organization it asks to be narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// Nothing.
    Anonymous,
    /// A session, by the SHA-256 of its token.
    Session {
        /// Digest of the session's token.
        token_hash: [u8; 32],
        /// Slug from the header `X-Organization`.
        organization: Option<Slug>,
    },
    /// A token of an outside issuer, which the server has checked.
    External(Box<ExternalOpening>),
    /// An API key, by its SHA-256.
    ApiKey {
        /// Digest of the key.
        key_hash: [u8; 32],
        /// Slug from the header `X-Organization`: the key's own organization, or the request is refused.
        organization: Option<Slug>,
    },
    /// A token of the service principal, by its id; the server has checked the signature.
    Service {
        /// Key of the token's row.
        token_id: Uuid,
    },
}

/// Whom a credential proved.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A person with a session.
    Person(Resolved),
    /// A program with an API key.
    Key(ResolvedKey),
    /// The platform itself.
    Service {
        /// What the operator called the token.
        label: String,
    },
}

/// An organization's slug: 3 to 40 of `a-z0-9-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// As SQL has it; the alphabet is closed.
    pub(super) fn literal(slug: Option<&Self>) -> String {
        slug.map_or_else(|| "NULL".to_owned(), |Self(slug)| format!("'{slug}'"))
    }
}

impl Slug {
    /// Takes `text` if it can be a slug.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lawful = (3..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        lawful.then(|| Self(text.to_owned()))
    }
}

/// Who a credential belongs to and what they are where, as the database says at this request's start.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The user.
    pub user_id: Uuid,
    /// The session that the credential is of; none: it is an outside issuer's.
    pub session_id: Option<Uuid>,
    /// The organization that the request is narrowed to.
    pub organization_id: Option<Uuid>,
    /// Role in each organization, as stored; none where it grants nothing because the organization asks for a second
    /// factor first.
    pub organization_roles: Vec<(Uuid, Option<String>)>,
    /// Role in each project that was shared with the user, with the project's organization, as stored.
    pub project_roles: Vec<(Uuid, String)>,
}

impl Opening {
    /// BEGIN and the resolving call as one simple query. All values are of a closed alphabet (hex digits, a slug, a
    /// UUID), so nothing in the text can be more than a value.
    pub(super) fn statement(&self) -> String {
        match self {
            Self::Anonymous => "BEGIN".to_owned(),
            Self::Session { token_hash, organization } => {
                let slug = Slug::literal(organization.as_ref());
                format!("BEGIN; EXECUTE open_request('{}', {slug})", hex(token_hash))
            }
            Self::External(opening) => opening.statement(),
            Self::ApiKey { key_hash, organization } => {
                let slug = Slug::literal(organization.as_ref());
                format!("BEGIN; SELECT * FROM platform_private.open_api_key('{}', {slug})", hex(key_hash))
            }
            // The role ends with the transaction. Where the token is refused, that is rolled back before anything runs.
            Self::Service { token_id } => format!(
                "BEGIN; SELECT * FROM platform_private.open_service('{token_id}'); SET LOCAL ROLE {}",
                super::roles::SERVICE
            ),
        }
    }

    pub(super) fn resolve(&self, row: Option<&PgRow>) -> Result<Option<Caller>> {
        let row = row.ok_or_else(|| Error::internal("resolving a credential returned no row"));
        Ok(Some(match self {
            Self::Anonymous => return Ok(None),
            Self::Session { .. } => Caller::Person(Resolved::from_row(row?)?),
            Self::External(opening) => Caller::Person(opening.resolve(row?)?),
            Self::ApiKey { .. } => Caller::Key(ResolvedKey::from_row(row?)?),
            Self::Service { .. } => {
                let row = row?;
                if row.try_get::<&str, _>("outcome")? != "ok" {
                    return Err(Error::Unauthenticated("this service token has ended".into()));
                }
                Caller::Service { label: row.try_get("label")? }
            }
        }))
    }
}

impl Resolved {
    pub(super) fn from_row(row: &PgRow) -> Result<Self> {
        match row.try_get::<&str, _>("outcome")? {
            "ok" => {}
            "no_organization" => return Err(Error::NotFound("the organization of X-Organization was".into())),
            _ => return Err(Error::Unauthenticated("this session has ended: sign in again".into())),
        }
        let organization_ids: Vec<Uuid> = row.try_get("organization_ids")?;
        let organization_roles: Vec<Option<String>> = row.try_get("organization_roles")?;
        let project_ids: Vec<Uuid> = row.try_get("project_ids")?;
        let project_roles: Vec<String> = row.try_get("project_roles")?;
        Ok(Self {
            user_id: row.try_get("user_id")?,
            session_id: row.try_get("session_id")?,
            organization_id: row.try_get("organization_id")?,
            organization_roles: organization_ids.into_iter().zip(organization_roles).collect(),
            project_roles: project_ids.into_iter().zip(project_roles).collect(),
        })
    }
}

/// An account as a sign-in needs it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Account {
    /// The user.
    pub user_id: Uuid,
    /// Argon2id in PHC notation; none: signs in elsewhere.
    pub password_hash: Option<String>,
    /// Banned at this moment.
    pub banned: bool,
    /// Has a second factor, without which the password is not enough.
    pub second_factor: bool,
}

/// The account of an address, compared case-insensitively; deleted ones are not found.
/// # Errors
/// As the statement's.
pub async fn sign_in_lookup(transaction: &RequestTransaction, email: &str) -> Result<Option<Account>> {
    let statement = call("SELECT * FROM platform_private.sign_in_lookup($1)", [email.into()]);
    // The application role cannot call it: it would give any password's hash away.
    let row = transaction.query_one_as_service(statement).await?;
    Ok(row.map(|row| Account::from_query_result(&row, "")).transpose()?)
}

/// What a new session consists of.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Key of the session.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The stored hash that the password was checked against; the session is refused if it has changed since.
    pub checked_hash: String,
    /// Its tokens, and who asks.
    pub tokens: NewTokens,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}

/// Stores a session, records it in the audit trail, and makes its user the one that the rest of this transaction
/// works for.
///
/// # Errors
/// [`Error::Unauthenticated`] when the user was banned or deleted, or the password changed, meanwhile.
pub async fn open_session(transaction: &RequestTransaction, session: NewSession) -> Result<Resolved> {
    let values = [
        session.id.into(),
        session.user_id.into(),
        session.checked_hash.into(),
        hex(&session.tokens.token_hash).into(),
        hex(&session.tokens.refresh_token_hash).into(),
        session.expires_at.into(),
    ];
    let statement = call(
        "SELECT * FROM platform_private.open_session($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values.into_iter().chain(session.tokens.client.origin().values()),
    );
    let row = transaction.query_one_as_service(statement).await?;
    let row = row.as_ref().and_then(|row| row.try_as_pg_row());
    Resolved::from_row(row.ok_or_else(|| Error::internal("open_session returned no row"))?)
}

/// Ends the caller's own session.
///
/// # Errors
/// As the statement's.
pub async fn close_session(transaction: &RequestTransaction, session_id: Uuid, request_id: &str) -> Result<()> {
    let statement = call("SELECT platform_private.close_session($1, $2)", [session_id.into(), request_id.into()]);
    transaction.execute_raw(statement).await?;
    Ok(())
}

/// The caller's roles as they are at this point of the transaction, which may have changed them.
///
/// # Errors
/// As the statement's.
pub async fn current_memberships(transaction: &RequestTransaction, session_id: Option<Uuid>) -> Result<Resolved> {
    let statement = call("SELECT * FROM platform_private.current_memberships($1)", [session_id.into()]);
    let row = transaction.query_one_raw(statement).await?;
    let row = row.as_ref().and_then(|row| row.try_as_pg_row());
    Resolved::from_row(row.ok_or_else(|| Error::internal("current_memberships returned no row"))?)
}

/// Lower-case hexadecimal digits, the form in which digests are stored.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
