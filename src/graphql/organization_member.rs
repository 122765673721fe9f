//! Memberships of organizations.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::{
    organization_members::{self as members, Column, Entity, Model},
    organizations, users,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, DbErr, EntityName, EntityTrait, FromQueryResult, IdenStatic, Iterable, PartialModelTrait,
    QueryFilter, QueryResult, QuerySelect, Select, TryGetError,
    sea_query::{Expr, ExprTrait, Query, extension::postgres::PgExpr},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::{Loaders, PageKey, rows_by},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted, contains_pattern},
    user::{User, UserById},
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// What a member may do in an organization: a set of permissions, not a rung on a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "members::OrganizationRole")]
pub enum OrganizationRole {
    /// Everything, deletion and the transfer of ownership included.
    Owner,
    /// Everything but deletion and the transfer of ownership.
    Admin,
    /// Creates projects and makes own API keys.
    Developer,
    /// What a member may, and reads and changes billing.
    BillingAdmin,
    /// Sees the organization; projects only where added.
    Member,
}

/// A membership: one person's role in one organization.
#[derive(Debug, Clone)]
pub struct OrganizationMember {
    row: Model,
    /// Read together with the row, where it was.
    organization: Option<Organization>,
    /// Likewise.
    person: Option<User>,
}

impl From<Model> for OrganizationMember {
    fn from(row: Model) -> Self {
        Self { row, organization: None, person: None }
    }
}

/// A membership together with its organization, which a person's own memberships are nearly always asked for.
#[derive(Debug, Clone)]
pub struct Joined(Model, Organization);

const ORGANIZATION_PREFIX: &str = "of_";

impl FromQueryResult for Joined {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self::from_query_result_nullable(row, prefix)?)
    }

    fn from_query_result_nullable(row: &QueryResult, prefix: &str) -> Result<Self, TryGetError> {
        let organization = format!("{prefix}{ORGANIZATION_PREFIX}");
        Ok(Self(
            Model::from_query_result_nullable(row, prefix)?,
            organizations::Model::from_query_result_nullable(row, &organization)?.into(),
        ))
    }
}

impl From<Joined> for OrganizationMember {
    fn from(Joined(row, organization): Joined) -> Self {
        Self { row, organization: Some(organization), person: None }
    }
}

/// A membership together with its person, where they were asked for.
#[derive(Debug, Clone)]
pub struct WithPerson(Model, Option<User>);

const PERSON_PREFIX: &str = "person_";

impl FromQueryResult for WithPerson {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self::from_query_result_nullable(row, prefix)?)
    }

    fn from_query_result_nullable(row: &QueryResult, prefix: &str) -> Result<Self, TryGetError> {
        let model = Model::from_query_result_nullable(row, prefix)?;
        // Whom the statement did not read, for whatever reason, is loaded by their key.
        let person = users::Safe::from_query_result_nullable(row, &format!("{prefix}{PERSON_PREFIX}"));
        Ok(Self(model, person.ok().map(User::from)))
    }
}

impl From<WithPerson> for OrganizationMember {
    fn from(WithPerson(row, person): WithPerson) -> Self {
        Self { row, organization: None, person }
    }
}

impl OrganizationMember {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        // One's own also where the role grants nothing without a second factor.
        let own = viewer.user_id() == Some(self.row.user_id) && viewer.is_member_of(self.row.organization_id);
        own || viewer.may_in_organization(P::MembersRead, self.row.organization_id)
    }
}

/// A membership: one person's role in one organization.
#[Object(guard = "signed_in()")]
impl OrganizationMember {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::OrganizationMember.id(self.row.id)
    }

    /// What the member may do.
    async fn role(&self) -> OrganizationRole {
        self.row.role.into()
    }

    /// When the person became a member.
    async fn joined_at(&self) -> DateTime<Utc> {
        self.row.joined_at
    }

    /// When the person was invited; null for who founded the organization or was added by the operator.
    #[graphql(directive = requires::apply(P::MembersRead.into()), guard = "needs(P::MembersRead).in_organization(self.row.organization_id)")]
    async fn invited_at(&self) -> Option<DateTime<Utc>> {
        self.row.invited_at
    }

    /// The organization; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        match &self.organization {
            Some(organization) => Ok(Some(organization.clone())),
            None => context.load(OrganizationById(self.row.organization_id)).await,
        }
    }

    /// The person; null only if the membership ended at this very moment.
    #[graphql(directive = requires::apply(P::MembersRead.into()), guard = "needs(P::MembersRead).in_organization(self.row.organization_id)")]
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        match &self.person {
            Some(person) => Ok(Some(person.clone())),
            None => context.load(UserById(self.row.user_id)).await,
        }
    }
}

/// Which members are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct MemberFilter {
    /// With one of these roles.
    pub role: Option<Vec<OrganizationRole>>,
    /// Whose e-mail, username, first or last name contains this text, upper or lower case; at most 120 characters.
    pub text: Option<String>,
}

impl MemberFilter {
    /// The filter, if its values can be searched for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<Self> {
        crate::graphql::page::check_search("filter.text", self.text.as_deref())?;
        Ok(self)
    }

    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(roles) = &self.role {
            let roles = roles.iter().map(|role| members::OrganizationRole::from(*role).to_value());
            select = select.filter(Column::Role.eq_any(roles));
        }
        if let Some(text) = &self.text {
            let pattern = contains_pattern(text);
            let matches =
                [users::Column::Email, users::Column::Username, users::Column::FirstName, users::Column::LastName]
                    .into_iter()
                    .map(|column| Expr::col(column.as_column_ref()).ilike(pattern.clone()))
                    .reduce(ExprTrait::or);
            let mut person = Query::select();
            person
                .expr(Expr::val(1))
                .from(users::Entity.table_ref())
                .and_where(users::Column::Id.into_expr().equals(Column::UserId.as_column_ref()))
                .and_where_option(matches);
            select = select.filter(Expr::exists(person));
        }
        select
    }
}

/// What members can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum MemberOrderField {
    /// By the time they joined.
    JoinedAt,
    /// By role, in alphabetical order of its name.
    Role,
}

impl OrderField for MemberOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self::JoinedAt, OrderDirection::Asc);

    fn name(self) -> &'static str {
        match self {
            Self::JoinedAt => "joined",
            Self::Role => "role",
        }
    }

    fn kind(self) -> SortKind {
        if self == Self::JoinedAt { SortKind::Time } else { SortKind::Text }
    }
}

impl Sorted<MemberOrderField> for OrganizationMember {
    fn position(&self, field: MemberOrderField) -> Position {
        let value = match field {
            MemberOrderField::JoinedAt => SortValue::Time(self.row.joined_at),
            MemberOrderField::Role => SortValue::Text(self.row.role.to_value()),
        };
        Position { value, id: self.row.id }
    }
}

/// A page of an organization's members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MembersOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which of them.
    pub filter: MemberFilter,
    /// In which order.
    pub order: MemberOrderField,
    /// Together with the people.
    pub with_people: bool,
    /// Which part.
    pub window: Window,
}

/// Whether a page of members is asked together with its people.
#[must_use]
pub fn asks_people(context: &Context<'_>) -> bool {
    let asked = context.look_ahead();
    asked.field("nodes").field("user").exists() || asked.field("edges").field("node").field("user").exists()
}

impl PageKey for MembersOf {
    type Row = WithPerson;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<WithPerson>>> {
        let mut select = self.filter.apply(Entity::find());
        // The list is counted as it stands, and all its people would be looked up only to be counted.
        if self.with_people && !self.window.count {
            select = users::Safe::select_cols_nested(select.left_join(users::Entity), Some(PERSON_PREFIX), None);
        }
        let list = List {
            select,
            key: match self.order {
                MemberOrderField::JoinedAt => Column::JoinedAt,
                MemberOrderField::Role => Column::Role,
            },
            id: Column::Id,
        };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

/// A page of the organizations that a person belongs to, who joined first at the top.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MembershipsOf {
    /// The person.
    pub user_id: Uuid,
    /// The organizations that the caller belongs to; others are left out, whatever the policies let through.
    pub organization_ids: Vec<Uuid>,
    /// Which part.
    pub window: Window,
}

impl PageKey for MembershipsOf {
    type Row = Joined;

    fn parent(&self) -> Uuid {
        self.user_id
    }

    fn of_parent(&self, user_id: Uuid) -> Self {
        Self { user_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Joined>>> {
        let select = organizations::Column::iter()
            .fold(Entity::find().inner_join(organizations::Entity), |select, column| {
                select.column_as(column, format!("{ORGANIZATION_PREFIX}{}", column.as_str()))
            });
        let mine = Column::OrganizationId.eq_any(self.organization_ids.iter().copied());
        let list = List { select: select.filter(mine), key: Column::JoinedAt, id: Column::Id };
        list.of_each(db, Column::UserId, parents, &self.window).await
    }
}

/// One membership by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrganizationMemberById(pub Uuid);

impl Loader<OrganizationMemberById> for Loaders {
    type Value = OrganizationMember;
    type Error = Error;

    async fn load(
        &self,
        keys: &[OrganizationMemberById],
    ) -> Result<HashMap<OrganizationMemberById, OrganizationMember>> {
        let ids = keys.iter().map(|key| key.0);
        let rows: Vec<Model> = rows_by(self.db().await?, Entity::find(), Column::Id, ids).await?;
        Ok(rows.into_iter().map(|row| (OrganizationMemberById(row.id), row.into())).collect())
    }
}

/// How many members an organization has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberCountOf(pub Uuid);

impl Loader<MemberCountOf> for Loaders {
    type Value = i64;
    type Error = Error;

    async fn load(&self, keys: &[MemberCountOf]) -> Result<HashMap<MemberCountOf, i64>> {
        let counted: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::OrganizationId)
            .column_as(Column::Id.count(), "members")
            .filter(Column::OrganizationId.eq_any(keys.iter().map(|key| key.0)))
            .group_by(Column::OrganizationId)
            .into_tuple()
            .all(self.db().await?)
            .await?;
        Ok(counted.into_iter().map(|(organization_id, count)| (MemberCountOf(organization_id), count)).collect())
    }
}
