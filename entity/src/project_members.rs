//! `platform.project_members`: who works on a project.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What a member may do in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum ProjectRole {
    /// Everything, deletion and transfer included.
    #[sea_orm(string_value = "owner")]
    Owner,
    /// Changes infrastructure, credentials and members.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Changes the project and its databases, reads credentials.
    #[sea_orm(string_value = "developer")]
    Developer,
    /// Looks.
    #[sea_orm(string_value = "read_only")]
    ReadOnly,
}

/// One person's role in one project; it goes with the membership in the organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "project_members")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project; unique with the user.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// The member, who is also one of the organization.
    pub user_id: Uuid,
    /// What the member may do in the project.
    pub role: ProjectRole,
    /// The user who added them.
    pub added_by: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
    /// The member.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The members of a project.
    pub fn of_project(project_id: Uuid) -> Select<Self> {
        Self::find().filter(Column::ProjectId.eq(project_id))
    }

    /// A person's roles in projects.
    pub fn of_user(user_id: Uuid) -> Select<Self> {
        Self::find().filter(Column::UserId.eq(user_id))
    }
}
