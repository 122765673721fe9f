//! Everything that has a global id (Relay object identification).

use async_graphql::{Context, ID, Interface, Object};

use super::{
    context::ContextExt,
    guard::{requires, signed_in},
    id::{self, Kind},
    organization::{Organization, OrganizationById},
    organization_member::{OrganizationMember, OrganizationMemberById},
    project::{Project, ProjectById},
    project_member::{ProjectMember, ProjectMemberById},
    user::{User, UserById},
};
use crate::error::{Error, Result};

/// Ids of one `nodes` at most.
const MAX_IDS: usize = 100;

/// An object with a global id.
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque global id."))]
pub enum Node {
    /// A person.
    User(User),
    /// An organization.
    Organization(Organization),
    /// A membership of an organization.
    OrganizationMember(OrganizationMember),
    /// A project.
    Project(Project),
    /// A role in a project.
    ProjectMember(ProjectMember),
}

/// Queries by global id.
#[derive(Debug, Default)]
pub struct NodeQueries;

#[Object(guard = "signed_in()")]
impl NodeQueries {
    /// The object with this id; null when there is none that you may see. An id that this API never gave out is
    /// refused with INVALID_INPUT.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn node(&self, context: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Result<Option<Node>> {
        load(context, &id, "id".to_owned()).await
    }

    /// The objects with these ids, in their order; null in the place of each that you may not see.
    #[graphql(directive = requires::apply("signed_in".into()))]
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most 100 global ids.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<Node>>>> {
        if ids.len() > MAX_IDS {
            return Err(Error::invalid("ids", format!("has {} ids, at most {MAX_IDS} are taken", ids.len())));
        }
        let nodes = ids.iter().enumerate().map(|(index, id)| load(context, id, format!("ids.{index}")));
        futures_util::future::try_join_all(nodes).await.map(Some)
    }
}

async fn load(context: &Context<'_>, id: &str, path: String) -> Result<Option<Node>> {
    let (kind, key) = id::parse(id, path)?;
    Ok(match kind {
        Kind::User => context.load(UserById(key)).await?.map(Node::User),
        Kind::Organization => context.load(OrganizationById(key)).await?.map(Node::Organization),
        Kind::OrganizationMember => context.load(OrganizationMemberById(key)).await?.map(Node::OrganizationMember),
        Kind::Project => context.load(ProjectById(key)).await?.map(Node::Project),
        Kind::ProjectMember => context.load(ProjectMemberById(key)).await?.map(Node::ProjectMember),
    })
}
