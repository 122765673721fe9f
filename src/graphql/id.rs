//! Global ids: opaque to clients, a kind and a key to us.

use async_graphql::ID;
use uuid::Uuid;

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
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::User, Self::Organization, Self::OrganizationMember, Self::Project, Self::ProjectMember];

    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "usr",
            Self::Organization => "org",
            Self::OrganizationMember => "mem",
            Self::Project => "prj",
            Self::ProjectMember => "pmb",
        }
    }

    /// The global id of a row.
    #[must_use]
    pub fn id(self, key: Uuid) -> ID {
        ID(format!("{}_{}", self.prefix(), key.simple()))
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
