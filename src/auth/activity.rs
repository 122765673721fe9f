//! When a session was last seen, written down at most once a minute.

use std::time::Duration;

use moka::sync::Cache;
use uuid::Uuid;

/// How long after a note the next one waits.
const EVERY: Duration = Duration::from_secs(60);
/// Sessions that are remembered at most; who is forgotten is noted once more.
const MOST: u64 = 100_000;

/// The sessions that this server saw within the last minute. A request that is not the first of its minute costs one
/// look here and nothing in the database.
#[derive(Debug, Clone)]
pub struct Activity(Cache<Uuid, ()>);

impl Default for Activity {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(EVERY).build())
    }
}

impl Activity {
    /// Whether the session should be written down as seen now; once a minute.
    #[must_use]
    pub fn is_due(&self, session_id: Uuid) -> bool {
        !self.0.contains_key(&session_id) && self.0.entry(session_id).or_insert(()).is_fresh()
    }

    /// The session is written down already.
    pub fn noted(&self, session_id: Uuid) {
        self.0.insert(session_id, ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_due_once_and_not_when_it_was_noted() {
        let activity = Activity::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!([activity.is_due(one), activity.is_due(one), activity.is_due(other)], [true, false, true]);
        activity.noted(Uuid::from_u128(3));
        assert!(!activity.is_due(Uuid::from_u128(3)));
    }
}
