//! `platform.audit_logs`: who did what.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How much a record matters, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum AuditSeverity {
    /// Ordinary work.
    #[sea_orm(string_value = "info")]
    Info,
    /// Worth a look, such as a refused access.
    #[sea_orm(string_value = "warning")]
    Warning,
    /// Something failed.
    #[sea_orm(string_value = "error")]
    Error,
    /// Security or data may be at stake.
    #[sea_orm(string_value = "critical")]
    Critical,
}

/// A record of one action; append-only and partitioned by `created_at`. It names without keys, so it outlives what it names.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "platform", table_name = "audit_logs")]
pub struct Model {
    /// When it happened.
    #[sea_orm(primary_key, auto_increment = false)]
    pub created_at: DateTimeUtc,
    /// Tells records of the same moment apart: a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant concerned; none for what concerns the server or a person alone.
    pub organization_id: Option<Uuid>,
    /// The project concerned.
    pub project_id: Option<Uuid>,
    /// Who acted; none: an anonymous caller or the service.
    pub user_id: Option<Uuid>,
    /// The key they acted through.
    pub api_key_id: Option<Uuid>,
    /// The actor's name or address as it was then.
    #[sea_orm(column_type = "Text")]
    pub actor_label: String,
    /// What happened, such as `project.created`.
    #[sea_orm(column_type = "Text")]
    pub event_type: String,
    /// Kind of the thing acted on, such as `project`.
    #[sea_orm(column_type = "Text")]
    pub resource_type: Option<String>,
    /// The thing acted on.
    pub resource_id: Option<Uuid>,
    /// The verb: `create`, `update`, `delete`, `invite` and so on.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// Where the request came from.
    pub ip_address: Option<IpNetwork>,
    /// The client, as it named itself.
    #[sea_orm(column_type = "Text")]
    pub user_agent: Option<String>,
    /// The request it was part of, as in the server's log.
    #[sea_orm(column_type = "Text")]
    pub request_id: Option<String>,
    /// Object with what changed, before and after; never a secret.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    /// How much it matters.
    pub severity: AuditSeverity,
}

impl ActiveModelBehavior for ActiveModel {}
