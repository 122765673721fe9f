//! Databases that projects registered. Their connection strings are sealed and not read here.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::databases::{self, Column, Entity, Safe};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, extension::postgres::PgExpr},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    database_log::{ConnectionLogFilter, ConnectionLogOrderField, ConnectionLogsOf, DatabaseConnectionLog},
    database_metric::{DatabaseMetric, DatabaseMetricFilter, DatabaseMetricOrderField, DatabaseMetricsOf},
    guard::{needs, requires, signed_in},
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    page::{Connection, OrderField, PageArguments, SortKind, Sorted, check_search, contains_pattern},
    project::{Project, ProjectById},
    scalar::Json,
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

/// What speaks at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "databases::DatabaseType")]
pub enum DatabaseType {
    /// PostgreSQL.
    Postgres,
    /// MongoDB.
    Mongodb,
    /// Redis or a compatible server.
    Redis,
}

/// What the last probe of a database found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "databases::DatabaseStatus")]
pub enum DatabaseStatus {
    /// Not probed yet.
    Pending,
    /// It answers.
    Healthy,
    /// It answers with errors, or too late.
    Unhealthy,
    /// No connection could be made.
    Unreachable,
    /// Not probed, on request.
    Disabled,
}

/// A database registered with a project, whose health the server watches.
#[derive(Debug, Clone)]
pub struct Database(Safe);

impl From<Safe> for Database {
    fn from(row: Safe) -> Self {
        Self(row)
    }
}

impl Database {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::DatabasesRead, self.0.organization_id, self.0.project_id)
    }
}

/// A database registered with a project, whose health the server watches. How to connect is sealed and not shown here.
#[Object(guard = "signed_in()")]
impl Database {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::Database.id(self.0.id)
    }

    /// Display name, 1 to 63 characters, unique within the project.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What speaks at the other end.
    #[graphql(name = "type")]
    async fn kind(&self) -> DatabaseType {
        self.0.r#type.into()
    }

    /// Host of the connection string.
    async fn host(&self) -> &str {
        &self.0.host
    }

    /// Port of the connection string, 1 to 65535.
    async fn port(&self) -> i32 {
        self.0.port
    }

    /// Object of settings, such as pool size and timeouts; empty where none were made. No secrets.
    async fn config(&self) -> Json {
        Json(self.0.config.clone())
    }

    /// What its last probe found.
    async fn status(&self) -> DatabaseStatus {
        self.0.status.into()
    }

    /// Whether it is the project's main one; at most one is.
    async fn is_primary(&self) -> bool {
        self.0.is_primary
    }

    /// When it was last probed; null for never.
    async fn last_health_check_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_health_check_at
    }

    /// How long the last probe took, in milliseconds; null when there was none or it got no answer.
    async fn health_check_latency_ms(&self) -> Option<i32> {
        self.0.health_check_latency_ms
    }

    /// Why the last probe failed; null when it did not fail.
    async fn health_check_error(&self) -> Option<&str> {
        self.0.health_check_error.as_deref()
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed or probed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The project it serves; null only if your access ended at this very moment.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        context.load(ProjectById(self.0.project_id)).await
    }

    /// Who registered it; null when the server did, or when that account is not visible to you.
    async fn created_by(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.created_by {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }

    /// What happened on connecting to it. Order: newest first.
    #[graphql(directive = requires::apply(P::DatabasesRead.into()), guard = "needs(P::DatabasesRead).in_project_of(self.0.organization_id, self.0.project_id)")]
    async fn connection_logs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the events that match.")] filter: Option<ConnectionLogFilter>,
    ) -> Result<Option<Connection<DatabaseConnectionLog>>> {
        let filter = filter.unwrap_or_default().checked()?;
        let page = PageArguments { first, after, last, before };
        page.load(context, ConnectionLogOrderField::DEFAULT, |window| ConnectionLogsOf {
            database_id: self.0.id,
            filter,
            window,
        })
        .await
    }

    /// What was measured of it, one figure a sample. Order: newest first.
    #[graphql(directive = requires::apply(P::MetricsRead.into()), guard = "needs(P::MetricsRead).in_project_of(self.0.organization_id, self.0.project_id)")]
    async fn metrics(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nodes from the start, 1 to 100; 20 when neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Nodes from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the samples that match.")] filter: Option<DatabaseMetricFilter>,
    ) -> Result<Option<Connection<DatabaseMetric>>> {
        let filter = filter.unwrap_or_default().checked()?;
        let page = PageArguments { first, after, last, before };
        page.load(context, DatabaseMetricOrderField::DEFAULT, |window| DatabaseMetricsOf {
            database_id: self.0.id,
            filter,
            window,
        })
        .await
    }
}

/// Which databases are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DatabaseFilter {
    /// Of one of these types.
    #[graphql(name = "type")]
    pub kind: Option<Vec<DatabaseType>>,
    /// In one of these states.
    pub status: Option<Vec<DatabaseStatus>>,
    /// Whose name or host contains this text, upper or lower case; at most 120 characters.
    pub text: Option<String>,
}

impl DatabaseFilter {
    /// The filter, if its values can be searched for.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<Self> {
        check_search("filter.text", self.text.as_deref())?;
        Ok(self)
    }

    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(kinds) = &self.kind {
            let kinds = kinds.iter().map(|kind| databases::DatabaseType::from(*kind).to_value());
            select = select.filter(Column::Type.eq_any(kinds));
        }
        if let Some(statuses) = &self.status {
            let statuses = statuses.iter().map(|status| databases::DatabaseStatus::from(*status).to_value());
            select = select.filter(Column::Status.eq_any(statuses));
        }
        if let Some(text) = &self.text {
            let pattern = contains_pattern(text);
            let contains = |column: Column| Expr::col(column.as_column_ref()).ilike(pattern.clone());
            select = select.filter(contains(Column::Name).or(contains(Column::Host)));
        }
        select
    }
}

/// What databases can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum DatabaseOrderField {
    /// By name, in the database's collation.
    Name,
    /// By time of registration.
    CreatedAt,
}

impl OrderField for DatabaseOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self::Name, OrderDirection::Asc);

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CreatedAt => "created",
        }
    }

    fn kind(self) -> SortKind {
        if self == Self::CreatedAt { SortKind::Time } else { SortKind::Text }
    }
}

impl Sorted<DatabaseOrderField> for Database {
    fn position(&self, field: DatabaseOrderField) -> Position {
        let value = match field {
            DatabaseOrderField::Name => SortValue::Text(self.0.name.clone()),
            DatabaseOrderField::CreatedAt => SortValue::Time(self.0.created_at),
        };
        Position { value, id: self.0.id }
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

/// A page of a project's databases.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DatabasesOf {
    /// The project.
    pub project_id: Uuid,
    /// Which of them.
    pub filter: DatabaseFilter,
    /// In which order.
    pub order: DatabaseOrderField,
    /// Which part.
    pub window: Window,
}

impl PageKey for DatabasesOf {
    type Row = Safe;

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn of_parent(&self, project_id: Uuid) -> Self {
        Self { project_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Safe>>> {
        let list = List {
            select: self.filter.apply(rows()),
            key: match self.order {
                DatabaseOrderField::Name => Column::Name,
                DatabaseOrderField::CreatedAt => Column::CreatedAt,
            },
            id: Column::Id,
        };
        list.of_each(db, Column::ProjectId, parents, &self.window).await
    }
}

row_key! {
    /// One database by its key.
    DatabaseById loads Database from rows(), by Column::Id => id
}
