//! The direction of an order, shared by every list's `orderBy`.

use async_graphql::Enum;

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum OrderDirection {
    /// Smallest, earliest or alphabetically first at the top.
    Asc,
    /// Largest, latest or alphabetically last at the top.
    Desc,
}
