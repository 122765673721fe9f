//! Tax numbers.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use entity::tax_ids::{self, Column, Entity, Model};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::needs,
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted},
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
};

/// What the verification of a tax number found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "tax_ids::TaxIdStatus")]
pub enum TaxIdStatus {
    /// Not checked yet.
    Pending,
    /// The authority confirmed it.
    Verified,
    /// The authority did not confirm it.
    Unverified,
}

/// A tax number that is printed on invoices and decides on reverse charge.
#[derive(Debug, Clone)]
pub struct TaxId(Model);

impl From<Model> for TaxId {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl TaxId {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::BillingRead, self.0.organization_id)
    }
}

/// A tax number that is printed on invoices and decides on reverse charge. Needs `billing:read`.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl TaxId {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::TaxId.id(self.0.id)
    }

    /// The organization; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// Its scheme: `eu_vat`, `gb_vat`, `us_ein`.
    async fn r#type(&self) -> &str {
        &self.0.r#type
    }

    /// The number, at most 100 characters; unique with the scheme in its organization.
    async fn value(&self) -> &str {
        &self.0.value
    }

    /// ISO 3166-1 code of the country that issued it: `IT`.
    async fn country(&self) -> &str {
        &self.0.country
    }

    /// What its verification found.
    async fn status(&self) -> TaxIdStatus {
        self.0.status.into()
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// The one order of tax numbers: when they were added.
#[derive(Debug, Clone, Copy)]
pub struct TaxIdOrderField;

impl OrderField for TaxIdOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<TaxIdOrderField> for TaxId {
    fn position(&self, _: TaxIdOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of an organization's tax numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaxIdsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which part.
    pub window: Window,
}

impl PageKey for TaxIdsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List { select: Entity::find(), key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

row_key! {
    /// One tax number by its key.
    TaxIdById loads TaxId from Entity::find(), by Column::Id => id
}
