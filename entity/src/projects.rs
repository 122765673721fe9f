//! `platform.projects`: the projects of an organization.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Where a project stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    /// Being created.
    #[sea_orm(string_value = "coming_up")]
    ComingUp,
    /// Running, and its probes answer.
    #[sea_orm(string_value = "active_healthy")]
    ActiveHealthy,
    /// Running, and a probe fails.
    #[sea_orm(string_value = "active_unhealthy")]
    ActiveUnhealthy,
    /// Being shut down for removal.
    #[sea_orm(string_value = "going_down")]
    GoingDown,
    /// Stopped for lack of use.
    #[sea_orm(string_value = "inactive")]
    Inactive,
    /// Could not be created.
    #[sea_orm(string_value = "init_failed")]
    InitFailed,
    /// Stopped on request, data kept.
    #[sea_orm(string_value = "paused")]
    Paused,
    /// On the way to `paused`.
    #[sea_orm(string_value = "pausing")]
    Pausing,
    /// Could not be paused.
    #[sea_orm(string_value = "pause_failed")]
    PauseFailed,
    /// Deleted; kept as a record.
    #[sea_orm(string_value = "removed")]
    Removed,
    /// Changing its machine or disk.
    #[sea_orm(string_value = "resizing")]
    Resizing,
    /// Restarting.
    #[sea_orm(string_value = "restarting")]
    Restarting,
    /// Coming back from a pause or a backup.
    #[sea_orm(string_value = "restoring")]
    Restoring,
    /// Could not be restored.
    #[sea_orm(string_value = "restore_failed")]
    RestoreFailed,
    /// Moving to a newer version.
    #[sea_orm(string_value = "upgrading")]
    Upgrading,
    /// Not known at present.
    #[sea_orm(string_value = "unknown")]
    Unknown,
}

/// A project: one backend with its databases, keys, compute and disk.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "projects")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organization that owns it; a transfer changes it.
    pub organization_id: Uuid,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Public handle: 20 lowercase letters, or a chosen one such as `default`; unique.
    #[sea_orm(column_type = "Text")]
    pub r#ref: String,
    /// Name in URLs, unique within the organization.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// Where it stands in its life.
    pub status: ProjectStatus,
    /// Where it runs, `local` unless told otherwise.
    #[sea_orm(column_type = "Text")]
    pub region: String,
    /// Host of its main database; members without project access do not see it.
    #[sea_orm(column_type = "Text")]
    pub database_host: Option<String>,
    /// Port of its main database, 1 to 65535.
    pub database_port: Option<i32>,
    /// Name of its main database.
    #[sea_orm(column_type = "Text")]
    pub database_name: Option<String>,
    /// Login role of its main database.
    #[sea_orm(column_type = "Text")]
    pub database_user: Option<String>,
    /// Password of that role, sealed by the vault.
    #[sea_orm(column_type = "Text")]
    pub database_password_sealed: Option<String>,
    /// Base URL of its postgres-meta service.
    #[sea_orm(column_type = "Text")]
    pub postgres_meta_url: Option<String>,
    /// Base URL of its public API.
    #[sea_orm(column_type = "Text")]
    pub supabase_url: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The organization it belongs to.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// Its API keys and signing secret, sealed.
    #[sea_orm(has_one)]
    pub credentials: HasOne<super::credentials::Entity>,
    /// Its disk.
    #[sea_orm(has_one)]
    pub disk_config: HasOne<super::disk_config::Entity>,
    /// Its machine.
    #[sea_orm(has_one)]
    pub compute_config: HasOne<super::compute_config::Entity>,
    /// People with a role in it.
    #[sea_orm(has_many)]
    pub members: HasMany<super::project_members::Entity>,
    /// Add-ons bought for it.
    #[sea_orm(has_many)]
    pub addons: HasMany<super::project_addons::Entity>,
    /// Databases registered with it.
    #[sea_orm(has_many)]
    pub databases: HasMany<super::databases::Entity>,
    /// Samples of its load.
    #[sea_orm(has_many)]
    pub metrics: HasMany<super::project_metrics::Entity>,
    /// Usage metered for it.
    #[sea_orm(has_many)]
    pub usage_metrics: HasMany<super::usage_metrics::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The project with this public handle.
    pub fn by_ref(project_ref: &str) -> Select<Self> {
        Self::find().filter(Column::Ref.eq(project_ref))
    }

    /// All projects of an organization.
    pub fn of_organization(organization_id: Uuid) -> Select<Self> {
        Self::find().filter(Column::OrganizationId.eq(organization_id))
    }
}

/// What the application role may read: every column but the sealed database password.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// The organization that owns it; a transfer changes it.
    pub organization_id: Uuid,
    /// Display name.
    pub name: String,
    /// Public handle: 20 lowercase letters, or a chosen one such as `default`; unique.
    pub r#ref: String,
    /// Name in URLs, unique within the organization.
    pub slug: String,
    /// Where it stands in its life.
    pub status: ProjectStatus,
    /// Where it runs, `local` unless told otherwise.
    pub region: String,
    /// Host of its main database; members without project access do not see it.
    pub database_host: Option<String>,
    /// Port of its main database, 1 to 65535.
    pub database_port: Option<i32>,
    /// Name of its main database.
    pub database_name: Option<String>,
    /// Login role of its main database.
    pub database_user: Option<String>,
    /// Base URL of its postgres-meta service.
    pub postgres_meta_url: Option<String>,
    /// Base URL of its public API.
    pub supabase_url: Option<String>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
