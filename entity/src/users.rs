//! `platform.users`: the people.

use sea_orm::entity::prelude::*;

/// A person who can sign in; deleted softly, so that what they did keeps a name.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "users")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Address for sign-in and mail; unique without regard to case among the undeleted.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// Handle chosen by the person.
    #[sea_orm(column_type = "Text")]
    pub username: Option<String>,
    /// Given name.
    #[sea_orm(column_type = "Text")]
    pub first_name: Option<String>,
    /// Family name.
    #[sea_orm(column_type = "Text")]
    pub last_name: Option<String>,
    /// Picture.
    #[sea_orm(column_type = "Text")]
    pub avatar_url: Option<String>,
    /// Telephone number as it was typed.
    #[sea_orm(column_type = "Text")]
    pub phone: Option<String>,
    /// Argon2id in PHC format; none: no password, signs in elsewhere.
    #[sea_orm(column_type = "Text")]
    pub password_hash: Option<String>,
    /// Whether sign-in asks for a second factor.
    pub mfa_enabled: bool,
    /// TOTP secret, sealed by the vault.
    #[sea_orm(column_type = "Text")]
    pub mfa_secret_sealed: Option<String>,
    /// Time step of the last TOTP code taken; a code is not taken twice.
    pub mfa_last_step: Option<i64>,
    /// SHA-256 of the recovery codes not yet used.
    #[sea_orm(column_type = "Array(RcOrArc::new(ColumnType::Text))")]
    pub mfa_recovery_hashes: Option<Vec<String>>,
    /// Issuer URL of the outside identity; unique with the subject.
    #[sea_orm(column_type = "Text")]
    pub external_issuer: Option<String>,
    /// Who the person is at that issuer.
    #[sea_orm(column_type = "Text")]
    pub external_subject: Option<String>,
    /// When the address was proved.
    pub email_confirmed_at: Option<DateTimeUtc>,
    /// Until when sign-in and all access are refused.
    pub banned_until: Option<DateTimeUtc>,
    /// When the account was deleted.
    pub deleted_at: Option<DateTimeUtc>,
    /// Object of preferences that clients keep.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTimeUtc>,
    /// The organization last chosen to work in, set by `set_user_active_org`; cleared when that membership ends.
    pub active_org_id: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Their sign-ins.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::user_sessions::Entity>,
    /// Their memberships, with the role in each.
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::organization_members::Entity>,
    /// The organizations behind their memberships.
    #[sea_orm(has_many, via = "organization_members")]
    pub organizations: HasMany<super::organizations::Entity>,
    /// Their roles in single projects.
    #[sea_orm(has_many)]
    pub project_memberships: HasMany<super::project_members::Entity>,
    /// Keys they made.
    #[sea_orm(has_many)]
    pub api_keys: HasMany<super::api_keys::Entity>,
    /// Invitations they sent.
    #[sea_orm(has_many)]
    pub sent_invitations: HasMany<super::organization_invitations::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the password and everything that proves a second factor.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// Address for sign-in and mail; unique without regard to case among the undeleted.
    pub email: String,
    /// Handle chosen by the person.
    pub username: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Telephone number as it was typed.
    pub phone: Option<String>,
    /// Whether sign-in asks for a second factor.
    pub mfa_enabled: bool,
    /// Issuer URL of the outside identity; unique with the subject.
    pub external_issuer: Option<String>,
    /// Who the person is at that issuer.
    pub external_subject: Option<String>,
    /// When the address was proved.
    pub email_confirmed_at: Option<DateTimeUtc>,
    /// Until when sign-in and all access are refused.
    pub banned_until: Option<DateTimeUtc>,
    /// When the account was deleted.
    pub deleted_at: Option<DateTimeUtc>,
    /// Object of preferences that clients keep.
    pub metadata: Json,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTimeUtc>,
    /// The organization last chosen to work in, set by `set_user_active_org`; cleared when that membership ends.
    pub active_org_id: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
