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

    /// The caller's roles (under `X-Organization` that in one organization alone).
    fn organizations(&self) -> impl Iterator<Item = (Uuid, Option<OrganizationRole>)> {
        let member = match self {
            Self::Anonymous => None,
            Self::User(member) => Some(member),
        };
        member.into_iter().flat_map(|member| member.organizations.iter().map(|(id, role)| (*id, *role)))
    }

    /// The organizations that the caller is a member of, those included where the role grants nothing until there is a
    /// second factor.
    pub fn membership_ids(&self) -> impl Iterator<Item = Uuid> {
        self.organizations().map(|(id, _)| id)
    }

    /// The organizations in which the caller's role grants what it grants.
    pub fn organization_ids(&self) -> impl Iterator<Item = Uuid> {
        self.organizations().filter(|(_, role)| role.is_some()).map(|(id, _)| id)
    }

    /// Whether the caller is a member of the organization, whatever the role grants there: they see that it is there.
    #[must_use]
    pub fn is_member_of(&self, organization_id: Uuid) -> bool {
        self.membership_ids().any(|id| id == organization_id)
    }

    /// Whether the caller is a member of the organization with a role that grants what it grants.
    #[must_use]
    pub fn belongs_to(&self, organization_id: Uuid) -> bool {
        self.organization_ids().any(|id| id == organization_id)
    }

    /// The caller's role in the organization, where it grants anything.
    fn role_in(&self, organization_id: Uuid) -> Option<OrganizationRole> {
        match self {
            Self::Anonymous => None,
            Self::User(member) => member.organizations.get(&organization_id).copied().flatten(),
        }
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
        self.role_in(organization_id).is_some_and(|role| permission.granted_by_organization_role(role))
    }

    /// Whether `permission` is held in the organization, on everything or on what the caller made there.
    #[must_use]
    pub fn may_on_own_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.may_in_organization(permission, organization_id)
            || self.role_in(organization_id).is_some_and(|role| permission.granted_on_own_by(role))
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

    /// Whether the caller may give this role in the organization, or take it away: each of its permissions is one that
    /// the caller holds there. Roles are sets, so no role is above another but by what it grants.
    ///
    /// # Errors
    /// [`Error::Forbidden`] naming what is missing: of several the last in the table, which fewest hold.
    pub fn may_appoint(&self, role: OrganizationRole, organization_id: Uuid) -> Result<()> {
        let missing = |permission: &&Permission| {
            (permission.granted_by_organization_role(role) && !self.may_in_organization(**permission, organization_id))
                || (permission.granted_on_own_by(role)
                    && !self.may_on_own_in_organization(**permission, organization_id))
        };
        needs_nothing_of(Permission::ALL.iter().rfind(missing))
    }

    /// The same for a role in a project.
    ///
    /// # Errors
    /// As [`Principal::may_appoint`]'s.
    pub fn may_appoint_in_project(&self, role: ProjectRole, organization_id: Uuid, project_id: Uuid) -> Result<()> {
        let missing = |permission: &&Permission| {
            permission.granted_by_project_role(role) && !self.may_in_project(**permission, organization_id, project_id)
        };
        needs_nothing_of(Permission::ALL.iter().rfind(missing))
    }
}

fn needs_nothing_of(missing: Option<&Permission>) -> Result<()> {
    missing.map_or(Ok(()), |permission| Err(Error::Forbidden { permission: permission.name() }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use sea_orm::Iterable;

    use super::*;

    fn holder(organization_role: OrganizationRole, project_role: Option<ProjectRole>) -> Principal {
        Principal::User(Member {
            user_id: Uuid::nil(),
            session_id: Some(Uuid::nil()),
            narrowed_to: None,
            organizations: HashMap::from([(Uuid::nil(), Some(organization_role))]),
            projects: project_role.map(|role| (Uuid::nil(), role)).into_iter().collect(),
        })
    }

    #[test]
    fn nobody_gives_a_role_that_grants_what_they_do_not_hold() {
        use OrganizationRole as Org;
        for (mine, lawful) in [
            (Org::Owner, vec![Org::Owner, Org::Admin, Org::Developer, Org::BillingAdmin, Org::Member]),
            (Org::Admin, vec![Org::Admin, Org::Developer, Org::BillingAdmin, Org::Member]),
            (Org::Developer, vec![Org::Developer, Org::Member]),
            (Org::BillingAdmin, vec![Org::BillingAdmin, Org::Member]),
            (Org::Member, vec![Org::Member]),
        ] {
            let me = holder(mine, None);
            let found: Vec<_> = Org::iter().filter(|role| me.may_appoint(*role, Uuid::nil()).is_ok()).collect();
            assert_eq!(found, lawful, "{mine:?}");
        }
        let refused = holder(Org::Admin, None).may_appoint(Org::Owner, Uuid::nil());
        assert!(matches!(refused, Err(Error::Forbidden { permission: "ownership:transfer" })), "{refused:?}");
    }

    #[test]
    fn nor_in_a_project_where_leaders_of_its_organization_hold_everything() {
        use {OrganizationRole as Org, ProjectRole as Proj};
        for (me, lawful) in [
            (holder(Org::Admin, None), 4),
            (holder(Org::Member, Some(Proj::Owner)), 4),
            (holder(Org::Member, Some(Proj::Admin)), 3),
            (holder(Org::Developer, Some(Proj::Developer)), 2),
            (holder(Org::Member, Some(Proj::ReadOnly)), 1),
            (holder(Org::Developer, None), 0),
        ] {
            let found = Proj::iter().filter(|role| me.may_appoint_in_project(*role, Uuid::nil(), Uuid::nil()).is_ok());
            assert_eq!(found.count(), lawful, "{me:?}");
        }
        let refused =
            holder(Org::Member, Some(Proj::Admin)).may_appoint_in_project(Proj::Owner, Uuid::nil(), Uuid::nil());
        assert!(matches!(refused, Err(Error::Forbidden { permission: "projects:transfer" })), "{refused:?}");
    }
}
