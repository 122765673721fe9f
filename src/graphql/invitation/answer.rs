//! Looking at an invitation by its token, and answering it.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{
    organization_members::{self as members, OrganizationRole as StoredRole},
    organizations,
};
use sea_orm::{ActiveEnum, EntityTrait};

use crate::{
    audit::{self, Changes, Record},
    auth::token,
    db::invitations::{self as calls, Accepted, Preview},
    error::{Error, Result},
    graphql::{
        billing_plan::PlansInSight,
        context::ContextExt,
        guard::{everywhere, public, requires},
        organization::Organization,
        organization_member::{OrganizationMember, OrganizationRole},
    },
};

/// An open invitation as who holds its token sees it, also without an account.
#[derive(Debug, Clone)]
pub struct InvitationPreview(Preview, StoredRole);

/// An open invitation as who holds its token sees it, also without an account.
#[Object(guard = "public()")]
impl InvitationPreview {
    /// Display name of the organization to join.
    async fn organization_name(&self) -> &str {
        &self.0.organization
    }

    /// Who invites, by name, or by address where no name was told.
    async fn inviter_name(&self) -> &str {
        &self.0.inviter
    }

    /// What you may do once a member.
    async fn role(&self) -> OrganizationRole {
        self.1.into()
    }

    /// From when on it can no longer be accepted.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
}

/// Queries for invitations.
#[derive(Debug, Default)]
pub struct InvitationQueries;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl InvitationQueries {
    /// The open invitation of this token; null when there is none: it was answered, taken back, renewed or has ended, or
    /// who invited may not do so any more. Open to everybody.
    #[graphql(directive = requires::apply("public".into()), guard = "public()")]
    async fn invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The token of the link in the mail.", secret)] token: String,
    ) -> Result<Option<InvitationPreview>> {
        let found = calls::by_token(context.db().await?, &token::digest(&token)).await?;
        let preview = |found: Preview| Ok(InvitationPreview(found.clone(), StoredRole::try_from_value(&found.role)?));
        found.map(preview).transpose()
    }
}

/// Which invitation is accepted.
#[derive(Debug, InputObject)]
pub struct AcceptInvitationInput {
    /// The token of the link in the mail.
    #[graphql(secret)]
    pub token: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The new membership.
#[derive(Debug, SimpleObject)]
pub struct AcceptInvitationPayload {
    /// The organization that you belong to now.
    pub organization: Organization,
    /// Your membership, with your role.
    pub member: OrganizationMember,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which invitation is declined.
#[derive(Debug, InputObject)]
pub struct DeclineInvitationInput {
    /// The token of the link in the mail.
    #[graphql(secret)]
    pub token: String,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The end of an invitation.
#[derive(Debug, SimpleObject)]
pub struct DeclineInvitationPayload {
    /// Always true: the token has ended.
    pub declined: bool,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Answering invitations.
#[derive(Debug, Default)]
pub struct AnswerMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl AnswerMutations {
    /// Makes you a member. Only who has the invited address, upper or lower case, and has confirmed it can accept: for
    /// others it is FORBIDDEN, for an unconfirmed address CONFLICT, and where the organization's plan allows no more
    /// members LIMIT_EXCEEDED. Not under `X-Organization`.
    #[graphql(directive = requires::apply("self".into()), guard = "everywhere()")]
    async fn accept_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let (db, request) = (context.db().await?, context.request());
        let accepted = calls::accept(db, &token::digest(&input.token)).await?;
        let (membership_id, organization_id, invitation_id) = match accepted {
            Accepted::Joined { membership_id, organization_id, invitation_id } => {
                (membership_id, organization_id, invitation_id)
            }
            Accepted::Full { allowed } => return Err(full(context, allowed).await?),
        };
        request.renew_viewer().await?;
        let gone = || Error::internal("who joined an organization sees it");
        let member = members::Entity::find_by_id(membership_id).one(db).await?.ok_or_else(gone)?;
        let organization = organizations::Entity::find_by_id(organization_id).one(db).await?.ok_or_else(gone)?;
        let record = Record::new("member.joined", "accept", "organization_member")
            .to(member.id)
            .in_organization(organization_id)
            .changes(Changes::default().of("role", None::<String>, member.role.to_value()).of(
                "invitation",
                None::<String>,
                invitation_id.to_string(),
            ));
        audit::record(db, &request.client, record).await?;
        Ok(AcceptInvitationPayload {
            organization: organization.into(),
            member: member.into(),
            client_mutation_id: input.client_mutation_id,
        })
    }

    /// Says no to an invitation: its token ends. Only who was invited can, as in `acceptInvitation`.
    #[graphql(directive = requires::apply("self".into()), guard = "everywhere()")]
    async fn decline_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeclineInvitationInput,
    ) -> Result<DeclineInvitationPayload> {
        let digest = token::digest(&input.token);
        // It writes its own record: who declines does not belong to the organization.
        calls::decline(context.db().await?, &digest, &context.request().client.origin()).await?;
        Ok(DeclineInvitationPayload { declined: true, client_mutation_id: input.client_mutation_id })
    }
}

/// That the plan allows no more members, and which of those on offer would.
async fn full(context: &Context<'_>, allowed: i32) -> Result<Error> {
    let plans = context.load(PlansInSight).await?;
    let more = |members: rust_decimal::Decimal| members > allowed.into();
    let larger = plans.as_deref().into_iter().flatten().filter(|plan| plan.is_offered());
    let larger = larger.filter(|plan| plan.members().is_none_or(more)).min_by(|one, other| one.by_price(other));
    let lifted_by = match larger {
        Some(plan) => match plan.members() {
            Some(members) => format!("the plan {} allows {members}", plan.title()),
            None => format!("the plan {} has no limit", plan.title()),
        },
        None => "no plan on offer allows more".to_owned(),
    };
    Ok(Error::LimitExceeded { limit: "members", allowed: allowed.into(), lifted_by: lifted_by.into() })
}
