//! `platform.api_keys`: keys for programs.

use sea_orm::entity::prelude::*;

/// A key that acts for its maker inside one organization; only its hash is stored.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "api_keys")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The one organization it acts in.
    pub organization_id: Uuid,
    /// Who made it; it never may more than they do.
    pub user_id: Uuid,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// First characters of the key, shown to tell keys apart.
    #[sea_orm(column_type = "Text")]
    pub key_prefix: String,
    /// SHA-256 of the key, unique.
    #[sea_orm(column_type = "Text")]
    pub key_hash: String,
    /// Permissions it may use, such as `projects:read`.
    #[sea_orm(column_type = "Array(RcOrArc::new(ColumnType::Text))")]
    pub scopes: Vec<String>,
    /// Projects it is confined to; none: all that its maker reaches.
    pub project_ids: Option<Vec<Uuid>>,
    /// When it was last used.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it ends by itself; none: never.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
    /// The key it replaced.
    pub rotated_from: Option<Uuid>,
    /// Most requests in a minute; none: the server's default.
    pub requests_per_minute: Option<i32>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// Who made it.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the key's hash.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// The one organization it acts in.
    pub organization_id: Uuid,
    /// Who made it; it never may more than they do.
    pub user_id: Uuid,
    /// Display name.
    pub name: String,
    /// First characters of the key, shown to tell keys apart.
    pub key_prefix: String,
    /// Permissions it may use, such as `projects:read`.
    pub scopes: Vec<String>,
    /// Projects it is confined to; none: all that its maker reaches.
    pub project_ids: Option<Vec<Uuid>>,
    /// When it was last used.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it ends by itself; none: never.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
    /// The key it replaced.
    pub rotated_from: Option<Uuid>,
    /// Most requests in a minute; none: the server's default.
    pub requests_per_minute: Option<i32>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
