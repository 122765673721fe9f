//! The audit trail.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object, dataloader::Loader};
use chrono::{DateTime, TimeDelta, Utc};
use entity::audit_logs::{self as audit, Column, Entity, Model};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    api_key::{ApiKey, ApiKeyById},
    context::ContextExt,
    guard::signed_in,
    id::{self, Kind},
    loader::{Loaders, PageKey, rows_by},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    page::{OrderField, SortKind, Sorted, check_search},
    project::{Project, ProjectById},
    scalar::Json,
    user::{User, UserById},
};
use crate::auth::{Permission as P, Principal};
use crate::{
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// How much a record matters, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "audit::AuditSeverity")]
pub enum AuditSeverity {
    /// Ordinary work.
    Info,
    /// Worth a look, such as a refused access.
    Warning,
    /// Something failed.
    Error,
    /// Security or data may be at stake.
    Critical,
}

/// A record of one action.
#[derive(Debug, Clone)]
pub struct AuditLog(Model);

impl From<Model> for AuditLog {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl AuditLog {
    /// In whose trail it is; none: of no organization.
    #[must_use]
    pub fn organization_id(&self) -> Option<Uuid> {
        self.0.organization_id
    }

    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.is_service()
            || self.0.organization_id.is_some_and(|id| viewer.may_in_organization(P::AuditRead, id))
            || (self.0.user_id.is_some()
                && viewer.user_id() == self.0.user_id
                && viewer.looks_at(self.0.organization_id))
    }
}

/// A record of one action: who did what to what, when and from where. It is never altered, and outlives what it
/// names. You see your own, and with `audit:read` those of the whole organization.
#[Object(guard = "signed_in()")]
impl AuditLog {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::AuditLog.id(self.0.id)
    }

    /// What happened, as `project.created`.
    async fn event_type(&self) -> &str {
        &self.0.event_type
    }

    /// The verb: `create`, `update`, `delete`, `invite` and so on.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// How much it matters.
    async fn severity(&self) -> AuditSeverity {
        self.0.severity.into()
    }

    /// When it happened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The actor's address or name as it was then; at most 320 characters.
    async fn actor_label(&self) -> &str {
        &self.0.actor_label
    }

    /// Who acted; null for the server, for a caller who was not signed in, and for an account that is not visible to
    /// you any more.
    async fn actor(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.user_id {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }

    /// The API key that the actor used; null for none, and for one that is gone or not visible to you.
    async fn api_key(&self, context: &Context<'_>) -> Result<Option<ApiKey>> {
        match self.0.api_key_id {
            Some(key) => context.load(ApiKeyById(key)).await,
            None => Ok(None),
        }
    }

    /// The organization concerned; null for what concerns a person alone, and for one that you left.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        match self.0.organization_id {
            Some(organization_id) => context.load(OrganizationById(organization_id)).await,
            None => Ok(None),
        }
    }

    /// The project concerned; null for none, and for one that is gone or not visible to you.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        match self.0.project_id {
            Some(project_id) => context.load(ProjectById(project_id)).await,
            None => Ok(None),
        }
    }

    /// Kind of the thing acted on, as `project`; null for none.
    async fn resource_type(&self) -> Option<&str> {
        self.0.resource_type.as_deref()
    }

    /// Key of the thing acted on, which may be gone by now; null for none. Not a global id: the kind is in
    /// `resourceType`.
    async fn resource_id(&self) -> Option<Uuid> {
        self.0.resource_id
    }

    /// IPv4 or IPv6 address that the request came from; null where it was not one of a client.
    async fn ip(&self) -> Option<String> {
        self.0.ip_address.map(|network| network.ip().to_string())
    }

    /// The client, as it named itself; null where it did not.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// Id of the request that it was part of, as in the server's log; null for the server's own work.
    async fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// An object with what changed, often `before` and `after`; never a secret.
    async fn metadata(&self) -> Json {
        Json(self.0.metadata.clone())
    }
}

/// Which records are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AuditLogFilter {
    /// Of one of these events, as `project.created`.
    pub event_types: Option<Vec<String>>,
    /// Global id of the user who acted.
    pub actor: Option<ID>,
    /// About a thing of this kind, as `project`.
    pub resource_type: Option<String>,
    /// About the thing with this key, as `resourceId` shows it.
    pub resource_id: Option<Uuid>,
    /// Global id of the project concerned.
    pub project: Option<ID>,
    /// Of one of these severities.
    pub severity: Option<Vec<AuditSeverity>>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
}

/// An [`AuditLogFilter`] that can be searched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WantedLogs {
    filter: AuditLogFilter,
    actor: Option<Uuid>,
    project: Option<Uuid>,
}

impl AuditLogFilter {
    /// The filter, if its values can be searched for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<WantedLogs> {
        check_search("filter.resourceType", self.resource_type.as_deref())?;
        for event_type in self.event_types.iter().flatten() {
            check_search("filter.eventTypes", Some(event_type))?;
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Error::invalid("filter.to", "must be later than `filter.from`"));
        }
        let key = |kind, id: Option<&ID>, path| id.map(|id| id::key_of(kind, id, path)).transpose();
        let actor = key(Kind::User, self.actor.as_ref(), "filter.actor")?;
        let project = key(Kind::Project, self.project.as_ref(), "filter.project")?;
        Ok(WantedLogs { filter: self, actor, project })
    }
}

impl WantedLogs {
    fn select(&self) -> Select<Entity> {
        let filter = &self.filter;
        let severities = filter.severity.as_ref().map(|severities| {
            severities.iter().map(|severity| audit::AuditSeverity::from(*severity).to_value()).collect::<Vec<_>>()
        });
        let conditions = [
            filter.event_types.clone().map(|events| Column::EventType.eq_any(events)),
            severities.map(|severities| Column::Severity.eq_any(severities)),
            self.actor.map(|actor| Column::UserId.eq(actor)),
            self.project.map(|project| Column::ProjectId.eq(project)),
            filter.resource_type.clone().map(|kind| Column::ResourceType.eq(kind)),
            filter.resource_id.map(|key| Column::ResourceId.eq(key)),
            filter.from.map(|from| Column::CreatedAt.gte(from)),
            filter.to.map(|to| Column::CreatedAt.lt(to)),
        ];
        conditions.into_iter().flatten().fold(Entity::find(), QueryFilter::filter)
    }
}

/// The one order of the audit trail: when it happened.
#[derive(Debug, Clone, Copy)]
pub struct AuditLogOrderField;

impl OrderField for AuditLogOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<AuditLogOrderField> for AuditLog {
    fn position(&self, _: AuditLogOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of an organization's audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuditLogsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which records.
    pub wanted: WantedLogs,
    /// Which part.
    pub window: Window,
}

impl PageKey for AuditLogsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List { select: self.wanted.select(), key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

/// A page of a project's part of its organization's audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectAuditLogsOf {
    /// The project.
    pub project_id: Uuid,
    /// Which records.
    pub wanted: WantedLogs,
    /// Which part.
    pub window: Window,
}

/// The organization of the list's parent. What was recorded before a project was transferred is not of it. The index
/// of the trail begins with the organization, so its rows are found by it.
const ITS_ORGANIZATION: &str = "(SELECT p.organization_id FROM platform.projects p WHERE p.id = parent.parent)";

impl PageKey for ProjectAuditLogsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn of_parent(&self, project_id: Uuid) -> Self {
        Self { project_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let of_organization = Expr::col(Column::OrganizationId.as_column_ref()).eq(Expr::cust(ITS_ORGANIZATION));
        let select = self.wanted.select().filter(of_organization);
        let list = List { select, key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::ProjectId, parents, &self.window).await
    }
}

/// One record by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditLogById(pub Uuid);

/// How far a record's key and its time may lie apart: a transaction's longest life, with a lot to spare.
const APART: TimeDelta = TimeDelta::hours(1);

impl Loader<AuditLogById> for Loaders {
    type Value = AuditLog;
    type Error = Error;

    async fn load(&self, keys: &[AuditLogById]) -> Result<HashMap<AuditLogById, AuditLog>> {
        let mut select = Entity::find();
        // The trail is partitioned by time, and the server's keys hold it. Those of the demo data do not.
        let times: Option<Vec<_>> = keys.iter().map(|key| time_of(key.0)).collect();
        let times = times.unwrap_or_default();
        if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
            select = select.filter(Column::CreatedAt.between(*first - APART, *last + APART));
        }
        let rows: Vec<Model> = rows_by(self.db().await?, select, Column::Id, keys.iter().map(|key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (AuditLogById(row.id), AuditLog(row))).collect())
    }
}

/// The time in a UUID of version 7.
fn time_of(key: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = key.get_timestamp().filter(|_| key.get_version_num() == 7)?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}
