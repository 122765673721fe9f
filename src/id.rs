//! New keys.

use uuid::Uuid;

/// A new UUIDv7, so that keys are in the order of their creation.
#[must_use]
pub fn new() -> Uuid {
    Uuid::now_v7()
}
