//! Making an account, proving its address, setting its password, ending it. Each is one call of a function that only
//! the service role may call (migration m015): none of it can be done by SQL of the application role.

use chrono::{DateTime, Utc};
use ipnetwork::IpNetwork;
use sea_orm::Value;
use uuid::Uuid;

use super::{
    RequestTransaction,
    bootstrap::hex,
    function::{call, only, value_as_service},
};
use crate::error::Result;

/// Where a request comes from, for the audit trail.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Address of the client.
    pub ip: Option<IpNetwork>,
    /// The client's own name for itself.
    pub user_agent: Option<String>,
    /// Id of the request.
    pub request_id: String,
}

impl Origin {
    /// As the database's functions take it.
    pub(crate) fn values(&self) -> [Value; 3] {
        [self.ip.into(), self.user_agent.clone().into(), self.request_id.clone().into()]
    }
}

/// A token that is good once, as it is stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its key.
    pub id: Uuid,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A letter that is ready for the outbox: its key there, and its sealed content.
pub type SealedLetter = (Uuid, String);

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Key of the user.
    pub id: Uuid,
    /// Its address.
    pub email: String,
    /// Argon2id in PHC notation.
    pub password_hash: String,
    /// Handle.
    pub username: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Name and slug of what is founded once the address is confirmed.
    pub organization: Option<(String, String)>,
}

/// An address that was confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// Slug of the organization that was founded with it.
    pub founded: Option<String>,
}

/// What a token of a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To confirm the address.
    ConfirmEmail,
    /// To set a new password.
    ResetPassword,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// Makes an account and mails `welcome` with its token, or, when the address has one already, mails `known`. Which of
/// the two it was the caller does not learn.
///
/// # Errors
/// As the statement's.
pub async fn sign_up(
    transaction: &RequestTransaction,
    account: NewAccount,
    token: NewToken,
    welcome: SealedLetter,
    known: SealedLetter,
    origin: &Origin,
) -> Result<()> {
    let (organization_name, organization_slug) = account.organization.unzip();
    let values = [
        account.id.into(),
        account.email.into(),
        account.password_hash.into(),
        account.username.into(),
        account.first_name.into(),
        account.last_name.into(),
        token.id.into(),
        hex(&token.hash).into(),
        token.expires_at.into(),
        welcome.0.into(),
        welcome.1.into(),
        known.0.into(),
        known.1.into(),
        organization_name.into(),
        organization_slug.into(),
    ];
    value_as_service::<bool>(
        transaction,
        "SELECT platform_private.sign_up($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            IS NULL",
        values.into_iter().chain(origin.values()),
    )
    .await?;
    Ok(())
}

/// Mails a token to the account of this address, if it has one that has use for it. Whether it has the caller does not
/// learn.
///
/// # Errors
/// As the statement's.
pub async fn mail_link(
    transaction: &RequestTransaction,
    purpose: Purpose,
    email: &str,
    token: NewToken,
    letter: SealedLetter,
    origin: &Origin,
) -> Result<()> {
    let values = [
        purpose.name().into(),
        email.into(),
        token.id.into(),
        hex(&token.hash).into(),
        token.expires_at.into(),
        letter.0.into(),
        letter.1.into(),
    ];
    value_as_service::<bool>(
        transaction,
        "SELECT platform_private.mail_link($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) IS NULL",
        values.into_iter().chain(origin.values()),
    )
    .await?;
    Ok(())
}

/// Uses the token up, confirms the address that it was mailed to, and founds the organization that its account was to
/// begin with; none for a token that is not good.
///
/// # Errors
/// As the statement's.
pub async fn confirm_email(
    transaction: &RequestTransaction,
    token_hash: &[u8; 32],
    origin: &Origin,
) -> Result<Option<Confirmed>> {
    let values = [hex(token_hash).into()].into_iter().chain(origin.values());
    let sql = "SELECT person, founded FROM platform_private.confirm_email($1, $2, $3, $4)";
    let row = only(transaction.query_one_as_service(call(sql, values)).await?)?;
    let person: Option<Uuid> = row.try_get("", "person")?;
    let founded = row.try_get("", "founded")?;
    Ok(person.map(|_| Confirmed { founded }))
}

/// Address of the account whose password this token sets; none for a token that is not good.
///
/// # Errors
/// As the statement's.
pub async fn holder_of_reset(transaction: &RequestTransaction, token_hash: &[u8; 32]) -> Result<Option<String>> {
    value_as_service(transaction, "SELECT platform_private.holder_of_reset($1)", [hex(token_hash).into()]).await
}

/// Uses the token up, sets the password and ends all sessions; the account's address, or none for a token that is not
/// good.
///
/// # Errors
/// As the statement's.
pub async fn reset_password(
    transaction: &RequestTransaction,
    token_hash: &[u8; 32],
    new_hash: String,
    origin: &Origin,
) -> Result<Option<String>> {
    let values = [hex(token_hash).into(), new_hash.into()].into_iter().chain(origin.values());
    value_as_service(transaction, "SELECT platform_private.reset_password($1, $2, $3, $4, $5)", values).await
}

/// Sets the password and ends all other sessions; false when it is no longer the one that was checked.
///
/// # Errors
/// As the statement's.
pub async fn change_password(
    transaction: &RequestTransaction,
    user_id: Uuid,
    session_id: Uuid,
    checked_hash: String,
    new_hash: String,
) -> Result<bool> {
    let values = [user_id.into(), session_id.into(), checked_hash.into(), new_hash.into()];
    value_as_service(transaction, "SELECT platform_private.change_password($1, $2, $3, $4)", values).await
}

/// Replaces the hash of a password that was just checked by one of the same password.
///
/// # Errors
/// As the connection's; what goes wrong with the row itself is not told.
pub async fn renew_password_hash(
    transaction: &RequestTransaction,
    user_id: Uuid,
    checked_hash: String,
    new_hash: String,
) -> Result<bool> {
    let values = [user_id.into(), checked_hash.into(), new_hash.into()];
    value_as_service(transaction, "SELECT platform_private.renew_password_hash($1, $2, $3)", values).await
}

/// Deletes the account softly, with its memberships, sessions and keys; false when the password is no longer the one
/// that was checked.
///
/// # Errors
/// [`Error::Conflict`] while some organization has no other owner.
pub async fn delete_account(
    transaction: &RequestTransaction,
    user_id: Uuid,
    checked_hash: String,
    origin: &Origin,
) -> Result<bool> {
    let values = [user_id.into(), checked_hash.into()].into_iter().chain(origin.values());
    value_as_service(transaction, "SELECT platform_private.delete_account($1, $2, $3, $4, $5)", values).await
}
