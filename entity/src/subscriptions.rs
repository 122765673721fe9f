//! `platform.subscriptions`: what an organization is subscribed to.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Whether a subscription is paid and usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// In its free trial.
    #[sea_orm(string_value = "trialing")]
    Trialing,
    /// In force.
    #[sea_orm(string_value = "active")]
    Active,
    /// A payment failed and is tried again.
    #[sea_orm(string_value = "past_due")]
    PastDue,
    /// Payment was given up on.
    #[sea_orm(string_value = "unpaid")]
    Unpaid,
    /// The first payment has not arrived.
    #[sea_orm(string_value = "incomplete")]
    Incomplete,
    /// Ended.
    #[sea_orm(string_value = "canceled")]
    Canceled,
    /// Held, neither billed nor ended.
    #[sea_orm(string_value = "paused")]
    Paused,
}

/// The plan of an organization and its current billing period; one for each organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "subscriptions")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The subscriber, unique.
    pub organization_id: Uuid,
    /// The plan, such as `tier_pro`.
    #[sea_orm(column_type = "Text")]
    pub plan_id: String,
    /// The plan's name when it was chosen.
    #[sea_orm(column_type = "Text")]
    pub plan_name: String,
    /// Whether it is paid and usable.
    pub status: SubscriptionStatus,
    /// The moment from which periods are counted.
    pub billing_cycle_anchor: DateTimeUtc,
    /// Start of the period that is running.
    pub current_period_start: DateTimeUtc,
    /// End of that period, exclusive; later than its start.
    pub current_period_end: DateTimeUtc,
    /// Whether it ends with the running period.
    pub cancel_at_period_end: bool,
    /// When it was cancelled.
    pub canceled_at: Option<DateTimeUtc>,
    /// When its trial ends or ended.
    pub trial_end: Option<DateTimeUtc>,
    /// Whether usage beyond the plan is billed rather than refused.
    pub usage_billing_enabled: bool,
    /// Whether usage stops at `spend_cap_amount`.
    pub spend_cap_enabled: bool,
    /// Most to spend on usage in a period, above 0; required where the cap is on.
    #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
    pub spend_cap_amount: Option<Decimal>,
    /// Customer at Stripe.
    #[sea_orm(column_type = "Text")]
    pub stripe_customer_id: Option<String>,
    /// Subscription at Stripe, unique.
    #[sea_orm(column_type = "Text")]
    pub stripe_subscription_id: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The plan it is for.
    #[sea_orm(belongs_to, from = "plan_id", to = "id")]
    pub plan: BelongsTo<super::billing_plans::Entity>,
    /// Invoices issued for it.
    #[sea_orm(has_many)]
    pub invoices: HasMany<super::invoices::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
