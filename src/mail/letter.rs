//! What is written to people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A letter, without its wording. The tokens in it exist nowhere else in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
