//! Invoices.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::invoices::{self, Column, Entity, Model};
use rust_decimal::Decimal as Number;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, Select};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::{needs, signed_in},
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted},
    project::{Project, ProjectById},
    scalar::Decimal,
    subscription::{Subscription, SubscriptionById},
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// Where an invoice stands between draft and paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "invoices::InvoiceStatus")]
pub enum InvoiceStatus {
    /// Still open to change, not sent.
    Draft,
    /// Issued, awaiting payment.
    Open,
    /// Settled.
    Paid,
    /// Given up as a loss.
    Uncollectible,
    /// Withdrawn; its period may be billed again.
    Void,
}

/// What an organization was billed for a period.
#[derive(Debug, Clone)]
pub struct Invoice(Model);

impl From<Model> for Invoice {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl Invoice {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::BillingRead, self.0.organization_id)
    }
}

/// What an organization was billed for a period; at most one invoice of a period is not void. Needs `billing:read`. All
/// amounts are in `currency` and at least 0.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl Invoice {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Invoice.id(self.0.id)
    }

    /// Who was billed; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// The subscription that it bills; null when that is gone.
    async fn subscription(&self, context: &Context<'_>) -> Result<Option<Subscription>> {
        match self.0.subscription_id {
            Some(id) => context.load(SubscriptionById(id)).await,
            None => Ok(None),
        }
    }

    /// The number that is printed on it, unique.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Where it stands between draft and paid.
    async fn status(&self) -> InvoiceStatus {
        self.0.status.into()
    }

    /// ISO 4217 code of all amounts: `USD`.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Sum of the lines, before tax and credits.
    async fn subtotal(&self) -> Decimal {
        Decimal::money(self.0.subtotal)
    }

    /// Tax on the subtotal.
    async fn tax(&self) -> Decimal {
        Decimal::money(self.0.tax)
    }

    /// What credits paid of it.
    async fn credit_applied(&self) -> Decimal {
        Decimal::money(self.0.credit_applied)
    }

    /// Subtotal and tax, less credits.
    async fn total(&self) -> Decimal {
        Decimal::money(self.0.total)
    }

    /// What was to be paid when it was issued; it stays when it was paid.
    async fn amount_due(&self) -> Decimal {
        Decimal::money(self.0.amount_due)
    }

    /// What has been paid.
    async fn amount_paid(&self) -> Decimal {
        Decimal::money(self.0.amount_paid)
    }

    /// What it consists of, in the order in which it is printed; null only together with an error.
    async fn lines(&self) -> Result<Option<Vec<InvoiceLine>>> {
        Vec::<Line>::deserialize(&self.0.lines)
            .map(|lines| Some(lines.into_iter().map(InvoiceLine).collect()))
            .map_err(|error| Error::internal(format!("the lines of invoice {}: {error}", self.0.id)))
    }

    /// Start of the period that it bills.
    async fn period_start(&self) -> DateTime<Utc> {
        self.0.period_start
    }

    /// End of that period, exclusive.
    async fn period_end(&self) -> DateTime<Utc> {
        self.0.period_end
    }

    /// When payment is due; null while it is a draft.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// When it was issued; null while it is a draft.
    async fn issued_at(&self) -> Option<DateTime<Utc>> {
        self.0.issued_at
    }

    /// When all of it was paid; null while it was not.
    async fn paid_at(&self) -> Option<DateTime<Utc>> {
        self.0.paid_at
    }

    /// Address of the payment provider's page where it can be paid; null where there is none.
    async fn hosted_url(&self) -> Option<&str> {
        self.0.hosted_url.as_deref()
    }

    /// Address of its PDF; null where there is none.
    async fn pdf_url(&self) -> Option<&str> {
        self.0.pdf_url.as_deref()
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A line as the table keeps it.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    description: String,
    quantity: Number,
    unit_amount: Number,
    amount: Number,
    period_start: Option<DateTime<Utc>>,
    period_end: Option<DateTime<Utc>>,
    project_id: Option<Uuid>,
}

/// A line of an invoice.
#[derive(Debug, Clone)]
pub struct InvoiceLine(Line);

/// A line of an invoice. Amounts are in the invoice's currency.
#[Object(guard = "signed_in()")]
impl InvoiceLine {
    /// What is billed, for people.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// How many of it.
    async fn quantity(&self) -> Decimal {
        Decimal(self.0.quantity)
    }

    /// Price of one, with up to 8 decimals.
    async fn unit_amount(&self) -> Decimal {
        Decimal(self.0.unit_amount)
    }

    /// Quantity times unit amount, rounded to 2 decimals.
    async fn amount(&self) -> Decimal {
        Decimal::money(self.0.amount)
    }

    /// Start of the time that it bills; null: that of the invoice.
    async fn period_start(&self) -> Option<DateTime<Utc>> {
        self.0.period_start
    }

    /// End of the time that it bills, exclusive; null: that of the invoice.
    async fn period_end(&self) -> Option<DateTime<Utc>> {
        self.0.period_end
    }

    /// The project that it is for; null when it is for none, or when that is no longer yours to see.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        let Some(id) = self.0.project_id else { return Ok(None) };
        // It may have moved to an organization that is not the caller's.
        Ok(context.load(ProjectById(id)).await?.filter(|project| project.visible_to(&context.viewer())))
    }
}

/// Which invoices are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct InvoiceFilter {
    /// In one of these states.
    pub status: Option<Vec<InvoiceStatus>>,
    /// Whose period starts at this time or later.
    pub period_from: Option<DateTime<Utc>>,
    /// Whose period starts before this time.
    pub period_to: Option<DateTime<Utc>>,
}

impl InvoiceFilter {
    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(statuses) = &self.status {
            let statuses = statuses.iter().map(|status| invoices::InvoiceStatus::from(*status).to_value());
            select = select.filter(Column::Status.eq_any(statuses));
        }
        if let Some(from) = self.period_from {
            select = select.filter(Column::PeriodStart.gte(from));
        }
        if let Some(to) = self.period_to {
            select = select.filter(Column::PeriodStart.lt(to));
        }
        select
    }
}

/// What invoices can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InvoiceOrderField {
    /// By the start of the period that they bill.
    PeriodStart,
    /// By their total, whatever the currency.
    Total,
}

impl OrderField for InvoiceOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self::PeriodStart, OrderDirection::Desc);

    fn name(self) -> &'static str {
        match self {
            Self::PeriodStart => "period",
            Self::Total => "total",
        }
    }

    fn kind(self) -> SortKind {
        if self == Self::PeriodStart { SortKind::Time } else { SortKind::Number }
    }
}

impl Sorted<InvoiceOrderField> for Invoice {
    fn position(&self, field: InvoiceOrderField) -> Position {
        let value = match field {
            InvoiceOrderField::PeriodStart => SortValue::Time(self.0.period_start),
            InvoiceOrderField::Total => SortValue::Number(self.0.total),
        };
        Position { value, id: self.0.id }
    }
}

/// A page of an organization's invoices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InvoicesOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which of them.
    pub filter: InvoiceFilter,
    /// In which order.
    pub order: InvoiceOrderField,
    /// Which part.
    pub window: Window,
}

impl PageKey for InvoicesOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List {
            select: self.filter.apply(Entity::find()),
            key: match self.order {
                InvoiceOrderField::PeriodStart => Column::PeriodStart,
                InvoiceOrderField::Total => Column::Total,
            },
            id: Column::Id,
        };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

row_key! {
    /// One invoice by its key.
    InvoiceById loads Invoice from Entity::find(), by Column::Id => id
}
