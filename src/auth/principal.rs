//! Who is calling, and what they are where.

use std::collections::HashMap;

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::{Permission, key::Key};
use crate::{
    db::bootstrap::{Caller, Resolved},
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
    /// A program with an API key.
    Key(Key),
    /// The platform itself, with a token of the operator's. It may everything, and is no person.
    Service {
        /// What the operator called its token.
        label: String,
    },
}

/// Which organizations a list that has no parent shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All.
    Everything,
    /// These alone.
    Organizations(Vec<Uuid>),
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
    /// None: the organization asks for a second factor that the person does not have, so the role grants nothing.
    organizations: HashMap<Uuid, Option<OrganizationRole>>,
    projects: HashMap<Uuid, ProjectRole>,
}

impl TryFrom<Resolved> for Principal {
    type Error = Error;

    fn try_from(resolved: Resolved) -> Result<Self> {
        let in_organization = |(id, role): (Uuid, Option<String>)| {
            Ok((id, role.map(|role| OrganizationRole::try_from_value(&role)).transpose()?))
        };
        let in_project = |(id, role): (Uuid, String)| Ok((id, ProjectRole::try_from_value(&role)?));
        Ok(Self::User(Member {
            user_id: resolved.user_id,
            session_id: resolved.session_id,
            narrowed_to: resolved.organization_id,
            organizations: resolved.organization_roles.into_iter().map(in_organization).collect::<Result<_>>()?,
            projects: resolved.project_roles.into_iter().map(in_project).collect::<Result<_>>()?,
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

impl TryFrom<Caller> for Principal {
    type Error = Error;

    fn try_from(caller: Caller) -> Result<Self> {
        match caller {
            Caller::Person(resolved) => resolved.try_into(),
            Caller::Key(resolved) => resolved.try_into().map(Self::Key),
            Caller::Service { label } => Ok(Self::Service { label }),
        }
    }
}

impl Principal {
    /// The signed-in person.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when nobody is signed in, [`Error::Forbidden`] for an API key and the service: what is
    /// a person's own is not theirs.
    pub fn member(&self) -> Result<&Member> {
        match self {
            Self::Anonymous => Err(Error::sign_in_needed()),
            Self::User(member) => Ok(member),
            Self::Key(_) | Self::Service { .. } => Err(Error::Forbidden { permission: "self" }),
        }
    }

    /// Whoever it is, they proved it.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] otherwise.
    pub fn signed_in(&self) -> Result<()> {
        match self {
            Self::Anonymous => Err(Error::sign_in_needed()),
            Self::User(_) | Self::Key(_) | Self::Service { .. } => Ok(()),
        }
    }

    /// The user's id, when a person is signed in. An API key is not its maker.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        match self {
            Self::User(member) => Some(member.user_id),
            Self::Anonymous | Self::Key(_) | Self::Service { .. } => None,
        }
    }

    /// In whose name things are done: the user's, or that of the API key's maker.
    #[must_use]
    pub fn author_id(&self) -> Option<Uuid> {
        match self {
            Self::Key(key) => Some(key.maker_id),
            _ => self.user_id(),
        }
    }

    /// Whether it is the platform itself.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Service { .. })
    }

    /// The API key of the request.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Key(key) => Some(key),
            _ => None,
        }
    }

    /// The caller's roles (under `X-Organization` that in one organization alone).
    fn organizations(&self) -> impl Iterator<Item = (Uuid, Option<OrganizationRole>)> {
        let member = match self {
            Self::User(member) => Some(member),
            _ => None,
        };
        member.into_iter().flat_map(|member| member.organizations.iter().map(|(id, role)| (*id, *role)))
    }

    /// The organizations on all of which the caller holds `permission`.
    #[must_use]
    pub fn sees_with(&self, permission: Permission) -> Sight {
        if self.is_service() {
            return Sight::Everything;
        }
        let ids = self.organization_ids().filter(|id| self.may_in_organization(permission, *id));
        Sight::Organizations(ids.collect())
    }

    /// The organizations that the caller sees: a member all of theirs, whatever the role grants there.
    #[must_use]
    pub fn sees_organizations(&self) -> Sight {
        match self {
            Self::User(_) => Sight::Organizations(self.membership_ids().collect()),
            _ => self.sees_with(Permission::OrganizationRead),
        }
    }

    /// Whether the caller sees that the organization is there.
    #[must_use]
    pub fn sees_organization(&self, organization_id: Uuid) -> bool {
        self.is_member_of(organization_id) || self.may_in_organization(Permission::OrganizationRead, organization_id)
    }

    /// The organizations that the caller is a member of, those included where the role grants nothing until there is a
    /// second factor.
    pub fn membership_ids(&self) -> impl Iterator<Item = Uuid> {
        self.organizations().map(|(id, _)| id)
    }

    /// The organizations in which the caller's role grants what it grants; an API key's own. The service belongs to none:
    /// what lists by this asks [`Principal::sees_with`] instead.
    pub fn organization_ids(&self) -> impl Iterator<Item = Uuid> {
        let of_key = self.key().map(|key| key.organization_id);
        self.organizations().filter(|(_, role)| role.is_some()).map(|(id, _)| id).chain(of_key)
    }

    /// Whether the caller is a member of the organization, whatever the role grants there: they see that it is there.
    #[must_use]
    pub fn is_member_of(&self, organization_id: Uuid) -> bool {
        self.membership_ids().any(|id| id == organization_id)
    }

    /// Whether the caller is a member of the organization with a role that grants what it grants.
    #[must_use]
    pub fn belongs_to(&self, organization_id: Uuid) -> bool {
        self.is_service() || self.organization_ids().any(|id| id == organization_id)
    }

    /// The caller's role in the organization, where it grants anything.
    fn role_in(&self, organization_id: Uuid) -> Option<OrganizationRole> {
        match self {
            Self::User(member) => member.organizations.get(&organization_id).copied().flatten(),
            _ => None,
        }
    }

    /// Whether this request is about rows of that organization (none: of no organization): under `X-Organization` it is
    /// about the rows of one alone.
    #[must_use]
    pub fn looks_at(&self, organization_id: Option<Uuid>) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(member) => member.narrowed_to.is_none() || member.narrowed_to == organization_id,
            Self::Key(key) => organization_id == Some(key.organization_id),
            Self::Service { .. } => true,
        }
    }

    /// Whether `permission` is held on everything in the organization.
    #[must_use]
    pub fn may_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(_) => {
                self.role_in(organization_id).is_some_and(|role| permission.granted_by_organization_role(role))
            }
            Self::Key(key) => key.may_in_organization(permission, organization_id),
            Self::Service { .. } => true,
        }
    }

    /// Whether `permission` is held in the organization, on everything or on what the caller made there.
    #[must_use]
    pub fn may_on_own_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.may_in_organization(permission, organization_id)
            || match self {
                Self::Anonymous | Self::Service { .. } => false,
                Self::User(_) => self.role_in(organization_id).is_some_and(|role| permission.granted_on_own_by(role)),
                Self::Key(key) => key.may_on_own_in_organization(permission, organization_id),
            }
    }

    /// Whether the caller sees what they made in the organization: a member does, an API key with the scope.
    #[must_use]
    pub fn sees_own_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        match self {
            Self::Key(key) => key.has_in_organization(permission, organization_id),
            _ => self.belongs_to(organization_id),
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
            Self::Key(key) => key.may_in_project(permission, organization_id, project_id),
            Self::Service { .. } => true,
        }
    }

    /// Whether the caller sees that the project is there.
    #[must_use]
    pub fn sees_project(&self, organization_id: Uuid, project_id: Uuid) -> bool {
        match self {
            Self::Key(key) => {
                key.may_in_project(Permission::ProjectsList, organization_id, project_id)
                    || key.may_in_project(Permission::ProjectsRead, organization_id, project_id)
            }
            _ => self.may_in_organization(Permission::ProjectsList, organization_id),
        }
    }

    /// Where the projects are that the caller sees: all of these organizations, and of an API key's organization these
    /// besides.
    #[must_use]
    pub fn sees_projects_of(&self) -> (Sight, Vec<Uuid>) {
        let Self::Key(key) = self else {
            return (self.sees_with(Permission::ProjectsList), Vec::new());
        };
        let organization_id = key.organization_id;
        let candidates = match key.confinement() {
            Some(projects) => projects,
            None if key.may_in_organization(Permission::ProjectsList, organization_id)
                || key.may_in_organization(Permission::ProjectsRead, organization_id) =>
            {
                return (Sight::Organizations(vec![organization_id]), Vec::new());
            }
            None => key.shared_projects().collect(),
        };
        let seen = candidates.into_iter().filter(|project_id| self.sees_project(organization_id, *project_id));
        (Sight::Organizations(Vec::new()), seen.collect())
    }

    /// The projects that were shared with the caller, or with the API key's maker.
    #[must_use]
    pub fn shared_project_ids(&self) -> Vec<Uuid> {
        match self {
            Self::User(member) => member.projects.keys().copied().collect(),
            Self::Key(key) => key.shared_projects().collect(),
            Self::Anonymous | Self::Service { .. } => Vec::new(),
        }
    }
}
