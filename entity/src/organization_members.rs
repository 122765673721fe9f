//! `platform.organization_members`: who belongs to an organization.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What a member may do in an organization: a set of permissions, not a rung on a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRole {
    /// Everything, deletion and the transfer of ownership included.
    #[sea_orm(string_value = "owner")]
    Owner,
    /// Everything but deletion and the transfer of ownership.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Creates projects and makes own API keys.
    #[sea_orm(string_value = "developer")]
    Developer,
    /// What a member may, and reads and changes billing.
    #[sea_orm(string_value = "billing_admin")]
    BillingAdmin,
    /// Sees the organization; projects only where added.
    #[sea_orm(string_value = "member")]
    Member,
}

/// A membership: one person's role in one organization; each keeps at least one owner.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "organization_members")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization; unique with the user.
    pub organization_id: Uuid,
    /// The member.
    pub user_id: Uuid,
    /// What the member may do there.
    pub role: OrganizationRole,
    /// When they were invited; none: they founded it.
    pub invited_at: Option<DateTimeUtc>,
    /// The user who invited them.
    pub invited_by: Option<Uuid>,
    /// When they became a member.
    pub joined_at: DateTimeUtc,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The member.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The memberships of an organization.
    pub fn of_organization(organization_id: Uuid) -> Select<Self> {
        Self::find().filter(Column::OrganizationId.eq(organization_id))
    }

    /// The memberships of a person.
    pub fn of_user(user_id: Uuid) -> Select<Self> {
        Self::find().filter(Column::UserId.eq(user_id))
    }
}
