//! API keys.

mod change;
mod create;
mod rotate;

use std::collections::HashMap;

use async_graphql::{Context, ID, MergedObject, Object};
use chrono::{DateTime, Utc};
use entity::api_keys::{Column, Entity, Safe};
use sea_orm::{ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use crate::auth::{Permission as P, Principal};
use crate::graphql::{
    context::ContextExt,
    guard::signed_in,
    id::{self, Kind},
    loader::{PageKey, row_key},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted},
    user::{User, UserById},
};
use crate::{
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// A key for programs, which acts for its maker inside one organization.
#[derive(Debug, Clone)]
pub struct ApiKey(Safe);

impl From<Safe> for ApiKey {
    fn from(row: Safe) -> Self {
        Self(row)
    }
}

impl ApiKey {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::ApiKeysRead, self.0.organization_id)
            || (viewer.author_id() == Some(self.0.user_id)
                && viewer.sees_own_in_organization(P::ApiKeysRead, self.0.organization_id))
    }

    /// Whether the caller may change it.
    fn writable_by(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::ApiKeysWrite, self.0.organization_id)
            || (viewer.author_id() == Some(self.0.user_id)
                && viewer.may_on_own_in_organization(P::ApiKeysWrite, self.0.organization_id))
    }
}

/// A key for programs, which acts for its maker inside one organization and never may more than they do. You see your
/// own, and with `api_keys:read` those of the whole organization. The key itself is shown once, when it is made.
#[Object(guard = "signed_in()")]
impl ApiKey {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::ApiKey.id(self.0.id)
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// First characters of the key, to tell keys apart.
    async fn prefix(&self) -> &str {
        &self.0.key_prefix
    }

    /// Permissions that it may use, by name (`projects:read`), as long as its maker holds them.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Global ids of the projects that it is confined to; null for all that its maker reaches.
    async fn project_ids(&self) -> Option<Vec<ID>> {
        let projects = self.0.project_ids.as_ref()?;
        Some(projects.iter().map(|project| Kind::Project.id(*project)).collect())
    }

    /// Most requests in a minute; null for the server's default.
    async fn requests_per_minute(&self) -> Option<i32> {
        self.0.requests_per_minute
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last used; null for never.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it ends by itself; null for never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// When it was revoked; null while it was not.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// The organization that it acts in; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// Who made it; null when that account is not visible to you any more.
    async fn creator(&self, context: &Context<'_>) -> Result<Option<User>> {
        context.load(UserById(self.0.user_id)).await
    }

    /// The key that it replaced; null for none, and when that one is not visible to you.
    async fn rotated_from(&self, context: &Context<'_>) -> Result<Option<ApiKey>> {
        match self.0.rotated_from {
            Some(key) => context.load(ApiKeyById(key)).await,
            None => Ok(None),
        }
    }
}

/// The one order of API keys: when they were made.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyOrderField;

impl OrderField for ApiKeyOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<ApiKeyOrderField> for ApiKey {
    fn position(&self, _: ApiKeyOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of an organization's API keys, of those that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeysOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Only those that this user made; none: everybody's.
    pub maker: Option<Uuid>,
    /// Which part.
    pub window: Window,
}

impl ApiKeysOf {
    /// What the caller may see of them: all, or with `api_keys:read` on their own alone, what they made.
    #[must_use]
    pub fn seen_by(viewer: &Principal, organization_id: Uuid, window: Window) -> Self {
        let all = viewer.may_in_organization(P::ApiKeysRead, organization_id);
        // Nobody's id is nil, so who is not signed in sees none.
        let maker = (!all).then(|| viewer.author_id().unwrap_or_default());
        Self { organization_id, maker, window }
    }
}

impl PageKey for ApiKeysOf {
    type Row = Safe;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Safe>>> {
        let select = match self.maker {
            Some(maker) => rows().filter(Column::UserId.eq(maker)),
            None => rows(),
        };
        let list = List { select, key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

row_key! {
    /// One API key by its key.
    ApiKeyById loads ApiKey from rows(), by Column::Id => id, if visible
}

/// The key that an argument of a mutation names, when the caller may change it.
async fn writable(context: &Context<'_>, id: &str, path: &'static str) -> Result<Safe> {
    let key_id = id::key_of(Kind::ApiKey, id, path)?;
    let found = context.load(ApiKeyById(key_id)).await?;
    let key = found.ok_or(Error::NotFound("the API key was".into()))?;
    match key.writable_by(&context.viewer()) {
        true => Ok(key.0),
        false => Err(Error::Forbidden { permission: P::ApiKeysWrite.name() }),
    }
}

/// The row as it is by now.
async fn read_again(db: &RequestTransaction, key_id: Uuid) -> Result<ApiKey> {
    let row = rows().filter(Column::Id.eq(key_id)).into_model::<Safe>().one(db).await?;
    row.map(ApiKey).ok_or_else(|| Error::internal("an API key that was visible is not any more"))
}

/// The mutations of API keys, each from its file.
#[derive(Debug, Default, MergedObject)]
pub struct ApiKeyMutations(create::CreateApiKey, rotate::RotateApiKey, change::ChangeApiKey);
