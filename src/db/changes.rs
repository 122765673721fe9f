//! What changed, as the database tells it, handed to those of this server who wait for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Deserialize;
use tokio::sync::Notify;
use uuid::Uuid;

/// Records that wait for one subscriber at most. Who is that far behind is told to read the list again instead.
const MOST_RECORDS: usize = 256;

/// What one can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A change of this project.
    Project(Uuid),
    /// A new record in the audit trail of this organization.
    AuditTrail(Uuid),
}

/// What a subscriber hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something may have happened that nobody told: look at the whole again. Also the first that everyone hears.
    Anything,
    /// The object of the topic changed, once or more often, or is gone.
    Changed,
    /// This row was added.
    Added(Uuid),
}

/// What is told, by topic, to whom.
#[derive(Debug, Clone, Default)]
pub struct Changes(Arc<Registry>);

#[derive(Debug, Default)]
struct Registry {
    waiting: Mutex<HashMap<Topic, HashMap<u64, Arc<Mailbox>>>>,
    next: AtomicU64,
}

/// One subscriber's: bounded, whatever happens and however slowly it is emptied.
#[derive(Debug, Default)]
struct Mailbox {
    content: Mutex<Content>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Content {
    anything: bool,
    changed: bool,
    added: VecDeque<Uuid>,
}

impl Content {
    fn put(&mut self, change: Change) {
        match change {
            // What is looked at again as a whole has all that was told before.
            Change::Anything => *self = Self { anything: true, ..Self::default() },
            Change::Changed => self.changed = true,
            Change::Added(_) if self.added.len() >= MOST_RECORDS => self.put(Change::Anything),
            Change::Added(id) => self.added.push_back(id),
        }
    }

    fn take(&mut self) -> Option<Change> {
        if std::mem::take(&mut self.anything) {
            return Some(Change::Anything);
        }
        if std::mem::take(&mut self.changed) {
            return Some(Change::Changed);
        }
        self.added.pop_front().map(Change::Added)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    fn put(&self, change: Change) {
        held(&self.content).put(change);
        self.filled.notify_one();
    }
}

impl Changes {
    /// Waits for a topic from now on; the first that is heard is [`Change::Anything`].
    #[must_use]
    pub fn subscribe(&self, topic: Topic) -> Subscriber {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::default());
        mailbox.put(Change::Anything);
        held(&self.0.waiting).entry(topic).or_default().insert(key, Arc::clone(&mailbox));
        Subscriber { registry: Arc::clone(&self.0), topic, key, mailbox }
    }

    /// How many wait.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        held(&self.0.waiting).values().map(HashMap::len).sum()
    }

    /// Hands a notice to those who wait for it. What is not one is not for this server.
    pub(super) fn tell(&self, notice: &str) {
        let notice: Notice = match serde_json::from_str(notice) {
            Ok(notice) => notice,
            Err(error) => return tracing::warn!(%error, "a change notice cannot be read"),
        };
        // Most are about what nobody can wait for.
        let Some((topic, change)) = notice.meaning() else { return };
        if let Some(mailboxes) = held(&self.0.waiting).get(&topic) {
            mailboxes.values().for_each(|mailbox| mailbox.put(change));
        }
    }

    /// Notices may have been missed.
    pub(super) fn missed(&self) {
        held(&self.0.waiting).values().flat_map(HashMap::values).for_each(|mailbox| mailbox.put(Change::Anything));
    }
}

/// What the database tells (migration m007): ids only, also of a row that is gone.
#[derive(Debug, Deserialize)]
struct Notice {
    table: String,
    id: Uuid,
    organization_id: Option<Uuid>,
}

impl Notice {
    fn meaning(&self) -> Option<(Topic, Change)> {
        match self.table.as_str() {
            "projects" => Some((Topic::Project(self.id), Change::Changed)),
            "audit_logs" => Some((Topic::AuditTrail(self.organization_id?), Change::Added(self.id))),
            _ => None,
        }
    }
}

/// Somebody who waits for a topic, until it is dropped.
#[derive(Debug)]
pub struct Subscriber {
    registry: Arc<Registry>,
    topic: Topic,
    key: u64,
    mailbox: Arc<Mailbox>,
}

impl Subscriber {
    /// What it waits for.
    #[must_use]
    pub fn topic(&self) -> Topic {
        self.topic
    }

    /// The next that happened.
    pub async fn next(&self) -> Change {
        loop {
            // A permit that was left for what is taken already only makes it look once more.
            if let Some(change) = held(&self.mailbox.content).take() {
                return change;
            }
            self.mailbox.filled.notified().await;
        }
    }

    /// The subscriber could not look at what it was told: it is told of it again as a whole.
    pub fn look_again(&self) {
        self.mailbox.put(Change::Anything);
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut waiting = held(&self.registry.waiting);
        if let Some(mailboxes) = waiting.get_mut(&self.topic) {
            mailboxes.remove(&self.key);
            if mailboxes.is_empty() {
                waiting.remove(&self.topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const ORGANIZATION: Uuid = Uuid::from_u128(2);

    fn added(number: u128) -> String {
        let id = Uuid::from_u128(number);
        format!(r#"{{"table": "audit_logs", "op": "insert", "id": "{id}", "organization_id": "{ORGANIZATION}"}}"#)
    }

    fn all(subscriber: &Subscriber) -> Vec<Change> {
        std::iter::from_fn(|| held(&subscriber.mailbox.content).take()).collect()
    }

    #[test]
    fn many_changes_of_one_object_are_one_and_who_falls_behind_looks_again() {
        let changes = Changes::default();
        let project = changes.subscribe(Topic::Project(ID));
        let trail = changes.subscribe(Topic::AuditTrail(ORGANIZATION));
        assert_eq!(all(&project), [Change::Anything]);
        for _ in 0..10_000 {
            changes.tell(&format!(r#"{{"table": "projects", "op": "update", "id": "{ID}", "project_id": "{ID}"}}"#));
        }
        assert_eq!(all(&project), [Change::Changed]);
        assert_eq!(all(&trail), [Change::Anything], "others' topics are not heard");

        (0..MOST_RECORDS as u128).for_each(|number| changes.tell(&added(number)));
        let heard = all(&trail);
        assert_eq!(heard.len(), MOST_RECORDS);
        assert_eq!(heard[7], Change::Added(Uuid::from_u128(7)), "in their order");
        (0..=MOST_RECORDS as u128).for_each(|number| changes.tell(&added(number)));
        changes.tell(&added(5));
        assert_eq!(all(&trail), [Change::Anything, Change::Added(Uuid::from_u128(5))]);

        changes.tell("not a notice");
        changes.tell(&format!(r#"{{"table": "audit_logs", "op": "insert", "id": "{ID}"}}"#));
        changes.missed();
        assert_eq!((all(&project), all(&trail)), (vec![Change::Anything], vec![Change::Anything]));
        drop((project, trail));
        assert_eq!(changes.subscribers(), 0);
        assert!(held(&changes.0.waiting).is_empty());
    }
}
