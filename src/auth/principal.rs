//! Who is calling, and what they are where.

use std::collections::HashMap;

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::Permission;
use crate::{
    db::bootstrap::Resolved,
    error::{Error, Result},
};

/// The caller of a request.
#[derive(Debug, Clone, Default)]
pub enum Principal {
    /// Nobody.
    #[default]
    Anonymous,
    /// A person with a live session, or a token of an outside issuer.
    User(Member),
}

/// A signed-in person with their roles, as they were at the request's start. Under `X-Organization` it holds the
/// roles of that organization only.
#[derive(Debug, Clone)]
pub struct Member {
    /// The user.
    pub user_id: Uuid,
    /// The session that the request came with; none: it came with a token of an outside issuer, which keeps the session.
    pub session_id: Option<Uuid>,
    narrowed_to: Option<Uuid>,
    organizations: HashMap<Uuid, OrganizationRole>,
    projects: HashMap<Uuid, ProjectRole>,
}

impl TryFrom<Resolved> for Principal {
    type Error = Error;

    fn try_from(resolved: Resolved) -> Result<Self> {
        fn roles<R: ActiveEnum<Value = String>>(stored: Vec<(Uuid, String)>) -> Result<HashMap<Uuid, R>> {
            stored.into_iter().map(|(id, role)| Ok((id, R::try_from_value(&role)?))).collect()
        }
        Ok(Self::User(Member {
            user_id: resolved.user_id,
            session_id: resolved.session_id,
            narrowed_to: resolved.organization_id,
            organizations: roles(resolved.organization_roles)?,
            projects: roles(resolved.project_roles)?,
        }))
    }
}

impl Member {
    /// The session of ours that the request came with.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it came with a token of an outside issuer.
    pub fn own_session(&self) -> Result<Uuid> {
        self.session_id.ok_or(Error::Conflict(
            "you are signed in by an outside issuer, which keeps the session: this is done there".into(),
        ))
    }
}

impl Principal {
    /// The signed-in person.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when nobody is signed in.
    pub fn member(&self) -> Result<&Member> {
        match self {
            Self::Anonymous => Err(Error::sign_in_needed()),
            Self::User(member) => Ok(member),
        }
    }

    /// The user's id, when a person is signed in.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        match self {
            Self::Anonymous => None,
            Self::User(member) => Some(member.user_id),
        }
    }

    /// The organizations that the caller belongs to (under `X-Organization` that one alone).
    pub fn organization_ids(&self) -> impl Iterator<Item = Uuid> {
        let member = match self {
            Self::Anonymous => None,
            Self::User(member) => Some(member),
        };
        member.into_iter().flat_map(|member| member.organizations.keys().copied())
    }

    /// Whether the caller belongs to the organization.
    #[must_use]
    pub fn belongs_to(&self, organization_id: Uuid) -> bool {
        self.organization_ids().any(|id| id == organization_id)
    }

    /// Whether this request is about rows of that organization (none: of no organization): under `X-Organization` it is
    /// about the rows of one alone.
    #[must_use]
    pub fn looks_at(&self, organization_id: Option<Uuid>) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(member) => member.narrowed_to.is_none() || member.narrowed_to == organization_id,
        }
    }

    /// Whether `permission` is held on everything in the organization.
    #[must_use]
    pub fn may_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(member) => member
                .organizations
                .get(&organization_id)
                .is_some_and(|role| permission.granted_by_organization_role(*role)),
        }
    }

    /// Whether `permission` is held in the organization, on everything or on what the caller made there.
    #[must_use]
    pub fn may_on_own_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.may_in_organization(permission, organization_id)
            || match self {
                Self::Anonymous => false,
                Self::User(member) => {
                    member.organizations.get(&organization_id).is_some_and(|role| permission.granted_on_own_by(*role))
                }
            }
    }

    /// Whether `permission` is held in the project, by the role in its organization or in the project itself.
    #[must_use]
    pub fn may_in_project(&self, permission: Permission, organization_id: Uuid, project_id: Uuid) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(member) => {
                self.may_in_organization(permission, organization_id)
                    || member.projects.get(&project_id).is_some_and(|role| permission.granted_by_project_role(*role))
            }
        }
    }
}
