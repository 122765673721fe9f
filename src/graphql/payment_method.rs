//! Payment methods.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use entity::payment_methods::{self as methods, Column, Entity, Model};
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

/// A kind of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "methods::PaymentMethodType")]
pub enum PaymentMethodType {
    /// Credit or debit card.
    Card,
    /// SEPA direct debit.
    SepaDebit,
    /// ACH debit from a bank account in the US.
    UsBankAccount,
    /// Stripe Link.
    Link,
}

/// A means of payment; the details stay with the payment provider.
#[derive(Debug, Clone)]
pub struct PaymentMethod(Model);

impl From<Model> for PaymentMethod {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl PaymentMethod {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::BillingRead, self.0.organization_id)
    }
}

/// A means of payment; the details stay with the payment provider. Needs `billing:read`.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl PaymentMethod {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::PaymentMethod.id(self.0.id)
    }

    /// The organization; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// The kind of payment.
    async fn r#type(&self) -> PaymentMethodType {
        self.0.r#type.into()
    }

    /// Card network: `visa`; null for what is not a card.
    async fn card_brand(&self) -> Option<&str> {
        self.0.card_brand.as_deref()
    }

    /// The card's last four digits; null for what is not a card.
    async fn card_last4(&self) -> Option<&str> {
        self.0.card_last4.as_deref()
    }

    /// Month in which the card expires, 1 to 12; null for what is not a card.
    async fn card_exp_month(&self) -> Option<i32> {
        self.0.card_exp_month
    }

    /// Year in which the card expires, four digits; null for what is not a card.
    async fn card_exp_year(&self) -> Option<i32> {
        self.0.card_exp_year
    }

    /// Whether invoices are charged to it; at most one of an organization.
    async fn is_default(&self) -> bool {
        self.0.is_default
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

/// The one order of payment methods: when they were added.
#[derive(Debug, Clone, Copy)]
pub struct PaymentMethodOrderField;

impl OrderField for PaymentMethodOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<PaymentMethodOrderField> for PaymentMethod {
    fn position(&self, _: PaymentMethodOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of an organization's payment methods.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaymentMethodsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which part.
    pub window: Window,
}

impl PageKey for PaymentMethodsOf {
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
    /// One payment method by its key.
    PaymentMethodById loads PaymentMethod from Entity::find(), by Column::Id => id
}
