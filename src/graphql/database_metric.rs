//! What was measured of registered databases.

use std::collections::HashMap;

use async_graphql::{InputObject, Object};
use chrono::{DateTime, Utc};
use entity::database_metrics::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::{
    guard::signed_in,
    loader::PageKey,
    order::OrderDirection,
    page::{OrderField, SortKind, Sorted, check_search},
    project_metric::check_span,
};
use crate::{
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
};

/// One measured figure of a database.
#[derive(Debug, Clone)]
pub struct DatabaseMetric(Model);

impl From<Model> for DatabaseMetric {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// One measured figure of a database.
#[Object(guard = "signed_in()")]
impl DatabaseMetric {
    /// What was measured, as `connections`, `database_size_bytes` or `latency_ms`; 1 to 100 characters.
    async fn metric_type(&self) -> &str {
        &self.0.metric_type
    }

    /// The measured value, in the unit that `metricType` names: a plain number where it names none.
    async fn value(&self) -> f64 {
        self.0.value
    }

    /// When it was measured.
    async fn timestamp(&self) -> DateTime<Utc> {
        self.0.timestamp
    }
}

/// Which samples are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DatabaseMetricFilter {
    /// Of this metric, as `connections`; at most 120 characters.
    pub metric_type: Option<String>,
    /// Not earlier than this.
    pub from: Option<DateTime<Utc>>,
    /// Earlier than this, and later than `from`.
    pub to: Option<DateTime<Utc>>,
}

impl DatabaseMetricFilter {
    /// The filter, if its values can be searched for and go together.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidInput`] naming the field.
    pub fn checked(self) -> Result<Self> {
        check_search("filter.metricType", self.metric_type.as_deref())?;
        check_span("filter.to", self.from, self.to)?;
        Ok(self)
    }

    fn apply(&self, mut select: Select<Entity>) -> Select<Entity> {
        if let Some(metric_type) = &self.metric_type {
            select = select.filter(Column::MetricType.eq(metric_type.as_str()));
        }
        if let Some(from) = self.from {
            select = select.filter(Column::Timestamp.gte(from));
        }
        if let Some(to) = self.to {
            select = select.filter(Column::Timestamp.lt(to));
        }
        select
    }
}

/// The one order of samples: when they were taken.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseMetricOrderField;

impl OrderField for DatabaseMetricOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "timestamp"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<DatabaseMetricOrderField> for DatabaseMetric {
    fn position(&self, _: DatabaseMetricOrderField) -> Position {
        Position { value: SortValue::Time(self.0.timestamp), id: self.0.id }
    }
}

/// A page of a database's samples.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DatabaseMetricsOf {
    /// The database.
    pub database_id: Uuid,
    /// Which of them.
    pub filter: DatabaseMetricFilter,
    /// Which part.
    pub window: Window,
}

impl PageKey for DatabaseMetricsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.database_id
    }

    fn of_parent(&self, database_id: Uuid) -> Self {
        Self { database_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List { select: self.filter.apply(Entity::find()), key: Column::Timestamp, id: Column::Id };
        list.of_each(db, Column::DatabaseId, parents, &self.window).await
    }
}
