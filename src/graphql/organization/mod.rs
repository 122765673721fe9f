//! Organizations.

mod active;
mod activity;
mod billing;
mod create;
mod delete;
mod update;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, MergedObject, Object};
use chrono::{DateTime, Utc};
use entity::organizations::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, EntityTrait};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::row_key,
    order::{Order, OrderDirection},
    organization_member::{MemberFilter, MemberOrderField, MembersOf, OrganizationMember, asks_people},
    page::{Connection, OrderField, PageArguments, SortKind, Sorted},
    project::{Project, ProjectFilter, ProjectOrderField, ProjectsOf, along},
};
use crate::{
    auth::{Permission as P, Principal, key::Key, permission::Permission, principal::Sight},
    db::list::{List, Position, SortValue},
    error::Result,
};

/// Mutations of organizations.
#[derive(Debug, Default, MergedObject)]
pub struct OrganizationMutations(
    update::UpdateOrganizationMutation,
    create::CreateOrganizationMutation,
    delete::DeleteOrganizationMutation,
    active::SetActiveOrganizationMutation,
);

/// An organization: the tenant that owns projects and is billed for them.
///
/// Cheap to clone: a page has one for each of its nodes.
#[derive(Debug, Clone)]
pub struct Organization(Arc<Model>);

impl From<Model> for Organization {
    fn from(model: Model) -> Self {
        Self(Arc::new(model))
    }
}

impl Organization {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Uuid {
        self.0.id
    }

    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.sees_organization(self.0.id)
    }
}

/// An organization: the tenant that owns projects and is billed for them.
#[Object(guard = "signed_in()")]
impl Organization {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Organization.id(self.0.id)
    }

    /// Display name, 1 to 120 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Name in URLs and in the header `X-Organization`: 3 to 40 of `a-z0-9-`, unique.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// Where invoices are sent; null where none was given, or without the permission.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn billing_email(&self) -> Option<&str> {
        self.0.billing_email.as_deref()
    }

    /// Whether the organization asks its members for a second factor.
    async fn mfa_required(&self) -> bool {
        self.0.mfa_required
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    #[graphql(flatten)]
    async fn activity(&self) -> activity::OrganizationActivity<'_> {
        activity::OrganizationActivity(&self.0)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The permissions that you hold in this organization, by name (`billing:read`), in alphabetical order: which
    /// buttons to show.
    async fn viewer_permissions(&self, context: &Context<'_>) -> Vec<&'static str> {
        let viewer = context.viewer();
        let mut names: Vec<_> = Permission::ALL
            .iter()
            .filter(|permission| viewer.may_in_organization(**permission, self.0.id))
            .map(|permission| permission.name())
            .collect();
        names.sort_unstable();
        names
    }

    #[graphql(flatten)]
    async fn billing(&self) -> billing::OrganizationBilling<'_> {
        billing::OrganizationBilling(&self.0)
    }

    /// The people of the organization. Default order: who joined first.
    #[graphql(directive = requires::apply(P::MembersRead.into()), guard = "needs(P::MembersRead).in_organization(self.0.id)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the members that match.")] filter: Option<MemberFilter>,
        #[graphql(desc = "Default: joinedAt, ascending.")] order_by: Option<Order<MemberOrderField>>,
    ) -> Result<Option<Connection<OrganizationMember>>> {
        let order = order_by.unwrap_or_default();
        let filter = filter.unwrap_or_default().checked()?;
        let page = PageArguments { first, after, last, before };
        page.load(context, order.into(), |window| MembersOf {
            organization_id: self.0.id,
            filter,
            order: order.field,
            with_people: asks_people(context),
            window,
        })
        .await
    }

    /// The projects of the organization. Default order: newest first.
    #[graphql(directive = requires::apply(P::ProjectsList.into()), guard = "needs(P::ProjectsList).in_organization(self.0.id)")]
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
        let page = PageArguments { first, after, last, before };
        page.load(context, order.into(), |window| ProjectsOf {
            organization_id: self.0.id,
            confined_to: context.viewer().key().and_then(Key::confinement),
            filter,
            order: order.field,
            with_machines: along::asks_machines(context),
            window,
        })
        .await
    }
}

/// What organizations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum OrganizationOrderField {
    /// By name, in the database's collation.
    Name,
    /// By time of creation.
    CreatedAt,
}

impl OrderField for OrganizationOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self::Name, OrderDirection::Asc);

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CreatedAt => "created",
        }
    }

    fn kind(self) -> SortKind {
        if self == Self::CreatedAt { SortKind::Time } else { SortKind::Text }
    }
}

impl Sorted<OrganizationOrderField> for Organization {
    fn position(&self, field: OrganizationOrderField) -> Position {
        let value = match field {
            OrganizationOrderField::Name => SortValue::Text(self.0.name.clone()),
            OrganizationOrderField::CreatedAt => SortValue::Time(self.0.created_at),
        };
        Position { value, id: self.0.id }
    }
}

/// Queries for organizations.
#[derive(Debug, Default)]
pub struct OrganizationQueries;

impl OrganizationQueries {
    /// The organization with this slug, if the caller may see it.
    ///
    /// # Errors
    /// As the statement's.
    pub async fn find(context: &Context<'_>, slug: &str) -> Result<Option<Organization>> {
        // PostgreSQL's text holds no null byte, and no slug has one.
        if slug.contains('\0') {
            return Ok(None);
        }
        let found = Entity::by_slug(slug).one(context.db().await?).await?.map(Organization::from);
        Ok(found.filter(|organization| organization.visible_to(&context.viewer())))
    }
}

#[Object(guard = "signed_in()")]
impl OrganizationQueries {
    /// The organization with this slug; null when there is none that you belong to.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its name in URLs.")] slug: String,
    ) -> Result<Option<Organization>> {
        Self::find(context, &slug).await
    }

    /// The organizations that you belong to. Default order: by name.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn organizations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Default: name, ascending.")] order_by: Option<Order<OrganizationOrderField>>,
    ) -> Result<Option<Connection<Organization>>> {
        let order = order_by.unwrap_or_default();
        let key = match order.field {
            OrganizationOrderField::Name => Column::Name,
            OrganizationOrderField::CreatedAt => Column::CreatedAt,
        };
        let mine = match context.viewer().sees_organizations() {
            Sight::Everything => Condition::all(),
            Sight::Organizations(mine) => Condition::all().add(Column::Id.eq_any(mine)),
        };
        let list = List { select: Entity::find(), key, id: Column::Id };
        PageArguments { first, after, last, before }.whole::<_, _, Model, _>(context, order.into(), list, mine).await
    }
}

row_key! {
    /// One organization by its key.
    OrganizationById loads Organization of Model from Entity::find(), by Column::Id => id, if visible
}
