//! Credits, and what is left of them.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use entity::credits::{Column, Entity, Model};
use rust_decimal::Decimal as Number;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, NullOrdering},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::needs,
    id::Kind,
    loader::{Loaders, PageKey, row_key},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted},
    scalar::Decimal,
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// An amount that pays future invoices before money is taken.
#[derive(Debug, Clone)]
pub struct Credit(Model);

impl From<Model> for Credit {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl Credit {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::BillingRead, self.0.organization_id)
    }
}

/// An amount that pays future invoices before money is taken. Needs `billing:read`.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl Credit {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Credit.id(self.0.id)
    }

    /// The organization; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// The amount that was granted, in `currency`, above 0.
    async fn amount(&self) -> Decimal {
        Decimal::money(self.0.amount)
    }

    /// What is left of it, in `currency`, from 0 to `amount`; lost once it is expired.
    async fn remaining(&self) -> Decimal {
        Decimal::money(self.0.remaining)
    }

    /// ISO 4217 code of both amounts: `USD`.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Why it was granted, at most 1,000 characters; null where nothing is said.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// When what is left is lost; null: never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// When it was granted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// The one order of credits: when they were granted.
#[derive(Debug, Clone, Copy)]
pub struct CreditOrderField;

impl OrderField for CreditOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<CreditOrderField> for Credit {
    fn position(&self, _: CreditOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of an organization's credits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CreditsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which part.
    pub window: Window,
}

impl PageKey for CreditsOf {
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

/// What is left of an organization's credits in one currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct CreditBalance {
    /// ISO 4217 code of the amounts: `USD`.
    pub currency: String,
    /// What is left of all credits that are not expired, above 0.
    pub remaining: Decimal,
    /// The same by the time at which it is lost, earliest first: the order in which credits are used.
    pub expirations: Vec<CreditExpiration>,
}

/// What is left of the credits that are lost at one moment.
#[derive(Debug, Clone, SimpleObject)]
pub struct CreditExpiration {
    /// When it is lost; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How much, above 0.
    pub amount: Decimal,
}

/// What is left of an organization's credits, by currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CreditBalancesOf(pub Uuid);

#[derive(Debug, FromQueryResult)]
struct Left {
    organization_id: Uuid,
    currency: String,
    expires_at: Option<DateTime<Utc>>,
    amount: Number,
}

impl Loader<CreditBalancesOf> for Loaders {
    type Value = Vec<CreditBalance>;
    type Error = Error;

    async fn load(&self, keys: &[CreditBalancesOf]) -> Result<HashMap<CreditBalancesOf, Vec<CreditBalance>>> {
        let rows: Vec<Left> = Entity::find()
            .select_only()
            .columns([Column::OrganizationId, Column::Currency, Column::ExpiresAt])
            .column_as(Column::Remaining.sum(), "amount")
            .filter(Column::OrganizationId.eq_any(keys.iter().map(|key| key.0)))
            .filter(Column::Remaining.gt(Number::ZERO))
            .filter(Column::ExpiresAt.is_null().or(Column::ExpiresAt.into_expr().gt(Expr::current_timestamp())))
            .group_by(Column::OrganizationId)
            .group_by(Column::Currency)
            .group_by(Column::ExpiresAt)
            .order_by_asc(Column::Currency)
            .order_by_with_nulls(Column::ExpiresAt, Order::Asc, NullOrdering::Last)
            .into_model()
            .all(self.db().await?)
            .await?;
        let mut balances: HashMap<_, Vec<CreditBalance>> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for Left { organization_id, currency, expires_at, amount } in rows {
            let balances = balances.entry(CreditBalancesOf(organization_id)).or_default();
            let expiration = CreditExpiration { expires_at, amount: Decimal::money(amount) };
            match balances.last_mut().filter(|balance| balance.currency == currency) {
                Some(balance) => {
                    balance.remaining.0 += amount;
                    balance.expirations.push(expiration);
                }
                None => balances.push(CreditBalance {
                    currency,
                    remaining: Decimal::money(amount),
                    expirations: vec![expiration],
                }),
            }
        }
        Ok(balances)
    }
}

row_key! {
    /// One credit by its key.
    CreditById loads Credit from Entity::find(), by Column::Id => id
}
