//! `platform.credentials`: a project's keys.

use sea_orm::entity::prelude::*;

/// The API keys and signing secret of one project, all sealed by the vault.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "credentials")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project; one row for each.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// JWT with the role `anon`, for clients; sealed.
    #[sea_orm(column_type = "Text")]
    pub anon_key_sealed: String,
    /// JWT with the role `service_role`, for servers; sealed.
    #[sea_orm(column_type = "Text")]
    pub service_role_key_sealed: String,
    /// Secret that signs both keys; sealed.
    #[sea_orm(column_type = "Text")]
    pub jwt_secret_sealed: String,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the three sealed values, which leaves the fact that they exist and their age.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// The project; one row for each.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
