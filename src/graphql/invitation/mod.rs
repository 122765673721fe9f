//! Invitations to organizations.

mod answer;
mod invite;

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
};

use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use chrono::{DateTime, Utc};
use entity::organization_invitations::{Column, Entity, Safe};
use sea_orm::{
    ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::signed_in,
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    organization::{Organization, OrganizationById},
    organization_member::OrganizationRole,
    page::{OrderField, SortKind, Sorted},
    user::{User, UserById},
};
use crate::auth::{Permission as P, Principal};
use crate::{
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
};

pub use answer::InvitationQueries;

/// Mutations of invitations.
#[derive(Debug, Default, MergedObject)]
pub struct InvitationMutations(invite::InviteMutations, answer::AnswerMutations);

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum InvitationStatus {
    /// Waits for an answer.
    Pending,
    /// Nobody answered in time.
    Expired,
    /// The person joined.
    Accepted,
    /// The person said no.
    Declined,
    /// The organization took it back.
    Revoked,
}

/// An invitation by mail to join an organization.
#[derive(Debug, Clone)]
pub struct OrganizationInvitation(Safe);

impl From<Safe> for OrganizationInvitation {
    fn from(row: Safe) -> Self {
        Self(row)
    }
}

impl OrganizationInvitation {
    fn status_at(&self, now: DateTime<Utc>) -> InvitationStatus {
        let row = &self.0;
        match (row.accepted_at, row.declined_at, row.revoked_at) {
            (Some(_), _, _) => InvitationStatus::Accepted,
            (None, Some(_), _) => InvitationStatus::Declined,
            (None, None, Some(_)) => InvitationStatus::Revoked,
            (None, None, None) if row.expires_at <= now => InvitationStatus::Expired,
            (None, None, None) => InvitationStatus::Pending,
        }
    }
}

impl OrganizationInvitation {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_organization(P::MembersWrite, self.0.organization_id)
    }
}

/// An invitation by mail to join an organization. Whoever may invite there sees it.
#[Object(guard = "signed_in()")]
impl OrganizationInvitation {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::OrganizationInvitation.id(self.0.id)
    }

    /// The address that was invited, compared without regard to upper and lower case.
    async fn email(&self) -> &str {
        &self.0.invited_email
    }

    /// What the person may do once a member.
    async fn role(&self) -> OrganizationRole {
        self.0.role.into()
    }

    /// Where it stands at this moment.
    async fn status(&self, context: &Context<'_>) -> InvitationStatus {
        self.status_at(context.request().sessions.clock.now())
    }

    /// When it was first made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed or renewed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// From when on it can no longer be accepted.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it was accepted; null while it was not.
    async fn accepted_at(&self) -> Option<DateTime<Utc>> {
        self.0.accepted_at
    }

    /// When it was declined; null while it was not.
    async fn declined_at(&self) -> Option<DateTime<Utc>> {
        self.0.declined_at
    }

    /// When the organization took it back; null while it did not.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// The organization to join; null only if you left it at this very moment.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        context.load(OrganizationById(self.0.organization_id)).await
    }

    /// Who invited, or made the API key that did; null when the platform itself did, and when that account is not visible
    /// to you any more.
    async fn inviter(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.invited_by {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }

    /// Who accepted; null while nobody did, and when that account is not visible to you any more.
    async fn accepted_by(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.accepted_by {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }
}

/// Which invitations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct InvitationFilter {
    /// That stand so at this moment.
    pub status: Option<Vec<InvitationStatus>>,
}

impl InvitationFilter {
    fn apply(&self, now: DateTime<Utc>, select: Select<Entity>) -> Select<Entity> {
        let Some(statuses) = &self.status else { return select };
        let unaccepted = || Column::AcceptedAt.is_null();
        let undeclined = || unaccepted().and(Column::DeclinedAt.is_null());
        let unanswered = || undeclined().and(Column::RevokedAt.is_null());
        let wanted = statuses.iter().map(|status| match status {
            InvitationStatus::Pending => unanswered().and(Column::ExpiresAt.gt(now)),
            InvitationStatus::Expired => unanswered().and(Column::ExpiresAt.lte(now)),
            InvitationStatus::Accepted => Column::AcceptedAt.is_not_null(),
            InvitationStatus::Declined => unaccepted().and(Column::DeclinedAt.is_not_null()),
            InvitationStatus::Revoked => undeclined().and(Column::RevokedAt.is_not_null()),
        });
        select.filter(wanted.fold(Expr::val(false), ExprTrait::or))
    }
}

/// The one order of invitations: when they were made.
#[derive(Debug, Clone, Copy)]
pub struct InvitationOrderField;

impl OrderField for InvitationOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Desc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<InvitationOrderField> for OrganizationInvitation {
    fn position(&self, _: InvitationOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// The present as a resolver saw it. The resolvers of one request see it some microseconds apart, which shall not make
/// a statement of its own for each, so it does not tell keys apart.
#[derive(Debug, Clone, Copy)]
pub struct Present(pub DateTime<Utc>);

impl PartialEq for Present {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Present {}

impl Hash for Present {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A page of an organization's invitations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InvitationsOf {
    /// The organization.
    pub organization_id: Uuid,
    /// Which of them.
    pub filter: InvitationFilter,
    /// What the time is.
    pub now: Present,
    /// Which part.
    pub window: Window,
}

impl PageKey for InvitationsOf {
    type Row = Safe;

    fn parent(&self) -> Uuid {
        self.organization_id
    }

    fn of_parent(&self, organization_id: Uuid) -> Self {
        Self { organization_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Safe>>> {
        let select = self.filter.apply(self.now.0, rows());
        let list = List { select, key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::OrganizationId, parents, &self.window).await
    }
}

fn rows() -> Select<Entity> {
    Safe::select_cols(Entity::find().select_only())
}

row_key! {
    /// One invitation by its key.
    OrganizationInvitationById loads OrganizationInvitation from rows(), by Column::Id => id
}
