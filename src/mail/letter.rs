//! What is written to people.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A letter, without its wording. The tokens in it exist nowhere else in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// Asks a new account to confirm its address.
    ConfirmEmail {
        /// For `confirmEmail`.
        token: String,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// Somebody tried to sign up with an address that has an account.
    AccountExists,
    /// A link to set a new password.
    ResetPassword {
        /// For `resetPassword`.
        token: String,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// The password was changed.
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
    },
    /// An invitation to an organization.
    Invitation {
        /// Its name.
        organization: String,
        /// Who invites, as they are called or by their address.
        invited_by: String,
        /// The role that is offered.
        role: String,
        /// For `acceptInvitation`.
        token: String,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// A second factor was switched on or off.
    SecondFactorChanged {
        /// Whether it is on now.
        enabled: bool,
        /// When.
        at: DateTime<Utc>,
    },
}

impl Letter {
    /// Which letter it is, as a log may say it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ConfirmEmail { .. } => "confirm_email",
            Self::AccountExists => "account_exists",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged { .. } => "password_changed",
            Self::Invitation { .. } => "invitation",
            Self::SecondFactorChanged { .. } => "second_factor_changed",
        }
    }

    /// When the link in it ends, if it has one that does.
    #[must_use]
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::ConfirmEmail { expires_at, .. }
            | Self::ResetPassword { expires_at, .. }
            | Self::Invitation { expires_at, .. } => Some(*expires_at),
            Self::AccountExists | Self::PasswordChanged { .. } | Self::SecondFactorChanged { .. } => None,
        }
    }
}

/// Its kind alone: what is printed ends up in logs, and the token is as good as a password.
impl fmt::Debug for Letter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Letter").field("kind", &self.kind()).finish_non_exhaustive()
    }
}
