//! People.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::{
    organization_members,
    users::{Column, Entity, Safe},
};
use sea_orm::{
    ColumnTrait, EntityName, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{only_self, requires, signed_in},
    id::Kind,
    loader::{Loaders, row_key, rows_by},
    organization_member::{MemberOrderField, MembershipsOf, OrganizationMember},
    page::{Connection, OrderField, PageArguments},
    user_session::{Session, SessionOrderField, SessionsOf},
};
use crate::{
    auth::{Permission as P, Principal, principal::Sight},
    error::{Error, Result},
};

/// A person. You see yourself and the people of your organizations.
///
/// Cheap to clone: a page has one for each of its nodes.
#[derive(Debug, Clone)]
pub struct User(Arc<Safe>);

impl From<Safe> for User {
    fn from(row: Safe) -> Self {
        Self(Arc::new(row))
    }
}

/// A person. You see yourself and the people of your organizations.
#[Object(guard = "signed_in()")]
impl User {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// Address for sign-in and mail.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// Handle that the person chose; null for none.
    async fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// Given name; null where it was not told.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// Family name; null where it was not told.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// URL of a picture; null for none.
    async fn avatar_url(&self) -> Option<&str> {
        self.0.avatar_url.as_deref()
    }

    /// When the account was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Telephone number as it was typed; null where it was not told.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// Whether the account has a second factor, without which its password is not enough.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn mfa_enabled(&self) -> Option<bool> {
        Some(self.0.mfa_enabled)
    }

    /// When the address was proved to be the person's; null while it was not.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn email_confirmed_at(&self) -> Option<DateTime<Utc>> {
        self.0.email_confirmed_at
    }

    /// When the person last signed in; null for never.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn last_sign_in_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_sign_in_at
    }

    /// Your membership of the organization that you work in by preference, with your role there; null when you chose
    /// none, belong to it no longer, or narrow the request to another one.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn active_organization(&self, context: &Context<'_>) -> Result<Option<OrganizationMember>> {
        let viewer = context.viewer();
        let Some(organization_id) = self.0.active_org_id.filter(|id| viewer.belongs_to(*id)) else { return Ok(None) };
        let of_user = organization_members::Entity::of_user(self.0.id);
        let found = of_user.filter(organization_members::Column::OrganizationId.eq(organization_id));
        Ok(found.one(context.db().await?).await?.map(OrganizationMember::from))
    }

    /// The organizations that you belong to, with your role in each. Order: which you joined first.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn memberships(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<OrganizationMember>>> {
        let organization_ids = context.viewer().membership_ids().collect();
        let page = PageArguments { first, after, last, before };
        page.load(context, MemberOrderField::DEFAULT, |window| MembershipsOf {
            user_id: self.0.id,
            organization_ids,
            window,
        })
        .await
    }

    /// Where you are signed in: your sessions that have not ended. Order: newest first.
    #[graphql(directive = requires::apply("self".into()), guard = "only_self(self.0.id)")]
    async fn sessions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Session>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, SessionOrderField::DEFAULT, |window| SessionsOf { user_id: self.0.id, window }).await
    }
}

impl User {
    /// The organization that the person works in by preference.
    #[must_use]
    pub fn active_organization_id(&self) -> Option<Uuid> {
        self.0.active_org_id
    }
}

/// Queries for people.
#[derive(Debug, Default)]
pub struct UserQueries;

#[Object(guard = "signed_in()")]
impl UserQueries {
    /// You; null for an API key and for the service, which are no person, and otherwise only together with an error.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<User>> {
        if let Some(person) = context.request().person() {
            return Ok(Some(person.clone().into()));
        }
        match context.viewer().user_id() {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

/// A person who is the caller: one is visible to oneself.
///
/// # Errors
/// As the loader's.
pub async fn oneself(context: &Context<'_>, user_id: Uuid) -> Result<User> {
    let user = context.load(UserById(user_id)).await?;
    user.ok_or_else(|| Error::internal("a user is visible to themselves"))
}

/// A person by a key that the caller brought: only themselves and the people of their organizations. A key that came
/// from a visible row needs no second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VisibleUserById(pub Uuid);

impl Loader<VisibleUserById> for Loaders {
    type Value = User;
    type Error = Error;

    async fn load(&self, keys: &[VisibleUserById]) -> Result<HashMap<VisibleUserById, User>> {
        let viewer = self.viewer();
        let Sight::Organizations(organizations) = viewer.sees_with(P::MembersRead) else {
            let people = keys.iter().map(|key| UserById(key.0)).collect::<Vec<_>>();
            let people = Loader::<UserById>::load(self, &people).await?;
            return Ok(people.into_iter().map(|(key, user)| (VisibleUserById(key.0), user)).collect());
        };
        let mut shared = Query::select();
        shared
            .expr(Expr::val(1))
            .from(organization_members::Entity.table_ref())
            .and_where(organization_members::Column::UserId.into_expr().equals(Column::Id.as_column_ref()))
            .and_where(organization_members::Column::OrganizationId.eq_any(organizations));
        let visible = Column::Id.eq(viewer.user_id()).or(Expr::exists(shared));
        let users: Vec<Safe> =
            rows_by(self.db().await?, rows().filter(visible), Column::Id, keys.iter().map(|key| key.0)).await?;
        Ok(users.into_iter().map(|user| (VisibleUserById(user.id), User::from(user))).collect())
    }
}

row_key! {
    /// One person by their key.
    UserById loads User of Safe from rows(), by Column::Id => id, if visible
}

impl User {
    /// Whether the caller may see people at all who turn up in what they see: an API key needs a scope for it.
    fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.key().is_none_or(|key| key.may_in_organization(P::MembersRead, key.organization_id))
    }
}
