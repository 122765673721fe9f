//! Leaving an organization.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::organization_members::{Column, Entity};
use sea_orm::{ActiveEnum, ColumnTrait, QueryFilter};

use crate::{
    audit::{self, Changes, Record},
    db::memberships,
    error::{Error, Result},
    graphql::{
        context::ContextExt,
        guard::{member_of_named, requires},
        id::{self, Kind},
    },
};

/// Which organization is left.
#[derive(Debug, InputObject)]
pub struct LeaveOrganizationInput {
    /// Global id of the organization.
    pub organization: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of your membership.
#[derive(Debug, SimpleObject)]
pub struct LeaveOrganizationPayload {
    /// Global id of the organization that you left.
    pub left_organization: ID,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Leaving organizations.
#[derive(Debug, Default)]
pub struct LeaveOrganizationMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl LeaveOrganizationMutation {
    /// Ends your own membership, with your roles in projects. The last owner cannot leave (CONFLICT): transfer the
    /// ownership or delete the organization. Who lacks a second factor that the organization asks for may leave.
    #[graphql(
        directive = requires::apply("self".into()),
        guard = "member_of_named(\"input.organization\", &input.organization)"
    )]
    async fn leave_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: LeaveOrganizationInput,
    ) -> Result<LeaveOrganizationPayload> {
        let (db, request) = (context.db().await?, context.request());
        let user_id = request.viewer().member()?.user_id;
        let organization_id = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        memberships::lock_organization(db, organization_id).await?;
        let mine = Entity::of_user(user_id).filter(Column::OrganizationId.eq(organization_id));
        let mine = mine.one(db).await?.ok_or(Error::NotFound("the organization was".into()))?;
        // Before it ends: a record is written by who belongs to the organization.
        let record = Record::new("member.left", "delete", "organization_member")
            .to(mine.id)
            .in_organization(organization_id)
            .changes(Changes::default().of("role", mine.role.to_value(), None::<String>));
        audit::record(db, &request.client, record).await?;
        super::end(db, mine.id).await?;
        request.renew_viewer().await?;
        Ok(LeaveOrganizationPayload {
            left_organization: input.organization,
            client_mutation_id: input.client_mutation_id,
        })
    }
}
