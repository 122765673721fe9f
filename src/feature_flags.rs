//! Feature flags: whether one is on for an organization, and why. The same rule as the database's
//! `platform.get_active_feature_flags`, which a test holds it to.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Why a flag is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It was set for this organization.
    Override,
    /// It is off for everybody.
    Disabled,
    /// The organization stands inside or outside of the rollout percentage.
    Rollout,
}

/// What came out for one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the flag is on.
    pub enabled: bool,
    /// What decided.
    pub reason: Reason,
}

/// A flag as it stands for all organizations.
#[derive(Debug, Clone, Copy)]
pub struct Flag<'a> {
    /// Name used in code.
    pub key: &'a str,
    /// Whether it is on at all.
    pub enabled: bool,
    /// Share of organizations that it is on for, 0 to 100.
    pub rollout_percentage: i32,
}

/// Places of a rollout: hundredths of a percent.
const PLACES: u32 = 10_000;

/// Where in the rollout of a flag an organization stands, 0 to 9999. It never changes, so a higher percentage only
/// ever adds organizations.
#[must_use]
pub fn bucket(flag_key: &str, organization_id: Uuid) -> u32 {
    let digest = Sha256::digest(format!("{flag_key}:{organization_id}"));
    let start = digest.iter().take(4).fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    start % PLACES
}

/// Whether the flag is on for the organization: its own setting wins, then the switch for all, then the rollout.
#[must_use]
pub fn evaluate(flag: Flag<'_>, organization_id: Uuid, own_setting: Option<bool>) -> Evaluation {
    match own_setting {
        Some(enabled) => Evaluation { enabled, reason: Reason::Override },
        None if !flag.enabled => Evaluation { enabled: false, reason: Reason::Disabled },
        None => {
            let inside = i64::from(bucket(flag.key, organization_id)) < i64::from(flag.rollout_percentage) * 100;
            Evaluation { enabled: inside, reason: Reason::Rollout }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(enabled: bool, rollout_percentage: i32) -> Flag<'static> {
        Flag { key: "branching", enabled, rollout_percentage }
    }

    #[test]
    fn an_own_setting_wins_then_the_switch_then_the_rollout() {
        let organization = Uuid::from_u128(7);
        let on = |flag, own| {
            let Evaluation { enabled, reason } = evaluate(flag, organization, own);
            (enabled, reason)
        };
        assert_eq!(on(flag(false, 0), Some(true)), (true, Reason::Override));
        assert_eq!(on(flag(true, 100), Some(false)), (false, Reason::Override));
        assert_eq!(on(flag(false, 100), None), (false, Reason::Disabled));
        assert_eq!(on(flag(true, 100), None), (true, Reason::Rollout));
        assert_eq!(on(flag(true, 0), None), (false, Reason::Rollout));
    }

    #[test]
    fn a_higher_percentage_only_ever_adds_organizations() {
        for number in 0..500 {
            let organization = Uuid::from_u128(number * 0x1234_5678_9abc_def1);
            let mut was_on = false;
            for percentage in 0..=100 {
                let is_on = evaluate(flag(true, percentage), organization, None).enabled;
                assert!(is_on || !was_on, "{organization} was switched off at {percentage}");
                was_on = is_on;
            }
            assert!(was_on);
        }
    }
}
