//! Changing an organization's name and settings.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::organizations::{ActiveModel, Entity, Model};
use sea_orm::{ActiveModelTrait, EntityTrait, QuerySelect, sea_query::LockType};

use super::Organization;
use crate::{
    audit::{self, Changes, Record},
    auth::Permission as P,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{needs, requires},
        id::{self, Kind},
        input,
    },
};

/// What of an organization is changed. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateOrganizationInput {
    /// Global id of the organization.
    pub organization: ID,
    /// Display name, 1 to 120 characters.
    pub name: Option<String>,
    /// Name in URLs: 3 to 40 of `a-z0-9-`, unique. Links with the old one end.
    pub slug: Option<String>,
    /// Where invoices are sent; null: to the owners.
    pub billing_email: MaybeUndefined<String>,
    /// Whether members need a second factor: who has none sees the organization's name, and their role grants nothing
    /// there until they have one. Only who has one may switch this on; others get CONFLICT.
    pub mfa_required: Option<bool>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The organization as it is now.
#[derive(Debug, SimpleObject)]
pub struct UpdateOrganizationPayload {
    /// The organization that was changed.
    pub organization: Organization,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

impl UpdateOrganizationInput {
    /// The row with what was given in its place.
    fn applied_to(self, before: &Model) -> Result<ActiveModel> {
        let mut row = ActiveModel::from(before.clone());
        if let Some(name) = self.name {
            row.name.set_if_not_equals(input::text("input.name", &name, 120)?);
        }
        if let Some(slug) = self.slug {
            row.slug.set_if_not_equals(input::slug("input.slug", &slug)?);
        }
        if let Some(required) = self.mfa_required {
            row.mfa_required.set_if_not_equals(required);
        }
        match self.billing_email {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => row.billing_email.set_if_not_equals(None),
            MaybeUndefined::Value(email) => {
                row.billing_email.set_if_not_equals(Some(input::email("input.billingEmail", &email)?));
            }
        }
        Ok(row)
    }
}

/// Changing organizations.
#[derive(Debug, Default)]
pub struct UpdateOrganizationMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl UpdateOrganizationMutation {
    /// Changes name, slug, billing address or settings of an organization. A slug that is taken is refused with CONFLICT.
    #[graphql(
        directive = requires::apply(P::OrganizationWrite.into()),
        guard = "needs(P::OrganizationWrite).in_organization_named(\"input.organization\", &input.organization)"
    )]
    async fn update_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is changed.")] mut input: UpdateOrganizationInput,
    ) -> Result<UpdateOrganizationPayload> {
        let db = context.db().await?;
        let client_mutation_id = input.client_mutation_id.take();
        let key = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        // Locked, so that the record tells what this change really replaced; not the key, which inserts refer to.
        let before = Entity::find_by_id(key).lock(LockType::NoKeyUpdate).one(db).await?;
        let before = before.ok_or(Error::NotFound("the organization was".into()))?;
        // That who asks others for a second factor has one, here or at their issuer, a trigger sees to.
        let row = input.applied_to(&before)?;
        let after = if row.is_changed() { row.update(db).await? } else { before.clone() };
        let changes = Changes::default()
            .of("name", before.name, after.name.clone())
            .of("slug", before.slug, after.slug.clone())
            .of("billingEmail", before.billing_email, after.billing_email.clone())
            .of("mfaRequired", before.mfa_required, after.mfa_required);
        let record = Record::new("organization.updated", "update", "organization")
            .to(after.id)
            .in_organization(after.id)
            .changes(changes);
        audit::record(db, &context.request().client, record).await?;
        Ok(UpdateOrganizationPayload { organization: after.into(), client_mutation_id })
    }
}
