//! Limits of a run: `--max-total` shared out between its objects, and what the failure brake looks at.
//!
//! **Sharing.** Each object says in each cycle how many unfinished Jobs it has and how many more it wants. Free slots go one by one
//! to the object that has the fewest and still wants one; between equals to the one that has waited longest. A slot that is due
//! to another object stays free until that object's next cycle, so that a quick object cannot starve a slow one; an object with
//! more than its share keeps its Jobs and gets no new ones while others wait.
//!
//! **Fail closed** (law 1). Of an object that cannot be counted the last known count is set aside, and `maxReplicaCount` where
//! there was none.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Target;
use crate::api::DEFAULT_MAX_REPLICA_COUNT;
use crate::planner::brake::{self, Ending};
use crate::planner::inventory::{Inventory, ObservedJob, counts};
use crate::planner::{Limits, TotalRoom};

/// How long the first cycle of an object waits at most for the other objects to say what they want, counted from the first one that
/// asks. Without it the first to ask would take everything.
const GATHER: Duration = Duration::from_secs(10);

/// Endings that are remembered of one object beyond those that the brake needs.
const REMEMBERED: usize = 128;

/// What the command line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitOptions {
    /// `--max-create`.
    pub max_create: Option<i64>,
    /// `--max-pending`.
    pub max_pending: Option<i64>,
    /// `--max-total`.
    pub max_total: Option<i64>,
    /// `--failure-brake`; 0 is off.
    pub failure_brake: u32,
}

/// The limits of one run.
pub struct Limiter {
    options: LimitOptions,
    endings: Mutex<HashMap<String, Vec<Ending>>>,
    total: Option<Total>,
}

impl Limiter {
    /// Nothing is counted yet.
    pub fn new(options: LimitOptions, targets: &[Target]) -> Self {
        Self {
            options,
            endings: Mutex::default(),
            total: options.max_total.map(|limit| Total::new(limit, targets)),
        }
    }

    /// To be told as soon as the Jobs are counted, or could not be: the other objects need it.
    pub fn observed(&self, target: &Target, inventory: &Inventory) {
        if let Some(total) = &self.total {
            total.observed(&target.id(), slots(inventory));
        }
    }

    /// The limits of one cycle, but for `--max-total`: that needs to know how many Jobs these would let through.
    pub fn of(&self, target: &Target, inventory: &Inventory) -> Limits {
        let brake = match inventory {
            Inventory::Known(jobs) if self.options.failure_brake > 0 => brake::brake(
                &self.remember(target, jobs),
                i64::from(self.options.failure_brake),
            ),
            _ => None,
        };
        Limits {
            max_create: self.options.max_create,
            max_pending: self.options.max_pending,
            total: None,
            brake,
        }
    }

    /// What `--max-total` leaves to an object that wants `wanted` new Jobs; none without that limit. What is granted counts as made
    /// until the object is counted again.
    pub async fn share(&self, target: &Target, wanted: i64) -> Option<TotalRoom> {
        match &self.total {
            Some(total) => total.share(&target.id(), wanted).await,
            None => None,
        }
    }

    /// The object has no further cycles: it wants nothing more. What it has still counts.
    pub fn leave(&self, target: &Target) {
        if let Some(total) = &self.total {
            total.leave(&target.id());
        }
    }

    /// The endings of `jobs` and those of earlier cycles whose Jobs are gone since: a history limit or a TTL below the threshold must
    /// not switch the brake off. Only what came after the newest success is kept, and that success.
    fn remember(&self, target: &Target, jobs: &[ObservedJob]) -> Vec<Ending> {
        let seen = brake::endings(jobs, &target.spec_hash);
        let Ok(mut memory) = self.endings.lock() else {
            return seen;
        };
        let known = memory.entry(target.id()).or_insert_with(|| {
            // Where no success is kept, nothing shows how many there were between the failures found here at the start.
            let newest = seen.iter().map(|ending| ending.at).max();
            newest
                .filter(|_| target.job.successful_jobs_history_limit == 0)
                .map(|at| Ending {
                    uid: String::new(),
                    cycle: None,
                    failed: false,
                    at,
                })
                .into_iter()
                .collect()
        });
        known.retain(|old| seen.iter().all(|ending| ending.uid != old.uid));
        known.extend(seen);
        if let Some(success) = brake::newest_success(known) {
            known.retain(|ending| ending.at > success || !ending.failed && ending.at == success);
        }
        known.sort_by(|left, right| (left.at, &left.uid).cmp(&(right.at, &right.uid)));
        let threshold = usize::try_from(self.options.failure_brake).unwrap_or(usize::MAX);
        let most = threshold.saturating_add(REMEMBERED);
        let excess = known.len().saturating_sub(most);
        known.drain(..excess);
        known.clone()
    }
}

fn slots(inventory: &Inventory) -> Option<i64> {
    match inventory {
        Inventory::Known(jobs) => Some(counts(jobs).slots),
        Inventory::Assumed(counts) => Some(counts.slots.max(0)),
        Inventory::Unknown(_) => None,
    }
}

/// `--max-total`.
struct Total {
    limit: i64,
    /// [`GATHER`].
    gather: Duration,
    book: watch::Sender<Book>,
}

/// What every object has and wants.
#[derive(Debug, Default)]
struct Book {
    claims: BTreeMap<String, Claim>,
    /// Grants so far: the clock by which waiting is measured.
    grants: u64,
    /// When the first object asked, and what is waited for is no longer waited for.
    gathered: Option<Instant>,
}

#[derive(Debug)]
struct Claim {
    /// Unfinished Jobs by the last count, and those granted since; none before the first count.
    held: Option<i64>,
    /// What stands for `held` until it is known.
    ceiling: i64,
    /// More Jobs that it wanted in its last cycle and did not get; none before its first answer.
    wanted: Option<i64>,
    /// When it last got some.
    last: u64,
    /// Place in the run.
    place: usize,
}

impl Claim {
    fn wish(&self) -> Wish {
        let held = self.held.unwrap_or(self.ceiling).max(0);
        Wish {
            held,
            // One that has not said yet what it wants may want all that it can have.
            wanted: self
                .wanted
                .unwrap_or_else(|| self.ceiling.saturating_sub(held))
                .max(0),
            waited_since: (self.last, self.place),
        }
    }
}

impl Total {
    fn new(limit: i64, targets: &[Target]) -> Self {
        let claims = targets.iter().enumerate().map(|(place, target)| {
            let ceiling = target.job.max_replica_count;
            let claim = Claim {
                held: None,
                ceiling: ceiling.unwrap_or(DEFAULT_MAX_REPLICA_COUNT).max(0),
                wanted: None,
                last: 0,
                place,
            };
            (target.id(), claim)
        });
        Self {
            limit,
            gather: GATHER,
            book: watch::Sender::new(Book {
                claims: claims.collect(),
                ..Book::default()
            }),
        }
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Claim)) {
        self.book.send_modify(|book| {
            if let Some(claim) = book.claims.get_mut(id) {
                change(claim);
            }
        });
    }

    fn observed(&self, id: &str, count: Option<i64>) {
        self.change(id, |claim| match count {
            Some(count) => claim.held = Some(count),
            // It cannot make any in this cycle.
            None => claim.wanted = Some(0),
        });
    }

    async fn share(&self, id: &str, wanted: i64) -> Option<TotalRoom> {
        let mut until = Instant::now() + self.gather;
        self.book.send_modify(|book| {
            until = *book.gathered.get_or_insert(until);
            if let Some(claim) = book.claims.get_mut(id) {
                claim.wanted = Some(wanted);
            }
        });
        let mut news = self.book.subscribe();
        let everyone =
            news.wait_for(|book| book.claims.values().all(|claim| claim.wanted.is_some()));
        // Who has not said it by then is taken to want all that it can have.
        drop(tokio::time::timeout_at(until, everyone).await);
        let mut answer = None;
        self.book
            .send_modify(|book| answer = book.grant(self.limit, id));
        answer
    }

    fn leave(&self, id: &str) {
        self.book.send_modify(|book| {
            // One that it was never tried to count made nothing either: another run drives it, or this one ended before its first
            // cycle. One that could not be counted may have Jobs, and keeps what is set aside for them.
            if book
                .claims
                .get(id)
                .is_some_and(|claim| claim.held.is_none() && claim.wanted.is_none())
            {
                book.claims.remove(id);
            } else if let Some(claim) = book.claims.get_mut(id) {
                claim.wanted = Some(0);
            }
        });
    }
}

impl Book {
    fn grant(&mut self, limit: i64, id: &str) -> Option<TotalRoom> {
        let (ids, wishes): (Vec<&String>, Vec<Wish>) = self
            .claims
            .iter()
            .map(|(id, claim)| (id, claim.wish()))
            .unzip();
        let own = ids.iter().position(|other| *other == id)?;
        let room = shares(limit, &wishes)[own];
        let others = wishes
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != own)
            .fold(0_i64, |sum, (_, wish)| sum.saturating_add(wish.held));
        if room > 0 {
            self.grants += 1;
        }
        let grants = self.grants;
        let claim = self.claims.get_mut(id)?;
        if room > 0 {
            claim.last = grants;
            claim.held = Some(claim.wish().held.saturating_add(room));
            claim.wanted = claim.wanted.map(|wanted| wanted.saturating_sub(room));
        }
        Some(TotalRoom {
            limit,
            others,
            room,
        })
    }
}

/// What one object has and wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wish {
    /// Unfinished Jobs.
    held: i64,
    /// New Jobs wanted.
    wanted: i64,
    /// Orders those that have equally many: the least goes first.
    waited_since: (u64, usize),
}

impl Wish {
    /// New Jobs that bring it up to `level`, as far as it wants them.
    fn up_to(&self, level: i64) -> i64 {
        level.saturating_sub(self.held).clamp(0, self.wanted)
    }
}

/// New Jobs for each: the free slots go one by one to the object that has the fewest and still wants one, between equals to the one
/// that has waited longest. What would be handed out a round at a time is found by halving instead.
fn shares(limit: i64, wishes: &[Wish]) -> Vec<i64> {
    let sum = |value: &dyn Fn(&Wish) -> i64| -> i128 {
        wishes.iter().map(|wish| i128::from(value(wish))).sum()
    };
    let free = (i128::from(limit) - sum(&|wish| wish.held)).max(0);
    // The highest level up to which all can be filled.
    let (mut level, mut too_high) = (0_i64, limit.max(0).saturating_add(1));
    while too_high - level > 1 {
        let middle = level + (too_high - level) / 2;
        if sum(&|wish| wish.up_to(middle)) <= free {
            level = middle;
        } else {
            too_high = middle;
        }
    }
    let mut shares: Vec<i64> = wishes.iter().map(|wish| wish.up_to(level)).collect();
    let mut left = free - shares.iter().map(|share| i128::from(*share)).sum::<i128>();
    let mut next: Vec<usize> = (0..wishes.len())
        .filter(|place| wishes[*place].up_to(level + 1) > shares[*place])
        .collect();
    next.sort_by_key(|place| wishes[*place].waited_since);
    for place in next {
        if left <= 0 {
            break;
        }
        shares[place] += 1;
        left -= 1;
    }
    shares
}

#[cfg(test)]
mod tests;
