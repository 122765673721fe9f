//! Pages of lists, for many parents in one statement.
//!
//! `unnest($1) CROSS JOIN LATERAL (... LIMIT n)` takes the first rows of each parent from the index that has the
//! list's order; the count beside it is made only when it is asked for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IdenStatic, QueryTrait, Select, Value,
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
        Self::load(db, parents, self.of_parent(belongs, window), window).await
    }

    /// The window on the list of all rows that meet `condition`.
    ///
    /// # Errors
    /// As the statement's.
    pub async fn whole<M: FromQueryResult>(
        self,
        db: &impl ConnectionTrait,
        condition: Condition,
        window: &Window,
    ) -> Result<Slice<M>> {
        let mut slices = Self::load(db, &[Uuid::nil()], self.of_all(condition, window), window).await?;
        slices.remove(&Uuid::nil()).ok_or_else(|| Error::internal("a list without a parent has one slice"))
    }

    async fn load<M: FromQueryResult>(
        db: &impl ConnectionTrait,
        parents: &[Uuid],
        rows: Rows,
        window: &Window,
    ) -> Result<HashMap<Uuid, Slice<M>>> {
        let rows = db.query_all(&rows.of_each(parents)).await?;
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

    /// Walks the parent's rows in the list's order.
    fn of_parent(self, belongs: SimpleExpr, window: &Window) -> Rows {
        let mut all = self.select.into_query();
        all.and_where(belongs);
        let count = window.count.then(|| counting(all.clone()));
        place(&mut all, &self.key, &self.id, window);
        Rows { page: all, count }
    }

    /// Whose order no index has: all of them are sorted. So their places are sorted first, which an index that has key and
    /// id gives without reading the rows, and then the rows of the page are read.
    fn of_all(self, condition: Condition, window: &Window) -> Rows {
        let places = Alias::new("places");
        let mut all = self.select.clone().into_query();
        all.clear_selects().column(self.key.as_column_ref()).column(self.id.as_column_ref()).cond_where(condition);
        let count = window.count.then(|| counting(all.clone()));
        let order = place(&mut all, &self.key, &self.id, window);
        let of_place = |column: E::Column| (places.clone(), Alias::new(column.as_str()));
        let same = Expr::col(self.id.as_column_ref()).eq(Expr::col(of_place(self.id)));
        let mut page = self.select.into_query();
        page.join_subquery(JoinType::InnerJoin, all, places.clone(), same)
            .order_by(of_place(self.key), order.clone())
            .order_by(of_place(self.id), order);
        Rows { page, count }
    }
}

/// What is read for each parent.
struct Rows {
    page: SelectStatement,
    count: Option<SelectStatement>,
}

impl Rows {
    fn of_each(self, parents: &[Uuid]) -> SelectStatement {
        let always = || Condition::all().add(Expr::val(true));
        let mut statement = Query::select();
        statement
            .expr_as(Expr::col((Alias::new(PARENT), Alias::new(PARENT))), Alias::new("parent_key"))
            .column((Alias::new(ITEM), Asterisk))
            .from_function(Func::cust(Alias::new("unnest")).arg(Expr::val(parents.to_vec())), Alias::new(PARENT));
        if let Some(count) = self.count {
            statement.column((Alias::new(COUNTED), Alias::new("total_count"))).join_lateral(
                JoinType::InnerJoin,
                count,
                Alias::new(COUNTED),
                always(),
            );
        }
        statement.join_lateral(JoinType::LeftJoin, self.page, Alias::new(ITEM), always()).take()
    }
}

fn counting(mut rows: SelectStatement) -> SelectStatement {
    rows.clear_selects().expr_as(Func::count(Expr::col(Asterisk)), Alias::new("total_count")).take()
}

/// The window's part of the rows, and one more to know whether there are more; returns the order that they have.
fn place<C: ColumnTrait>(rows: &mut SelectStatement, key: &C, id: &C, window: &Window) -> Order {
    // Walking the list backwards turns both the order and the comparisons round.
    let descending = window.descending != window.from_end;
    let order = if descending { Order::Desc } else { Order::Asc };
    for (position, forward) in [(&window.after, true), (&window.before, false)] {
        if let Some(position) = position {
            rows.and_where(beyond(key, id, position, forward != window.descending));
        }
    }
    rows.order_by(key.as_column_ref(), order.clone())
        .order_by(id.as_column_ref(), order.clone())
        .limit(u64::from(window.limit) + 1);
    order
}

/// Rows whose sort value and id are greater (or less) than those of `position`.
fn beyond<C: ColumnTrait>(key: &C, id: &C, position: &Position, greater: bool) -> SimpleExpr {
    let row = Expr::tuple([Expr::col(key.as_column_ref()), Expr::col(id.as_column_ref())]);
    let place = Expr::tuple([Expr::val(position.value.clone()), Expr::val(position.id)]);
    if greater { row.gt(place) } else { row.lt(place) }
}
