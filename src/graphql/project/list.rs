//! Finding projects: one by its handle or key, and lists with their filter and order.

use std::collections::HashMap;

use async_graphql::{Context, Enum, InputObject, Object};
use entity::projects::{self, Column, Entity, Safe};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, extension::postgres::PgExpr},
};
use uuid::Uuid;

use super::{Project, ProjectStatus, along};
use crate::{
    auth::principal::Sight,
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
    graphql::{
        context::ContextExt,
        guard::{requires, signed_in},
        loader::{PageKey, row_key},
        order::{Order, OrderDirection},
        page::{Connection, OrderField, PageArguments, SortKind, Sorted, contains_pattern},
    },
};

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

    fn condition(&self) -> Condition {
        let statuses = self.status.as_ref().map(|statuses| {
            Column::Status.eq_any(statuses.iter().map(|status| projects::ProjectStatus::from(*status).to_value()))
        });
        let text = self.text.as_deref().map(|text| {
            let pattern = contains_pattern(text);
            let contains = |column: Column| Expr::col(column.as_column_ref()).ilike(pattern.clone());
            contains(Column::Name).or(contains(Column::Ref))
        });
        Condition::all().add_option(statuses).add_option(text)
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

impl ProjectQueries {
    /// The project with this ref, if the caller may see it.
    ///
    /// # Errors
    /// As the statement's.
    pub async fn find(context: &Context<'_>, reference: &str) -> Result<Option<Project>> {
        // PostgreSQL's text holds no null byte, and no ref has one.
        if reference.contains('\0') {
            return Ok(None);
        }
        let found = Entity::by_ref(reference).into_partial_model::<Safe>().one(context.db().await?).await?;
        Ok(found.map(Project::from).filter(|project| project.visible_to(&context.viewer())))
    }
}

#[Object(guard = "signed_in()")]
impl ProjectQueries {
    /// The project with this ref; null when there is none in an organization of yours.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn project(
        &self,
        context: &Context<'_>,
        #[graphql(name = "ref", desc = "Its public handle.")] reference: String,
    ) -> Result<Option<Project>> {
        Self::find(context, &reference).await
    }

    /// The projects of all organizations that you belong to. Default order: newest first.
    #[graphql(directive = requires::apply("signed_in".into()))]
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
        let mut condition = filter.condition();
        let (sight, besides) = context.viewer().sees_projects_of();
        if let Sight::Organizations(organizations) = sight {
            let mine = Column::OrganizationId.eq_any(organizations);
            condition = condition.add(match besides.is_empty() {
                true => mine,
                false => mine.or(Column::Id.eq_any(besides)),
            });
        }
        let page = PageArguments { first, after, last, before };
        let mut page = page.whole::<_, _, Safe, _>(context, order.into(), list(order.field), condition).await?;
        if let Some(page) = &mut page {
            along::load_organizations(context, page).await?;
        }
        Ok(page)
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

fn list(order: ProjectOrderField) -> List<Entity> {
    List {
        select: rows(),
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
    /// Together with machines and disks.
    pub with_machines: bool,
    /// Which part.
    pub window: Window,
}

impl PageKey for ProjectsOf {
    type Row = along::Row;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<along::Row>>> {
        let mut projects = list(self.order);
        projects.select = projects.select.filter(self.filter.condition());
        if let Some(confined_to) = &self.confined_to {
            projects.select = projects.select.filter(Column::Id.eq_any(confined_to.iter().copied()));
        }
        // The list is counted as it stands: with both, all of it would be joined only to be counted.
        if self.with_machines && !self.window.count {
            projects.select = along::join(projects.select);
        }
        projects.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

row_key! {
    /// One project by its key.
    ProjectById loads Project of Safe from rows(), by Column::Id => id, if visible
}
