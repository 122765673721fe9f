//! Denied attempts on record: a mutation that is refused leaves `access.denied`, though all else of it is undone.

use uuid::Uuid;

use crate::{
    audit::{self, Record, Severity},
    db::{Opening, bootstrap::Caller},
    error::Result,
    graphql::{context::Request, refusal::Refusal},
};

/// Writes the request's refusals into the audit trail, in a transaction of their own. That it cannot is no reason to
/// answer differently, but one to be loud.
pub(super) async fn record(opening: &Opening, request: &Request) {
    let refusals = request.refusals.take();
    if refusals.is_empty() {
        return;
    }
    if let Err(error) = write(opening, request, refusals).await {
        tracing::error!(request_id = request.client.request_id, %error, "a denied attempt could not be recorded");
    }
}

async fn write(opening: &Opening, request: &Request, refusals: Vec<Refusal>) -> Result<()> {
    // As who the request came: a sign-in in the same document was undone with all else.
    let (transaction, caller) = request.database().begin(opening).await?;
    let (own, narrowed): (Vec<Uuid>, _) = match &caller {
        Some(Caller::Person(me)) => (me.organization_roles.iter().map(|(id, _)| *id).collect(), me.organization_id),
        Some(Caller::Key(key)) => (vec![key.organization_id], Some(key.organization_id)),
        // The service is refused nothing that belongs to an organization.
        Some(Caller::Service { .. }) | None => (Vec::new(), None),
    };
    for refusal in refusals {
        let organization = refusal.organization_id.or(narrowed).filter(|id| own.contains(id));
        let record = Record::new("access.denied", "deny", "mutation")
            .severity(Severity::Warning)
            .detail("mutation", refusal.mutation)
            .detail("permission", refusal.permission);
        let record = match (organization, refusal.project_id) {
            (Some(organization), Some(project)) => record.in_project(organization, project),
            (Some(organization), None) => record.in_organization(organization),
            (None, _) => record,
        };
        audit::record(&transaction, &request.client, record).await?;
    }
    transaction.commit().await
}
