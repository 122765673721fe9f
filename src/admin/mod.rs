//! What the operator does to accounts on the command line: each command is one transaction under `ogelbase_service`,
//! with a record in the audit trail.

mod access;
mod account;
mod person;
mod terminal;
pub mod token;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use self::token::TokenCommand;
use crate::{
    auth::{password::Passwords, password_rules},
    clock::Clock,
    config::Config,
    db::{migrate, operator},
    error::{Error, Result},
    secrets::SecretsError,
};

/// Accounts and access, for the operator.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Create an account; it has no password until one is set
    CreateUser {
        /// Its address
        email: String,
        /// Given name
        #[arg(long)]
        first_name: Option<String>,
        /// Family name
        #[arg(long)]
        last_name: Option<String>,
        /// Nobody has confirmed the address yet; without this it counts as confirmed
        #[arg(long)]
        unconfirmed: bool,
    },
    /// Set an account's password, asked for on the terminal or read as one line of standard input; all its sessions end
    SetPassword {
        /// The account's address
        email: String,
    },
    /// Make an account an owner of an organization, as a member of it already or not
    MakeOwner {
        /// The account's address
        email: String,
        /// The organization's slug
        #[arg(long)]
        organization: String,
    },
    /// Shut an account out, at once: sessions end, API keys are refused
    Ban {
        /// The account's address
        email: String,
        /// Until when, as 2027-01-31T00:00:00Z; without it for ever
        #[arg(long)]
        until: Option<DateTime<Utc>>,
    },
    /// Let a banned account in again; it has to sign in anew
    Unban {
        /// The account's address
        email: String,
    },
    /// Tokens of the service principal
    #[command(flatten)]
    Token(TokenCommand),
    /// Link an account with an identity of an outside issuer, whose tokens are then its credentials
    Link {
        /// The account's address
        email: String,
        /// The issuer, as its tokens name it (`iss`)
        #[arg(long)]
        issuer: String,
        /// Who the person is there (`sub`)
        #[arg(long)]
        subject: String,
    },
}

/// Why a command did not do it. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The database is older than this program.
    #[error("the database lacks {}: run `ogelbase migrate up` first", missing.join(", "))]
    NotMigrated {
        /// Names of the migrations.
        missing: Vec<String>,
    },
    /// No account has this address.
    #[error("there is no account with the address {0}")]
    NoAccount(String),
    /// No organization has this slug.
    #[error("there is no organization {0}")]
    NoOrganization(String),
    /// What was asked for cannot be; the message says why and what would do.
    #[error("{0}")]
    Refused(String),
    /// The password cannot be read or is not fit for one.
    #[error("the password {0}")]
    Password(String),
    /// The secret that signs tokens cannot be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
}

impl From<sea_orm::DbErr> for AdminError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl Admin {
    /// Does it. Returns what was done, in a sentence for the operator.
    ///
    /// # Errors
    /// [`AdminError`]; nothing was changed then.
    pub async fn run(self, config: &Config, url: &str) -> Result<String, AdminError> {
        let all = migrate::status(url).await?;
        let missing: Vec<String> = all.into_iter().filter(|(_, applied)| !applied).map(|(name, _)| name).collect();
        if !missing.is_empty() {
            return Err(AdminError::NotMigrated { missing });
        }
        let connection = operator::connect_as_service(url).await?;
        let done = match self {
            Self::CreateUser { email, first_name, last_name, unconfirmed } => {
                account::create(
                    &connection,
                    &account::NewUser { email, first_name, last_name, confirmed: !unconfirmed },
                )
                .await
            }
            Self::SetPassword { email } => {
                account::known(&connection, &email).await?;
                let password = terminal::ask_for_password(&email).await?;
                let passwords = Passwords::new(config.argon2_memory_kib, config.argon2_passes, 1)?;
                let hash = passwords.hash(password.to_string()).await?;
                account::set_password(&connection, &email, hash).await
            }
            Self::MakeOwner { email, organization } => access::make_owner(&connection, &email, &organization).await,
            Self::Ban { email, until } => access::ban(&connection, &email, until).await,
            Self::Unban { email } => access::unban(&connection, &email).await,
            Self::Token(command) => token::run(command, config, url, &Clock::system()).await,
            Self::Link { email, issuer, subject } => account::link(&connection, &email, &issuer, &subject).await,
        };
        connection.close().await?;
        done
    }
}

/// Whether a password may be this account's.
fn check(password: &str, email: &str) -> Result<(), AdminError> {
    password_rules::check("password", password, &[email.to_owned()]).map_err(|error| match error {
        Error::InvalidInput { message, .. } => AdminError::Password(message.into_owned()),
        other => other.into(),
    })
}
