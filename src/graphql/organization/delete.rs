//! Deleting an organization.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::organizations::Entity;
use sea_orm::EntityTrait;

use crate::{
    audit::{self, Changes, Record, Severity},
    auth::Permission as P,
    db::memberships,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{needs, requires},
        id::{self, Kind},
    },
};

/// Which organization is deleted.
#[derive(Debug, InputObject)]
pub struct DeleteOrganizationInput {
    /// Global id of the organization.
    pub organization: ID,
    /// Its slug, typed out: what confirms that this one is meant.
    pub slug: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of an organization.
#[derive(Debug, SimpleObject)]
pub struct DeleteOrganizationPayload {
    /// Global id that it had.
    pub deleted_organization: ID,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Deleting organizations.
#[derive(Debug, Default)]
pub struct DeleteOrganizationMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl DeleteOrganizationMutation {
    /// Deletes an organization with all that belongs to it: members, invitations, projects, keys, bills. Its audit trail
    /// is kept, for the operator and for each actor their own records. There is no way back.
    #[graphql(
        directive = requires::apply(P::OrganizationDelete.into()),
        guard = "needs(P::OrganizationDelete).in_organization_named(\"input.organization\", &input.organization)"
    )]
    async fn delete_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, and its slug.")] input: DeleteOrganizationInput,
    ) -> Result<DeleteOrganizationPayload> {
        let (db, request) = (context.db().await?, context.request());
        let key = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        memberships::lock_organization(db, key).await?;
        let gone = || Error::NotFound("the organization was".into());
        let organization = Entity::find_by_id(key).one(db).await?.ok_or_else(gone)?;
        if organization.slug != input.slug {
            return Err(Error::invalid("input.slug", "is not the slug of this organization"));
        }
        // Before it is gone: a record is written by who belongs to the organization.
        let changes = Changes::default().of("name", organization.name, None::<String>).of(
            "slug",
            organization.slug,
            None::<String>,
        );
        let record = Record::new("organization.deleted", "delete", "organization").to(key).in_organization(key);
        audit::record(db, &request.client, record.changes(changes).severity(Severity::Warning)).await?;
        let deleted = Entity::delete_by_id(key).exec(db).await?;
        if deleted.rows_affected == 0 {
            // Who may, may no longer: the policies look at this moment, the guard at the request's beginning.
            return Err(Error::Forbidden { permission: P::OrganizationDelete.name() });
        }
        if request.viewer().author_id().is_some() {
            request.renew_viewer().await?;
        }
        Ok(DeleteOrganizationPayload {
            deleted_organization: input.organization,
            client_mutation_id: input.client_mutation_id,
        })
    }
}
