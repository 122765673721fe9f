//! What an API key may do: its scopes, as far as the present role of who made it goes.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::Permission;
use crate::{
    db::key::{MakersRoles, ResolvedKey},
    error::{Error, Result},
};

/// An API key at work. It acts in the name of its maker, in one organization, perhaps in some of its projects only.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub id: Uuid,
    /// Who made it.
    pub maker_id: Uuid,
    /// The one organization.
    pub organization_id: Uuid,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Most requests in a minute; none: the server's default.
    pub requests_per_minute: Option<i32>,
    role: OrganizationRole,
    projects: HashMap<Uuid, ProjectRole>,
    scopes: Vec<Permission>,
    confined_to: Option<HashSet<Uuid>>,
}

fn in_projects(roles: Vec<(Uuid, String)>) -> Result<HashMap<Uuid, ProjectRole>> {
    roles.into_iter().map(|(id, role)| Ok((id, ProjectRole::try_from_value(&role)?))).collect()
}

impl TryFrom<ResolvedKey> for Key {
    type Error = Error;

    fn try_from(resolved: ResolvedKey) -> Result<Self> {
        Ok(Self {
            id: resolved.id,
            maker_id: resolved.user_id,
            organization_id: resolved.organization_id,
            expires_at: resolved.expires_at,
            requests_per_minute: resolved.requests_per_minute,
            role: OrganizationRole::try_from_value(&resolved.organization_role)?,
            projects: in_projects(resolved.project_roles)?,
            // A scope that this server does not know allows nothing here.
            scopes: resolved.scopes.iter().filter_map(|name| Permission::named(name)).collect(),
            confined_to: resolved.confined_to.map(|ids| ids.into_iter().collect()),
        })
    }
}

impl Key {
    /// The key with its maker's roles as they have become.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database holds a role that this server does not know.
    pub fn with(self, roles: MakersRoles) -> Result<Self> {
        let role = OrganizationRole::try_from_value(&roles.organization_role)?;
        Ok(Self { role, projects: in_projects(roles.project_roles)?, ..self })
    }

    /// Whether the scope is its own for the whole organization, whatever its maker's role. A key of some projects has of
    /// the organization only what tells nothing of the other ones.
    #[must_use]
    pub fn has_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.organization_id == organization_id
            && self.scopes.contains(&permission)
            && (self.confined_to.is_none() || (permission.suits_some_projects() && !permission.is_of_project()))
    }

    /// Whether `permission` is held on everything in the organization.
    #[must_use]
    pub fn may_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.has_in_organization(permission, organization_id) && permission.granted_by_organization_role(self.role)
    }

    /// Whether `permission` is held on what the key's maker made.
    #[must_use]
    pub fn may_on_own_in_organization(&self, permission: Permission, organization_id: Uuid) -> bool {
        self.has_in_organization(permission, organization_id) && permission.granted_on_own_by(self.role)
    }

    /// Whether `permission` is held in the project.
    #[must_use]
    pub fn may_in_project(&self, permission: Permission, organization_id: Uuid, project_id: Uuid) -> bool {
        let in_project = self.projects.get(&project_id);
        self.organization_id == organization_id
            && self.scopes.contains(&permission)
            && self.reaches(project_id)
            && (permission.granted_by_organization_role(self.role)
                || in_project.is_some_and(|role| permission.granted_by_project_role(*role)))
    }

    /// Whether the project is not beyond what the key is confined to.
    #[must_use]
    pub fn reaches(&self, project_id: Uuid) -> bool {
        self.confined_to.as_ref().is_none_or(|projects| projects.contains(&project_id))
    }

    /// The projects that it is confined to, in the order of their ids; none: it is not.
    #[must_use]
    pub fn confinement(&self) -> Option<Vec<Uuid>> {
        let mut projects: Vec<_> = self.confined_to.as_ref()?.iter().copied().collect();
        projects.sort_unstable();
        Some(projects)
    }

    /// The projects that its maker has a role in.
    pub(super) fn shared_projects(&self) -> impl Iterator<Item = Uuid> {
        self.projects.keys().copied()
    }
}
