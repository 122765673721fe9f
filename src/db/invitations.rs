//! Invitations: sending, renewing and answering them. Each is one call of a narrow SECURITY DEFINER function (migration
//! m017), because the application role neither writes invitations nor reads their digests.

use chrono::{DateTime, Utc};
use entity::organization_members::OrganizationRole;
use sea_orm::{ActiveEnum, ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{
    RequestTransaction,
    accounts::Origin,
    bootstrap::hex,
    function::{call, only, value},
};
use crate::error::{Error, Result};

/// SHA-256 of a token.
type Digest = [u8; 32];

/// What became of inviting an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    /// There is an invitation with this key now.
    Anew(Uuid),
    /// The open invitation with this key has the new role, token and end.
    Renewed(Uuid),
    /// A member has the address.
    Member,
    /// The role, or that of the open invitation, is not the caller's to give.
    Forbidden,
}

/// Invites an address to the caller's organization.
///
/// # Errors
/// As the statement's.
pub async fn invite(
    transaction: &RequestTransaction,
    organization_id: Uuid,
    email: &str,
    role: OrganizationRole,
    token_hash: &Digest,
) -> Result<Invited> {
    let sql = "SELECT outcome, invitation FROM platform_private.invite_member($1, $2, $3, $4, $5)";
    let values =
        [crate::id::new().into(), organization_id.into(), email.into(), role.to_value().into(), hex(token_hash).into()];
    let row = only(transaction.query_one_raw(call(sql, values)).await?)?;
    match row.try_get::<String>("", "outcome")?.as_str() {
        "invited" => Ok(Invited::Anew(row.try_get("", "invitation")?)),
        "renewed" => Ok(Invited::Renewed(row.try_get("", "invitation")?)),
        "member" => Ok(Invited::Member),
        _ => Ok(Invited::Forbidden),
    }
}

/// Gives an invitation a new token and seven days.
///
/// # Errors
/// [`Error::Conflict`] when it was answered, or when a member has its address.
pub async fn renew(transaction: &RequestTransaction, id: Uuid, token_hash: &Digest) -> Result<()> {
    let sql = "SELECT platform_private.renew_invitation($1, $2)";
    let outcome: String = value(transaction, sql, [id.into(), hex(token_hash).into()]).await?;
    settled(&outcome, "renewed")
}

/// Takes an invitation back; one that was taken back before stays so.
///
/// # Errors
/// [`Error::Conflict`] when it was answered.
pub async fn revoke(transaction: &RequestTransaction, id: Uuid) -> Result<()> {
    let outcome: String = value(transaction, "SELECT platform_private.revoke_invitation($1)", [id.into()]).await?;
    settled(&outcome, "revoked")
}

/// What a token's holder may know of the invitation.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Preview {
    /// Name of the organization.
    pub organization: String,
    /// Who invites, by name or address.
    pub inviter: String,
    /// The role as stored.
    pub role: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// The open invitation of a token.
///
/// # Errors
/// As the statement's.
pub async fn by_token(transaction: &RequestTransaction, token_hash: &Digest) -> Result<Option<Preview>> {
    let sql = "SELECT * FROM platform_private.invitation_by_token($1)";
    let row = transaction.query_one_raw(call(sql, [hex(token_hash).into()])).await?;
    Ok(row.map(|row| Preview::from_query_result(&row, "")).transpose()?)
}

/// What accepting made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// A membership.
    Joined {
        /// Its key.
        membership_id: Uuid,
        /// The organization's.
        organization_id: Uuid,
        /// The invitation's.
        invitation_id: Uuid,
    },
    /// Nothing: the organization's plan allows no more members than these.
    Full {
        /// How many it allows.
        allowed: i32,
    },
}

/// Makes the caller, whom the invitation of this token is for, a member.
///
/// # Errors
/// [`Error::NotFound`] for a token that is none; [`Error::Forbidden`] when it is for another address;
/// [`Error::Conflict`] when it is open no longer, the address is not confirmed, or the caller is a member.
pub async fn accept(transaction: &RequestTransaction, token_hash: &Digest) -> Result<Accepted> {
    let membership_id = crate::id::new();
    let sql = "SELECT * FROM platform_private.accept_invitation($1, $2)";
    let values = [hex(token_hash).into(), membership_id.into()];
    let row = only(transaction.query_one_raw(call(sql, values)).await?)?;
    let outcome: String = row.try_get("", "outcome")?;
    if outcome == "full" {
        return Ok(Accepted::Full { allowed: row.try_get("", "allowed")? });
    }
    settled(&outcome, "accepted")?;
    Ok(Accepted::Joined {
        membership_id,
        organization_id: row.try_get("", "organization")?,
        invitation_id: row.try_get("", "invitation")?,
    })
}

/// Says no to the invitation of this token, and puts that on the organization's record.
///
/// # Errors
/// As [`accept`]'s.
pub async fn decline(transaction: &RequestTransaction, token_hash: &Digest, origin: &Origin) -> Result<()> {
    let values = [hex(token_hash).into()].into_iter().chain(origin.values());
    let outcome: String =
        value(transaction, "SELECT platform_private.decline_invitation($1, $2, $3, $4)", values).await?;
    settled(&outcome, "declined")
}

/// What the functions say instead of the outcome that was wanted.
fn settled(outcome: &str, wanted: &str) -> Result<()> {
    match outcome {
        _ if outcome == wanted => Ok(()),
        "unknown" => Err(Error::NotFound("the invitation was".into())),
        "other" => Err(Error::Forbidden { permission: "self" }),
        "forbidden" => Err(Error::Forbidden { permission: "ownership:transfer" }),
        "unconfirmed" => Err(Error::Conflict("confirm your e-mail address first".into())),
        "member" => Err(Error::Conflict("this person is a member already".into())),
        "answered" => Err(Error::Conflict("this invitation was answered: invite again".into())),
        "closed" => {
            Err(Error::Conflict("this invitation was answered, taken back or has ended: ask for a new one".into()))
        }
        other => Err(Error::internal(format!("an invitation came out as {other}"))),
    }
}
