//! The audit trail: every mutation writes its record here, in its own transaction.

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    auth::session::Client,
    db::{RequestTransaction, function::call},
    error::Result,
};

/// How grave a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The course of things.
    Info,
    /// Somebody should look at it: refused, reused, revealed.
    Warning,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

/// What happened. Who did it is the transaction's user, whatever is said here.
#[derive(Debug)]
pub struct Record {
    organization_id: Option<Uuid>,
    project_id: Option<Uuid>,
    event_type: &'static str,
    resource_type: &'static str,
    resource_id: Option<Uuid>,
    action: &'static str,
    severity: Severity,
    changes: Changes,
    details: Map<String, Value>,
}

impl Record {
    /// What happened (`organization.updated`), by which verb (`update`), to which kind of thing (`organization`).
    #[must_use]
    pub fn new(event_type: &'static str, action: &'static str, resource_type: &'static str) -> Self {
        Self {
            organization_id: None,
            project_id: None,
            event_type,
            resource_type,
            resource_id: None,
            action,
            severity: Severity::Info,
            changes: Changes::default(),
            details: Map::new(),
        }
    }

    /// The key of the thing it was done to.
    #[must_use]
    pub fn to(self, resource_id: Uuid) -> Self {
        Self { resource_id: Some(resource_id), ..self }
    }

    /// The organization concerned; without it the record concerns a person alone.
    #[must_use]
    pub fn in_organization(self, organization_id: Uuid) -> Self {
        Self { organization_id: Some(organization_id), ..self }
    }

    /// The project concerned, and its organization.
    #[must_use]
    pub fn in_project(self, organization_id: Uuid, project_id: Uuid) -> Self {
        Self { organization_id: Some(organization_id), project_id: Some(project_id), ..self }
    }

    /// How grave it is, when not `info`.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// What changed.
    #[must_use]
    pub fn changes(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// The first eight arguments of `record_audit`.
    fn values(self) -> [sea_orm::Value; 8] {
        [
            self.organization_id.into(),
            self.project_id.into(),
            self.event_type.into(),
            self.resource_type.into(),
            self.resource_id.into(),
            self.action.into(),
            self.changes.into_metadata(self.details).into(),
            self.severity.name().into(),
        ]
    }

    /// Something else worth knowing, beside what changed. Never give it a secret.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// The values that changed, before and after. Never give it a secret.
#[derive(Debug, Default)]
pub struct Changes {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Changes {
    /// Notes a value, if it changed.
    #[must_use]
    pub fn of(mut self, name: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.before.insert(name.to_owned(), before);
            self.after.insert(name.to_owned(), after);
        }
        self
    }

    /// Added to what else there is to know.
    fn into_metadata(self, mut details: Map<String, Value>) -> Value {
        if !self.after.is_empty() {
            details.insert("before".to_owned(), self.before.into());
            details.insert("after".to_owned(), self.after.into());
        }
        details.into()
    }
}

/// Appends the record to the trail; it stands when the transaction is committed.
///
/// # Errors
/// As the statement's, which refuses a record of an organization that the caller does not belong to.
pub async fn record(transaction: &RequestTransaction, client: &Client, record: Record) -> Result<()> {
    let sql = "SELECT platform_private.record_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    transaction.execute_raw(call(sql, record.values().into_iter().chain(client.origin().values()))).await?;
    Ok(())
}

/// As [`record`], of what the operator did on the command line, under `ogelbase_service`.
///
/// # Errors
/// As the statement's.
pub async fn record_by_operator(connection: &impl ConnectionTrait, record: Record) -> Result<()> {
    let sql = "SELECT platform_private.record_audit($1, $2, $3, $4, $5, $6, $7, $8, actor_label => 'operator')";
    connection.execute_raw(call(sql, record.values())).await?;
    Ok(())
}
