//! `platform.invoices`: what an organization was billed.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Where an invoice stands between draft and paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// Still open to change, not sent.
    #[sea_orm(string_value = "draft")]
    Draft,
    /// Issued, awaiting payment.
    #[sea_orm(string_value = "open")]
    Open,
    /// Settled.
    #[sea_orm(string_value = "paid")]
    Paid,
    /// Given up as a loss.
    #[sea_orm(string_value = "uncollectible")]
    Uncollectible,
    /// Withdrawn; its period may be billed again.
    #[sea_orm(string_value = "void")]
    Void,
}

/// An invoice; at most one that is not void for an organization and period.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "invoices")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization billed.
    pub organization_id: Uuid,
    /// The subscription it bills; none once that is deleted.
    pub subscription_id: Option<Uuid>,
    /// Number shown to the customer, unique.
    #[sea_orm(column_type = "Text")]
    pub number: String,
    /// Invoice at Stripe, unique.
    #[sea_orm(column_type = "Text")]
    pub stripe_invoice_id: Option<String>,
    /// Where it stands between draft and paid.
    pub status: InvoiceStatus,
    /// ISO 4217 code of all its amounts.
    #[sea_orm(column_type = "Char(Some(3))")]
    pub currency: String,
    /// Sum of its lines, before tax and credits.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub subtotal: Decimal,
    /// Tax on the subtotal.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub tax: Decimal,
    /// Credits taken off.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub credit_applied: Decimal,
    /// Subtotal and tax, less credits.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub total: Decimal,
    /// What is to be paid.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub amount_due: Decimal,
    /// What has been paid.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub amount_paid: Decimal,
    /// Array of lines: description, quantity, unit amount, amount, period, project.
    #[sea_orm(column_type = "JsonBinary")]
    pub lines: Json,
    /// Start of the period it bills.
    pub period_start: DateTimeUtc,
    /// End of that period, exclusive.
    pub period_end: DateTimeUtc,
    /// When payment is due.
    pub due_at: Option<DateTimeUtc>,
    /// When it left the draft state.
    pub issued_at: Option<DateTimeUtc>,
    /// When it was fully paid.
    pub paid_at: Option<DateTimeUtc>,
    /// Page at the provider where it can be paid.
    #[sea_orm(column_type = "Text")]
    pub hosted_url: Option<String>,
    /// Where its PDF can be fetched.
    #[sea_orm(column_type = "Text")]
    pub pdf_url: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The subscription it bills.
    #[sea_orm(belongs_to, from = "subscription_id", to = "id")]
    pub subscription: BelongsTo<Option<super::subscriptions::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
