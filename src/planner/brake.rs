//! The failure brake: after many failed Jobs in a row new ones are made one at a time, with growing pauses, until one succeeds.
//!
//! Nothing is counted up or down: the brake is worked out anew from the Jobs that have ended, so that it survives a restart.
//! KEDA has none: it goes on creating Jobs that always fail (a poison message, a broken image).

use std::collections::BTreeSet;

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::inventory::{JobState, ObservedJob};

/// Failed Jobs in a row that put the brake on when nothing else is said.
pub const DEFAULT_FAILURE_BRAKE: u32 = 10;
/// Pause after the Job that put the brake on. Each further try that fails doubles it.
pub const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Longest pause.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// A Job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// `metadata.uid`.
    pub uid: String,
    /// The cycle that made it.
    pub cycle: Option<String>,
    /// It failed.
    pub failed: bool,
    /// When: the time of its terminal condition, or of its creation where that has none.
    pub at: Timestamp,
}

/// The brake is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// Failed Jobs in a row.
    pub failed: i64,
    /// When the newest of them failed.
    pub newest: Timestamp,
    /// When the next one may be made.
    pub next: Timestamp,
}

/// The Jobs of ours among `jobs` that were made from the template of `spec_hash` and have ended. A Job of an older template says
/// nothing about this one: whoever mends the template starts afresh. A Job without any time is left out.
pub fn endings(jobs: &[ObservedJob], spec_hash: &str) -> Vec<Ending> {
    jobs.iter()
        .filter(|job| job.ours && job.state.is_finished())
        .filter(|job| job.spec_hash.as_deref() == Some(spec_hash))
        .filter_map(|job| {
            Some(Ending {
                uid: job.uid.clone(),
                cycle: job.cycle.clone(),
                failed: job.state == JobState::Failed,
                at: job.finished_at.or(job.created_at)?,
            })
        })
        .collect()
}

/// Whether the last `threshold` Jobs or more have failed; below 1 the brake is off. The order of `endings` does not matter.
///
/// A success clears every failure up to its own second: Kubernetes' times are no finer. The pause grows with the tries made under
/// the brake, and those are told by their cycles: Jobs of a cycle that already made one of the first `threshold` failures
/// belong to a batch that was under way, however many of them fail.
pub fn brake(endings: &[Ending], threshold: i64) -> Option<Brake> {
    let threshold = usize::try_from(threshold).ok().filter(|count| *count > 0)?;
    let success = newest_success(endings);
    let mut row: Vec<&Ending> = endings
        .iter()
        .filter(|ending| ending.failed && success.is_none_or(|time| ending.at > time))
        .collect();
    if row.len() < threshold {
        return None;
    }
    row.sort_by(|left, right| (left.at, &left.uid).cmp(&(right.at, &right.uid)));
    let newest = row.last()?.at;
    let (first, later) = row.split_at(threshold);
    let cycles = |part: &[&Ending]| -> BTreeSet<Option<String>> {
        part.iter().map(|ending| ending.cycle.clone()).collect()
    };
    let tries = cycles(later).difference(&cycles(first)).count();
    Some(Brake {
        failed: i64::try_from(row.len()).unwrap_or(i64::MAX),
        newest,
        next: newest.checked_add(pause(tries)).unwrap_or(Timestamp::MAX),
    })
}

/// When the newest success ended.
pub fn newest_success(endings: &[Ending]) -> Option<Timestamp> {
    endings
        .iter()
        .filter(|ending| !ending.failed)
        .map(|ending| ending.at)
        .max()
}

/// 10 s, 20 s, 40 s … 10 min.
fn pause(tries: usize) -> SignedDuration {
    u32::try_from(tries)
        .ok()
        .and_then(|tries| 2_i32.checked_pow(tries))
        .and_then(|factor| FIRST_PAUSE.checked_mul(factor))
        .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE))
}

impl Brake {
    /// Jobs that may be made at `now` while `unfinished` ones exist: at most one is under way at any time.
    pub fn room(&self, unfinished: i64, now: Timestamp) -> i64 {
        i64::from(unfinished <= 0 && now >= self.next)
    }

    /// For people, the same text as long as nothing changes: `the last 10 Jobs failed (newest 12:01:20Z): one more at 12:03:20Z`.
    pub fn describe(&self, unfinished: i64, now: Timestamp) -> String {
        let what = if now < self.next {
            format!("one more at {}", clock(self.next, now))
        } else if unfinished > 0 {
            "one at a time until one succeeds, and one is unfinished".to_owned()
        } else {
            "one at a time until one succeeds".to_owned()
        };
        format!(
            "the last {} Jobs failed (newest {}): {what}",
            self.failed,
            clock(self.newest, now)
        )
    }
}

/// The time of day, with the day where it is not today's.
fn clock(time: Timestamp, now: Timestamp) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    if day(time) == day(now) {
        time.strftime("%H:%M:%SZ").to_string()
    } else {
        time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    }
}
