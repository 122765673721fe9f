//! The audit trail: every mutation writes its record here, in its own transaction.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{auth::session::Client, db::RequestTransaction, error::Result};

/// What happened. Who did it is the transaction's user, whatever is said here.
#[derive(Debug)]
pub struct Record {
    /// The organization concerned; none for what concerns a person alone.
    pub organization_id: Option<Uuid>,
    /// The project concerned.
    pub project_id: Option<Uuid>,
    /// What happened, as `organization.updated`.
    pub event_type: &'static str,
    /// Kind of the thing acted on, as `organization`.
    pub resource_type: &'static str,
    /// Its key.
    pub resource_id: Uuid,
    /// The verb: `update`.
    pub action: &'static str,
    /// What changed.
    pub changes: Changes,
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

    fn metadata(self) -> Value {
        if self.after.is_empty() { json!({}) } else { json!({ "before": self.before, "after": self.after }) }
    }
}

/// Appends the record to the trail; it stands when the transaction is committed.
///
/// # Errors
/// As the statement's, which refuses a record of an organization that the caller does not belong to.
pub async fn record(transaction: &RequestTransaction, client: &Client, record: Record) -> Result<()> {
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT platform_private.record_audit($1, $2, $3, $4, $5, $6, $7, 'info', $8, $9, $10)",
        [
            record.organization_id.into(),
            record.project_id.into(),
            record.event_type.into(),
            record.resource_type.into(),
            record.resource_id.into(),
            record.action.into(),
            record.changes.metadata().into(),
            client.ip.map(ipnetwork::IpNetwork::from).into(),
            client.user_agent.clone().into(),
            client.request_id.clone().into(),
        ],
    );
    transaction.execute_raw(statement).await?;
    Ok(())
}
