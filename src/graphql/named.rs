//! The objects that mutations name by a global id. What the caller may not see does not exist.

use async_graphql::{Context, ID};
use entity::{organization_invitations as invitations, organization_members as members, project_members, projects};
use sea_orm::{ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    context::ContextExt,
    id::{self, Kind},
};
use crate::{
    auth::Permission as P,
    error::{Error, Result},
};

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its organization.
    pub organization_id: Uuid,
    /// Its project, if it is of one.
    pub project_id: Option<Uuid>,
}

/// Where the object stands that the argument `path` names.
///
/// # Errors
/// [`Error::NotFound`] when it does not exist for the caller; [`Error::InvalidInput`] for the id of something else.
pub async fn place(context: &Context<'_>, kind: Kind, path: &'static str, id: &ID) -> Result<Place> {
    let in_organization = |organization_id| Place { organization_id, project_id: None };
    match kind {
        Kind::OrganizationMember => Ok(in_organization(member(context, path, id).await?.organization_id)),
        Kind::OrganizationInvitation => Ok(in_organization(invitation(context, path, id).await?.organization_id)),
        Kind::Project => {
            let found = project(context, path, id).await?;
            Ok(Place { organization_id: found.organization_id, project_id: Some(found.id) })
        }
        Kind::ProjectMember => {
            let found = project_member(context, path, id).await?;
            Ok(Place { organization_id: found.organization_id, project_id: Some(found.project_id) })
        }
        other => Err(Error::internal(format!("no mutation names a {other:?} yet"))),
    }
}

/// The membership that `path` names.
///
/// # Errors
/// As [`place`]'s.
pub async fn member(context: &Context<'_>, path: &'static str, id: &ID) -> Result<members::Model> {
    let key = id::key_of(Kind::OrganizationMember, id, path)?;
    let found = members::Entity::find_by_id(key).one(context.db().await?).await?;
    let viewer = context.viewer();
    let visible = found.filter(|found| viewer.may_in_organization(P::MembersRead, found.organization_id));
    visible.ok_or(Error::NotFound("the member was".into()))
}

/// The invitation that `path` names.
///
/// # Errors
/// As [`place`]'s.
pub async fn invitation(context: &Context<'_>, path: &'static str, id: &ID) -> Result<invitations::Safe> {
    let key = id::key_of(Kind::OrganizationInvitation, id, path)?;
    let rows = invitations::Safe::select_cols(invitations::Entity::find().select_only());
    let found = rows.filter(invitations::Column::Id.eq(key)).into_model::<invitations::Safe>();
    let found = found.one(context.db().await?).await?;
    let viewer = context.viewer();
    let visible = found.filter(|found| viewer.may_in_organization(P::MembersWrite, found.organization_id));
    visible.ok_or(Error::NotFound("the invitation was".into()))
}

/// The project that `path` names.
///
/// # Errors
/// As [`place`]'s.
pub async fn project(context: &Context<'_>, path: &'static str, id: &ID) -> Result<projects::Safe> {
    let key = id::key_of(Kind::Project, id, path)?;
    let rows = projects::Safe::select_cols(projects::Entity::find().select_only());
    let found = rows.filter(projects::Column::Id.eq(key)).into_model::<projects::Safe>();
    let found = found.one(context.db().await?).await?;
    let viewer = context.viewer();
    let visible = found.filter(|found| viewer.sees_project(found.organization_id, found.id));
    visible.ok_or(Error::NotFound("the project was".into()))
}

/// The role in a project that `path` names.
///
/// # Errors
/// As [`place`]'s.
pub async fn project_member(context: &Context<'_>, path: &'static str, id: &ID) -> Result<project_members::Model> {
    let key = id::key_of(Kind::ProjectMember, id, path)?;
    let found = project_members::Entity::find_by_id(key).one(context.db().await?).await?;
    let viewer = context.viewer();
    let visible = found.filter(|found| viewer.may_in_project(P::ProjectsRead, found.organization_id, found.project_id));
    visible.ok_or(Error::NotFound("the project member was".into()))
}
