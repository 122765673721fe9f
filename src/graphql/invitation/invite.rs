//! Inviting people, and sending or taking back what was sent.

use std::collections::HashSet;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::{organization_invitations as invitations, organizations, users};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::OrganizationInvitation;
use crate::{
    audit::{self, Changes, Record},
    auth::{Permission as P, token},
    db::{
        RequestTransaction,
        invitations::{self as calls, Invited},
    },
    error::{Error, Result},
    graphql::{
        context::{ContextExt, Request},
        guard::{needs, requires},
        id::{self, Kind},
        input, named,
        organization_member::OrganizationRole,
    },
    mail::{self, Letter},
};

/// Addresses of one mutation at most.
const MAX_INVITATIONS: usize = 50;

/// One address and what it is invited as.
#[derive(Debug, InputObject)]
pub struct MemberToInvite {
    /// Whom to write to; whether the address has an account makes no difference.
    pub email: String,
    /// What the person may do once a member.
    pub role: OrganizationRole,
}

/// Who is invited where.
#[derive(Debug, InputObject)]
pub struct InviteMembersInput {
    /// Global id of the organization.
    pub organization: ID,
    /// 1 to 50 different addresses.
    pub invitations: Vec<MemberToInvite>,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// What became of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum InviteOutcome {
    /// Invited.
    Invited,
    /// The address had an open invitation, which has the new role, a new token and seven more days. The old token has
    /// ended.
    Renewed,
    /// Nothing: a member has this address.
    AlreadyMember,
}

/// What became of one address.
#[derive(Debug, SimpleObject)]
pub struct InviteResult {
    /// The address.
    pub email: String,
    /// What became of it.
    pub outcome: InviteOutcome,
    /// The invitation; null for a member.
    pub invitation: Option<OrganizationInvitation>,
    /// The token of the link in the mail, for who wants to hand it over in another way. It is shown here and never
    /// again; null for a member.
    pub token: Option<String>,
}

/// What became of the addresses.
#[derive(Debug, SimpleObject)]
pub struct InviteMembersPayload {
    /// One for each address, in the order of the input.
    pub results: Vec<InviteResult>,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which invitation is sent again.
#[derive(Debug, InputObject)]
pub struct ResendInvitationInput {
    /// Global id of the invitation.
    pub invitation: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The invitation as it is now.
#[derive(Debug, SimpleObject)]
pub struct ResendInvitationPayload {
    /// The invitation that was sent again.
    pub invitation: OrganizationInvitation,
    /// The new token of the link in the mail. It is shown here and never again.
    pub token: String,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Which invitation is taken back.
#[derive(Debug, InputObject)]
pub struct RevokeInvitationInput {
    /// Global id of the invitation.
    pub invitation: ID,
    /// Comes back in the payload as it was given.
    pub client_mutation_id: Option<String>,
}

/// The invitation as it is now.
#[derive(Debug, SimpleObject)]
pub struct RevokeInvitationPayload {
    /// The invitation that was taken back.
    pub invitation: OrganizationInvitation,
    /// As it was given.
    pub client_mutation_id: Option<String>,
}

/// Sending invitations.
#[derive(Debug, Default)]
pub struct InviteMutations;

#[Object(guard = "crate::graphql::guard::signed_in()")]
impl InviteMutations {
    /// Invites people by mail, each for seven days. An address has one open invitation: inviting again renews it. You
    /// cannot offer a role that grants what you do not hold yourself: an admin invites no owner. The plan's limit on
    /// members counts when an invitation is accepted. An address or a role that is refused stops them all.
    #[graphql(
        directive = requires::apply(P::MembersWrite.into()),
        guard = "needs(P::MembersWrite).in_organization_named(\"input.organization\", &input.organization)"
    )]
    async fn invite_members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom, where and as what.")] input: InviteMembersInput,
    ) -> Result<InviteMembersPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let organization_id = id::key_of(Kind::Organization, &input.organization, "input.organization")?;
        let wanted = checked(input.invitations)?;
        for (_, role) in &wanted {
            viewer.may_appoint((*role).into(), organization_id)?;
        }
        let sender = Sender::of(context.request(), db, organization_id).await?;
        let mut results = Vec::with_capacity(wanted.len());
        for (email, role) in wanted {
            results.push(sender.invite(email, role).await?);
        }
        Ok(InviteMembersPayload { results, client_mutation_id: input.client_mutation_id })
    }

    /// Sends an invitation again, with a new token and seven more days, also when it had expired or was taken back. The
    /// old token ends. Refused with CONFLICT once it was answered.
    #[graphql(
        directive = requires::apply(P::MembersWrite.into()),
        guard = "needs(P::MembersWrite).on(Kind::OrganizationInvitation, \"input.invitation\", &input.invitation)"
    )]
    async fn resend_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ResendInvitationInput,
    ) -> Result<ResendInvitationPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let before = named::invitation(context, "input.invitation", &input.invitation).await?;
        viewer.may_appoint(before.role, before.organization_id)?;
        let sender = Sender::of(context.request(), db, before.organization_id).await?;
        let token = token::new();
        calls::renew(db, before.id, &token::digest(&token)).await?;
        let after = sender.send(before.id, &token, "invitation.resent", "resend").await?;
        Ok(ResendInvitationPayload { invitation: after.into(), token, client_mutation_id: input.client_mutation_id })
    }

    /// Takes an invitation back: its token ends. Refused with CONFLICT once it was answered.
    #[graphql(
        directive = requires::apply(P::MembersWrite.into()),
        guard = "needs(P::MembersWrite).on(Kind::OrganizationInvitation, \"input.invitation\", &input.invitation)"
    )]
    async fn revoke_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload> {
        let (db, viewer) = (context.db().await?, context.viewer());
        let before = named::invitation(context, "input.invitation", &input.invitation).await?;
        viewer.may_appoint(before.role, before.organization_id)?;
        calls::revoke(db, before.id).await?;
        let after = row(db, before.id).await?;
        let changes = Changes::default().of("email", after.invited_email.as_str(), None::<String>);
        let record = Record::new("invitation.revoked", "revoke", "organization_invitation")
            .to(after.id)
            .in_organization(after.organization_id)
            .changes(changes);
        audit::record(db, &context.request().client, record).await?;
        Ok(RevokeInvitationPayload { invitation: after.into(), client_mutation_id: input.client_mutation_id })
    }
}

/// The addresses as they are written to, each once.
fn checked(invitations: Vec<MemberToInvite>) -> Result<Vec<(String, OrganizationRole)>> {
    let count = invitations.len();
    if !(1..=MAX_INVITATIONS).contains(&count) {
        return Err(Error::invalid(
            "input.invitations",
            format!("has {count} entries, 1 to {MAX_INVITATIONS} are taken"),
        ));
    }
    let mut seen = HashSet::new();
    let mut wanted = Vec::with_capacity(count);
    for (index, MemberToInvite { email, role }) in invitations.into_iter().enumerate() {
        let path = format!("input.invitations.{index}.email");
        let email = match input::email("email", &email) {
            Ok(email) => email,
            Err(Error::InvalidInput { message, .. }) => return Err(Error::invalid(path, message)),
            Err(other) => return Err(other),
        };
        if !seen.insert(email.to_lowercase()) {
            return Err(Error::invalid(path, "stands there twice"));
        }
        wanted.push((email, role));
    }
    Ok(wanted)
}

async fn row(db: &RequestTransaction, id: Uuid) -> Result<invitations::Safe> {
    let rows = invitations::Safe::select_cols(invitations::Entity::find().select_only());
    let found = rows.filter(invitations::Column::Id.eq(id)).into_model::<invitations::Safe>().one(db).await?;
    found.ok_or(Error::NotFound("the invitation was".into()))
}

/// Who writes to people, and in whose name.
struct Sender<'a> {
    request: &'a Request,
    db: &'a RequestTransaction,
    organization: organizations::Model,
    /// Who invites, as letters call them.
    inviter: String,
}

/// How the service signs, as `invitation_by_token` does.
const PLATFORM: &str = "ogelbase";

/// A person as they are called, or by their address. An API key that may give any role sees who made it.
async fn called(db: &RequestTransaction, user_id: Uuid) -> Result<String> {
    let found = users::Safe::select_cols(users::Entity::find().select_only()).filter(users::Column::Id.eq(user_id));
    let found: Option<users::Safe> = found.into_model().one(db).await?;
    let person = found.ok_or_else(|| Error::internal("who invites is visible to themselves"))?;
    let names: Vec<String> = [person.first_name, person.last_name].into_iter().flatten().collect();
    Ok(if names.is_empty() { person.email } else { names.join(" ") })
}

impl<'a> Sender<'a> {
    async fn of(request: &'a Request, db: &'a RequestTransaction, organization_id: Uuid) -> Result<Self> {
        let organization = organizations::Entity::find_by_id(organization_id).one(db).await?;
        Ok(Self {
            request,
            db,
            organization: organization.ok_or(Error::NotFound("the organization was".into()))?,
            inviter: match request.viewer().author_id() {
                Some(author_id) => called(db, author_id).await?,
                None => PLATFORM.to_owned(),
            },
        })
    }

    async fn invite(&self, email: String, role: OrganizationRole) -> Result<InviteResult> {
        let token = token::new();
        let invited = calls::invite(self.db, self.organization.id, &email, role.into(), &token::digest(&token)).await?;
        let (id, outcome) = match invited {
            Invited::Anew(id) => (id, InviteOutcome::Invited),
            Invited::Renewed(id) => (id, InviteOutcome::Renewed),
            Invited::Forbidden => return Err(Error::Forbidden { permission: P::OwnershipTransfer.name() }),
            Invited::Member => {
                let outcome = InviteOutcome::AlreadyMember;
                return Ok(InviteResult { email, outcome, invitation: None, token: None });
            }
        };
        let row = self.send(id, &token, "member.invited", "invite").await?;
        Ok(InviteResult { email, outcome, invitation: Some(row.into()), token: Some(token) })
    }

    /// Writes the letter and the record.
    async fn send(&self, id: Uuid, token: &str, event: &'static str, verb: &'static str) -> Result<invitations::Safe> {
        let row = row(self.db, id).await?;
        let letter = Letter::Invitation {
            organization: self.organization.name.clone(),
            invited_by: self.inviter.clone(),
            role: row.role.to_value(),
            token: token.to_owned(),
            expires_at: row.expires_at,
        };
        mail::enqueue(self.db, &self.request.vault, &row.invited_email, &letter).await?;
        let changes = Changes::default().of("email", None::<String>, row.invited_email.as_str()).of(
            "role",
            None::<String>,
            row.role.to_value(),
        );
        let record = Record::new(event, verb, "organization_invitation").to(id).in_organization(row.organization_id);
        audit::record(self.db, &self.request.client, record.changes(changes)).await?;
        Ok(row)
    }
}
