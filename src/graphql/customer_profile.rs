//! Who organizations are on paper.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use entity::customer_profiles::{Column, Entity, Model};
use sea_orm::EntityTrait;

use super::{
    context::ContextExt,
    guard::needs,
    id::Kind,
    loader::row_key,
    organization::{Organization, OrganizationById},
};
use crate::{
    auth::{Permission as P, Principal},
    error::Result,
};

/// Name and address on an organization's invoices.
#[derive(Debug, Clone)]
pub struct CustomerProfile(Model);

impl CustomerProfile {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::BillingRead, self.0.organization_id)
    }
}

/// Name and address on an organization's invoices. Needs `billing:read`.
#[Object(guard = "needs(P::BillingRead).in_organization(self.0.organization_id)")]
impl CustomerProfile {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::CustomerProfile.id(self.0.id)
    }

    /// The organization; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// Legal name, at most 200 characters; null where it was not told.
    async fn company_name(&self) -> Option<&str> {
        self.0.company_name.as_deref()
    }

    /// Person to write to, at most 200 characters; null where it was not told.
    async fn contact_name(&self) -> Option<&str> {
        self.0.contact_name.as_deref()
    }

    /// Street and number, at most 200 characters; null where it was not told.
    async fn address_line1(&self) -> Option<&str> {
        self.0.address_line1.as_deref()
    }

    /// Second line of the address, at most 200 characters; null where it was not told.
    async fn address_line2(&self) -> Option<&str> {
        self.0.address_line2.as_deref()
    }

    /// City or town, at most 120 characters; null where it was not told.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// State, province or county, at most 120 characters; null where it was not told.
    async fn state(&self) -> Option<&str> {
        self.0.state.as_deref()
    }

    /// Postal code, at most 20 characters; null where it was not told.
    async fn postal_code(&self) -> Option<&str> {
        self.0.postal_code.as_deref()
    }

    /// ISO 3166-1 code of the country: `IT`; null where it was not told.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    /// Telephone number as it was typed, at most 40 characters; null where it was not told.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

row_key! {
    /// One customer profile by its key.
    CustomerProfileById loads CustomerProfile from Entity::find(), by Column::Id => id
}

row_key! {
    /// The customer profile of an organization.
    CustomerProfileOf loads CustomerProfile from Entity::find(), by Column::OrganizationId => organization_id
}
