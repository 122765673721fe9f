//! What is put on record in an organization.

use async_graphql::{Context, Guard, Object, Subscription};
use futures_util::{Stream, stream};

use super::{Moment, Occasion, astray};
use crate::{
    auth::Permission as P,
    db::changes::{Change, Topic},
    error::Error,
    graphql::{
        audit_log::{AuditLog, AuditLogById},
        context::ContextExt,
        guard::{needs, requires, signed_in},
        organization::OrganizationQueries,
    },
};

/// An event of an organization's audit trail.
#[derive(Debug)]
pub struct AuditLogAdded(Option<AuditLog>);

/// An event of an organization's audit trail.
#[Object(guard = "signed_in()")]
impl AuditLogAdded {
    /// The new record. Null: from here on every record comes, and what was recorded before is to be read from
    /// `auditLogs` of the organization. That is the first event, and another one whenever records may have been missed.
    async fn audit_log(&self) -> Option<&AuditLog> {
        self.0.as_ref()
    }
}

/// Subscriptions to audit trails.
#[derive(Debug, Default)]
pub struct AuditLogSubscriptions;

#[Subscription(guard = "signed_in()")]
impl AuditLogSubscriptions {
    /// The records that are added to the audit trail of the organization with this slug, in the order in which they were
    /// committed. NOT_FOUND when there is no such organization of yours.
    #[graphql(directive = requires::apply(P::AuditRead.into()))]
    async fn audit_log_added(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The organization's slug.")] organization: String,
    ) -> async_graphql::Result<impl Stream<Item = AuditLogAdded> + use<>> {
        let occasion = Occasion::of(context)?;
        let not_found = || Error::NotFound("the organization was".into());
        let organization_id = match occasion.moment {
            Moment::Asked => OrganizationQueries::find(context, &organization).await?.ok_or_else(not_found)?.key(),
            Moment::Told(Topic::AuditTrail(id), _) if context.viewer().sees_organization(id) => id,
            Moment::Told(Topic::AuditTrail(_), _) => return Err(not_found().into()),
            Moment::Told(..) => return Err(astray().into()),
        };
        needs(P::AuditRead).in_organization(organization_id).check(context).await?;
        let event = match occasion.moment {
            Moment::Asked => {
                occasion.is_about(Topic::AuditTrail(organization_id));
                None
            }
            Moment::Told(_, Change::Added(id)) => {
                let record: Option<AuditLog> = context.load(AuditLogById(id)).await?;
                // One that cannot be read is none of theirs.
                let record = record.filter(|record| {
                    record.organization_id() == Some(organization_id) && record.visible_to(&context.viewer())
                });
                record.map(|record| AuditLogAdded(Some(record)))
            }
            Moment::Told(..) => Some(AuditLogAdded(None)),
        };
        Ok(stream::iter(event))
    }
}
