//! Samples of projects' load, as they were taken.

use std::collections::HashMap;

use async_graphql::Object;
use chrono::{DateTime, Utc};
use entity::project_metrics::{Column, Entity, Model};
use rust_decimal::prelude::ToPrimitive;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    guard::signed_in,
    loader::PageKey,
    order::OrderDirection,
    page::{OrderField, SortKind, Sorted},
    scalar::BigInt,
};
use crate::{
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::{Error, Result},
};

/// One sample of a project's load. A figure is null where it was not measured.
#[derive(Debug, Clone)]
pub struct ProjectMetric(Model);

impl From<Model> for ProjectMetric {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// One sample of a project's load. A figure is null where it was not measured.
#[Object(guard = "signed_in()")]
impl ProjectMetric {
    /// When it was measured.
    async fn timestamp(&self) -> DateTime<Utc> {
        self.0.timestamp
    }

    /// Processor use in percent, 0 to 100; null where it was not measured.
    async fn cpu_usage(&self) -> Option<f64> {
        self.0.cpu_usage.and_then(|value| value.to_f64())
    }

    /// Memory use in percent, 0 to 100; null where it was not measured.
    async fn memory_usage(&self) -> Option<f64> {
        self.0.memory_usage.and_then(|value| value.to_f64())
    }

    /// What is left of the burst budget for disk access, in percent, not below 0; null where it was not measured.
    async fn disk_io_budget(&self) -> Option<f64> {
        self.0.disk_io_budget.and_then(|value| value.to_f64())
    }

    /// Disk space used, in GB, not below 0; null where it was not measured.
    async fn disk_usage_gb(&self) -> Option<f64> {
        self.0.disk_usage_gb.and_then(|value| value.to_f64())
    }

    /// Bytes received since the sample before, not below 0; null where they were not measured.
    async fn network_in_bytes(&self) -> Option<BigInt> {
        self.0.network_in_bytes.map(BigInt)
    }

    /// Bytes sent since the sample before, not below 0; null where they were not measured.
    async fn network_out_bytes(&self) -> Option<BigInt> {
        self.0.network_out_bytes.map(BigInt)
    }

    /// Database connections that were open, not below 0; null where they were not counted.
    async fn active_connections(&self) -> Option<i32> {
        self.0.active_connections
    }

    /// Queries run since the sample before, not below 0; null where they were not counted.
    async fn query_count(&self) -> Option<i32> {
        self.0.query_count
    }
}

/// Whether a span of time has a length; `path` names its end.
///
/// # Errors
/// [`Error::InvalidInput`] when it ends before it begins, or at that moment.
pub fn check_span(path: &'static str, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Result<()> {
    match (from, to) {
        (Some(from), Some(to)) if from >= to => Err(Error::invalid(path, "must be later than `from`")),
        _ => Ok(()),
    }
}

/// The one order of samples: when they were taken.
#[derive(Debug, Clone, Copy)]
pub struct ProjectMetricOrderField;

impl OrderField for ProjectMetricOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "timestamp"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<ProjectMetricOrderField> for ProjectMetric {
    fn position(&self, _: ProjectMetricOrderField) -> Position {
        Position { value: SortValue::Time(self.0.timestamp), id: self.0.id }
    }
}

/// A page of a project's samples.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectMetricsOf {
    /// The project.
    pub project_id: Uuid,
    /// Not earlier than this.
    pub from: Option<DateTime<Utc>>,
    /// Earlier than this.
    pub to: Option<DateTime<Utc>>,
    /// Which part.
    pub window: Window,
}

impl PageKey for ProjectMetricsOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn of_parent(&self, project_id: Uuid) -> Self {
        Self { project_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let mut select = Entity::find();
        if let Some(from) = self.from {
            select = select.filter(Column::Timestamp.gte(from));
        }
        if let Some(to) = self.to {
            select = select.filter(Column::Timestamp.lt(to));
        }
        let list = List { select, key: Column::Timestamp, id: Column::Id };
        list.of_each(db, Column::ProjectId, parents, &self.window).await
    }
}
