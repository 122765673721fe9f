//! Global ids: opaque to clients, a kind and a key to us.

use async_graphql::ID;
use uuid::{Uuid, fmt::Simple};

use crate::error::{Error, Result};

/// The types that have a global id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `User`.
    User,
    /// `Organization`.
    Organization,
    /// `OrganizationMember`.
    OrganizationMember,
    /// `Project`.
    Project,
    /// `ProjectMember`.
    ProjectMember,
    /// `Subscription`.
    Subscription,
    /// `Invoice`.
    Invoice,
    /// `PaymentMethod`.
    PaymentMethod,
    /// `TaxId`.
    TaxId,
    /// `CustomerProfile`.
    CustomerProfile,
    /// `Credit`.
    Credit,
    /// `OrganizationInvitation`.
    OrganizationInvitation,
    /// `ApiKey`.
    ApiKey,
    /// `AuditLog`.
    AuditLog,
    /// `FeatureFlag`.
    FeatureFlag,
    /// `Database`.
    Database,
    /// `DatabaseConnectionLog`.
    DatabaseConnectionLog,
    /// `Compute`.
    Compute,
    /// `Disk`.
    Disk,
    /// `ProjectAddon`.
    ProjectAddon,
    /// `Credentials`.
    Credentials,
    /// `Session`.
    Session,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::User,
        Self::Organization,
        Self::OrganizationMember,
        Self::Project,
        Self::ProjectMember,
        Self::Subscription,
        Self::Invoice,
        Self::PaymentMethod,
        Self::TaxId,
        Self::CustomerProfile,
        Self::Credit,
        Self::OrganizationInvitation,
        Self::ApiKey,
        Self::AuditLog,
        Self::FeatureFlag,
        Self::Database,
        Self::DatabaseConnectionLog,
        Self::Compute,
        Self::Disk,
        Self::ProjectAddon,
        Self::Credentials,
        Self::Session,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "usr",
            Self::Organization => "org",
            Self::OrganizationMember => "mem",
            Self::Project => "prj",
            Self::ProjectMember => "pmb",
            Self::Subscription => "sub",
            Self::Invoice => "inv",
            Self::PaymentMethod => "pay",
            Self::TaxId => "tax",
            Self::CustomerProfile => "cus",
            Self::Credit => "cdt",
            Self::OrganizationInvitation => "ivt",
            Self::ApiKey => "key",
            Self::AuditLog => "aud",
            Self::FeatureFlag => "flg",
            Self::Database => "dbs",
            Self::DatabaseConnectionLog => "dbl",
            Self::Compute => "cmp",
            Self::Disk => "dsk",
            Self::ProjectAddon => "pad",
            Self::Credentials => "crd",
            Self::Session => "ses",
        }
    }

    /// The global id of a row.
    #[must_use]
    pub fn id(self, key: Uuid) -> ID {
        // Without the machinery of formatting: a page has hundreds of them.
        let mut text = String::with_capacity(self.prefix().len() + 1 + Simple::LENGTH);
        text.push_str(self.prefix());
        text.push('_');
        text.push_str(key.simple().encode_lower(&mut Uuid::encode_buffer()));
        ID(text)
    }
}

/// Reads a global id; `path` names the argument it came in.
///
/// # Errors
/// [`Error::InvalidInput`] when it is none of ours.
pub fn parse(id: &str, path: String) -> Result<(Kind, Uuid)> {
    let parsed = id.split_once('_').and_then(|(prefix, key)| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        // One spelling only: 32 lower-case digits.
        let key = Uuid::try_parse(key).ok().filter(|parsed| parsed.simple().to_string() == key)?;
        Some((kind, key))
    });
    parsed.ok_or_else(|| Error::invalid(path, "is not an id that this API gave out"))
}

/// Reads a global id of one kind; `path` names the argument it came in.
///
/// # Errors
/// [`Error::InvalidInput`] when it is none of ours, or of another kind.
pub fn key_of(kind: Kind, id: &str, path: &'static str) -> Result<Uuid> {
    match parse(id, path.to_owned())? {
        (found, key) if found == kind => Ok(key),
        _ => Err(Error::invalid(path, format!("is the id of something else, not of the type {kind:?}"))),
    }
}
