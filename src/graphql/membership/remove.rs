//! Removing a member.

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
    },
};

/// Who is removed.
#[derive(Debug, InputObject)]
pub struct RemoveMemberInput {
    /// Global id of the membership.
    pub member: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of a membership.
#[derive(Debug, SimpleObject)]
pub struct RemoveMemberPayload {
    /// Global id that the membership had.
    pub removed_member: ID,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Removing members.
#[derive(Debug, Default)]
pub struct RemoveMemberMutation;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl RemoveMemberMutation {
    /// Ends a membership at once, with its roles in projects. You cannot remove who holds what you do not hold yourself:
    /// an admin does not remove an owner. The last owner stays (CONFLICT).
    #[graphql(
        directive = requires::apply(P::MembersWrite.into()),
        guard = "needs(P::MembersWrite).on(Kind::OrganizationMember, \"input.member\", &input.member)"
    )]
    async fn remove_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who.")] input: RemoveMemberInput,
    ) -> Result<RemoveMemberPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let named = named::member(context, "input.member", &input.member).await?;
        let member = super::settled(db, &named).await?;
        viewer.may_appoint(member.role, member.organization_id)?;
        let changes = Changes::default().of("email", super::address(db, member.user_id).await?, None::<String>).of(
            "role",
            member.role.to_value(),
            None::<String>,
        );
        // Before it ends: it may be the caller's own, and a record is written by who belongs to the organization.
        let record = Record::new("member.removed", "delete", "organization_member")
            .to(member.id)
            .in_organization(member.organization_id)
            .changes(changes);
        audit::record(db, &context.request().client, record).await?;
        super::end(db, member.id).await?;
        super::renew_if_self(context.request(), member.user_id).await?;
        Ok(RemoveMemberPayload { removed_member: input.member, client_mutation_id: input.client_mutation_id })
    }
}
