//! `platform.database_connection_logs`: what happened on connecting to a database.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// An event of a database's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEvent {
    /// A connection was made.
    #[sea_orm(string_value = "connected")]
    Connected,
    /// A connection could not be made.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// The server probed it.
    #[sea_orm(string_value = "health_check")]
    HealthCheck,
    /// Someone read the connection string.
    #[sea_orm(string_value = "revealed")]
    Revealed,
    /// The connection string was replaced.
    #[sea_orm(string_value = "rotated")]
    Rotated,
}

/// One event of a database's connection: an attempt, a probe, or a touch of its secret.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "database_connection_logs")]
pub struct Model {
    /// Primary key: a UUIDv7 set by the server, so keys sort by time of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The database.
    pub database_id: Uuid,
    /// Its project.
    pub project_id: Uuid,
    /// The tenant, repeated from the database; their composite key keeps the pair right.
    pub organization_id: Uuid,
    /// What happened.
    pub event_type: ConnectionEvent,
    /// Detail for people, free of secrets.
    #[sea_orm(column_type = "Text")]
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<i32>,
    /// Who caused it; none: the server itself.
    pub user_id: Option<Uuid>,
    /// When the row was inserted.
    pub created_at: DateTimeUtc,
    /// The database.
    #[sea_orm(belongs_to, from = "database_id", to = "id")]
    pub database: BelongsTo<super::databases::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
