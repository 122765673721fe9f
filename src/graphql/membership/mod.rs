//! Changing who belongs to an organization or a project, and as what.

mod leave;
mod project;
mod remove;
mod role;
mod transfer;

use async_graphql::MergedObject;
use entity::{
    organization_members::{Column, Entity, Model, OrganizationRole},
    users,
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::context::Request;
use crate::{
    auth::Permission as P,
    db::{RequestTransaction, memberships},
    error::{Error, Result},
};

/// Mutations of memberships.
#[derive(Debug, Default, MergedObject)]
pub struct MembershipMutations(
    role::UpdateMemberRoleMutation,
    remove::RemoveMemberMutation,
    leave::LeaveOrganizationMutation,
    transfer::TransferOwnershipMutation,
    project::ProjectMemberMutations,
);

/// The membership as it is once nobody else changes who belongs to its organization.
async fn settled(db: &RequestTransaction, member: &Model) -> Result<Model> {
    memberships::lock_organization(db, member.organization_id).await?;
    Entity::find_by_id(member.id).one(db).await?.ok_or(Error::NotFound("the member was".into()))
}

/// Writes a member's role. The policies look at this moment, the guard at the request's beginning: who may, may no
/// longer, and finds no row to write.
async fn write_role(db: &RequestTransaction, member_id: Uuid, role: OrganizationRole) -> Result<Model> {
    let write = Entity::update_many().col_expr(Column::Role, Expr::value(role.to_value()));
    let written = write.filter(Column::Id.eq(member_id)).exec_with_returning(db).await?;
    written.into_iter().next().ok_or(Error::Forbidden { permission: P::MembersWrite.name() })
}

/// Ends a membership, and with it its roles in projects.
async fn end(db: &RequestTransaction, member_id: Uuid) -> Result<()> {
    let ended = Entity::delete_by_id(member_id).exec(db).await?;
    if ended.rows_affected == 1 { Ok(()) } else { Err(Error::Forbidden { permission: P::MembersWrite.name() }) }
}

/// Who changed their own membership, or a key that of its maker, goes on as who they have become.
async fn renew_if_self(request: &Request, user_id: Uuid) -> Result<()> {
    if request.viewer().author_id() == Some(user_id) { request.renew_viewer().await } else { Ok(()) }
}

/// The address of a person, for the record: it says who it was when the account is out of sight.
async fn address(db: &RequestTransaction, user_id: Uuid) -> Result<Option<String>> {
    let address = users::Entity::find_by_id(user_id).select_only().column(users::Column::Email).into_tuple();
    Ok(address.one(db).await?)
}
