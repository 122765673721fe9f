//! Subscriptions. The engine runs a subscription's document once for each event, in a request of its own: whoever
//! subscribed is recognised anew, and guards and row-level security hold as for a query. So a field of the root gives no
//! stream of events, but what there is to say on one [`Occasion`].

mod audit_log_added;
mod project_changed;

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use async_graphql::{Context, MergedSubscription};

use self::{audit_log_added::AuditLogSubscriptions, project_changed::ProjectSubscriptions};
use crate::{
    db::changes::{Change, Topic},
    error::{Error, Result},
};

/// Everything that can be waited for, over WebSocket. A subscription has one root field. Its first event comes at once
/// and says that it is in force; each event is read as you, with what you may see at that moment.
#[derive(Debug, Default, MergedSubscription)]
#[graphql(name = "SubscriptionRoot")]
pub struct SubscriptionRoot(ProjectSubscriptions, AuditLogSubscriptions);

/// Why a subscription's document runs.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// Somebody asks for it. What it is about is found, and whether they may; there is no event yet.
    Asked,
    /// Something happened.
    Told(Topic, Change),
}

/// One run of a subscription's document, and what its root field says beside the answer.
#[derive(Debug)]
pub struct Occasion {
    moment: Moment,
    topic: OnceLock<Topic>,
    over: AtomicBool,
}

impl Occasion {
    pub(super) const fn new(moment: Moment) -> Self {
        Self { moment, topic: OnceLock::new(), over: AtomicBool::new(false) }
    }

    pub(super) fn topic(&self) -> Option<Topic> {
        self.topic.get().copied()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn of<'a>(context: &Context<'a>) -> Result<&'a Self> {
        // Over HTTP there is none; the engine has refused it there before.
        let found = context.data_opt::<std::sync::Arc<Self>>();
        found.map(AsRef::as_ref).ok_or_else(|| Error::internal("a subscription without an occasion"))
    }

    /// What is to be waited for.
    fn is_about(&self, topic: Topic) {
        // There is one root field, so nobody has said it before.
        let _ = self.topic.set(topic);
    }

    /// There will be no further event.
    fn ends(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// A topic that is another field's.
fn astray() -> Error {
    Error::internal("a subscription was told of another's topic")
}
