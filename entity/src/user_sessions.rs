//! `platform.user_sessions`: sign-ins.

use sea_orm::entity::prelude::*;

/// A live or ended sign-in; its tokens are kept as hashes alone.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "user_sessions")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who signed in.
    pub user_id: Uuid,
    /// SHA-256 of the session token, unique.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// SHA-256 of the refresh token now valid, unique.
    #[sea_orm(column_type = "Text")]
    pub refresh_token_hash: Option<String>,
    /// SHA-256 of the refresh token before it; its return revokes the session.
    #[sea_orm(column_type = "Text")]
    pub previous_refresh_hash: Option<String>,
    /// Where it was opened from.
    pub ip_address: Option<IpNetwork>,
    /// Client that opened it, as it named itself.
    #[sea_orm(column_type = "Text")]
    pub user_agent: Option<String>,
    /// When it ends by itself; later than its creation.
    pub expires_at: DateTimeUtc,
    /// When it was last used.
    pub last_activity_at: DateTimeUtc,
    /// When it was ended by hand or for misuse.
    pub revoked_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Who signed in.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the three token hashes.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// Who signed in.
    pub user_id: Uuid,
    /// Where it was opened from.
    pub ip_address: Option<IpNetwork>,
    /// Client that opened it, as it named itself.
    pub user_agent: Option<String>,
    /// When it ends by itself; later than its creation.
    pub expires_at: DateTimeUtc,
    /// When it was last used.
    pub last_activity_at: DateTimeUtc,
    /// When it was ended by hand or for misuse.
    pub revoked_at: Option<DateTimeUtc>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
