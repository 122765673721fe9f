//! An organization's people to come, keys, audit trail, flags and usage.

use std::sync::Arc;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entity::organizations::Model;

use crate::{
    auth::Permission as P,
    error::Result,
    graphql::{
        api_key::{ApiKey, ApiKeyOrderField, ApiKeysOf},
        audit_log::{AuditLog, AuditLogFilter, AuditLogOrderField, AuditLogsOf},
        context::ContextExt,
        feature_flag::{FlagsOf, OrganizationFeatureFlag},
        guard::{needs, requires},
        invitation::{InvitationFilter, InvitationOrderField, InvitationsOf, OrganizationInvitation, Present},
        organization_member::MemberCountOf,
        page::{Connection, OrderField, PageArguments},
        usage::{DailyUsage, DailyUsageOf, OrganizationUsage, Span, UsageOf},
    },
};

/// The fields of an organization that this file has.
#[derive(Debug)]
pub struct OrganizationActivity<'a>(pub &'a Model);

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl OrganizationActivity<'_> {
    /// The invitations of the organization, answered ones too. Order: newest first.
    #[graphql(directive = requires::apply(P::MembersWrite.into()), guard = "needs(P::MembersWrite).in_organization(self.0.id)")]
    async fn invitations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the invitations that match.")] filter: Option<InvitationFilter>,
    ) -> Result<Option<Connection<OrganizationInvitation>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, InvitationOrderField::DEFAULT, |window| InvitationsOf {
            organization_id: self.0.id,
            filter: filter.unwrap_or_default(),
            now: Present(context.request().sessions.clock.now()),
            window,
        })
        .await
    }

    /// The API keys of the organization, revoked and expired ones too. Who holds `api_keys:read` only on their own
    /// (a developer) gets those. Order: newest first.
    #[graphql(directive = requires::apply(P::ApiKeysRead.into()), guard = "needs(P::ApiKeysRead).on_own_in_organization(self.0.id)")]
    async fn api_keys(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<ApiKey>>> {
        let page = PageArguments { first, after, last, before };
        page.load(context, ApiKeyOrderField::DEFAULT, |window| ApiKeysOf::seen_by(&context.viewer(), self.0.id, window))
            .await
    }

    /// The audit trail of the organization. Order: newest first.
    #[graphql(directive = requires::apply(P::AuditRead.into()), guard = "needs(P::AuditRead).in_organization(self.0.id)")]
    async fn audit_logs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the records that match.")] filter: Option<AuditLogFilter>,
    ) -> Result<Option<Connection<AuditLog>>> {
        let wanted = filter.unwrap_or_default().checked()?;
        let page = PageArguments { first, after, last, before };
        page.load(context, AuditLogOrderField::DEFAULT, |window| AuditLogsOf {
            organization_id: self.0.id,
            wanted,
            window,
        })
        .await
    }

    /// All feature flags of the platform, as they come out for the organization. Order: by key.
    #[graphql(directive = requires::apply(P::FlagsRead.into()), guard = "needs(P::FlagsRead).in_organization(self.0.id)")]
    async fn feature_flags(&self, context: &Context<'_>) -> Result<Option<Vec<OrganizationFeatureFlag>>> {
        context.load(FlagsOf(self.0.id)).await
    }

    /// How many members the organization has.
    #[graphql(directive = requires::apply(P::UsageRead.into()), guard = "needs(P::UsageRead).in_organization(self.0.id)")]
    async fn member_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let count = context.load(MemberCountOf(self.0.id)).await?.unwrap_or_default();
        Ok(Some(i32::try_from(count).unwrap_or(i32::MAX)))
    }

    /// What the organization used, metric by metric, in alphabetical order; nothing of a metric without a record.
    #[graphql(directive = requires::apply(P::UsageRead.into()), guard = "needs(P::UsageRead).in_organization(self.0.id)")]
    async fn usage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Records whose period starts at this moment or later.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this one; later than `from`, by at most 366 days.")] to: DateTime<Utc>,
    ) -> Result<Option<Vec<OrganizationUsage>>> {
        let usage = context.load(UsageOf { organization_id: self.0.id, span: Span::checked(from, to)? }).await?;
        Ok(usage.map(|usage| Arc::unwrap_or_clone(usage).rows))
    }

    /// What the organization used, day by day in UTC and metric by metric; nothing of a day without a record.
    #[graphql(directive = requires::apply(P::UsageRead.into()), guard = "needs(P::UsageRead).in_organization(self.0.id)")]
    async fn usage_daily(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Records whose period starts at this moment or later.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this one; later than `from`, by at most 366 days.")] to: DateTime<Utc>,
        #[graphql(desc = "Of these metrics only, as `EGRESS`; all when not given.")] metrics: Option<Vec<String>>,
    ) -> Result<Option<Vec<DailyUsage>>> {
        let key = DailyUsageOf { organization_id: self.0.id, span: Span::checked(from, to)?, metrics }.checked()?;
        let usage = context.load(key).await?;
        Ok(usage.map(|usage| Arc::unwrap_or_clone(usage).rows))
    }
}
