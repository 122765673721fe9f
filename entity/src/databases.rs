//! `platform.databases`: databases of a project.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What speaks at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum DatabaseType {
    /// PostgreSQL.
    #[sea_orm(string_value = "postgres")]
    Postgres,
    /// MongoDB.
    #[sea_orm(string_value = "mongodb")]
    Mongodb,
    /// Redis or a compatible server.
    #[sea_orm(string_value = "redis")]
    Redis,
}

/// What the last probe of a database found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum DatabaseStatus {
    /// Not probed yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// It answers.
    #[sea_orm(string_value = "healthy")]
    Healthy,
    /// It answers with errors, or too late.
    #[sea_orm(string_value = "unhealthy")]
    Unhealthy,
    /// No connection could be made.
    #[sea_orm(string_value = "unreachable")]
    Unreachable,
    /// Not probed, on request.
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

/// A database registered with a project, whose health the server watches.
///
/// The application role may not read all of these columns: under it use [`Safe`]. This whole row is for the
/// service role and for definer functions.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "databases")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The project it serves.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Display name, unique within the project.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What speaks at the other end.
    pub r#type: DatabaseType,
    /// How to connect, credentials included; sealed by the vault.
    #[sea_orm(column_type = "Text")]
    pub connection_string_sealed: String,
    /// Host taken from the connection string, safe to show.
    #[sea_orm(column_type = "Text")]
    pub host: String,
    /// Port taken from the connection string.
    pub port: i32,
    /// Object of settings, such as pool size and timeouts; no secrets.
    #[sea_orm(column_type = "JsonBinary")]
    pub config: Json,
    /// What its last probe found.
    pub status: DatabaseStatus,
    /// Whether it is the project's main one; at most one is.
    pub is_primary: bool,
    /// When it was last probed.
    pub last_health_check_at: Option<DateTimeUtc>,
    /// How long that probe took, in milliseconds.
    pub health_check_latency_ms: Option<i32>,
    /// Why that probe failed, free of secrets.
    #[sea_orm(column_type = "Text")]
    pub health_check_error: Option<String>,
    /// The user who registered it.
    pub created_by: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
    /// The project it belongs to.
    #[sea_orm(belongs_to, from = "project_id", to = "id")]
    pub project: BelongsTo<super::projects::Entity>,
    /// Samples taken of it.
    #[sea_orm(has_many)]
    pub metrics: HasMany<super::database_metrics::Entity>,
    /// What happened on connecting to it.
    #[sea_orm(has_many)]
    pub connection_logs: HasMany<super::database_connection_logs::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the application role may read: every column but the sealed connection string.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Safe {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    pub id: Uuid,
    /// The project it serves.
    pub project_id: Uuid,
    /// The tenant, repeated from the project; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// Display name, unique within the project.
    pub name: String,
    /// What speaks at the other end.
    pub r#type: DatabaseType,
    /// Host taken from the connection string, safe to show.
    pub host: String,
    /// Port taken from the connection string.
    pub port: i32,
    /// Object of settings, such as pool size and timeouts; no secrets.
    pub config: Json,
    /// What its last probe found.
    pub status: DatabaseStatus,
    /// Whether it is the project's main one; at most one is.
    pub is_primary: bool,
    /// When it was last probed.
    pub last_health_check_at: Option<DateTimeUtc>,
    /// How long that probe took, in milliseconds.
    pub health_check_latency_ms: Option<i32>,
    /// Why that probe failed, free of secrets.
    pub health_check_error: Option<String>,
    /// The user who registered it.
    pub created_by: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// When the row last changed; a trigger keeps it.
    pub updated_at: DateTimeUtc,
}
