//! The one error type of the server, with the stable codes that clients see.
//!
//! What a client is told of each is decided in [`crate::graphql::present`]; nothing here is shown as it stands.

use std::{borrow::Cow, sync::Arc};

use sea_orm::{
    DbErr,
    sqlx::{error::DatabaseError, postgres::PgDatabaseError},
};

/// Result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong while a request is answered. Cheap to clone, because one failed batch of a
/// dataloader is the answer to many fields.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or what was presented as proof is not accepted.
    #[error("{0}")]
    Unauthenticated(Cow<'static, str>),
    /// The caller sees the object but may not do this with it.
    #[error("this needs the permission {permission}")]
    Forbidden {
        /// The permission that is missing, as in `access.md` (`billing:read`).
        permission: &'static str,
    },
    /// What was named does not exist for this caller.
    #[error("{0} not found")]
    NotFound(Cow<'static, str>),
    /// An argument is wrong. `path` names it as the client wrote it (`input.email`).
    #[error("{message}")]
    InvalidInput {
        /// Where in the arguments, dotted.
        path: Cow<'static, str>,
        /// What is wrong and what would be right.
        message: Cow<'static, str>,
    },
    /// A document was named that is not known here. The message is what clients look for that send the text then.
    #[error("PersistedQueryNotFound")]
    DocumentNotFound,
    /// The state of things does not allow it (a name is taken, a row changed meanwhile).
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// An idempotency key comes again with another input.
    #[error("this idempotency key was used with another input: take a new key for what is new")]
    IdempotencyMismatch,
    /// The plan's limit is reached.
    #[error("the limit of {limit} is reached ({allowed}): {lifted_by}")]
    LimitExceeded {
        /// What is limited, as `members`.
        limit: &'static str,
        /// How many there may be.
        allowed: i64,
        /// What would lift it, in one sentence.
        lifted_by: Cow<'static, str>,
    },
    /// A document is larger or asks for more than any may.
    #[error("{message}")]
    DocumentLimit {
        /// What is limited, as `cost`.
        limit: &'static str,
        /// How much there may be.
        allowed: u64,
        /// How much there is, and how much there may be.
        message: Cow<'static, str>,
    },
    /// Too many attempts or too much work; waiting helps.
    #[error("too many attempts: try again in {retry_after} s")]
    RateLimited {
        /// Seconds to wait, at least 1.
        retry_after: u64,
    },
    /// The caller's budget of this minute is spent ([`crate::budget`]).
    #[error("your budget for this minute is spent: try again in {retry_after} s")]
    BudgetSpent {
        /// Seconds to wait, at least 1.
        retry_after: u64,
    },
    /// The database cannot be reached or is too busy; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// A statement ran into its time limit.
    #[error("this took too long and was given up: ask for less, or try again")]
    TookTooLong,
    /// Another request was at the same rows.
    #[error("this collided with another change of the same things and has not happened: try again")]
    Collided,
    /// A fault of ours. The client sees the request id and nothing else, the log has the rest.
    #[error("{0}")]
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The stable code in `extensions.code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::InvalidInput { .. } => "INVALID_INPUT",
            Self::DocumentNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Conflict(_) => "CONFLICT",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::LimitExceeded { .. } | Self::DocumentLimit { .. } => "LIMIT_EXCEEDED",
            Self::RateLimited { .. } | Self::BudgetSpent { .. } => "RATE_LIMITED",
            Self::Unavailable(_) | Self::TookTooLong | Self::Collided => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// For an argument that is wrong.
    pub fn invalid(path: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidInput { path: path.into(), message: message.into() }
    }

    /// For a fault of ours, described for the log.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(source.into()))
    }

    /// For a call without a valid sign-in.
    #[must_use]
    pub const fn sign_in_needed() -> Self {
        Self::Unauthenticated(Cow::Borrowed("sign in first: send an access token as `Authorization: Bearer ...`"))
    }
}

/// Constraints of the database that a lawful request can run into, and what the caller is told. What is refused at the
/// input before, or guarded against, is not here: running into it is a fault of ours.
const CONFLICTS: &[(&str, &str)] = &[
    ("organizations_slug_key", "this slug is taken"),
    ("api_key_is_live", "this API key has ended: make a new one"),
    ("api_key_has_projects", "all projects of this API key are gone: make a new one"),
    ("api_key_rotated_once", "this API key was rotated already: revoke the key that replaced it first"),
    ("organization_keeps_an_owner", "an organization keeps at least one owner: make somebody else an owner first"),
    ("organizations_mfa_required_by_enrolled", "switch your own second factor on before you ask it of others"),
    ("organization_invitations_one_open_key", "this address has another open invitation"),
    ("project_members_project_id_user_id_key", "this person is a member of the project already"),
    ("project_members_membership_fkey", "only members of the organization can be members of its projects"),
];

/// What the database says went wrong, as a client is to know it; none: it is a fault of ours.
fn told(error: &dyn DatabaseError) -> Option<Error> {
    let code = error.code()?;
    if let Some((_, message)) = CONFLICTS.iter().find(|(name, _)| error.constraint() == Some(*name)) {
        return Some(Error::Conflict(Cow::Borrowed(message)));
    }
    // PostgreSQL, appendix A.
    match &*code {
        UNIQUE_VIOLATION | EXCLUSION_VIOLATION => Some(Error::Conflict("this exists already".into())),
        FOREIGN_KEY_VIOLATION => {
            Some(Error::Conflict("something that this is about has changed meanwhile: look again".into()))
        }
        CHECK_VIOLATION | NOT_NULL_VIOLATION => {
            Some(Error::invalid(input(error)?, "is not a value that is taken here"))
        }
        QUERY_CANCELED => Some(Error::TookTooLong),
        SERIALIZATION_FAILURE | DEADLOCK_DETECTED | LOCK_NOT_AVAILABLE => Some(Error::Collided),
        _ => None,
    }
}

const NOT_NULL_VIOLATION: &str = "23502";
const FOREIGN_KEY_VIOLATION: &str = "23503";
const UNIQUE_VIOLATION: &str = "23505";
const CHECK_VIOLATION: &str = "23514";
const EXCLUSION_VIOLATION: &str = "23P01";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK_DETECTED: &str = "40P01";
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// `statement_timeout`: nothing else cancels a request's statement.
const QUERY_CANCELED: &str = "57014";

/// The path of the input that a column is filled from: both have one name, in two spellings. A constraint of one column is
/// called `<table>_<column>_check`.
fn input(error: &dyn DatabaseError) -> Option<String> {
    let postgres = error.try_downcast_ref::<PgDatabaseError>()?;
    let of_constraint = || {
        let name = postgres.constraint()?.strip_prefix(postgres.table()?)?.strip_prefix('_')?;
        name.strip_suffix("_check")
    };
    let mut path = "input.".to_owned();
    let mut capital = false;
    for character in postgres.column().or_else(of_constraint)?.chars() {
        if character == '_' {
            capital = true;
        } else {
            path.push(if capital { character.to_ascii_uppercase() } else { character });
            capital = false;
        }
    }
    Some(path)
}

impl From<sea_orm::sqlx::Error> for Error {
    fn from(error: sea_orm::sqlx::Error) -> Self {
        Self::from(Arc::new(error))
    }
}

impl From<Arc<sea_orm::sqlx::Error>> for Error {
    fn from(error: Arc<sea_orm::sqlx::Error>) -> Self {
        use sea_orm::sqlx::Error as Sqlx;
        if let Some(told) = error.as_database_error().and_then(told) {
            // What the rules of inputs should have refused, or a race that no statement foresaw.
            if !matches!(&told, Self::Conflict(message) if CONFLICTS.iter().any(|(_, known)| message == known)) {
                tracing::warn!(%error, code = told.code(), "the database refused a statement");
            }
            return told;
        }
        let unavailable = match &*error {
            Sqlx::Io(_) | Sqlx::PoolTimedOut | Sqlx::PoolClosed | Sqlx::Tls(_) => true,
            // 57P0x: the server is shutting down or starting; 53xxx: out of resources.
            Sqlx::Database(database) => {
                database.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("53"))
            }
            _ => false,
        };
        if unavailable { Self::Unavailable(error) } else { Self::Internal(error) }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        use sea_orm::RuntimeErr::SqlxError;
        match error {
            DbErr::Conn(SqlxError(inner)) | DbErr::Exec(SqlxError(inner)) | DbErr::Query(SqlxError(inner)) => {
                inner.into()
            }
            other => Self::internal(other),
        }
    }
}
