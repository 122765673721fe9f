//! `platform.feature_flags`: switches of the platform.

use sea_orm::entity::prelude::*;

/// A feature that is on, off, or on for a share of organizations.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "feature_flags")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name used in code, of `a-z`, `0-9`, `_`, `.` and `-`; unique.
    #[sea_orm(column_type = "Text")]
    pub flag_key: String,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub flag_name: String,
    /// What it switches, for people.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether it is on at all.
    pub enabled: bool,
    /// Share of organizations it is on for, 0 to 100.
    pub rollout_percentage: i32,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// Organizations for which it was decided apart.
    #[sea_orm(has_many)]
    pub overrides: HasMany<super::organization_feature_flags::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
