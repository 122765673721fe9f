//! Projects.

mod activity;
pub mod along;
mod infrastructure;
mod list;

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use entity::projects::{self, Safe};
use uuid::Uuid;

use along::Along;
pub use list::{ProjectById, ProjectFilter, ProjectOrderField, ProjectQueries, ProjectsOf};

use super::{
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    organization::{Organization, OrganizationById},
    page::{Connection, OrderField, PageArguments},
    project_member::{ProjectMember, ProjectMemberFilter, ProjectMemberOrderField, ProjectMembersOf},
};
use crate::{
    auth::{Permission as P, Principal, permission::Permission},
    error::Result,
};

/// Where a project stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "projects::ProjectStatus")]
pub enum ProjectStatus {
    /// Being created.
    ComingUp,
    /// Running, and its probes answer.
    ActiveHealthy,
    /// Running, and a probe fails.
    ActiveUnhealthy,
    /// Being shut down for removal.
    GoingDown,
    /// Stopped for lack of use.
    Inactive,
    /// Could not be created.
    InitFailed,
    /// Stopped on request, data kept.
    Paused,
    /// On the way to PAUSED.
    Pausing,
    /// Could not be paused.
    PauseFailed,
    /// Deleted; kept as a record.
    Removed,
    /// Changing its machine or disk.
    Resizing,
    /// Restarting.
    Restarting,
    /// Coming back from a pause or a backup.
    Restoring,
    /// Could not be restored.
    RestoreFailed,
    /// Moving to a newer version.
    Upgrading,
    /// Not known at present.
    Unknown,
}

/// A project: one backend with its databases, keys, compute and disk.
#[derive(Debug, Clone)]
pub struct Project(Safe, Along);

impl From<Safe> for Project {
    fn from(row: Safe) -> Self {
        Self(row, Along::default())
    }
}

impl Project {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Uuid {
        self.0.id
    }

    /// Whose it is.
    #[must_use]
    pub fn organization_id(&self) -> Uuid {
        self.0.organization_id
    }

    fn organization_key(&self) -> OrganizationById {
        OrganizationById(self.0.organization_id)
    }

    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.sees_project(self.0.organization_id, self.0.id)
    }
}

/// A project: one backend with its databases, keys, compute and disk. Every member of its organization sees `id`,
/// `name`, `ref`, `region`, `status` and `organization`; the rest needs access to the project.
#[Object(guard = "signed_in()")]
impl Project {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Project.id(self.0.id)
    }

    /// Display name, 1 to 120 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Public handle: 20 lower-case letters, or a chosen one such as `default`; unique.
    #[graphql(name = "ref")]
    async fn reference(&self) -> &str {
        &self.0.r#ref
    }

    /// Where it runs, as `local` or `eu-central-1`.
    async fn region(&self) -> &str {
        &self.0.region
    }

    /// Where it stands in its life.
    async fn status(&self) -> ProjectStatus {
        self.0.status.into()
    }

    /// The organization that owns it; null only if it was transferred away from you at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        match &self.1.organization {
            Some(read) => Ok(read.clone()),
            None => context.load(self.organization_key()).await,
        }
    }

    /// Name in URLs, unique within the organization.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn slug(&self) -> Option<&str> {
        Some(&self.0.slug)
    }

    /// Host of its main database; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn database_host(&self) -> Option<&str> {
        self.0.database_host.as_deref()
    }

    /// Port of its main database, 1 to 65535; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn database_port(&self) -> Option<i32> {
        self.0.database_port
    }

    /// Name of its main database; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn database_name(&self) -> Option<&str> {
        self.0.database_name.as_deref()
    }

    /// Login role of its main database; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn database_user(&self) -> Option<&str> {
        self.0.database_user.as_deref()
    }

    /// Base URL of its postgres-meta service; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn postgres_meta_url(&self) -> Option<&str> {
        self.0.postgres_meta_url.as_deref()
    }

    /// Base URL of its public API; null while it has none.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn supabase_url(&self) -> Option<&str> {
        self.0.supabase_url.as_deref()
    }

    /// When it was created.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn created_at(&self) -> Option<DateTime<Utc>> {
        Some(self.0.created_at)
    }

    /// When it was last changed.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn updated_at(&self) -> Option<DateTime<Utc>> {
        Some(self.0.updated_at)
    }

    #[graphql(flatten)]
    async fn activity(&self) -> activity::ProjectActivity<'_> {
        activity::ProjectActivity(&self.0)
    }

    /// The permissions that you hold in this project, by name (`databases:write`), in alphabetical order: which
    /// buttons to show. Empty without access to the project.
    async fn viewer_permissions(&self, context: &Context<'_>) -> Vec<&'static str> {
        let viewer = context.viewer();
        let mut names: Vec<_> = Permission::ALL
            .iter()
            .filter(|permission| permission.is_of_project())
            .filter(|permission| viewer.may_in_project(**permission, self.0.organization_id, self.0.id))
            .map(|permission| permission.name())
            .collect();
        names.sort_unstable();
        names
    }

    #[graphql(flatten)]
    async fn infrastructure(&self) -> infrastructure::ProjectInfrastructure<'_> {
        infrastructure::ProjectInfrastructure(&self.0, &self.1)
    }

    /// The people with a role in this project; owners and admins of its organization have access without one.
    /// Order: who was added first.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the members that match.")] filter: Option<ProjectMemberFilter>,
    ) -> Result<Option<Connection<ProjectMember>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, ProjectMemberOrderField::DEFAULT, |window| ProjectMembersOf {
            project_id: self.0.id,
            filter: filter.unwrap_or_default(),
            window,
        })
        .await
    }
}
