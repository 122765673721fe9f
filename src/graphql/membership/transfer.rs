//! Handing an organization over.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::organization_members::{Column, Entity, OrganizationRole};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    audit::{self, Changes, Record, Severity},
    auth::Permission as P,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{a_person, needs, requires},
        id::{self, Kind},
        named,
        organization_member::OrganizationMember,
    },
};

/// Who takes the organization over.
#[derive(Debug, InputObject)]
pub struct TransferOwnershipInput {
    /// Global id of the organization.
    pub organization: ID,
    /// Global id of the membership of who becomes an owner.
    pub member: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The two memberships as they are now.
#[derive(Debug, SimpleObject)]
pub struct TransferOwnershipPayload {
    /// Who is an owner now.
    pub new_owner: OrganizationMember,
    /// You, an admin now.
    pub former_owner: OrganizationMember,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Handing organizations over.
#[derive(Debug, Default)]
pub struct TransferOwnershipMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl TransferOwnershipMutation {
    /// Makes another member an owner and you an admin. Other owners stay what they are. Refused with CONFLICT when nobody
    /// who can act would be left: who is banned cannot take over.
    #[graphql(
        directive = requires::apply(P::OwnershipTransfer.into()),
        guard = "a_person().and(needs(P::OwnershipTransfer).in_organization_named(\"input.organization\", &input.organization))"
    )]
    async fn transfer_ownership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "To whom.")] input: TransferOwnershipInput,
    ) -> Result<TransferOwnershipPayload> {
        let (db, request) = (context.db().await?, context.request());
        let user_id = request.viewer().member()?.user_id;
        let organization_id = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        let named = named::member(context, "input.member", &input.member).await?;
        if named.organization_id != organization_id {
            return Err(Error::NotFound("the member was".into()));
        }
        if named.user_id == user_id {
            return Err(Error::invalid("input.member", "is you: name another member"));
        }
        let heir = super::settled(db, &named).await?;
        let mine = Entity::of_user(user_id).filter(Column::OrganizationId.eq(organization_id));
        let mine = mine.one(db).await?.ok_or(Error::NotFound("the organization was".into()))?;
        // In this order: who is no owner any more makes no other one.
        let heir = super::write_role(db, heir.id, OrganizationRole::Owner).await?;
        let mine = super::write_role(db, mine.id, OrganizationRole::Admin).await?;
        let (before, after) = (super::address(db, user_id).await?, super::address(db, heir.user_id).await?);
        let record = Record::new("ownership.transferred", "transfer", "organization")
            .to(organization_id)
            .in_organization(organization_id)
            .severity(Severity::Warning)
            .changes(Changes::default().of("owner", before, after));
        audit::record(db, &request.client, record).await?;
        request.renew_viewer().await?;
        Ok(TransferOwnershipPayload {
            new_owner: heir.into(),
            former_owner: mine.into(),
            client_mutation_id: input.client_mutation_id,
        })
    }
}
