//! A project's audit trail and usage.

use std::sync::Arc;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entity::projects::Safe;

use crate::{
    auth::Permission as P,
    error::Result,
    graphql::{
        audit_log::{AuditLog, AuditLogFilter, AuditLogOrderField, ProjectAuditLogsOf},
        context::ContextExt,
        guard::{needs, requires},
        page::{Connection, OrderField, PageArguments},
        usage::{ProjectUsage, ProjectUsageOf, Span},
    },
};

/// The fields of a project that this file has.
#[derive(Debug)]
pub struct ProjectActivity<'a>(pub &'a Safe);

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ProjectActivity<'_> {
    /// The project's part of its organization's audit trail; needs the permission there. Order: newest first.
    #[graphql(directive = requires::apply(P::AuditRead.into()), guard = "needs(P::AuditRead).in_organization(self.0.organization_id)")]
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
        page.load(context, AuditLogOrderField::DEFAULT, |window| ProjectAuditLogsOf {
            project_id: self.0.id,
            wanted,
            window,
        })
        .await
    }

    /// What the project used, metric by metric, in alphabetical order; nothing of a metric without a record, nor of
    /// what another organization was billed for. Needs the permission in its organization.
    #[graphql(directive = requires::apply(P::UsageRead.into()), guard = "needs(P::UsageRead).in_organization(self.0.organization_id)")]
    async fn usage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Records whose period starts at this moment or later.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this one; later than `from`, by at most 366 days.")] to: DateTime<Utc>,
    ) -> Result<Option<Vec<ProjectUsage>>> {
        let usage = context.load(ProjectUsageOf { project_id: self.0.id, span: Span::checked(from, to)? }).await?;
        Ok(usage.map(|usage| Arc::unwrap_or_clone(usage).rows))
    }
}
