//! What an organization is subscribed to, billed and allowed.

use async_graphql::{Context, Object};
use entity::organizations::Model;

use crate::{
    auth::Permission as P,
    error::Result,
    graphql::{
        billing_plan::{self, PlanOption, PlansInSight},
        context::ContextExt,
        credit::{Credit, CreditBalance, CreditBalancesOf, CreditOrderField, CreditsOf},
        customer_profile::{CustomerProfile, CustomerProfileOf},
        entitlement::{Entitlement, UsedBy},
        guard::{needs, requires},
        invoice::{Invoice, InvoiceFilter, InvoiceOrderField, InvoicesOf},
        order::Order,
        page::{Connection, OrderField, PageArguments},
        payment_method::{PaymentMethod, PaymentMethodOrderField, PaymentMethodsOf},
        subscription::{Subscription, SubscriptionOf},
        tax_id::{TaxId, TaxIdOrderField, TaxIdsOf},
    },
};

/// The part of an organization that is about money and limits.
#[derive(Debug)]
pub struct OrganizationBilling<'a>(pub &'a Model);

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl OrganizationBilling<'_> {
    /// What it is subscribed to; null for nothing.
    #[graphql(directive = requires::apply(P::OrganizationRead.into()), guard = "needs(P::OrganizationRead).in_organization(self.0.id)")]
    async fn subscription(&self, context: &Context<'_>) -> Result<Option<Subscription>> {
        context.load(SubscriptionOf(self.0.id)).await
    }

    /// The plans on offer, by `sortOrder`, each with what choosing it would be.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn billing_plans(&self, context: &Context<'_>) -> Result<Option<Vec<PlanOption>>> {
        let (plans, subscription) =
            futures_util::try_join!(context.load(PlansInSight), context.load(SubscriptionOf(self.0.id)))?;
        let current = subscription.as_ref().map(Subscription::plan_id);
        Ok(plans.map(|plans| billing_plan::options(&plans, current)))
    }

    /// What its plan limits, and how much of it is used; null without a subscription.
    #[graphql(directive = requires::apply(P::OrganizationRead.into()), guard = "needs(P::OrganizationRead).in_organization(self.0.id)")]
    async fn entitlements(&self, context: &Context<'_>) -> Result<Option<Vec<Entitlement>>> {
        let (plans, used) = futures_util::try_join!(context.load(PlansInSight), context.load(UsedBy(self.0.id)))?;
        Ok(plans.zip(used).and_then(|(plans, used)| used.against(&plans)))
    }

    /// Its invoices. Default order: the latest period first.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn invoices(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the invoices that match.")] filter: Option<InvoiceFilter>,
        #[graphql(desc = "Default: periodStart, descending.")] order_by: Option<Order<InvoiceOrderField>>,
    ) -> Result<Option<Connection<Invoice>>> {
        let order = order_by.unwrap_or_default();
        let page = PageArguments { first, after, last, before };
        page.load(context, order.into(), |window| InvoicesOf {
            organization_id: self.0.id,
            filter: filter.unwrap_or_default(),
            order: order.field,
            window,
        })
        .await
    }

    /// How it pays. Order: the newest first.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn payment_methods(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<PaymentMethod>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, PaymentMethodOrderField::DEFAULT, |window| PaymentMethodsOf {
            organization_id: self.0.id,
            window,
        })
        .await
    }

    /// Its tax numbers. Order: the newest first.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn tax_ids(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<TaxId>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, TaxIdOrderField::DEFAULT, |window| TaxIdsOf { organization_id: self.0.id, window }).await
    }

    /// Name and address on its invoices; null where nothing was told.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn customer_profile(&self, context: &Context<'_>) -> Result<Option<CustomerProfile>> {
        context.load(CustomerProfileOf(self.0.id)).await
    }

    /// Credits that were granted to it, used and expired ones included. Order: the newest first.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn credits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Credit>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, CreditOrderField::DEFAULT, |window| CreditsOf { organization_id: self.0.id, window }).await
    }

    /// What is left of its credits and not expired, by currency; empty for nothing.
    #[graphql(directive = requires::apply(P::BillingRead.into()), guard = "needs(P::BillingRead).in_organization(self.0.id)")]
    async fn credit_balance(&self, context: &Context<'_>) -> Result<Option<Vec<CreditBalance>>> {
        context.load(CreditBalancesOf(self.0.id)).await
    }
}
