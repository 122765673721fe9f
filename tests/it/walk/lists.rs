//! Where the lists are: each has a connection and an edge, which all look alike.

macro_rules! lists {
    ($($node:literal: $parent:literal has $list:literal,)+) => {
        &[$(($node, $parent, $list, concat!($list, ".edges"))),+]
    };
}

/// The type of the list's nodes, the type that has the list, the list, and the way to its edges.
pub const LISTS: &[(&str, &str, &str, &str)] = lists! {
    "ApiKey": "Organization" has "apiKeys",
    "AuditLog": "Organization" has "auditLogs",
    "Credit": "Organization" has "credits",
    "Database": "Project" has "databases",
    "DatabaseConnectionLog": "Database" has "connectionLogs",
    "DatabaseMetric": "Database" has "metrics",
    "FeatureFlag": "Query" has "featureFlags",
    "Invoice": "Organization" has "invoices",
    "Organization": "Query" has "organizations",
    "OrganizationInvitation": "Organization" has "invitations",
    "OrganizationMember": "Organization" has "members",
    "PaymentMethod": "Organization" has "paymentMethods",
    "Project": "Organization" has "projects",
    "ProjectMember": "Project" has "members",
    "ProjectMetric": "Project" has "metrics",
    "Session": "User" has "sessions",
    "SubscriptionAddon": "Subscription" has "addons",
    "TaxId": "Organization" has "taxIds",
};
