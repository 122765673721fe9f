//! API keys below the policies: resolving one, noting its use, and the definer calls of their mutations (migration m018).

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, Value,
    sqlx::{Row, postgres::PgRow},
};
use uuid::Uuid;

use super::{
    RequestTransaction,
    bootstrap::hex,
    function::{call, only},
};
use crate::error::{Error, Result};

/// An API key as the database has it at this request's start, with the present role of who made it.
#[derive(Debug, Clone)]
pub struct ResolvedKey {
    /// The key.
    pub id: Uuid,
    /// Who made it.
    pub user_id: Uuid,
    /// The one organization that it acts in.
    pub organization_id: Uuid,
    /// The maker's role there, as stored.
    pub organization_role: String,
    /// The maker's role in each project of the organization that was shared with them, as stored.
    pub project_roles: Vec<(Uuid, String)>,
    /// Permissions by name.
    pub scopes: Vec<String>,
    /// Projects that it is confined to; none: it is not.
    pub confined_to: Option<Vec<Uuid>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Most requests in a minute.
    pub requests_per_minute: Option<i32>,
    /// No use was noted for a minute.
    pub use_is_due: bool,
}

impl ResolvedKey {
    pub(super) fn from_row(row: &PgRow) -> Result<Self> {
        match row.try_get::<&str, _>("outcome")? {
            "ok" => {}
            "no_organization" => return Err(Error::NotFound("the organization of X-Organization was".into())),
            _ => return Err(Error::Unauthenticated("this API key is not valid, or not any more".into())),
        }
        let projects: Vec<Uuid> = row.try_get("project_ids")?;
        let roles: Vec<String> = row.try_get("project_roles")?;
        Ok(Self {
            id: row.try_get("api_key_id")?,
            user_id: row.try_get("user_id")?,
            organization_id: row.try_get("organization_id")?,
            organization_role: row.try_get("organization_role")?,
            project_roles: projects.into_iter().zip(roles).collect(),
            scopes: row.try_get("scopes")?,
            confined_to: row.try_get("confined_to")?,
            expires_at: row.try_get("expires_at")?,
            requests_per_minute: row.try_get("requests_per_minute")?,
            use_is_due: row.try_get("use_is_due")?,
        })
    }
}

/// Keys whose use is being noted at this moment: of many requests at once one writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses(Arc<Mutex<HashSet<Uuid>>>);

impl Uses {
    /// The right to note this key's use, unless somebody has it.
    pub fn begin(&self, key_id: Uuid) -> Option<Noting> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key_id);
        begun.then(|| Noting { uses: self.clone(), key_id })
    }
}

/// The right to note one key's use, until it is dropped.
#[derive(Debug)]
pub(super) struct Noting {
    uses: Uses,
    key_id: Uuid,
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.uses.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key_id);
    }
}

pub(super) async fn note_use(transaction: &RequestTransaction, key_id: Uuid) -> Result<()> {
    run(transaction, "SELECT platform_private.note_api_key_use($1)", [key_id.into()]).await
}

/// The present roles of who made a key.
#[derive(Debug, Clone)]
pub struct MakersRoles {
    /// In the organization, as stored.
    pub organization_role: String,
    /// In each project of the organization that was shared with them, as stored.
    pub project_roles: Vec<(Uuid, String)>,
}

/// The roles of who made the key of this transaction, as they are at this point of it; none: the key is out.
///
/// # Errors
/// As the statement's.
pub async fn current_roles(transaction: &RequestTransaction) -> Result<Option<MakersRoles>> {
    let sql = "SELECT * FROM platform_private.current_key_roles()";
    let row = only(transaction.query_one_raw(call(sql, [])).await?)?;
    let projects: Vec<Uuid> = row.try_get("", "project_ids")?;
    let roles: Vec<String> = row.try_get("", "project_roles")?;
    let organization_role: Option<String> = row.try_get("", "organization_role")?;
    Ok(organization_role.map(|organization_role| MakersRoles {
        organization_role,
        project_roles: projects.into_iter().zip(roles).collect(),
    }))
}

/// What a new key consists of.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its row's key.
    pub id: Uuid,
    /// The organization.
    pub organization_id: Uuid,
    /// Display name.
    pub name: String,
    /// First characters of the key.
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Permissions by name.
    pub scopes: Vec<String>,
    /// Projects that it is confined to.
    pub project_ids: Option<Vec<Uuid>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Most requests in a minute.
    pub requests_per_minute: Option<i32>,
}

/// Stores a key of the caller's.
///
/// # Errors
/// [`Error::Internal`] where the database refuses what the guards should have.
pub async fn create(transaction: &RequestTransaction, key: &NewKey) -> Result<()> {
    let sql = "SELECT platform_private.create_api_key($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)";
    let values = [
        key.id.into(),
        key.organization_id.into(),
        key.name.clone().into(),
        key.prefix.clone().into(),
        hex(&key.hash).into(),
        key.scopes.clone().into(),
        key.project_ids.clone().into(),
        key.expires_at.into(),
        key.requests_per_minute.into(),
    ];
    run(transaction, sql, values).await
}

/// The successor of a key.
#[derive(Debug, Clone)]
pub struct Successor {
    /// Its row's key.
    pub id: Uuid,
    /// First characters of the key.
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// For how many seconds the old key still works.
    pub overlap_seconds: i32,
}

/// Stores the successor of the key `old`, with the caller as its maker, and has `old` end after the overlap.
///
/// # Errors
/// [`Error::Conflict`] for a key that has ended, or has a successor already.
pub async fn rotate(transaction: &RequestTransaction, old: Uuid, successor: &Successor) -> Result<()> {
    let sql = "SELECT platform_private.rotate_api_key($1, $2, $3, $4, $5, $6)";
    let values = [
        old.into(),
        successor.id.into(),
        successor.prefix.clone().into(),
        hex(&successor.hash).into(),
        successor.expires_at.into(),
        successor.overlap_seconds.into(),
    ];
    run(transaction, sql, values).await
}

/// Ends a key for ever. One that is revoked already stays as it is.
///
/// # Errors
/// As the statement's.
pub async fn revoke(transaction: &RequestTransaction, key_id: Uuid) -> Result<()> {
    run(transaction, "SELECT platform_private.revoke_api_key($1)", [key_id.into()]).await
}

async fn run(transaction: &RequestTransaction, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<()> {
    transaction.execute_raw(call(sql, values)).await?;
    Ok(())
}
