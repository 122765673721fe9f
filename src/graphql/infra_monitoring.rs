//! Series of a project's load, by attribute and interval.
//!
//! One statement for all attributes reads the covering index and returns the buckets that have data; the gaps are
//! filled here, which is cheaper than `generate_series` and a join.

use std::{collections::HashMap, fmt::Write};

use async_graphql::{Enum, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use super::{loader::Loaders, scalars::Scalars};
use crate::error::{Error, Result};

/// Points of one series at most.
const MAX_POINTS: i64 = 1_500;

/// What is measured, by Supabase's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InfraAttribute {
    /// Processor use in percent: the mean of a point's samples.
    AvgCpuUsage,
    /// Processor use in percent: the highest of a point's samples.
    MaxCpuUsage,
    /// Memory use in percent: the mean of a point's samples.
    RamUsage,
    /// What is left of the burst budget for disk access in percent: the mean of a point's samples.
    DiskIoBudget,
    /// Disk space used in GB: the mean of a point's samples.
    DiskFsUsed,
    /// Bytes received: the sum of a point's samples.
    NetworkReceiveBytes,
    /// Bytes sent: the sum of a point's samples.
    NetworkTransmitBytes,
    /// Open database connections: the mean of a point's samples.
    PgStatDatabaseNumBackends,
    /// Queries run: the sum of a point's samples.
    QueryCount,
}

/// What the values of a series count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InfraUnit {
    /// Hundredths of what there is, 0 to 100.
    Percent,
    /// Gigabytes.
    Gigabytes,
    /// Bytes.
    Bytes,
    /// Plain numbers: connections, queries.
    Count,
}

/// Time between two points of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InfraInterval {
    /// `1m`.
    OneMinute,
    /// `5m`.
    FiveMinutes,
    /// `10m`.
    TenMinutes,
    /// `30m`.
    ThirtyMinutes,
    /// `1h`.
    OneHour,
    /// `1d`, from midnight to midnight UTC.
    OneDay,
}

impl InfraAttribute {
    const fn expression(self) -> &'static str {
        match self {
            Self::AvgCpuUsage => "avg(m.cpu_usage)",
            Self::MaxCpuUsage => "max(m.cpu_usage)",
            Self::RamUsage => "avg(m.memory_usage)",
            Self::DiskIoBudget => "avg(m.disk_io_budget)",
            Self::DiskFsUsed => "avg(m.disk_usage_gb)",
            Self::NetworkReceiveBytes => "sum(m.network_in_bytes)",
            Self::NetworkTransmitBytes => "sum(m.network_out_bytes)",
            Self::PgStatDatabaseNumBackends => "avg(m.active_connections)",
            Self::QueryCount => "sum(m.query_count)",
        }
    }

    const fn unit(self) -> InfraUnit {
        match self {
            Self::AvgCpuUsage | Self::MaxCpuUsage | Self::RamUsage | Self::DiskIoBudget => InfraUnit::Percent,
            Self::DiskFsUsed => InfraUnit::Gigabytes,
            Self::NetworkReceiveBytes | Self::NetworkTransmitBytes => InfraUnit::Bytes,
            Self::PgStatDatabaseNumBackends | Self::QueryCount => InfraUnit::Count,
        }
    }

    /// Whether its values can be added up: what flowed or happened, not a level.
    const fn adds_up(self) -> bool {
        matches!(self, Self::NetworkReceiveBytes | Self::NetworkTransmitBytes | Self::QueryCount)
    }
}

impl InfraInterval {
    const ALL: [Self; 6] =
        [Self::OneMinute, Self::FiveMinutes, Self::TenMinutes, Self::ThirtyMinutes, Self::OneHour, Self::OneDay];

    const fn seconds(self) -> i64 {
        match self {
            Self::OneMinute => 60,
            Self::FiveMinutes => 300,
            Self::TenMinutes => 600,
            Self::ThirtyMinutes => 1_800,
            Self::OneHour => 3_600,
            Self::OneDay => 86_400,
        }
    }
}

/// One attribute over time.
#[derive(Debug, Clone, SimpleObject)]
pub struct InfraSeries {
    /// What is measured.
    pub attribute: InfraAttribute,
    /// What its values count.
    pub unit: InfraUnit,
    /// Sum of the points, in the unit; null where nothing was measured, and for a level (processor use, connections),
    /// which does not add up.
    pub total: Option<f64>,
    /// Mean of the points, in the unit; null where nothing was measured.
    pub average: Option<f64>,
    /// Highest of the points, in the unit; null where nothing was measured.
    pub maximum: Option<f64>,
    /// The points, in the unit, one for each of `timestamps`; null where nothing was measured, which is not zero.
    pub values: Scalars<Option<f64>>,
}

/// Series of a project's load, all with the same points in time.
#[derive(Debug, Clone, SimpleObject)]
pub struct InfraMonitoring {
    /// Time between two points.
    pub interval: InfraInterval,
    /// Where each point begins, ascending: whole multiples of the interval in UTC, the first at or before `from`, the
    /// last before `to`; 1 to 1,500. A point has all samples of its interval, also those outside of `from` and `to`.
    pub timestamps: Scalars<DateTime<Utc>>,
    /// One series for each attribute, in the order in which they were asked for.
    pub series: Vec<InfraSeries>,
}

/// A project's series: which and from when to when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InfraMonitoringOf {
    /// The project.
    pub project_id: Uuid,
    span: Span,
}

/// What projects can have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Span {
    attributes: Vec<InfraAttribute>,
    interval: InfraInterval,
    /// Number of the first point since 1970.
    first: i64,
    /// Points, 1 to 1,500.
    points: i64,
}

impl InfraMonitoringOf {
    /// The series of these attributes; without an interval the shortest that fits is taken.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for no attributes, for a span without a length, and for more than 1,500 points.
    pub fn checked(
        project_id: Uuid,
        wanted: Vec<InfraAttribute>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        interval: Option<InfraInterval>,
    ) -> Result<Self> {
        let mut attributes: Vec<InfraAttribute> = Vec::with_capacity(wanted.len());
        for attribute in wanted {
            if !attributes.contains(&attribute) {
                attributes.push(attribute);
            }
        }
        if attributes.is_empty() {
            return Err(Error::invalid("attributes", "names none, at least one is needed"));
        }
        super::project_metric::check_span("to", Some(from), Some(to))?;
        let shortest = InfraInterval::ALL.into_iter().find(|interval| points(*interval, from, to).1 <= MAX_POINTS);
        let Some(shortest) = shortest else {
            let days = MAX_POINTS * InfraInterval::OneDay.seconds() / 86_400;
            return Err(Error::invalid("to", format!("is more than {days} days after `from`, which no interval fits")));
        };
        let interval = interval.unwrap_or(shortest);
        let (first, points) = points(interval, from, to);
        if points > MAX_POINTS {
            let fits = async_graphql::resolver_utils::enum_value(shortest);
            return Err(Error::invalid(
                "interval",
                format!("would give {points} points, at most {MAX_POINTS} are given: {fits} is the shortest that fits"),
            ));
        }
        Ok(Self { project_id, span: Span { attributes, interval, first, points } })
    }
}

/// The number of the first point since 1970, and how many there are.
fn points(interval: InfraInterval, from: DateTime<Utc>, to: DateTime<Utc>) -> (i64, i64) {
    let first = from.timestamp().div_euclid(interval.seconds());
    // The last point is the one that holds the last moment before `to`.
    let whole = to.timestamp().div_euclid(interval.seconds());
    let begun = to.timestamp().rem_euclid(interval.seconds()) > 0 || to.timestamp_subsec_nanos() > 0;
    (first, whole - first + i64::from(begun))
}

impl Span {
    fn time(&self, point: i64) -> Result<DateTime<Utc>> {
        let seconds = (self.first + point) * self.interval.seconds();
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| Error::internal("a point in time that there is not"))
    }

    fn statement(&self, projects: &[Uuid]) -> Result<Statement> {
        let seconds = self.interval.seconds();
        let mut columns = String::new();
        for attribute in &self.attributes {
            let _ = write!(columns, ", {}::float8", attribute.expression());
        }
        // Each project by itself: all together they would be grouped by two columns, which is to sort by two.
        let sql = format!(
            r#"SELECT p.id, s.*
                 FROM unnest($1) AS p (id)
                CROSS JOIN LATERAL (
                      SELECT date_bin('{seconds} seconds', m."timestamp", 'epoch'){columns}
                        FROM platform.project_metrics m
                       WHERE m.project_id = p.id AND m."timestamp" >= $2 AND m."timestamp" < $3
                       GROUP BY 1) s"#
        );
        let values = [projects.to_vec().into(), self.time(0)?.into(), self.time(self.points)?.into()];
        Ok(Statement::from_sql_and_values(DbBackend::Postgres, sql, values))
    }

    /// The answer without any data.
    fn empty(&self) -> Result<InfraMonitoring> {
        let length = usize::try_from(self.points).map_err(Error::internal)?;
        let series = |attribute: &InfraAttribute| InfraSeries {
            attribute: *attribute,
            unit: attribute.unit(),
            total: None,
            average: None,
            maximum: None,
            values: Scalars(vec![None; length]),
        };
        Ok(InfraMonitoring {
            interval: self.interval,
            timestamps: Scalars((0..self.points).map(|point| self.time(point)).collect::<Result<_>>()?),
            series: self.attributes.iter().map(series).collect(),
        })
    }
}

impl InfraSeries {
    #[expect(clippy::cast_precision_loss, reason = "at most 1,500 points")]
    fn sum_up(&mut self) {
        let measured: Vec<f64> = self.values.0.iter().copied().flatten().collect();
        let Some(maximum) = measured.iter().copied().reduce(f64::max) else { return };
        let total: f64 = measured.iter().sum();
        self.total = self.attribute.adds_up().then_some(total);
        self.average = Some(total / measured.len() as f64);
        self.maximum = Some(maximum);
    }
}

impl Loader<InfraMonitoringOf> for Loaders {
    type Value = InfraMonitoring;
    type Error = Error;

    async fn load(&self, keys: &[InfraMonitoringOf]) -> Result<HashMap<InfraMonitoringOf, InfraMonitoring>> {
        let mut alike: HashMap<&Span, Vec<Uuid>> = HashMap::new();
        for key in keys {
            alike.entry(&key.span).or_default().push(key.project_id);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (span, projects) in alike {
            let empty = span.empty()?;
            let mut answers: HashMap<Uuid, InfraMonitoring> =
                projects.iter().map(|project_id| (*project_id, empty.clone())).collect();
            for row in self.db().await?.query_all_raw(span.statement(&projects)?).await? {
                let project_id: Uuid = row.try_get_by_index(0)?;
                let Some(answer) = answers.get_mut(&project_id) else { continue };
                let time: DateTime<Utc> = row.try_get_by_index(1)?;
                let point = time.timestamp().div_euclid(span.interval.seconds()) - span.first;
                let point = usize::try_from(point).map_err(Error::internal)?;
                for (column, series) in answer.series.iter_mut().enumerate() {
                    if let Some(value) = series.values.0.get_mut(point) {
                        *value = row.try_get_by_index(column + 2)?;
                    }
                }
            }
            for (project_id, mut answer) in answers {
                answer.series.iter_mut().for_each(InfraSeries::sum_up);
                found.insert(InfraMonitoringOf { project_id, span: span.clone() }, answer);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn points_begin_at_multiples_and_end_before_the_end() {
        let five = InfraInterval::FiveMinutes;
        let midnight = at("2026-01-01T00:00:00Z").timestamp() / 300;
        assert_eq!(points(five, at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z")), (midnight, 12));
        assert_eq!(points(five, at("2026-01-01T00:04:59Z"), at("2026-01-01T00:05:00Z")), (midnight, 1));
        assert_eq!(points(five, at("2026-01-01T00:04:59Z"), at("2026-01-01T00:05:00.000001Z")), (midnight, 2));
        assert_eq!(points(five, at("2025-12-31T23:59:59Z"), at("2026-01-01T00:00:01Z")), (midnight - 1, 2));
    }

    #[test]
    fn the_shortest_interval_that_fits_is_taken_and_named() {
        let key = |from, to, interval| {
            InfraMonitoringOf::checked(Uuid::nil(), vec![InfraAttribute::RamUsage; 2], at(from), at(to), interval)
        };
        let (from, week) = ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z");
        let taken = key(from, week, None).unwrap().span;
        assert_eq!((taken.interval, taken.points), (InfraInterval::TenMinutes, 1_008));
        assert_eq!(taken.attributes, [InfraAttribute::RamUsage]);
        let Err(Error::InvalidInput { path, message }) = key(from, week, Some(InfraInterval::FiveMinutes)) else {
            panic!("refused");
        };
        assert_eq!(path, "interval");
        assert!(message.contains("2016 points") && message.contains("TEN_MINUTES"), "{message}");
        assert!(key(from, "2026-01-02T01:00:00Z", Some(InfraInterval::OneMinute)).is_ok());
        assert!(key(from, "2026-01-02T01:00:01Z", Some(InfraInterval::OneMinute)).is_err());
        for (from, to) in [(week, from), (from, from)] {
            assert!(matches!(key(from, to, None), Err(Error::InvalidInput { path, .. }) if path == "to"));
        }
        assert!(key("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", None).is_err());
    }
}
