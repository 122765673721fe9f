//! Everything that has a global id (Relay object identification).

use async_graphql::{Context, ID, Interface, Object};

use super::{
    api_key::{ApiKey, ApiKeyById},
    audit_log::{AuditLog, AuditLogById},
    compute::{Compute, ComputeById},
    context::ContextExt,
    credentials::{Credentials, CredentialsById},
    credit::{Credit, CreditById},
    customer_profile::{CustomerProfile, CustomerProfileById},
    database::{Database, DatabaseById},
    database_log::{DatabaseConnectionLog, DatabaseConnectionLogById},
    disk::{Disk, DiskById},
    feature_flag::{FeatureFlag, FeatureFlagById},
    guard::{requires, signed_in},
    id::{self, Kind},
    invitation::{OrganizationInvitation, OrganizationInvitationById},
    invoice::{Invoice, InvoiceById},
    organization::{Organization, OrganizationById},
    organization_member::{OrganizationMember, OrganizationMemberById},
    payment_method::{PaymentMethod, PaymentMethodById},
    project::{Project, ProjectById},
    project_addon::{ProjectAddon, ProjectAddonById},
    project_member::{ProjectMember, ProjectMemberById},
    subscription::{Subscription, SubscriptionById},
    tax_id::{TaxId, TaxIdById},
    user::{User, VisibleUserById},
    user_session::{Session, SessionById},
};
use crate::{
    auth::Principal,
    error::{Error, Result},
};

/// Ids of one `nodes` at most.
pub const MAX_IDS: usize = 100;

/// An object with a global id.
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque global id."))]
pub enum Node {
    /// A person.
    User(User),
    /// An organization.
    Organization(Organization),
    /// A membership of an organization.
    OrganizationMember(OrganizationMember),
    /// A project.
    Project(Project),
    /// A role in a project.
    ProjectMember(ProjectMember),
    /// What an organization is subscribed to.
    Subscription(Subscription),
    /// An invoice.
    Invoice(Invoice),
    /// A means of payment.
    PaymentMethod(PaymentMethod),
    /// A tax number.
    TaxId(TaxId),
    /// Name and address on invoices.
    CustomerProfile(CustomerProfile),
    /// An amount that pays future invoices.
    Credit(Credit),
    /// An invitation to an organization.
    OrganizationInvitation(OrganizationInvitation),
    /// A key for programs.
    ApiKey(ApiKey),
    /// A record of the audit trail.
    AuditLog(AuditLog),
    /// A switch of the platform.
    FeatureFlag(FeatureFlag),
    /// A registered database.
    Database(Database),
    /// An event of a database's connection.
    DatabaseConnectionLog(DatabaseConnectionLog),
    /// A project's machine.
    Compute(Compute),
    /// A project's disk.
    Disk(Disk),
    /// An add-on of a project.
    ProjectAddon(ProjectAddon),
    /// A project's keys.
    Credentials(Credentials),
    /// A sign-in of yours.
    Session(Session),
}

/// Queries by global id.
#[derive(Debug, Default)]
pub struct NodeQueries;

#[Object(guard = "signed_in()")]
impl NodeQueries {
    /// The object with this id; null when there is none that you may see. An id that this API never gave out is
    /// refused with INVALID_INPUT.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn node(&self, context: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Result<Option<Node>> {
        load(context, &id, "id".to_owned()).await
    }

    /// The objects with these ids, in their order; null in the place of each that you may not see.
    #[graphql(
        directive = requires::apply("signed_in".into()),
    )]
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most 100 global ids.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<Node>>>> {
        if ids.len() > MAX_IDS {
            return Err(Error::invalid("ids", format!("has {} ids, at most {MAX_IDS} are taken", ids.len())));
        }
        let nodes = ids.iter().enumerate().map(|(index, id)| load(context, id, format!("ids.{index}")));
        futures_util::future::try_join_all(nodes).await.map(Some)
    }
}

async fn load(context: &Context<'_>, id: &str, path: String) -> Result<Option<Node>> {
    let (kind, key) = id::parse(id, path)?;
    let node = match kind {
        Kind::User => context.load(VisibleUserById(key)).await?.map(Node::User),
        Kind::Organization => context.load(OrganizationById(key)).await?.map(Node::Organization),
        Kind::OrganizationMember => context.load(OrganizationMemberById(key)).await?.map(Node::OrganizationMember),
        Kind::Project => context.load(ProjectById(key)).await?.map(Node::Project),
        Kind::ProjectMember => context.load(ProjectMemberById(key)).await?.map(Node::ProjectMember),
        Kind::Subscription => context.load(SubscriptionById(key)).await?.map(Node::Subscription),
        Kind::Invoice => context.load(InvoiceById(key)).await?.map(Node::Invoice),
        Kind::PaymentMethod => context.load(PaymentMethodById(key)).await?.map(Node::PaymentMethod),
        Kind::TaxId => context.load(TaxIdById(key)).await?.map(Node::TaxId),
        Kind::CustomerProfile => context.load(CustomerProfileById(key)).await?.map(Node::CustomerProfile),
        Kind::Credit => context.load(CreditById(key)).await?.map(Node::Credit),
        Kind::OrganizationInvitation => {
            context.load(OrganizationInvitationById(key)).await?.map(Node::OrganizationInvitation)
        }
        Kind::ApiKey => context.load(ApiKeyById(key)).await?.map(Node::ApiKey),
        Kind::AuditLog => context.load(AuditLogById(key)).await?.map(Node::AuditLog),
        Kind::FeatureFlag => context.load(FeatureFlagById(key)).await?.map(Node::FeatureFlag),
        Kind::Database => context.load(DatabaseById(key)).await?.map(Node::Database),
        Kind::DatabaseConnectionLog => {
            context.load(DatabaseConnectionLogById(key)).await?.map(Node::DatabaseConnectionLog)
        }
        Kind::Compute => context.load(ComputeById(key)).await?.map(Node::Compute),
        Kind::Disk => context.load(DiskById(key)).await?.map(Node::Disk),
        Kind::ProjectAddon => context.load(ProjectAddonById(key)).await?.map(Node::ProjectAddon),
        Kind::Credentials => context.load(CredentialsById(key)).await?.map(Node::Credentials),
        Kind::Session => context.load(SessionById(key)).await?.map(Node::Session),
    };
    Ok(node.filter(|node| node.visible_to(&context.viewer())))
}

impl Node {
    /// Whether the caller may see the object at all: row-level security says the same by itself, and so does this.
    fn visible_to(&self, viewer: &Principal) -> bool {
        match self {
            // Its loader has looked already; flags are everybody's who is signed in.
            Self::User(_) | Self::FeatureFlag(_) => true,
            Self::Organization(it) => it.visible_to(viewer),
            Self::OrganizationMember(it) => it.visible_to(viewer),
            Self::Project(it) => it.visible_to(viewer),
            Self::ProjectMember(it) => it.visible_to(viewer),
            Self::Subscription(it) => it.visible_to(viewer),
            Self::Invoice(it) => it.visible_to(viewer),
            Self::PaymentMethod(it) => it.visible_to(viewer),
            Self::TaxId(it) => it.visible_to(viewer),
            Self::CustomerProfile(it) => it.visible_to(viewer),
            Self::Credit(it) => it.visible_to(viewer),
            Self::OrganizationInvitation(it) => it.visible_to(viewer),
            Self::ApiKey(it) => it.visible_to(viewer),
            Self::AuditLog(it) => it.visible_to(viewer),
            Self::Database(it) => it.visible_to(viewer),
            Self::DatabaseConnectionLog(it) => it.visible_to(viewer),
            Self::Compute(it) => it.visible_to(viewer),
            Self::Disk(it) => it.visible_to(viewer),
            Self::ProjectAddon(it) => it.visible_to(viewer),
            Self::Credentials(it) => it.visible_to(viewer),
            Self::Session(it) => it.visible_to(viewer),
        }
    }
}
