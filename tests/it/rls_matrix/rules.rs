//! The rules, written down: data-model.md (007, "Who may read a row", "Who may write", "Columns") and access.md. What a
//! role grants is asked of the permission table; nothing here is read from the migrations or from a database.

use ogelbase::auth::Permission as P;

/// When the application role may do something with a row.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Never: there is no grant, and it is refused before any row is looked at.
    NoGrant,
    /// Everybody, also who is not signed in, as long as the row is active.
    Active,
    /// Who is signed in.
    SignedIn,
    /// Who belongs to the row's organization; a person's are those of the memberships, a plan's those subscribed to it.
    Member,
    /// Who holds the permission in the row's organization.
    In(P),
    /// Who holds the permission in the row's project, by the role in its organization or in the project itself.
    InProject(P),
    /// Whom the row names as its user.
    Oneself,
    /// Whose request is about the row's organization, or about all.
    LooksAt,
    /// The row makes nobody an owner.
    NoOwner,
    Any(&'static [Rule]),
    All(&'static [Rule]),
}

use Rule::{Active, All, Any, In, InProject, LooksAt, Member, NoGrant, NoOwner, Oneself, SignedIn};

/// A table: what its rows are of, and who may do what with one.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    /// SQL over `t`: what tells the row from others, its organizations, project, user, role, and whether it is active.
    pub key: &'static str,
    pub organizations: &'static str,
    pub project: &'static str,
    pub user: &'static str,
    pub role: &'static str,
    pub active: &'static str,
    pub read: Rule,
    pub insert: Rule,
    pub update: Rule,
    pub delete: Rule,
    /// Columns that may be changed, and a change that fits every row.
    pub columns: &'static [&'static str],
    pub change: &'static str,
}

const fn catalog(name: &'static str, read: Rule) -> Table {
    Table {
        name,
        key: "t.id::text",
        organizations: "'{}'::uuid[]",
        project: "NULL::uuid",
        user: "NULL::uuid",
        role: "NULL::text",
        active: "true",
        read,
        insert: NoGrant,
        update: NoGrant,
        delete: NoGrant,
        columns: &[],
        change: "created_at = now()",
    }
}

const fn of_organization(name: &'static str, read: Rule) -> Table {
    Table { organizations: "array_remove(ARRAY[t.organization_id], NULL)", ..catalog(name, read) }
}

const fn of_project(name: &'static str, read: Rule) -> Table {
    Table { project: "t.project_id", ..of_organization(name, read) }
}

impl Table {
    const fn of_user(self) -> Self {
        Self { user: "t.user_id", ..self }
    }

    const fn inserted_by(self, insert: Rule) -> Self {
        Self { insert, ..self }
    }

    const fn updated_by(self, update: Rule, columns: &'static [&'static str], change: &'static str) -> Self {
        Self { update, columns, change, ..self }
    }

    const fn deleted_by(self, delete: Rule) -> Self {
        Self { delete, ..self }
    }
}

const BILLING: Rule = In(P::BillingRead);
const PROJECT: Rule = InProject(P::ProjectsRead);

/// An admin neither makes nor unmakes an owner (access.md, the rules that no role escapes).
const PEOPLE: Rule = All(&[In(P::MembersWrite), Any(&[NoOwner, In(P::OwnershipTransfer)])]);
/// Nobody grants a role stronger than their own: a project's admin makes and unmakes no owner of it.
const PROJECT_PEOPLE: Rule = All(&[InProject(P::ProjectMembersWrite), Any(&[NoOwner, InProject(P::ProjectsTransfer)])]);
const OWN: Rule = All(&[Oneself, Member]);

/// All tables of the schema `platform`.
pub const TABLES: &[Table] = &[
    Table { key: "t.addon_id || '/' || t.variant", active: "t.active", ..catalog("addon_catalog", Active) },
    // Which keys of one's own a role may write the guards decide: the policy names the user.
    of_organization("api_keys", Any(&[In(P::ApiKeysRead), OWN]))
        .of_user()
        .updated_by(Any(&[In(P::ApiKeysWrite), OWN]), &["name"], "name = 'Matrix'")
        .deleted_by(Any(&[In(P::ApiKeysWrite), OWN])),
    of_organization("audit_logs", Any(&[In(P::AuditRead), All(&[Oneself, LooksAt])])).of_user(),
    Table {
        key: "t.id",
        active: "t.active",
        organizations: "ARRAY(SELECT s.organization_id FROM platform.subscriptions s WHERE s.plan_id = t.id)",
        ..catalog("billing_plans", Any(&[Active, Member]))
    },
    of_project("compute_config", PROJECT).inserted_by(InProject(P::InfrastructureWrite)).updated_by(
        InProject(P::InfrastructureWrite),
        &["instance_size", "cpu_cores", "memory_gb"],
        "memory_gb = 3",
    ),
    of_project("credentials", PROJECT),
    of_organization("credits", BILLING),
    of_organization("customer_profiles", BILLING)
        .inserted_by(In(P::BillingWrite))
        .updated_by(
            In(P::BillingWrite),
            &[
                "company_name",
                "contact_name",
                "address_line1",
                "address_line2",
                "city",
                "state",
                "postal_code",
                "country",
                "phone",
            ],
            "city = 'Matrix'",
        )
        .deleted_by(In(P::BillingWrite)),
    of_project("database_connection_logs", PROJECT),
    Table {
        project: "(SELECT d.project_id FROM platform.databases d WHERE d.id = t.database_id)",
        ..of_organization("database_metrics", PROJECT)
    },
    of_project("databases", PROJECT)
        .updated_by(InProject(P::DatabasesWrite), &["name", "config", "is_primary"], "config = '{\"matrix\": true}'")
        .deleted_by(InProject(P::DatabasesWrite)),
    of_project("disk_config", PROJECT).inserted_by(InProject(P::InfrastructureWrite)).updated_by(
        InProject(P::InfrastructureWrite),
        &[
            "type",
            "size_gb",
            "io_budget",
            "throughput_mbps",
            "autoscale_enabled",
            "autoscale_growth_percent",
            "autoscale_min_increment_gb",
            "autoscale_max_size_gb",
            "last_modified_at",
        ],
        "io_budget = 3333",
    ),
    catalog("feature_flags", SignedIn),
    of_organization("invoices", BILLING),
    of_organization("organization_feature_flags", Member)
        .inserted_by(In(P::FlagsWrite))
        .updated_by(In(P::FlagsWrite), &["enabled"], "enabled = false")
        .deleted_by(In(P::FlagsWrite)),
    Table { role: "t.role", ..of_organization("organization_invitations", In(P::MembersWrite)) }.deleted_by(PEOPLE),
    Table { role: "t.role", ..of_organization("organization_members", Member).of_user() }
        .updated_by(PEOPLE, &["role"], "role = 'member'")
        .deleted_by(Any(&[PEOPLE, OWN])),
    Table { organizations: "ARRAY[t.id]", ..catalog("organizations", Member) }
        .updated_by(In(P::OrganizationWrite), &["name", "slug", "billing_email", "mfa_required"], "name = 'Matrix'")
        .deleted_by(In(P::OrganizationDelete)),
    of_organization("payment_methods", BILLING)
        .updated_by(In(P::BillingWrite), &["is_default"], "is_default = false")
        .deleted_by(In(P::BillingWrite)),
    of_project("project_addons", Any(&[BILLING, PROJECT]))
        .updated_by(InProject(P::InfrastructureWrite), &["quantity", "status", "deactivated_at"], "quantity = 7")
        .deleted_by(InProject(P::InfrastructureWrite)),
    Table { role: "t.role", ..of_project("project_members", PROJECT).of_user() }
        .inserted_by(PROJECT_PEOPLE)
        .updated_by(PROJECT_PEOPLE, &["role"], "role = 'read_only'")
        .deleted_by(Any(&[PROJECT_PEOPLE, OWN])),
    of_project("project_metrics", PROJECT),
    Table { project: "t.id", ..of_organization("projects", Member) }
        .inserted_by(In(P::ProjectsCreate))
        .updated_by(InProject(P::ProjectsWrite), &["name", "slug"], "name = 'Matrix'")
        .deleted_by(InProject(P::ProjectsDelete)),
    of_organization("subscriptions", Member).updated_by(
        In(P::BillingWrite),
        &["spend_cap_enabled", "spend_cap_amount"],
        "spend_cap_enabled = false",
    ),
    of_organization("tax_ids", BILLING).deleted_by(In(P::BillingWrite)),
    of_organization("usage_metrics", Member),
    catalog("user_sessions", Oneself).of_user(),
    Table {
        user: "t.id",
        organizations: "ARRAY(SELECT m.organization_id FROM platform.organization_members m WHERE m.user_id = t.id)",
        ..catalog("users", Any(&[Oneself, Member]))
    }
    .updated_by(
        Oneself,
        &["username", "first_name", "last_name", "avatar_url", "phone", "metadata"],
        "first_name = 'Matrix'",
    ),
];

/// Columns that nobody reads or writes under the application role, whatever the row: digests, and what is sealed or
/// proves a second factor.
pub fn is_secret(column: &str) -> bool {
    ["_sealed", "_hash", "_hashes"].iter().any(|end| column.ends_with(end))
        || (column.starts_with("mfa_") && !["mfa_enabled", "mfa_required"].contains(&column))
}
