//! `platform.payment_methods`: how an organization pays.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A kind of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethodType {
    /// Credit or debit card.
    #[sea_orm(string_value = "card")]
    Card,
    /// SEPA direct debit.
    #[sea_orm(string_value = "sepa_debit")]
    SepaDebit,
    /// ACH debit from a US bank account.
    #[sea_orm(string_value = "us_bank_account")]
    UsBankAccount,
    /// Stripe Link.
    #[sea_orm(string_value = "link")]
    Link,
}

/// A means of payment kept at the payment provider; only what may be shown is stored here.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "payment_methods")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization that pays with it.
    pub organization_id: Uuid,
    /// Payment method at Stripe, unique.
    #[sea_orm(column_type = "Text")]
    pub stripe_payment_method_id: Option<String>,
    /// The kind of payment.
    pub r#type: PaymentMethodType,
    /// Card network, such as `visa`; cards only.
    #[sea_orm(column_type = "Text")]
    pub card_brand: Option<String>,
    /// Last four digits; cards only.
    #[sea_orm(column_type = "Char(Some(4))")]
    pub card_last4: Option<String>,
    /// Month of expiry, 1 to 12; cards only.
    pub card_exp_month: Option<i32>,
    /// Year of expiry in four digits; cards only.
    pub card_exp_year: Option<i32>,
    /// Whether invoices are charged to it; at most one for an organization.
    pub is_default: bool,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
