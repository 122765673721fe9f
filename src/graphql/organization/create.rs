//! Founding an organization.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::organizations::Entity;
use sea_orm::EntityTrait;
use serde_json::json;

use super::Organization;
use crate::{
    audit::{self, Changes, Record},
    db::memberships,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{everywhere, requires},
        input,
    },
    idempotency::{self, Claim},
};

/// A new organization.
#[derive(Debug, InputObject)]
pub struct CreateOrganizationInput {
    /// Display name, 1 to 120 characters.
    pub name: String,
    /// Name in URLs: 3 to 40 of `a-z0-9-`, unique.
    pub slug: String,
    /// A text of your own choice, at most 200 characters, for the case that the answer gets lost: the same key with the
    /// same input gives what was made the first time, with another input it is refused with IDEMPOTENCY_MISMATCH.
    pub idempotency_key: Option<String>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The organization that was founded.
#[derive(Debug, SimpleObject)]
pub struct CreateOrganizationPayload {
    /// The new organization; under an idempotency key that was used before, the one of then as it is now.
    pub organization: Organization,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Founding organizations.
#[derive(Debug, Default)]
pub struct CreateOrganizationMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl CreateOrganizationMutation {
    /// Founds an organization: you are its owner, and it is on the plan Free. A slug that is taken is refused with
    /// CONFLICT. Not under `X-Organization`.
    #[graphql(directive = requires::apply("signed_in".into()), guard = "everywhere()")]
    async fn create_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is founded.")] input: CreateOrganizationInput,
    ) -> Result<CreateOrganizationPayload> {
        let (db, request) = (context.db().await?, context.request());
        let name = input::text("input.name", &input.name, 120)?;
        let slug = input::slug("input.slug", &input.slug)?;
        let understood = json!({ "name": name, "slug": slug });
        let key = input.idempotency_key.as_deref();
        let id = match idempotency::claim(db, key, "createOrganization", &understood).await? {
            Claim::Again(id) => id,
            Claim::First(id) => {
                memberships::create_organization(db, id, &name, &slug).await?;
                let changes = Changes::default().of("name", None::<String>, name).of("slug", None::<String>, slug);
                let record = Record::new("organization.created", "create", "organization");
                audit::record(db, &request.client, record.to(id).in_organization(id).changes(changes)).await?;
                id
            }
        };
        // It was not there when the request began, nor was what another one made under the key while this one waited.
        request.renew_viewer().await?;
        let organization = Entity::find_by_id(id).one(db).await?.map(Organization::from);
        let organization = organization.filter(|organization| organization.visible_to(&context.viewer()));
        // Made under the key once, and gone since.
        let organization = organization.ok_or(Error::NotFound("the organization was".into()))?;
        Ok(CreateOrganizationPayload { organization, client_mutation_id: input.client_mutation_id })
    }
}
