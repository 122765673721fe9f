//! THE table of permissions (access.md). Field guards, `viewerPermissions`, the database's coarse write rules and the
//! documentation are read from it; there is no other.

use entity::{organization_members::OrganizationRole as Org, project_members::ProjectRole as Proj};

macro_rules! permissions {
    ($($variant:ident = $name:literal: $doc:literal,)+) => {
        /// What a role grants, an API key is scoped to, and a field needs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = $doc] $variant,)+
        }

        impl Permission {
            /// All of them, in the order of access.md.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in the SDL, in scopes and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The permission of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.name() == name)
            }

            /// What it allows, in one sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

permissions! {
    OrganizationRead = "organization:read": "See the organization.",
    MembersRead = "members:read": "See who belongs to the organization.",
    FlagsRead = "flags:read": "See the organization's feature flags.",
    UsageRead = "usage:read": "See the organization's usage.",
    ProjectsList = "projects:list": "See name, ref, region and status of every project.",
    OrganizationWrite = "organization:write": "Rename the organization and change its settings.",
    MembersWrite = "members:write": "Invite, change and remove members.",
    FlagsWrite = "flags:write": "Override feature flags for the organization.",
    AuditRead = "audit:read": "Read the organization's audit trail.",
    OrganizationDelete = "organization:delete": "Delete the organization.",
    OwnershipTransfer = "ownership:transfer": "Make and unmake owners.",
    ProjectsCreate = "projects:create": "Create projects.",
    ApiKeysRead = "api_keys:read": "See the organization's API keys.",
    ApiKeysWrite = "api_keys:write": "Create, rotate and revoke API keys.",
    BillingRead = "billing:read": "See subscription, invoices and payment details.",
    BillingWrite = "billing:write": "Change plan and payment details.",
    ProjectsRead = "projects:read": "See everything about a project but its secrets.",
    DatabasesRead = "databases:read": "See the project's databases.",
    MetricsRead = "metrics:read": "See the project's metrics.",
    InfrastructureRead = "infrastructure:read": "See the project's compute, disk and add-ons.",
    ProjectsWrite = "projects:write": "Rename, pause and restore the project.",
    DatabasesWrite = "databases:write": "Register, change and remove databases.",
    DatabasesReveal = "databases:reveal": "Read a database's connection string.",
    CredentialsRead = "credentials:read": "Read the project's keys.",
    InfrastructureWrite = "infrastructure:write": "Change compute, disk and add-ons.",
    CredentialsWrite = "credentials:write": "Rotate the project's keys.",
    ProjectMembersWrite = "project_members:write": "Add, change and remove the project's members.",
    ProjectsDelete = "projects:delete": "Delete the project.",
    ProjectsTransfer = "projects:transfer": "Move the project to another organization.",
    MetricsWrite = "metrics:write": "Feed metrics (through an API key or as the service).",
    UsageWrite = "usage:write": "Feed usage (through an API key or as the service).",
}

/// One line of access.md's two tables.
struct Rule {
    permissions: &'static [Permission],
    /// Organization roles that grant it: in the organization, and for a project's permission in all its projects.
    organization: &'static [Org],
    /// Organization roles that grant it for what is one's own.
    own: &'static [Org],
    /// Project roles that grant it in their project.
    project: &'static [Proj],
}

use Permission as P;

const LEADERS: &[Org] = &[Org::Owner, Org::Admin];

/// The table.
const RULES: &[Rule] = &[
    Rule {
        permissions: &[P::OrganizationRead, P::MembersRead, P::FlagsRead, P::UsageRead, P::ProjectsList],
        organization: &[Org::Owner, Org::Admin, Org::Developer, Org::BillingAdmin, Org::Member],
        own: &[],
        project: &[],
    },
    Rule {
        permissions: &[P::OrganizationWrite, P::MembersWrite, P::FlagsWrite, P::AuditRead],
        organization: LEADERS,
        own: &[],
        project: &[],
    },
    Rule {
        permissions: &[P::OrganizationDelete, P::OwnershipTransfer],
        organization: &[Org::Owner],
        own: &[],
        project: &[],
    },
    Rule {
        permissions: &[P::ProjectsCreate],
        organization: &[Org::Owner, Org::Admin, Org::Developer],
        own: &[],
        project: &[],
    },
    Rule {
        permissions: &[P::ApiKeysRead, P::ApiKeysWrite],
        organization: LEADERS,
        own: &[Org::Developer],
        project: &[],
    },
    Rule {
        permissions: &[P::BillingRead, P::BillingWrite],
        organization: &[Org::Owner, Org::Admin, Org::BillingAdmin],
        own: &[],
        project: &[],
    },
    Rule {
        permissions: &[P::ProjectsRead, P::DatabasesRead, P::MetricsRead, P::InfrastructureRead],
        organization: LEADERS,
        own: &[],
        project: &[Proj::Owner, Proj::Admin, Proj::Developer, Proj::ReadOnly],
    },
    Rule {
        permissions: &[P::ProjectsWrite, P::DatabasesWrite, P::DatabasesReveal, P::CredentialsRead],
        organization: LEADERS,
        own: &[],
        project: &[Proj::Owner, Proj::Admin, Proj::Developer],
    },
    Rule {
        permissions: &[P::InfrastructureWrite, P::CredentialsWrite, P::ProjectMembersWrite],
        organization: LEADERS,
        own: &[],
        project: &[Proj::Owner, Proj::Admin],
    },
    Rule {
        permissions: &[P::ProjectsDelete, P::ProjectsTransfer],
        organization: LEADERS,
        own: &[],
        project: &[Proj::Owner],
    },
    Rule { permissions: &[P::MetricsWrite, P::UsageWrite], organization: LEADERS, own: &[], project: &[] },
];

impl Permission {
    fn rule(self) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.permissions.contains(&self))
    }

    /// Whether the role grants it on everything in the organization.
    #[must_use]
    pub fn granted_by_organization_role(self, role: Org) -> bool {
        self.rule().is_some_and(|rule| rule.organization.contains(&role))
    }

    /// Whether the role grants it on what the member made (a developer's own API keys).
    #[must_use]
    pub fn granted_on_own_by(self, role: Org) -> bool {
        self.rule().is_some_and(|rule| rule.own.contains(&role))
    }

    /// Whether the role grants it in its project.
    #[must_use]
    pub fn granted_by_project_role(self, role: Proj) -> bool {
        self.rule().is_some_and(|rule| rule.project.contains(&role))
    }

    /// Whether a key that is confined to some projects may have it: it is about a single project, or tells nothing of
    /// the other ones.
    #[must_use]
    pub fn suits_some_projects(self) -> bool {
        self.is_of_project()
            || matches!(self, Self::OrganizationRead | Self::MembersRead | Self::FlagsRead | Self::ProjectsList)
    }

    /// Whether it is about a single project.
    #[must_use]
    pub fn is_of_project(self) -> bool {
        self >= Self::ProjectsRead
    }
}

/// The table as the database keeps it: scope (`organization`, `project`, or `own`: in the organization, on what one
/// made), role, permission.
#[must_use]
pub fn rows() -> Vec<(&'static str, String, &'static str)> {
    use sea_orm::ActiveEnum;
    RULES
        .iter()
        .flat_map(|rule| rule.permissions.iter().map(move |permission| (rule, permission.name())))
        .flat_map(|(rule, permission)| {
            let organization = rule.organization.iter().map(move |role| ("organization", role.to_value(), permission));
            let project = rule.project.iter().map(move |role| ("project", role.to_value(), permission));
            let own = rule.own.iter().map(move |role| ("own", role.to_value(), permission));
            organization.chain(project).chain(own)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_exactly_one_rule() {
        for permission in Permission::ALL {
            let rules = RULES.iter().filter(|rule| rule.permissions.contains(permission)).count();
            assert_eq!(rules, 1, "{}", permission.name());
        }
    }

    #[test]
    fn roles_are_sets_and_not_a_ladder() {
        assert!(P::BillingRead.granted_by_organization_role(Org::BillingAdmin));
        assert!(!P::BillingRead.granted_by_organization_role(Org::Developer));
        assert!(P::ProjectsCreate.granted_by_organization_role(Org::Developer));
        assert!(!P::ProjectsCreate.granted_by_organization_role(Org::BillingAdmin));
        assert!(P::ApiKeysRead.granted_on_own_by(Org::Developer));
        assert!(!P::ApiKeysRead.granted_by_organization_role(Org::Developer));
    }
}
