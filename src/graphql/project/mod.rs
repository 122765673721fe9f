//! Projects.

mod infrastructure;

mod activity;

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::projects::{self, Column, Entity, Safe};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, extension::postgres::PgExpr},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::{PageKey, row_key},
    order::{Order, OrderDirection},
    organization::{Organization, OrganizationById},
    page::{Connection, OrderField, PageArguments, SortKind, Sorted, contains_pattern, page_size},
    project_member::{ProjectMember, ProjectMemberFilter, ProjectMemberOrderField, ProjectMembersOf},
};
use crate::{
    auth::{Permission as P, Principal, permission::Permission, principal::Sight},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
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
pub struct Project(Safe);

impl From<Safe> for Project {
    fn from(row: Safe) -> Self {
        Self(row)
    }
}

impl Project {
    /// Whose it is.
    #[must_use]
    pub fn organization_id(&self) -> Uuid {
        self.0.organization_id
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
        context.load(OrganizationById(self.0.organization_id)).await
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
        infrastructure::ProjectInfrastructure(&self.0)
    }

    /// The people with a role in this project; owners and admins of its organization have access without one.
    /// Order: who was added first.
    #[graphql(complexity = "page_size(first, last) * child_complexity + 1", directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(&self.0)")]
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

/// Which projects are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ProjectFilter {
    /// In one of these states.
    pub status: Option<Vec<ProjectStatus>>,
    /// Whose name or ref contains this text, upper or lower case; at most 120 characters.
    pub text: Option<String>,
}

impl ProjectFilter {
    /// The filter, if its values can be searched for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<Self> {
        crate::graphql::page::check_search("filter.text", self.text.as_deref())?;
        Ok(self)
    }

    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(statuses) = &self.status {
            let statuses = statuses.iter().map(|status| projects::ProjectStatus::from(*status).to_value());
            select = select.filter(Column::Status.eq_any(statuses));
        }
        if let Some(text) = &self.text {
            let pattern = contains_pattern(text);
            let contains = |column: Column| Expr::col(column.as_column_ref()).ilike(pattern.clone());
            select = select.filter(contains(Column::Name).or(contains(Column::Ref)));
        }
        select
    }
}

/// What projects can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum ProjectOrderField {
    /// By name, in the database's collation.
    Name,
    /// By time of creation.
    CreatedAt,
    /// By status, in alphabetical order of its name.
    Status,
}

impl OrderField for ProjectOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self::CreatedAt, OrderDirection::Desc);

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CreatedAt => "created",
            Self::Status => "status",
        }
    }

    fn kind(self) -> SortKind {
        if self == Self::CreatedAt { SortKind::Time } else { SortKind::Text }
    }
}

impl Sorted<ProjectOrderField> for Project {
    fn position(&self, field: ProjectOrderField) -> Position {
        let value = match field {
            ProjectOrderField::Name => SortValue::Text(self.0.name.clone()),
            ProjectOrderField::CreatedAt => SortValue::Time(self.0.created_at),
            ProjectOrderField::Status => SortValue::Text(self.0.status.to_value()),
        };
        Position { value, id: self.0.id }
    }
}

/// Queries for projects.
#[derive(Debug, Default)]
pub struct ProjectQueries;

#[Object(guard = "signed_in()")]
impl ProjectQueries {
    /// The project with this ref; null when there is none in an organization of yours.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn project(
        &self,
        context: &Context<'_>,
        #[graphql(name = "ref", desc = "Its public handle.")] reference: String,
    ) -> Result<Option<Project>> {
        // PostgreSQL's text holds no null byte, and no ref has one.
        if reference.as_str().contains('\0') {
            return Ok(None);
        }
        let found = Entity::by_ref(&reference).into_partial_model::<Safe>().one(context.db().await?).await?;
        Ok(found.map(Project).filter(|project| project.visible_to(&context.viewer())))
    }

    /// The projects of all organizations that you belong to. Default order: newest first.
    #[graphql(complexity = "page_size(first, last) * child_complexity + 1", directive = requires::apply("signed_in".into()))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn projects(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the projects that match.")] filter: Option<ProjectFilter>,
        #[graphql(desc = "Default: createdAt, descending.")] order_by: Option<Order<ProjectOrderField>>,
    ) -> Result<Option<Connection<Project>>> {
        let order = order_by.unwrap_or_default();
        let filter = filter.unwrap_or_default().checked()?;
        let mut list = list(&filter, order.field);
        let (sight, besides) = context.viewer().sees_projects_of();
        if let Sight::Organizations(organizations) = sight {
            let mine = Column::OrganizationId.eq_any(organizations);
            list.select = match besides.is_empty() {
                true => list.select.filter(mine),
                false => list.select.filter(mine.or(Column::Id.eq_any(besides))),
            };
        }
        PageArguments { first, after, last, before }.whole::<_, _, Safe, _>(context, order.into(), list).await
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

fn list(filter: &ProjectFilter, order: ProjectOrderField) -> List<Entity> {
    List {
        select: filter.apply(rows()),
        key: match order {
            ProjectOrderField::Name => Column::Name,
            ProjectOrderField::CreatedAt => Column::CreatedAt,
            ProjectOrderField::Status => Column::Status,
        },
        id: Column::Id,
    }
}

/// A page of an organization's projects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Only these, which an API key is confined to; none: all.
    pub confined_to: Option<Vec<Uuid>>,
    /// Which of them.
    pub filter: ProjectFilter,
    /// In which order.
    pub order: ProjectOrderField,
    /// Which part.
    pub window: Window,
}

impl PageKey for ProjectsOf {
    type Row = Safe;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Safe>>> {
        let mut projects = list(&self.filter, self.order);
        if let Some(confined_to) = &self.confined_to {
            projects.select = projects.select.filter(Column::Id.eq_any(confined_to.iter().copied()));
        }
        projects.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

row_key! {
    /// One project by its key.
    ProjectById loads Project from rows(), by Column::Id => id, if visible
}
