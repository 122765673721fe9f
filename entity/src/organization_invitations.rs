//! `platform.organization_invitations`: invitations to an organization.

use sea_orm::entity::prelude::*;

use super::organization_members::OrganizationRole;

/// An invitation by mail; at most one is open for an organization and address.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "organization_invitations")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization to join.
    pub organization_id: Uuid,
    /// Address invited, compared without regard to case.
    #[sea_orm(column_type = "Text")]
    pub invited_email: String,
    /// The user who invited, or whose API key did; none: the platform itself.
    pub invited_by: Option<Uuid>,
    /// The role it grants.
    pub role: OrganizationRole,
    /// SHA-256 of the token in the mail, unique.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// When it can no longer be accepted; inviting again moves it.
    pub expires_at: DateTimeUtc,
    /// When it was accepted.
    pub accepted_at: Option<DateTimeUtc>,
    /// The user who accepted.
    pub accepted_by: Option<Uuid>,
    /// When it was declined.
    pub declined_at: Option<DateTimeUtc>,
    /// When the organization took it back.
    pub revoked_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The user who invited.
    #[sea_orm(belongs_to, from = "invited_by", to = "id")]
    pub inviter: BelongsTo<Option<super::users::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the token's hash.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// The organization to join.
    pub organization_id: Uuid,
    /// Address invited, compared without regard to case.
    pub invited_email: String,
    /// The user who invited, or whose API key did; none: the platform itself.
    pub invited_by: Option<Uuid>,
    /// The role it grants.
    pub role: OrganizationRole,
    /// When it can no longer be accepted; inviting again moves it.
    pub expires_at: DateTimeUtc,
    /// When it was accepted.
    pub accepted_at: Option<DateTimeUtc>,
    /// The user who accepted.
    pub accepted_by: Option<Uuid>,
    /// When it was declined.
    pub declined_at: Option<DateTimeUtc>,
    /// When the organization took it back.
    pub revoked_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
