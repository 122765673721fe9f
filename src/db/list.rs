//! Pages of lists, for many parents in one statement.
//!
//! `unnest($1) CROSS JOIN LATERAL (... LIMIT n)` takes the first rows of each parent from the index that has the
//! list's order; the count beside it is made only when it is asked for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryTrait, Select, Value,
    sea_query::{
        Alias, Asterisk, Condition, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, SimpleExpr,
    },
};
use uuid::Uuid;

use crate::error::{Error, Result};

/// What a row is sorted by, besides its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SortValue {
    /// Text, in the database's collation.
    Text(String),
    /// A point in time.
    Time(DateTime<Utc>),
    /// An amount.
    Number(Decimal),
}

impl From<SortValue> for Value {
    fn from(value: SortValue) -> Self {
        match value {
            SortValue::Text(text) => text.into(),
            SortValue::Time(time) => time.into(),
            SortValue::Number(number) => number.into(),
        }
    }
}

/// A place in a list: right at this row, which need not exist any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// What the row is sorted by.
    pub value: SortValue,
    /// The row's id, which settles ties.
    pub id: Uuid,
}

/// The part of a list that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows at most.
    pub limit: u32,
    /// Take them from the end of the list.
    pub from_end: bool,
    /// Largest first.
    pub descending: bool,
    /// Only what comes after this place.
    pub after: Option<Position>,
    /// Only what comes before this place.
    pub before: Option<Position>,
    /// Whether to count the whole list.
    pub count: bool,
}

/// The rows of one parent, in the list's order.
#[derive(Debug, Clone)]
pub struct Slice<M> {
    /// At most as many rows as the window's limit.
    pub rows: Vec<M>,
    /// Whether there are more in the direction in which they were taken.
    pub more: bool,
    /// Rows of the whole list, where it was counted.
    pub total: Option<i64>,
}

/// A list: rows of `select`, sorted by `key` and `id`.
#[derive(Debug)]
pub struct List<E: EntityTrait> {
    /// Columns and filters.
    pub select: Select<E>,
    /// What it is sorted by; never null.
    pub key: E::Column,
    /// The primary key.
    pub id: E::Column,
}

const PARENT: &str = "parent";
const ITEM: &str = "item";
const COUNTED: &str = "counted";

impl<E: EntityTrait> List<E> {
    /// The window on the list of each parent; `column` holds the parent's id. Parents without a row are in the
    /// answer with none.
    ///
    /// # Errors
    /// As the statement's.
    pub async fn of_each<M: FromQueryResult>(
        self,
        db: &impl ConnectionTrait,
        column: E::Column,
        parents: &[Uuid],
        window: &Window,
    ) -> Result<HashMap<Uuid, Slice<M>>> {
        let belongs = Expr::col(column.as_column_ref()).eq(Expr::col((Alias::new(PARENT), Alias::new(PARENT))));
        self.load(db, parents, Some(belongs), window).await
    }

    /// The window on the whole list.
    ///
    /// # Errors
    /// As the statement's.
    pub async fn whole<M: FromQueryResult>(self, db: &impl ConnectionTrait, window: &Window) -> Result<Slice<M>> {
        let mut slices = self.load(db, &[Uuid::nil()], None, window).await?;
        slices.remove(&Uuid::nil()).ok_or_else(|| Error::internal("a list without a parent has one slice"))
    }

    async fn load<M: FromQueryResult>(
        self,
        db: &impl ConnectionTrait,
        parents: &[Uuid],
        belongs: Option<SimpleExpr>,
        window: &Window,
    ) -> Result<HashMap<Uuid, Slice<M>>> {
        let rows = db.query_all(&self.statement(parents, belongs, window)).await?;
        let mut slices: HashMap<Uuid, Slice<M>> =
            parents.iter().map(|parent| (*parent, Slice { rows: Vec::new(), more: false, total: None })).collect();
        for row in rows {
            let parent: Uuid = row.try_get("", "parent_key")?;
            let Some(slice) = slices.get_mut(&parent) else { continue };
            if window.count {
                slice.total = row.try_get("", "total_count")?;
            }
            // A parent without rows has one row of nulls.
            if let Some(item) = Option::<M>::from_query_result(&row, "")? {
                slice.rows.push(item);
            }
        }
        for slice in slices.values_mut() {
            let limit = window.limit as usize;
            slice.more = slice.rows.len() > limit;
            slice.rows.truncate(limit);
            if window.from_end {
                slice.rows.reverse();
            }
        }
        Ok(slices)
    }

    fn statement(self, parents: &[Uuid], belongs: Option<SimpleExpr>, window: &Window) -> SelectStatement {
        let mut rows = self.select.into_query();
        if let Some(belongs) = belongs {
            rows.and_where(belongs);
        }
        let mut statement = Query::select();
        statement
            .expr_as(Expr::col((Alias::new(PARENT), Alias::new(PARENT))), Alias::new("parent_key"))
            .column((Alias::new(ITEM), Asterisk))
            .from_function(Func::cust(Alias::new("unnest")).arg(Expr::val(parents.to_vec())), Alias::new(PARENT));
        if window.count {
            let mut count = rows.clone();
            count.clear_selects().expr_as(Func::count(Expr::col(Asterisk)), Alias::new("total_count"));
            statement.column((Alias::new(COUNTED), Alias::new("total_count"))).join_lateral(
                JoinType::InnerJoin,
                count,
                Alias::new(COUNTED),
                Condition::all().add(Expr::val(true)),
            );
        }
        // Walking the list backwards turns both the order and the comparisons round.
        let descending = window.descending != window.from_end;
        let order = if descending { Order::Desc } else { Order::Asc };
        for (position, forward) in [(&window.after, true), (&window.before, false)] {
            if let Some(position) = position {
                rows.and_where(beyond(&self.key, &self.id, position, forward != window.descending));
            }
        }
        rows.order_by(self.key.as_column_ref(), order.clone())
            .order_by(self.id.as_column_ref(), order)
            .limit(u64::from(window.limit) + 1);
        statement.join_lateral(JoinType::LeftJoin, rows, Alias::new(ITEM), Condition::all().add(Expr::val(true))).take()
    }
}

/// Rows whose sort value and id are greater (or less) than those of `position`.
fn beyond<C: ColumnTrait>(key: &C, id: &C, position: &Position, greater: bool) -> SimpleExpr {
    let row = Expr::tuple([Expr::col(key.as_column_ref()), Expr::col(id.as_column_ref())]);
    let place = Expr::tuple([Expr::val(position.value.clone()), Expr::val(position.id)]);
    if greater { row.gt(place) } else { row.lt(place) }
}
