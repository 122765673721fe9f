//! The words of access control. They sit on the field and read as a sentence; the directive `@requires` beside them
//! shows the same in the SDL.

use async_graphql::{Context, Guard, ID, TypeDirective};
use uuid::Uuid;

use super::{
    context::ContextExt,
    id::{self, Kind},
    named,
};
use crate::{auth::Permission, error::Error};

/// What the caller needs for this field: a permission of the access table in this object's organization or project,
/// `signed_in`, `self` (the user it is about) or `public` (nobody need be signed in).
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(
    #[graphql(desc = "A permission of the access table (`billing:read`), or `signed_in`, `self`, `public`.")]
    permission: String,
) {
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.name().to_owned()
    }
}

fn allowed_if(allowed: bool, permission: &'static str) -> async_graphql::Result<()> {
    if allowed { Ok(()) } else { Err(Error::Forbidden { permission }.into()) }
}

/// As [`allowed_if`], for something in an organization. What a mutation's own guard is asked about is noted, for the audit
/// trail: whether it says no or a finer rule does later, the refusal goes on record there.
fn allowed_there_if(
    allowed: bool,
    context: &Context<'_>,
    permission: Permission,
    organization_id: Uuid,
    project_id: Option<Uuid>,
) -> async_graphql::Result<()> {
    if context.path_node.is_some_and(|node| node.parent.is_none()) {
        context.request().refusals.asked_about(organization_id, project_id);
    }
    allowed_if(allowed, permission.name())
}

/// Open to everybody.
#[derive(Debug)]
pub struct Public;

/// Open to everybody, also to who is not signed in.
#[must_use]
pub const fn public() -> Public {
    Public
}

impl Guard for Public {
    async fn check(&self, _: &Context<'_>) -> async_graphql::Result<()> {
        Ok(())
    }
}

/// Open to who is signed in: the default of every type.
#[derive(Debug)]
pub struct SignedIn;

/// Open to everybody who is signed in.
#[must_use]
pub const fn signed_in() -> SignedIn {
    SignedIn
}

impl Guard for SignedIn {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        context.viewer().signed_in().map_err(Into::into)
    }
}

/// Open to the user whom the object is about.
#[derive(Debug)]
pub struct OnlySelf(Uuid);

/// Open to this user alone.
#[must_use]
pub const fn only_self(user_id: Uuid) -> OnlySelf {
    OnlySelf(user_id)
}

impl Guard for OnlySelf {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        allowed_if(context.viewer().member()?.user_id == self.0, "self")
    }
}

/// Open to persons.
#[derive(Debug)]
pub struct APerson;

/// Open to a person who is signed in: what one does with one's own standing is not done by an API key or the service.
#[must_use]
pub const fn a_person() -> APerson {
    APerson
}

impl Guard for APerson {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        context.viewer().member().map(|_| ()).map_err(Into::into)
    }
}

/// Open to the members of an organization.
#[derive(Debug)]
pub struct MemberOf<'a> {
    path: &'static str,
    id: &'a ID,
}

/// Open to a person who belongs to the organization that the argument `path` of a mutation names, whatever their role
/// grants there at present.
#[must_use]
pub const fn member_of_named<'a>(path: &'static str, id: &'a ID) -> MemberOf<'a> {
    MemberOf { path, id }
}

impl Guard for MemberOf<'_> {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.member()?;
        let organization_id = id::key_of(Kind::Organization, self.id, self.path)?;
        if !viewer.is_member_of(organization_id) {
            return Err(Error::NotFound("the organization was".into()).into());
        }
        context.request().refusals.asked_about(organization_id, None);
        Ok(())
    }
}

/// A permission that still lacks its object.
#[derive(Debug)]
pub struct Needs(Permission);

/// Needs this permission, in the object that is named next.
#[must_use]
pub const fn needs(permission: Permission) -> Needs {
    Needs(permission)
}

impl Needs {
    /// In this organization.
    #[must_use]
    pub const fn in_organization(self, organization_id: Uuid) -> NeedsIn {
        NeedsIn { permission: self.0, organization_id, project_id: None }
    }

    /// In this organization, on everything or on what one made oneself; the row policy leaves others' rows out.
    #[must_use]
    pub const fn on_own_in_organization(self, organization_id: Uuid) -> NeedsOnOwn {
        NeedsOnOwn { permission: self.0, organization_id }
    }

    /// In the organization that the argument `path` of a mutation names by its global id.
    #[must_use]
    pub const fn in_organization_named<'a>(self, path: &'static str, id: &'a ID) -> NeedsInNamed<'a> {
        NeedsInNamed { permission: self.0, path, id, on_own: false }
    }

    /// The same, where it is enough to hold it on what one makes oneself.
    #[must_use]
    pub const fn on_own_in_organization_named<'a>(self, path: &'static str, id: &'a ID) -> NeedsInNamed<'a> {
        NeedsInNamed { permission: self.0, path, id, on_own: true }
    }

    /// In the organization or project of the object that the argument `path` of a mutation names by its global id.
    #[must_use]
    pub const fn on<'a>(self, kind: Kind, path: &'static str, id: &'a ID) -> NeedsOn<'a> {
        NeedsOn { permission: self.0, kind, path, id }
    }

    /// In this project, by a role there or in its organization.
    #[must_use]
    pub const fn in_project(self, project: &entity::projects::Safe) -> NeedsIn {
        self.in_project_of(project.organization_id, project.id)
    }

    /// In the project of a row that names it and its organization.
    #[must_use]
    pub const fn in_project_of(self, organization_id: Uuid, project_id: Uuid) -> NeedsIn {
        NeedsIn { permission: self.0, organization_id, project_id: Some(project_id) }
    }
}

/// A permission in one object.
#[derive(Debug)]
pub struct NeedsIn {
    permission: Permission,
    organization_id: Uuid,
    project_id: Option<Uuid>,
}

impl Guard for NeedsIn {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.signed_in()?;
        let allowed = match self.project_id {
            Some(project_id) => viewer.may_in_project(self.permission, self.organization_id, project_id),
            None => viewer.may_in_organization(self.permission, self.organization_id),
        };
        allowed_there_if(allowed, context, self.permission, self.organization_id, self.project_id)
    }
}

/// A permission in one organization, on what one made oneself at least.
#[derive(Debug)]
pub struct NeedsOnOwn {
    permission: Permission,
    organization_id: Uuid,
}

impl Guard for NeedsOnOwn {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.signed_in()?;
        let allowed = viewer.may_on_own_in_organization(self.permission, self.organization_id);
        allowed_there_if(allowed, context, self.permission, self.organization_id, None)
    }
}

/// A permission in the organization that an argument names.
#[derive(Debug)]
pub struct NeedsInNamed<'a> {
    permission: Permission,
    path: &'static str,
    id: &'a ID,
    on_own: bool,
}

impl Guard for NeedsInNamed<'_> {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.signed_in()?;
        let organization_id = id::key_of(Kind::Organization, self.id, self.path)?;
        let allowed = match self.on_own {
            true => viewer.may_on_own_in_organization(self.permission, organization_id),
            false => viewer.may_in_organization(self.permission, organization_id),
        };
        if !allowed && !viewer.sees_organization(organization_id) {
            // What one may not see does not exist.
            return Err(Error::NotFound("the organization was".into()).into());
        }
        allowed_there_if(allowed, context, self.permission, organization_id, None)
    }
}

/// A permission on the object that an argument names.
#[derive(Debug)]
pub struct NeedsOn<'a> {
    permission: Permission,
    kind: Kind,
    path: &'static str,
    id: &'a ID,
}

impl Guard for NeedsOn<'_> {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.signed_in()?;
        let place = named::place(context, self.kind, self.path, self.id).await?;
        let allowed = match place.project_id {
            Some(project_id) => viewer.may_in_project(self.permission, place.organization_id, project_id),
            None => viewer.may_in_organization(self.permission, place.organization_id),
        };
        allowed_there_if(allowed, context, self.permission, place.organization_id, place.project_id)
    }
}

/// Open to who is signed in and sees all of their organizations.
#[derive(Debug)]
pub struct Everywhere;

/// Open to everybody who is signed in and does not narrow the request by `X-Organization`: what it is about lies outside
/// of that one organization.
#[must_use]
pub const fn everywhere() -> Everywhere {
    Everywhere
}

impl Guard for Everywhere {
    async fn check(&self, context: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = context.viewer();
        viewer.member()?;
        if viewer.looks_at(None) {
            return Ok(());
        }
        Err(Error::invalid("X-Organization", "this is about another organization: leave the header out").into())
    }
}
