//! Servers that ask to be left alone for a while. Who asks on may be shut out for longer, so all triggers of a run keep to it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::Identities;

/// No longer than this is believed: GitHub's limits begin anew after an hour.
const LONGEST: SignedDuration = SignedDuration::from_mins(70);

/// Until when nothing is to be asked, by who asks whom; of that only the hash is kept, as it may hold a token.
#[derive(Default)]
pub(super) struct Limits {
    until: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl fmt::Debug for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Timestamp>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when `who` must wait; `None` when that is over.
    pub(super) fn waits(&self, who: &str, now: Timestamp) -> Option<Timestamp> {
        let key: [u8; 32] = Sha256::digest(who).into();
        let mut all = self.lock();
        let until = all.get(&key).copied()?;
        if now < until {
            return Some(until);
        }
        all.remove(&key);
        None
    }

    /// `who` must wait until then.
    pub(super) fn wait(&self, who: &str, until: Timestamp, now: Timestamp) {
        let longest = now.checked_add(LONGEST).unwrap_or(until);
        self.lock()
            .insert(Sha256::digest(who).into(), until.min(longest));
    }
}

impl Identities {
    /// Until when `who`, which may hold a token, must ask nothing.
    pub(crate) fn waits(&self, who: &str, now: Timestamp) -> Option<Timestamp> {
        self.limits.waits(who, now)
    }

    /// `who` must ask nothing until then.
    pub(crate) fn wait(&self, who: &str, until: Timestamp, now: Timestamp) {
        self.limits.wait(who, until, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_while_and_no_longer() {
        let limits = Limits::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(limits.waits("a", at(0)), None);
        limits.wait("a", at(100), at(0));
        assert_eq!(limits.waits("a", at(99)), Some(at(100)));
        assert_eq!(limits.waits("b", at(99)), None);
        assert_eq!(limits.waits("a", at(100)), None);
        limits.wait("a", Timestamp::MAX, at(0));
        assert_eq!(limits.waits("a", at(0)), Some(at(4200)));
        limits.wait("a", Timestamp::MAX, Timestamp::MAX);
        assert_eq!(format!("{limits:?}"), "Limits { .. }");
    }
}
