//! `platform.organization_feature_flags`: switches set for one organization.

use sea_orm::entity::prelude::*;

/// An organization's own setting of a flag; it wins over the rollout.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "organization_feature_flags")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization; unique with the flag.
    pub organization_id: Uuid,
    /// The flag.
    pub flag_id: Uuid,
    /// Whether it is on for this organization.
    pub enabled: bool,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The flag it overrides.
    #[sea_orm(belongs_to, from = "flag_id", to = "id")]
    pub flag: BelongsTo<super::feature_flags::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
