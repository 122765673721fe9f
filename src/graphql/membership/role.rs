//! Giving a member another role.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sea_orm::ActiveEnum;

use crate::{
    audit::{self, Changes, Record},
    auth::Permission as P,
    error::Result,
    graphql::{
        context::ContextExt,
        guard::{needs, requires},
        id::Kind,
        named,
        organization_member::{OrganizationMember, OrganizationRole},
    },
};

/// Who gets which role.
#[derive(Debug, InputObject)]
pub struct UpdateMemberRoleInput {
    /// Global id of the membership.
    pub member: ID,
    /// The role from now on.
    pub role: OrganizationRole,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The membership as it is now.
#[derive(Debug, SimpleObject)]
pub struct UpdateMemberRolePayload {
    /// The membership that was changed.
    pub member: OrganizationMember,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Giving roles.
#[derive(Debug, Default)]
pub struct UpdateMemberRoleMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl UpdateMemberRoleMutation {
    /// Gives a member another role, from this moment on. You cannot give a role, or take one away, that grants what you
    /// do not hold yourself: an admin neither makes nor unmakes an owner. The last owner stays one (CONFLICT).
    #[graphql(
        directive = requires::apply(P::MembersWrite.into()),
        guard = "needs(P::MembersWrite).on(Kind::OrganizationMember, \"input.member\", &input.member)"
    )]
    async fn update_member_role(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and which role.")] input: UpdateMemberRoleInput,
    ) -> Result<UpdateMemberRolePayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let named = named::member(context, "input.member", &input.member).await?;
        let before = super::settled(db, &named).await?;
        let role = input.role.into();
        viewer.may_appoint(before.role, before.organization_id)?;
        viewer.may_appoint(role, before.organization_id)?;
        let after = if before.role == role { before.clone() } else { super::write_role(db, before.id, role).await? };
        let record = Record::new("member.role_changed", "update", "organization_member")
            .to(after.id)
            .in_organization(after.organization_id)
            .changes(Changes::default().of("role", before.role.to_value(), after.role.to_value()));
        audit::record(db, &context.request().client, record).await?;
        super::renew_if_self(context.request(), after.user_id).await?;
        Ok(UpdateMemberRolePayload { member: after.into(), client_mutation_id: input.client_mutation_id })
    }
}
