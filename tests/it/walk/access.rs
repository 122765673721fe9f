//! What each field of each type needs, written from access.md and the data model, not from the code. The walk holds
//! the server to it, and the directives in the SDL too.

use ogelbase::auth::Permission as P;

use super::lists::LISTS;

/// What a caller needs for an object or a field of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Public,
    /// To be signed in.
    SignedIn,
    /// No more than to see the object.
    Visible,
    /// The permission in the object's organization or project.
    Holds(P),
    /// The permission there, on everything or on what the caller made.
    HoldsOnOwn(P),
    /// The permission there, or that the object is the caller's own.
    HoldsOrMine(P),
    /// To be the user whom the object is about.
    Myself,
    /// The permission in what is looked up, which is not there for anybody else.
    Finds(P),
    /// The permission in the object of this type that a subscription names, which is not there for anybody else.
    Awaits(&'static str, P),
    /// To bring what proves it, such as the token of a mail, which nobody here has.
    Token,
    /// To be signed in, and to bring what proves it once more: one's password, for what nobody here is to do.
    Password,
    /// The permission in the object of this type that a mutation names. It is refused to who sees the object, which is
    /// not there for anybody else.
    On(&'static str, P),
    /// To be signed in, and not to narrow the request to one organization.
    Everywhere,
    /// The same, and to be this person, whom the arguments are for.
    Addressee(&'static str),
    /// The same, and to be a person.
    OnAsPerson(&'static str, P),
    /// To be a person who belongs to the object of this type that a mutation names.
    OnOneself(&'static str),
    /// The same, where it is enough to hold it on what one makes oneself.
    OnToMake(&'static str, P),
    /// The same, where it is enough to hold it on one's own and the object is one's own.
    OnOwn(&'static str, P),
    /// To be signed in; null for who is no person.
    Profile,
    /// Nothing, but an API key cannot become a person.
    SigningIn,
    /// To be a person who is signed in.
    Session,
}

impl Need {
    /// How `@requires` and a refusal name it.
    pub const fn shown(self) -> Option<&'static str> {
        match self {
            Self::Public | Self::Visible | Self::HoldsOrMine(_) => None,
            Self::SignedIn
            | Self::Finds(_)
            | Self::Awaits(..)
            | Self::Everywhere
            | Self::Password
            | Self::Profile
            | Self::Session => Some("signed_in"),
            Self::Token | Self::SigningIn => Some("public"),
            Self::Myself | Self::Addressee(_) | Self::OnOneself(_) => Some("self"),
            Self::Holds(permission)
            | Self::HoldsOnOwn(permission)
            | Self::On(_, permission)
            | Self::OnAsPerson(_, permission)
            | Self::OnToMake(_, permission)
            | Self::OnOwn(_, permission) => Some(permission.name()),
        }
    }
}

use Need::{
    Addressee, Awaits, Everywhere, Finds, Holds, HoldsOnOwn, HoldsOrMine, Myself, On, OnAsPerson, OnOneself, OnOwn,
    OnToMake, Password, Profile, Public, Session, SignedIn, SigningIn, Token, Visible,
};

/// How an object of the type is come by.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// The roots; `Query` is asked about an organization, a mutation about what it names.
    Query,
    Mutation,
    /// Over WebSocket.
    Subscription,
    /// By its id: the id's prefix, its table, who sees it, and whose own it counts as. What belongs to the
    /// caller's organization and is not their own is the standpoint "hidden".
    Node {
        prefix: &'static str,
        table: &'static str,
        seen: Need,
        own: Need,
    },
    /// By these fields of that type.
    Through(&'static str, &'static str),
}

const fn node(prefix: &'static str, table: &'static str, seen: Need) -> Source {
    Source::Node { prefix, table, seen, own: seen }
}

use Source::Through;

/// A type, how it is come by, and its fields by what they need. `?` behind a field: the demo data has something there,
/// but not for everybody.
pub type Line = (&'static str, Source, &'static [(Need, &'static str)]);

/// All types but the connections and their edges, which `LISTS` has. Laid out by hand, a line or two for each need.
#[rustfmt::skip]
pub const TYPES: &[Line] = &[
    ("Query", Source::Query, &[
        (Public, "addonCatalog billingPlans invitation rateLimit serverInfo"),
        (SignedIn, "featureFlag featureFlags organizations projects"),
        (Profile, "viewer"),
        (Finds(P::OrganizationRead), "node nodes organization"),
        (Finds(P::ProjectsList), "project"),
    ]),
    ("SubscriptionRoot", Source::Subscription, &[
        (Awaits("Project", P::ProjectsList), "projectChanged"),
        (On("Organization", P::AuditRead), "auditLogAdded"),
    ]),
    ("ProjectChanged", Through("SubscriptionRoot", "projectChanged"), &[(Visible, "change project projectId")]),
    ("AuditLogAdded", Through("SubscriptionRoot", "auditLogAdded"), &[(Visible, "auditLog")]),
    // A mutation has its line here, its arguments in `ARGUMENTS`, and a line for its payload below.
    ("Mutation", Source::Mutation, &[
        (Public, "completeSignIn refreshSession requestPasswordReset resendConfirmation signUp"),
        (SigningIn, "signIn"),
        (Token, "confirmEmail resetPassword"),
        (Password, "changePassword deleteAccount"),
        (Session, "confirmSecondFactor disableSecondFactor enrolSecondFactor regenerateRecoveryCodes revokeSession
                   setActiveOrganization signOut signOutEverywhere updateProfile"),
        (Everywhere, "createOrganization"),
        (Addressee("member"), "acceptInvitation declineInvitation"),
        (OnOneself("Organization"), "leaveOrganization"),
        (On("Organization", P::OrganizationWrite), "updateOrganization"),
        (On("Organization", P::OrganizationDelete), "deleteOrganization"),
        (OnAsPerson("Organization", P::OwnershipTransfer), "transferOwnership"),
        (On("Organization", P::MembersWrite), "inviteMembers"),
        (On("OrganizationInvitation", P::MembersWrite), "resendInvitation revokeInvitation"),
        (On("OrganizationMember", P::MembersWrite), "removeMember updateMemberRole"),
        (On("Project", P::ProjectMembersWrite), "addProjectMember"),
        (On("ProjectMember", P::ProjectMembersWrite), "removeProjectMember updateProjectMember"),
        (OnToMake("Organization", P::ApiKeysWrite), "createApiKey"),
        (OnOwn("ApiKey", P::ApiKeysWrite), "revokeApiKey rotateApiKey updateApiKey"),
    ]),
    ("CreateApiKeyPayload", Through("Mutation", "createApiKey"), &[(Visible, "apiKey clientMutationId key")]),
    ("RevokeApiKeyPayload", Through("Mutation", "revokeApiKey"), &[(Visible, "apiKey clientMutationId")]),
    ("RotateApiKeyPayload", Through("Mutation", "rotateApiKey"), &[
        (Visible, "apiKey clientMutationId key replaced"),
    ]),
    ("UpdateApiKeyPayload", Through("Mutation", "updateApiKey"), &[(Visible, "apiKey clientMutationId")]),
    ("SignInPayload", Through("Mutation", "signIn"), &[
        (Visible, "accessToken clientMutationId expiresAt refreshToken secondFactor user"),
    ]),
    ("SecondFactorChallenge", Through("SignInPayload", "secondFactor"), &[(Visible, "expiresAt ticket")]),
    ("CompleteSignInPayload", Through("Mutation", "completeSignIn"), &[
        (Visible, "accessToken clientMutationId expiresAt refreshToken user"),
    ]),
    ("RefreshSessionPayload", Through("Mutation", "refreshSession"), &[
        (Visible, "accessToken clientMutationId expiresAt refreshToken user"),
    ]),
    ("RevokeSessionPayload", Through("Mutation", "revokeSession"), &[(Visible, "clientMutationId session")]),
    ("SignOutEverywherePayload", Through("Mutation", "signOutEverywhere"), &[(Visible, "clientMutationId ended")]),
    ("EnrolSecondFactorPayload", Through("Mutation", "enrolSecondFactor"), &[
        (Visible, "clientMutationId qrCode secret uri"),
    ]),
    ("ConfirmSecondFactorPayload", Through("Mutation", "confirmSecondFactor"), &[
        (Visible, "clientMutationId recoveryCodes user"),
    ]),
    ("DisableSecondFactorPayload", Through("Mutation", "disableSecondFactor"), &[(Visible, "clientMutationId user")]),
    ("RegenerateRecoveryCodesPayload", Through("Mutation", "regenerateRecoveryCodes"), &[
        (Visible, "clientMutationId recoveryCodes"),
    ]),
    ("SignOutPayload", Through("Mutation", "signOut"), &[(Visible, "clientMutationId signedOut")]),
    ("SignUpPayload", Through("Mutation", "signUp"), &[(Visible, "clientMutationId mailSent")]),
    ("ConfirmEmailPayload", Through("Mutation", "confirmEmail"), &[(Visible, "clientMutationId confirmed foundedOrganization")]),
    ("ResendConfirmationPayload", Through("Mutation", "resendConfirmation"), &[(Visible, "clientMutationId mailSent")]),
    ("ChangePasswordPayload", Through("Mutation", "changePassword"), &[(Visible, "clientMutationId user")]),
    ("RequestPasswordResetPayload", Through("Mutation", "requestPasswordReset"), &[
        (Visible, "clientMutationId mailSent"),
    ]),
    ("ResetPasswordPayload", Through("Mutation", "resetPassword"), &[(Visible, "clientMutationId passwordSet")]),
    ("UpdateProfilePayload", Through("Mutation", "updateProfile"), &[(Visible, "clientMutationId user")]),
    ("DeleteAccountPayload", Through("Mutation", "deleteAccount"), &[(Visible, "clientMutationId deleted")]),
    ("UpdateOrganizationPayload", Through("Mutation", "updateOrganization"), &[
        (Visible, "clientMutationId organization"),
    ]),

    ("CreateOrganizationPayload", Through("Mutation", "createOrganization"), &[
        (Visible, "clientMutationId organization"),
    ]),
    ("DeleteOrganizationPayload", Through("Mutation", "deleteOrganization"), &[
        (Visible, "clientMutationId deletedOrganization"),
    ]),
    ("SetActiveOrganizationPayload", Through("Mutation", "setActiveOrganization"), &[
        (Visible, "clientMutationId user"),
    ]),
    ("InviteMembersPayload", Through("Mutation", "inviteMembers"), &[(Visible, "clientMutationId results")]),
    ("InviteResult", Through("Mutation", "inviteMembers.results"), &[
        (Visible, "email invitation outcome token"),
    ]),
    ("ResendInvitationPayload", Through("Mutation", "resendInvitation"), &[
        (Visible, "clientMutationId invitation token"),
    ]),
    ("RevokeInvitationPayload", Through("Mutation", "revokeInvitation"), &[
        (Visible, "clientMutationId invitation"),
    ]),
    ("InvitationPreview", Through("Query", "invitation"), &[
        (Public, "expiresAt inviterName organizationName role"),
    ]),
    ("AcceptInvitationPayload", Through("Mutation", "acceptInvitation"), &[
        (Visible, "clientMutationId member organization"),
    ]),
    ("DeclineInvitationPayload", Through("Mutation", "declineInvitation"), &[(Visible, "clientMutationId declined")]),
    ("UpdateMemberRolePayload", Through("Mutation", "updateMemberRole"), &[(Visible, "clientMutationId member")]),
    ("RemoveMemberPayload", Through("Mutation", "removeMember"), &[(Visible, "clientMutationId removedMember")]),
    ("LeaveOrganizationPayload", Through("Mutation", "leaveOrganization"), &[
        (Visible, "clientMutationId leftOrganization"),
    ]),
    ("TransferOwnershipPayload", Through("Mutation", "transferOwnership"), &[
        (Visible, "clientMutationId formerOwner newOwner"),
    ]),
    ("AddProjectMemberPayload", Through("Mutation", "addProjectMember"), &[
        (Visible, "clientMutationId projectMember"),
    ]),
    ("UpdateProjectMemberPayload", Through("Mutation", "updateProjectMember"), &[
        (Visible, "clientMutationId projectMember"),
    ]),
    ("RemoveProjectMemberPayload", Through("Mutation", "removeProjectMember"), &[
        (Visible, "clientMutationId removedProjectMember"),
    ]),

    // Of the platform.
    ("ServerInfo", Through("Query", "serverInfo"), &[(Public, "environment version")]),
    ("RateLimit", Through("Query", "rateLimit"), &[(Public, "cost limit remaining resetAt")]),
    ("BillingPlan", Through("Query", "billingPlans"), &[
        (Public, "auditRetentionDays bandwidthGb currency databaseSizeGb description features interval maxMembers
                  maxProjects metricsRetentionDays name planId price sortOrder"),
    ]),
    ("AddonCatalogItem", Through("Query", "addonCatalog"), &[
        (Public, "addonId compute description interval name price retentionDays sortOrder variant"),
    ]),
    ("AddonCompute", Through("AddonCatalogItem", "compute"), &[(Public, "cpuCores cpuShared memoryGb")]),
    ("FeatureFlag", node("flg", "feature_flags", SignedIn), &[
        (Visible, "createdAt description enabled id key name rolloutPercentage updatedAt"),
    ]),
    ("User", Source::Node { prefix: "usr", table: "users", seen: HoldsOrMine(P::MembersRead), own: Myself }, &[
        (Visible, "avatarUrl createdAt email firstName id lastName username"),
        (Myself, "activeOrganization? emailConfirmedAt lastSignInAt memberships mfaEnabled phone sessions"),
    ]),
    ("Session", node("ses", "user_sessions", Myself), &[
        (Visible, "createdAt current endedAt? expiresAt id ip lastSeenAt userAgent"),
    ]),

    // Of an organization.
    ("Organization", node("org", "organizations", Holds(P::OrganizationRead)), &[
        (Visible, "createdAt id mfaRequired name slug updatedAt viewerPermissions"),
        (Holds(P::OrganizationRead), "entitlements subscription"),
        (Holds(P::MembersRead), "members"),
        (Holds(P::MembersWrite), "invitations"),
        (Holds(P::FlagsRead), "featureFlags"),
        (Holds(P::UsageRead), "memberCount usage usageDaily"),
        (Holds(P::ProjectsList), "projects"),
        (Holds(P::AuditRead), "auditLogs"),
        (HoldsOnOwn(P::ApiKeysRead), "apiKeys"),
        (Holds(P::BillingRead), "billingEmail billingPlans creditBalance credits customerProfile invoices
                                 paymentMethods taxIds"),
    ]),
    ("PageInfo", Through("Organization", "members.pageInfo"), &[
        (Visible, "endCursor hasNextPage hasPreviousPage startCursor"),
    ]),
    ("OrganizationMember",
     Source::Node { prefix: "mem", table: "organization_members", seen: Holds(P::MembersRead), own: Myself }, &[
        (Visible, "id joinedAt organization role"),
        (Holds(P::MembersRead), "invitedAt? user"),
    ]),
    ("OrganizationInvitation", node("ivt", "organization_invitations", Holds(P::MembersWrite)), &[
        (Visible, "acceptedAt acceptedBy createdAt declinedAt email expiresAt id inviter organization revokedAt
                   role status updatedAt"),
    ]),
    ("OrganizationFeatureFlag", Through("Organization", "featureFlags"), &[
        (Visible, "enabled flag key reason rolloutPercentage"),
    ]),
    ("ApiKey", node("key", "api_keys", HoldsOrMine(P::ApiKeysRead)), &[
        (Visible, "createdAt creator expiresAt id lastUsedAt name organization prefix projectIds requestsPerMinute
                   revokedAt rotatedFrom scopes"),
    ]),
    ("AuditLog", node("aud", "audit_logs", HoldsOrMine(P::AuditRead)), &[
        (Visible, "action actor actorLabel apiKey? createdAt eventType id ip metadata organization project? requestId
                   resourceId resourceType severity userAgent"),
    ]),
    ("OrganizationUsage", Through("Organization", "usage"), &[
        (Visible, "aggregation allocations amount cost included metric overage unit"),
    ]),
    ("UsageAllocation", Through("OrganizationUsage", "allocations"), &[(Visible, "amount cost project")]),
    ("DailyUsage", Through("Organization", "usageDaily"), &[(Visible, "amount cost day metric unit")]),

    // Of its billing.
    ("Subscription", node("sub", "subscriptions", Holds(P::OrganizationRead)), &[
        (Visible, "id organization plan planName status"),
        (Holds(P::BillingRead), "addons billingCycleAnchor cancelAtPeriodEnd canceledAt? createdAt currentPeriodEnd
                                 currentPeriodStart spendCapAmount? spendCapEnabled trialEnd updatedAt
                                 usageBillingEnabled"),
    ]),
    ("SubscriptionAddon", Through("Subscription", "addons.nodes"), &[
        (Visible, "activatedAt addonId interval monthlyAmount name price project quantity variant"),
    ]),
    ("PlanOption", Through("Organization", "billingPlans"), &[(Visible, "change isCurrent plan")]),
    ("Entitlement", Through("Organization", "entitlements"), &[(Visible, "liftedBy limit name used")]),
    ("Invoice", node("inv", "invoices", Holds(P::BillingRead)), &[
        (Visible, "amountDue amountPaid createdAt creditApplied currency dueAt hostedUrl id issuedAt lines number
                   organization paidAt pdfUrl periodEnd periodStart status subscription subtotal tax total
                   updatedAt"),
    ]),
    ("InvoiceLine", Through("Invoice", "lines"), &[
        (Visible, "amount description periodEnd periodStart project quantity unitAmount"),
    ]),
    ("PaymentMethod", node("pay", "payment_methods", Holds(P::BillingRead)), &[
        (Visible, "cardBrand cardExpMonth cardExpYear cardLast4 createdAt id isDefault organization type updatedAt"),
    ]),
    ("TaxId", node("tax", "tax_ids", Holds(P::BillingRead)), &[
        (Visible, "country createdAt id organization status type updatedAt value"),
    ]),
    ("CustomerProfile", node("cus", "customer_profiles", Holds(P::BillingRead)), &[
        (Visible, "addressLine1 addressLine2 city companyName contactName country createdAt id organization phone
                   postalCode state updatedAt"),
    ]),
    ("Credit", node("cdt", "credits", Holds(P::BillingRead)), &[
        (Visible, "amount createdAt currency description expiresAt id organization remaining updatedAt"),
    ]),
    ("CreditBalance", Through("Organization", "creditBalance"), &[(Visible, "currency expirations remaining")]),
    ("CreditExpiration", Through("CreditBalance", "expirations"), &[(Visible, "amount expiresAt")]),

    // Of a project.
    ("Project",
     Source::Node { prefix: "prj", table: "projects", seen: Holds(P::ProjectsList), own: Holds(P::ProjectsRead) }, &[
        (Visible, "id name organization ref region status viewerPermissions"),
        (Holds(P::ProjectsRead), "createdAt credentials databaseHost databaseName databasePort databaseUser members
                                  postgresMetaUrl slug supabaseUrl updatedAt"),
        (Holds(P::DatabasesRead), "databases"),
        (Holds(P::MetricsRead), "infraMonitoring metrics"),
        (Holds(P::InfrastructureRead), "addons availableAddons compute disk"),
        (Holds(P::AuditRead), "auditLogs"),
        (Holds(P::UsageRead), "usage"),
    ]),
    ("ProjectMember", node("pmb", "project_members", Holds(P::ProjectsRead)), &[
        (Visible, "addedBy createdAt id project role user"),
    ]),
    ("Credentials", node("crd", "credentials", Holds(P::ProjectsRead)), &[
        (Visible, "createdAt id updatedAt"),
        (Holds(P::CredentialsRead), "anonKey jwtSecret serviceRoleKey"),
    ]),
    ("Compute", node("cmp", "compute_config", Holds(P::InfrastructureRead)), &[
        (Visible, "cpuCores createdAt id instanceSize memoryGb updatedAt"),
    ]),
    ("Disk", node("dsk", "disk_config", Holds(P::InfrastructureRead)), &[
        (Visible, "autoscaleEnabled autoscaleGrowthPercent autoscaleMaxSizeGb autoscaleMinIncrementGb createdAt id
                   ioBudget lastModifiedAt sizeGb throughputMbps type updatedAt"),
    ]),
    ("ProjectAddon", node("pad", "project_addons", Holds(P::InfrastructureRead)), &[
        (Visible, "activatedAt addonId createdAt deactivatedAt? id interval name pricePerUnit project quantity status
                   updatedAt variant"),
    ]),
    ("AvailableAddon", Through("Project", "availableAddons"), &[(Visible, "item selected")]),
    ("ProjectMetric", Through("Project", "metrics.nodes"), &[
        (Visible, "activeConnections cpuUsage diskIoBudget diskUsageGb memoryUsage networkInBytes networkOutBytes
                   queryCount timestamp"),
    ]),
    ("InfraMonitoring", Through("Project", "infraMonitoring"), &[(Visible, "interval series timestamps")]),
    ("InfraSeries", Through("InfraMonitoring", "series"), &[(Visible, "attribute average maximum total unit values")]),
    ("ProjectUsage", Through("Project", "usage"), &[(Visible, "aggregation amount cost metric unit")]),
    ("Database", node("dbs", "databases", Holds(P::DatabasesRead)), &[
        (Visible, "config createdAt createdBy healthCheckError? healthCheckLatencyMs host id isPrimary
                   lastHealthCheckAt name port project status type updatedAt"),
        (Holds(P::DatabasesRead), "connectionLogs"),
        (Holds(P::MetricsRead), "metrics"),
    ]),
    ("DatabaseConnectionLog", node("dbl", "database_connection_logs", Holds(P::DatabasesRead)), &[
        (Visible, "createdAt database event id latencyMs message user"),
    ]),
    ("DatabaseMetric", Through("Database", "metrics.nodes"), &[(Visible, "metricType timestamp value")]),
];

/// What wants something of the moment (a token, a code) or ends what the walk stands on. The tests `user_sessions` and
/// `second_factor` ask it; its `@requires` is compared here too.
const ELSEWHERE: [&str; 9] = [
    "Mutation.completeSignIn",
    "Mutation.confirmSecondFactor",
    "Mutation.disableSecondFactor",
    "Mutation.enrolSecondFactor",
    "Mutation.refreshSession",
    "Mutation.regenerateRecoveryCodes",
    "Mutation.revokeSession",
    "Mutation.signOutEverywhere",
    "SignInPayload.secondFactor",
];

fn is_asked(kind: &str, field: &str) -> bool {
    !ELSEWHERE.contains(&format!("{kind}.{field}").as_str())
}

/// A type of the table.
#[derive(Debug)]
pub struct Type {
    pub name: String,
    pub source: Source,
    pub fields: Vec<Field>,
}

/// A field of the table.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub need: Need,
    pub may_be_null: bool,
}

/// The whole table.
#[derive(Debug)]
pub struct Access(pub Vec<Type>);

impl Access {
    pub fn table() -> Self {
        let mut types: Vec<Type> =
            TYPES.iter().map(|(name, source, fields)| Type::new((*name).to_owned(), *source, fields)).collect();
        for (node, parent, list, edges) in LISTS {
            let connection: &[_] = &[(Visible, "edges nodes pageInfo totalCount")];
            types.push(Type::new(format!("{node}Connection"), Through(parent, list), connection));
            types.push(Type::new(format!("{node}Edge"), Through(parent, edges), &[(Visible, "cursor node")]));
        }
        types.sort_by(|left, right| left.name.cmp(&right.name));
        Self(types)
    }

    /// What is asked: all but what is asked elsewhere.
    pub fn walked() -> Self {
        let Self(mut types) = Self::table();
        types.retain(|line| match line.source {
            Through(parent, steps) => is_asked(parent, steps.split('.').next().unwrap_or_default()),
            _ => true,
        });
        for line in &mut types {
            line.fields.retain(|field| is_asked(&line.name, field.name));
        }
        Self(types)
    }

    pub fn of(&self, name: &str) -> &Type {
        self.0.iter().find(|line| line.name == name).unwrap_or_else(|| panic!("{name} has no line in the table"))
    }
}

impl Type {
    fn new(name: String, source: Source, fields: &[(Need, &'static str)]) -> Self {
        let fields = fields.iter().flat_map(|(need, names)| {
            names.split_whitespace().map(|name| Field {
                name: name.trim_end_matches('?'),
                need: *need,
                may_be_null: name.ends_with('?'),
            })
        });
        let mut fields: Vec<Field> = fields.collect();
        fields.sort_by_key(|field| field.name);
        Self { name, source, fields }
    }

    /// The fields that are asked in one document. Mutations are asked one by one: each is about an object of its own,
    /// and one that fails takes the whole answer with it. A subscription has one field.
    pub fn parts(&self) -> impl Iterator<Item = &[Field]> {
        let size = if matches!(self.source, Source::Mutation | Source::Subscription) { 1 } else { self.fields.len() };
        self.fields.chunks(size)
    }

    pub fn field(&self, name: &str) -> &Field {
        let found = self.fields.iter().find(|field| field.name == name);
        found.unwrap_or_else(|| panic!("{}.{name} has no line in the table", self.name))
    }
}
