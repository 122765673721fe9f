//! `orderBy`, once for all lists.

use async_graphql::{Enum, InputObject, InputType};

use super::{
    database::DatabaseOrderField, invoice::InvoiceOrderField, organization::OrganizationOrderField,
    organization_member::MemberOrderField, page::OrderField, project::ProjectOrderField,
};

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum OrderDirection {
    /// Smallest, earliest or alphabetically first at the top.
    Asc,
    /// Largest, latest or alphabetically last at the top.
    Desc,
}

/// An order of a list.
#[derive(Debug, Clone, Copy, InputObject)]
#[graphql(
    concrete(name = "OrganizationOrder", params(OrganizationOrderField)),
    concrete(name = "MemberOrder", params(MemberOrderField)),
    concrete(name = "InvoiceOrder", params(InvoiceOrderField)),
    concrete(name = "DatabaseOrder", params(DatabaseOrderField)),
    concrete(name = "ProjectOrder", params(ProjectOrderField))
)]
pub struct Order<F: InputType + OrderField> {
    /// What to sort by.
    pub field: F,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub direction: OrderDirection,
}

impl<F: InputType + OrderField> Default for Order<F> {
    fn default() -> Self {
        let (field, direction) = F::DEFAULT;
        Self { field, direction }
    }
}

impl<F: InputType + OrderField> From<Order<F>> for (F, OrderDirection) {
    fn from(order: Order<F>) -> Self {
        (order.field, order.direction)
    }
}
