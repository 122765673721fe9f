//! Connections (Relay cursor connections specification): arguments, cursors and the page types, once for all lists.

use std::sync::Arc;

use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use sea_orm::{Condition, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::{context::ContextExt, loader::PageKey, order::OrderDirection};
use crate::{
    db::list::{List, Position, Slice, SortValue, Window},
    error::{Error, Result},
};

/// Nodes of a page when neither `first` nor `last` is given.
pub const DEFAULT_LIMIT: u32 = 20;
/// Nodes of a page at most.
pub const MAX_LIMIT: i32 = 100;

/// The four arguments of a connection, as they came.
#[derive(Debug, Default)]
pub struct PageArguments {
    /// `first`.
    pub first: Option<i32>,
    /// `after`.
    pub after: Option<String>,
    /// `last`.
    pub last: Option<i32>,
    /// `before`.
    pub before: Option<String>,
}

/// The kinds of values that lists are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKind {
    /// Text, in the database's collation.
    Text,
    /// Points in time.
    Time,
    /// Amounts.
    Number,
}

/// What a list can be sorted by.
pub trait OrderField: Copy + Send + Sync + 'static {
    /// The order of a list for which none was asked.
    const DEFAULT: (Self, OrderDirection);
    /// Name in cursors, so that a cursor of one order is not taken for another's.
    fn name(self) -> &'static str;
    /// What kind of values they are.
    fn kind(self) -> SortKind;
}

/// A node that stands in a sorted list.
pub trait Sorted<F> {
    /// Where it stands under this order.
    fn position(&self, field: F) -> Position;
}

impl PageArguments {
    /// The page that they ask for, of the list whose key `key` makes of its window.
    ///
    /// # Errors
    /// As [`PageArguments::window`]'s and the loader's.
    pub fn load<F, K, N>(
        self,
        context: &Context<'_>,
        (field, direction): (F, OrderDirection),
        key: impl FnOnce(Window) -> K + Send,
    ) -> impl Future<Output = Result<Option<Connection<N>>>> + Send
    where
        F: OrderField,
        K: PageKey,
        N: From<K::Row> + Sorted<F>,
    {
        // Boxed for the reason that `ContextExt::load` has.
        Box::pin(async move {
            let window = self.window(field, direction == OrderDirection::Desc, counts(context))?;
            let slice = context.load(key(window.clone())).await?;
            Ok(slice.map(|slice| Connection::new(Arc::unwrap_or_clone(slice), &window, field)))
        })
    }

    /// The page that they ask for, of a list that belongs to no parent, those at the roots: of what meets `condition`.
    ///
    /// # Errors
    /// As [`PageArguments::window`]'s and the statement's.
    pub async fn whole<F, E, M, N>(
        self,
        context: &Context<'_>,
        (field, direction): (F, OrderDirection),
        list: List<E>,
        condition: Condition,
    ) -> Result<Option<Connection<N>>>
    where
        F: OrderField,
        E: EntityTrait,
        M: FromQueryResult,
        N: From<M> + Sorted<F>,
    {
        let window = self.window(field, direction == OrderDirection::Desc, counts(context))?;
        let slice: Slice<M> = list.whole(context.db().await?, condition, &window).await?;
        Ok(Some(Connection::new(slice, &window, field)))
    }

    /// The window that they ask for.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the argument, for a size outside 1 to 100, for `first` together with `last`,
    /// and for a cursor that is malformed or of another order.
    fn window<F: OrderField>(self, field: F, descending: bool, count: bool) -> Result<Window> {
        let (limit, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(Error::invalid("last", "give `first` or `last`, not both")),
            (Some(first), None) => (limit("first", first)?, false),
            (None, Some(last)) => (limit("last", last)?, true),
            (None, None) => (DEFAULT_LIMIT, false),
        };
        let position = |name: &'static str, cursor: Option<String>| {
            cursor
                .map(|cursor| {
                    decode(&cursor, field)
                        .ok_or_else(|| Error::invalid(name, "is not a cursor of this list in this order"))
                })
                .transpose()
        };
        Ok(Window {
            limit,
            from_end,
            descending,
            after: position("after", self.after)?,
            before: position("before", self.before)?,
            count,
        })
    }
}

/// Whether `totalCount` of the field's connection is asked for.
fn counts(context: &Context<'_>) -> bool {
    context.look_ahead().field("totalCount").exists()
}

fn limit(name: &'static str, wanted: i32) -> Result<u32> {
    u32::try_from(wanted)
        .ok()
        .filter(|_| (1..=MAX_LIMIT).contains(&wanted))
        .ok_or_else(|| Error::invalid(name, format!("{wanted} is not between 1 and {MAX_LIMIT}")))
}

fn encode<F: OrderField>(position: &Position, field: F) -> String {
    let value = match &position.value {
        SortValue::Text(text) => text.clone(),
        SortValue::Time(time) => time.to_rfc3339_opts(SecondsFormat::Micros, true),
        SortValue::Number(number) => number.to_string(),
    };
    // The id has a fixed length and the name no colon, so the value may hold anything.
    URL_SAFE_NO_PAD.encode(format!("{}:{}:{value}", field.name(), position.id.simple()))
}

fn decode<F: OrderField>(cursor: &str, field: F) -> Option<Position> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(3, ':');
    if parts.next()? != field.name() {
        return None;
    }
    let id = Uuid::try_parse(parts.next()?).ok()?;
    let value = parts.next()?;
    let value = match field.kind() {
        SortKind::Time => SortValue::Time(DateTime::parse_from_rfc3339(value).ok()?.with_timezone(&Utc)),
        SortKind::Number => SortValue::Number(Decimal::from_str_exact(value).ok()?),
        // PostgreSQL's text holds no null byte.
        SortKind::Text => SortValue::Text(Some(value).filter(|value| !value.contains('\0'))?.to_owned()),
    };
    Some(Position { value, id })
}

/// Where a page lies in its list.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether there are nodes after this page. With `last` it says only whether a `before` was given.
    pub has_next_page: bool,
    /// Whether there are nodes before this page. With `first` it says only whether an `after` was given.
    pub has_previous_page: bool,
    /// Cursor of the page's first node; null when the page is empty.
    pub start_cursor: Option<String>,
    /// Cursor of the page's last node; null when the page is empty. Give it as `after` to get the next page.
    pub end_cursor: Option<String>,
}

/// A page of a list.
pub struct Connection<N> {
    nodes: Vec<N>,
    cursor_of: Box<dyn Fn(&N) -> String + Send + Sync>,
    has_next_page: bool,
    has_previous_page: bool,
    total: Option<i64>,
}

impl<N> std::fmt::Debug for Connection<N> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connection").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl<N> Connection<N> {
    /// Its nodes, for what is read along with them.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = &mut N> {
        self.nodes.iter_mut()
    }

    /// The page that a slice of rows makes, under the order and the window that it was loaded with.
    fn new<F: OrderField, M>(slice: Slice<M>, window: &Window, field: F) -> Self
    where
        N: From<M> + Sorted<F>,
    {
        Self {
            nodes: slice.rows.into_iter().map(N::from).collect(),
            // Few pages are asked for the cursors of all their nodes.
            cursor_of: Box::new(move |node| encode(&node.position(field), field)),
            has_next_page: if window.from_end { window.before.is_some() } else { slice.more },
            has_previous_page: if window.from_end { slice.more } else { window.after.is_some() },
            total: slice.total,
        }
    }
}

/// One node of a page and its place in the list.
#[derive(Debug)]
pub struct Edge<'a, N> {
    page: &'a Connection<N>,
    node: &'a N,
}

impl<N: OutputType> TypeName for Edge<'_, N> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// One node of a page and its place in the list.
#[Object(name_type)]
impl<N: OutputType> Edge<'_, N> {
    /// Opaque place of the node in this order; give it as `after` or `before`. It stays valid when rows come and go.
    async fn cursor(&self) -> String {
        (self.page.cursor_of)(self.node)
    }

    /// The node.
    async fn node(&self) -> &N {
        self.node
    }
}

impl<N: OutputType> TypeName for Connection<N> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<N: OutputType> Connection<N> {
    /// The nodes of this page with their cursors.
    async fn edges(&self) -> Vec<Edge<'_, N>> {
        self.nodes.iter().map(|node| Edge { page: self, node }).collect()
    }

    /// The nodes of this page.
    async fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// Where this page lies in its list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
            start_cursor: self.nodes.first().map(&self.cursor_of),
            end_cursor: self.nodes.last().map(&self.cursor_of),
        }
    }

    /// Nodes of the whole list under its filter, at most 2,147,483,647. Counted only when it is asked for.
    async fn total_count(&self) -> i32 {
        i32::try_from(self.total.unwrap_or_default()).unwrap_or(i32::MAX)
    }
}

/// The `LIKE` pattern of everything that contains `text` as it stands.
#[must_use]
pub fn contains_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Whether a text can be searched for; `path` names the argument.
///
/// # Errors
/// [`Error::InvalidInput`] for a text of more than 120 characters or with a null byte.
pub fn check_search(path: &'static str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.chars().count() > 120 => Err(Error::invalid(path, "has more than 120 characters")),
        Some(text) if text.contains('\0') => Err(Error::invalid(path, "contains a null byte")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    enum By {
        Name,
        Time,
    }

    impl OrderField for By {
        const DEFAULT: (Self, OrderDirection) = (Self::Name, OrderDirection::Asc);

        fn name(self) -> &'static str {
            match self {
                Self::Name => "name",
                Self::Time => "time",
            }
        }

        fn kind(self) -> SortKind {
            match self {
                Self::Name => SortKind::Text,
                Self::Time => SortKind::Time,
            }
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let name = Position { value: SortValue::Text("a:b:ü".to_owned()), id: Uuid::from_u128(3) };
        assert_eq!(decode(&encode(&name, By::Name), By::Name), Some(name.clone()));
        let time = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let time = Position { value: SortValue::Time(time), id: Uuid::from_u128(4) };
        assert_eq!(decode(&encode(&time, By::Time), By::Time), Some(time));
        assert_eq!(decode(&encode(&name, By::Name), By::Time), None);
        assert_eq!(decode("nonsense", By::Name), None);
        assert_eq!(decode(&URL_SAFE_NO_PAD.encode("name:xyz:a"), By::Name), None);
    }

    #[test]
    fn sizes_outside_1_to_100_are_refused_by_name() {
        for first in [-1, 0, 101] {
            let error = PageArguments { first: Some(first), ..Default::default() }.window(By::Name, false, false);
            assert!(matches!(error, Err(Error::InvalidInput { path, .. }) if path == "first"));
        }
        let both = PageArguments { first: Some(1), last: Some(1), ..Default::default() };
        assert!(both.window(By::Name, false, false).is_err());
    }
}
