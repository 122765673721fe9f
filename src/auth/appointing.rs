//! Who gives which role, or takes it away.

use entity::{organization_members::OrganizationRole, project_members::ProjectRole};
use uuid::Uuid;

use super::{Permission, Principal};
use crate::error::{Error, Result};

impl Principal {
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
    use sea_orm::{ActiveEnum, Iterable};

    use super::*;
    use crate::db::bootstrap::Resolved;

    fn holder(organization_role: OrganizationRole, project_role: Option<ProjectRole>) -> Principal {
        let resolved = Resolved {
            user_id: Uuid::nil(),
            session_id: Some(Uuid::nil()),
            organization_id: None,
            organization_roles: vec![(Uuid::nil(), Some(organization_role.to_value()))],
            project_roles: project_role.map(|role| (Uuid::nil(), role.to_value())).into_iter().collect(),
        };
        resolved.try_into().unwrap()
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
