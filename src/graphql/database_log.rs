//! What happened on connecting to registered databases.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::database_connection_logs::{self as logs, Column, Entity, Model};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::{
    context::ContextExt,
    database::{Database, DatabaseById},
    guard::signed_in,
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    page::{OrderField, SortKind, Sorted},
    project_metric::check_span,
    user::{User, UserById},
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
};

/// An event of a database's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "logs::ConnectionEvent")]
pub enum ConnectionEvent {
    /// A connection was made.
    Connected,
    /// A connection could not be made.
    Failed,
    /// The server probed it.
    HealthCheck,
    /// Someone read the connection string.
    Revealed,
    /// The connection string was replaced.
    Rotated,
}

/// One event of a database's connection: an attempt, a probe, or a touch of its secret.
#[derive(Debug, Clone)]
pub struct DatabaseConnectionLog(Model);

impl From<Model> for DatabaseConnectionLog {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl DatabaseConnectionLog {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::DatabasesRead, self.0.organization_id, self.0.project_id)
    }
}

/// One event of a database's connection: an attempt, a probe, or a touch of its secret.
#[Object(guard = "signed_in()")]
impl DatabaseConnectionLog {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::DatabaseConnectionLog.id(self.0.id)
    }

    /// What happened.
    async fn event(&self) -> ConnectionEvent {
        self.0.event_type.into()
    }

    /// Detail for people, at most 2,000 characters; null for none.
    async fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// How long it took, in milliseconds; null where nothing was waited for or no answer came.
    async fn latency_ms(&self) -> Option<i32> {
        self.0.latency_ms
    }

    /// When it happened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The database; null only if your access ended at this very moment.
    async fn database(&self, context: &Context<'_>) -> Result<Option<Database>> {
        context.load(DatabaseById(self.0.database_id)).await
    }

    /// Who caused it; null when the server did, or when that account is not visible to you.
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.user_id {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }
}

/// Which events are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ConnectionLogFilter {
    /// Of one of these kinds.
    pub event: Option<Vec<ConnectionEvent>>,
    /// Not earlier than this.
    pub from: Option<DateTime<Utc>>,
    /// Earlier than this, and later than `from`.
    pub to: Option<DateTime<Utc>>,
}

impl ConnectionLogFilter {
    /// The filter, if its values go together.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<Self> {
        check_span("filter.to", self.from, self.to)?;
        Ok(self)
    }

    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(events) = &self.event {
            let events = events.iter().map(|event| logs::ConnectionEvent::from(*event).to_value());
            select = select.filter(Column::EventType.eq_any(events));
        }
        if let Some(from) = self.from {
            select = select.filter(Column::CreatedAt.gte(from));
        }
        if let Some(to) = self.to {
            select = select.filter(Column::CreatedAt.lt(to));
        }
        select
    }
}

/// The one order of events: when they happened.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLogOrderField;

impl OrderField for ConnectionLogOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<ConnectionLogOrderField> for DatabaseConnectionLog {
    fn position(&self, _: ConnectionLogOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of a database's events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConnectionLogsOf {
    /// The database.
    pub database_id: Uuid,
    /// Which of them.
    pub filter: ConnectionLogFilter,
    /// Which part.
    pub window: Window,
}

impl PageKey for ConnectionLogsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.database_id
    }

    fn of_parent(&self, database_id: Uuid) -> Self {
        Self { database_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List { select: self.filter.apply(Entity::find()), key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::DatabaseId, parents, &self.window).await
    }
}

row_key! {
    /// One event by its key.
    DatabaseConnectionLogById loads DatabaseConnectionLog from Entity::find(), by Column::Id => id
}
