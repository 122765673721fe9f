//! The one error type of the server, with the stable codes that clients see.
//!
//! What a client is told of each is decided in [`crate::graphql::present`]; nothing here is shown as it stands.

use std::{borrow::Cow, sync::Arc};

use sea_orm::DbErr;

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
    /// Too many attempts or too much work; waiting helps.
    #[error("too many attempts: try again in {retry_after} s")]
    RateLimited {
        /// Seconds to wait, at least 1.
        retry_after: u64,
    },
    /// The database cannot be reached or is too busy; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
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
            Self::Conflict(_) => "CONFLICT",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::LimitExceeded { .. } => "LIMIT_EXCEEDED",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Unavailable(_) => "UNAVAILABLE",
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

/// Why a second factor is not asked of an organization's members yet.
pub const MFA_REQUIRED_BY_ENROLLED: &str = "switch your own second factor on before you ask it of others";

/// Constraints of the database that a lawful request can run into, and what the caller is told. What is refused at the
/// input before, or guarded against, is not here: running into it is a fault of ours.
const CONFLICTS: &[(&str, &str)] = &[
    ("organizations_slug_key", "this slug is taken"),
    ("api_key_is_live", "this API key has ended: make a new one"),
    ("api_key_rotated_once", "this API key was rotated already: revoke the key that replaced it first"),
    ("organization_keeps_an_owner", "an organization keeps at least one owner: make somebody else an owner first"),
    ("organizations_mfa_required_by_enrolled", MFA_REQUIRED_BY_ENROLLED),
    ("organization_invitations_one_open_key", "this address has another open invitation"),
    ("project_members_project_id_user_id_key", "this person is a member of the project already"),
    ("project_members_membership_fkey", "only members of the organization can be members of its projects"),
];

fn conflict(constraint: Option<&str>) -> Option<Error> {
    let (_, message) = CONFLICTS.iter().find(|(name, _)| Some(*name) == constraint)?;
    Some(Error::Conflict(Cow::Borrowed(message)))
}

impl From<sea_orm::sqlx::Error> for Error {
    fn from(error: sea_orm::sqlx::Error) -> Self {
        use sea_orm::sqlx::Error as Sqlx;
        if let Some(conflict) = error.as_database_error().and_then(|database| conflict(database.constraint())) {
            return conflict;
        }
        let unavailable = match &error {
            Sqlx::Io(_) | Sqlx::PoolTimedOut | Sqlx::PoolClosed | Sqlx::Tls(_) => true,
            // 57P0x: the server is shutting down or starting; 53xxx: out of resources (PostgreSQL, appendix A).
            Sqlx::Database(database) => {
                database.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("53"))
            }
            _ => false,
        };
        if unavailable { Self::Unavailable(Arc::new(error)) } else { Self::internal(error) }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        use sea_orm::RuntimeErr::SqlxError;
        match error {
            DbErr::Conn(SqlxError(inner)) | DbErr::Exec(SqlxError(inner)) | DbErr::Query(SqlxError(inner)) => {
                match Arc::try_unwrap(inner) {
                    Ok(inner) => inner.into(),
                    Err(shared) => Self::Internal(shared),
                }
            }
            other => Self::internal(other),
        }
    }
}
