//! Roles in single projects.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::project_members::{self as members, Column, Entity, Model};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::{
    context::ContextExt,
    guard::signed_in,
    id::Kind,
    loader::{PageKey, row_key},
    order::OrderDirection,
    page::{OrderField, SortKind, Sorted},
    project::{Project, ProjectById},
    user::{User, UserById},
};
use crate::{
    auth::{Permission as P, Principal},
    db::{
        RequestTransaction,
        list::{List, Position, Slice, SortValue, Window},
    },
    error::Result,
};

/// What a project member may do in the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "members::ProjectRole")]
pub enum ProjectRole {
    /// Everything, deletion and transfer included.
    Owner,
    /// Everything but deletion and transfer.
    Admin,
    /// Works with the project and its databases, reads its keys.
    Developer,
    /// Sees everything but secrets.
    ReadOnly,
}

/// A person's role in one project.
#[derive(Debug, Clone)]
pub struct ProjectMember(Model);

impl From<Model> for ProjectMember {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl ProjectMember {
    /// Whether the caller may see it at all.
    #[must_use]
    pub fn visible_to(&self, viewer: &Principal) -> bool {
        viewer.may_in_project(P::ProjectsRead, self.0.organization_id, self.0.project_id)
    }
}

/// A person's role in one project. Whoever has access to the project sees its members.
#[Object(guard = "signed_in()")]
impl ProjectMember {
    /// Opaque global id.
    pub async fn id(&self) -> ID {
        Kind::ProjectMember.id(self.0.id)
    }

    /// What the person may do in the project.
    async fn role(&self) -> ProjectRole {
        self.0.role.into()
    }

    /// When the person was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The project; null only if the role ended at this very moment.
    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        context.load(ProjectById(self.0.project_id)).await
    }

    /// The person; null only if the role ended at this very moment.
    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        context.load(UserById(self.0.user_id)).await
    }

    /// Who added the person; null when nobody did, or when that account is not visible to you.
    async fn added_by(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.added_by {
            Some(user_id) => context.load(UserById(user_id)).await,
            None => Ok(None),
        }
    }
}

/// Which project members are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ProjectMemberFilter {
    /// With one of these roles.
    pub role: Option<Vec<ProjectRole>>,
}

impl ProjectMemberFilter {
    fn apply(&self, select: Select<Entity>) -> Select<Entity> {
        match &self.role {
            Some(roles) => {
                let roles = roles.iter().map(|role| members::ProjectRole::from(*role).to_value());
                select.filter(Column::Role.eq_any(roles))
            }
            None => select,
        }
    }
}

/// The one order of project members: when they were added.
#[derive(Debug, Clone, Copy)]
pub struct ProjectMemberOrderField;

impl OrderField for ProjectMemberOrderField {
    const DEFAULT: (Self, OrderDirection) = (Self, OrderDirection::Asc);

    fn name(self) -> &'static str {
        "created"
    }

    fn kind(self) -> SortKind {
        SortKind::Time
    }
}

impl Sorted<ProjectMemberOrderField> for ProjectMember {
    fn position(&self, _: ProjectMemberOrderField) -> Position {
        Position { value: SortValue::Time(self.0.created_at), id: self.0.id }
    }
}

/// A page of a project's members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectMembersOf {
    /// The project.
    pub project_id: Uuid,
    /// Which of them.
    pub filter: ProjectMemberFilter,
    /// Which part.
    pub window: Window,
}

impl PageKey for ProjectMembersOf {
    type Row = Model;

    fn parent(&self) -> Uuid {
        self.project_id
    }

    fn of_parent(&self, project_id: Uuid) -> Self {
        Self { project_id, ..self.clone() }
    }

    async fn load(&self, db: &RequestTransaction, parents: &[Uuid]) -> Result<HashMap<Uuid, Slice<Model>>> {
        let list = List { select: self.filter.apply(Entity::find()), key: Column::CreatedAt, id: Column::Id };
        list.of_each(db, Column::ProjectId, parents, &self.window).await
    }
}

row_key! {
    /// One project membership by its key.
    ProjectMemberById loads ProjectMember from Entity::find(), by Column::Id => id
}
