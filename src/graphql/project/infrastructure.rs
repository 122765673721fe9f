//! What a project runs on and how it fares: the fields that its type takes from here.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entity::projects::Safe;

use super::along::Along;
use crate::{
    auth::Permission as P,
    error::Result,
    graphql::{
        compute::{Compute, ComputeOf},
        context::ContextExt,
        credentials::{Credentials, CredentialsOf},
        database::{Database, DatabaseFilter, DatabaseOrderField, DatabasesOf},
        disk::{Disk, DiskOf},
        guard::{needs, requires},
        infra_monitoring::{InfraAttribute, InfraInterval, InfraMonitoring, InfraMonitoringOf},
        order::Order,
        page::{Connection, OrderField, PageArguments},
        project_addon::{self, AddonStatus, AddonsOf, AvailableAddon, ProjectAddon},
        project_metric::{ProjectMetric, ProjectMetricOrderField, ProjectMetricsOf, check_span},
    },
};

/// The fields of a project that are about what it runs on.
#[derive(Debug)]
pub struct ProjectInfrastructure<'a>(pub &'a Safe, pub &'a Along);

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl ProjectInfrastructure<'_> {
    /// Its machine; null while it has none.
    #[graphql(directive = requires::apply(P::InfrastructureRead.into()), guard = "needs(P::InfrastructureRead).in_project(self.0)")]
    async fn compute(&self, context: &Context<'_>) -> Result<Option<Compute>> {
        match &self.1.compute {
            Some(read) => Ok(read.clone().map(Compute::from)),
            None => context.load(ComputeOf(self.0.id)).await,
        }
    }

    /// Its disk; null while it has none.
    #[graphql(directive = requires::apply(P::InfrastructureRead.into()), guard = "needs(P::InfrastructureRead).in_project(self.0)")]
    async fn disk(&self, context: &Context<'_>) -> Result<Option<Disk>> {
        match &self.1.disk {
            Some(read) => Ok(read.clone().map(Disk::from)),
            None => context.load(DiskOf(self.0.id)).await,
        }
    }

    /// The add-ons that were selected for it, of each at most one. Order: which was activated first.
    #[graphql(directive = requires::apply(P::InfrastructureRead.into()), guard = "needs(P::InfrastructureRead).in_project(self.0)")]
    async fn addons(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those in one of these states.", default_with = "vec![AddonStatus::Active]")] status: Vec<
            AddonStatus,
        >,
    ) -> Result<Option<Vec<ProjectAddon>>> {
        let statuses = status.into_iter().map(Into::into).collect();
        context.load(AddonsOf { project_id: self.0.id, statuses }).await
    }

    /// The add-ons that the catalog offers today, and which of them the project has. Order: the catalog's.
    #[graphql(directive = requires::apply(P::InfrastructureRead.into()), guard = "needs(P::InfrastructureRead).in_project(self.0)")]
    async fn available_addons(&self, context: &Context<'_>) -> Result<Option<Vec<AvailableAddon>>> {
        project_addon::available(context, self.0.id).await.map(Some)
    }

    /// Its API keys and signing secret; null while it has none. The keys themselves need more.
    #[graphql(directive = requires::apply(P::ProjectsRead.into()), guard = "needs(P::ProjectsRead).in_project(self.0)")]
    async fn credentials(&self, context: &Context<'_>) -> Result<Option<Credentials>> {
        context.load(CredentialsOf(self.0.id)).await
    }

    /// The databases registered with it. Default order: by name.
    #[graphql(directive = requires::apply(P::DatabasesRead.into()), guard = "needs(P::DatabasesRead).in_project(self.0)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn databases(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the databases that match.")] filter: Option<DatabaseFilter>,
        #[graphql(desc = "Default: name, ascending.")] order_by: Option<Order<DatabaseOrderField>>,
    ) -> Result<Option<Connection<Database>>> {
        let order = order_by.unwrap_or_default();
        let filter = filter.unwrap_or_default().checked()?;
        let page = PageArguments { first, after, last, before };
        page.load(context, order.into(), |window| DatabasesOf {
            project_id: self.0.id,
            filter,
            order: order.field,
            window,
        })
        .await
    }

    /// The samples of its load as they were taken; for a chart `infraMonitoring` is the better way. Order: newest
    /// first.
    #[graphql(directive = requires::apply(P::MetricsRead.into()), guard = "needs(P::MetricsRead).in_project(self.0)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn metrics(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Not earlier than this.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Earlier than this, and later than `from`.")] to: Option<DateTime<Utc>>,
    ) -> Result<Option<Connection<ProjectMetric>>> {
        check_span("to", from, to)?;
        let page = PageArguments { first, after, last, before };
        page.load(context, ProjectMetricOrderField::DEFAULT, |window| ProjectMetricsOf {
            project_id: self.0.id,
            from,
            to,
            window,
        })
        .await
    }

    /// Series of its load for charts: per attribute one value for each interval, null where nothing was measured.
    #[graphql(directive = requires::apply(P::MetricsRead.into()), guard = "needs(P::MetricsRead).in_project(self.0)")]
    async fn infra_monitoring(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is wanted, at least one; each is given once.")] attributes: Vec<InfraAttribute>,
        #[graphql(desc = "The first point is the one that holds this moment.")] from: DateTime<Utc>,
        #[graphql(desc = "Later than `from`; the last point is the one that holds the moment before this.")]
        to: DateTime<Utc>,
        #[graphql(desc = "Time between two points; null: the shortest that gives at most 1,500 points.")]
        interval: Option<InfraInterval>,
    ) -> Result<Option<InfraMonitoring>> {
        context.load(InfraMonitoringOf::checked(self.0.id, attributes, from, to, interval)?).await
    }
}
