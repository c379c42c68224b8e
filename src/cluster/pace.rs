//! How many creates of one object are under way at once: as many as the server takes. It halves when the server puts one off, and grows
//! by one with each round that goes well; nothing is sent before the server's `Retry-After` is over, and nobody waits for that longer
//! than a request may take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::throttle;

/// Who waits for the end of a `Retry-After` looks this often whether the run is ending.
const LOOK: Duration = Duration::from_millis(100);

/// How many objects may create at full speed at the same time. More than one: creates of one object that the cluster leaves hanging must
/// not hold up the others. At the default of 64 that is less than the 200 that an API server takes at once where its
/// `--max-mutating-requests-inflight` does not say otherwise.
const FULL_SPEED_OBJECTS: usize = 3;

/// The paces of a run's objects; one that was lowered stays so from cycle to cycle.
#[derive(Debug)]
pub struct Paces {
    most: usize,
    /// Permits for the requests of all objects: a thousand objects do not send a thousand at once.
    all: Arc<Semaphore>,
    objects: Mutex<HashMap<String, Arc<Pace>>>,
}

impl Paces {
    /// For objects that may each have `most` under way at once.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            all: Arc::new(Semaphore::new(most * FULL_SPEED_OBJECTS)),
            objects: Mutex::default(),
        }
    }

    /// The pace of the object `id`.
    pub fn of(&self, id: &str) -> Arc<Pace> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pace::new(self.most, Arc::clone(&self.all)));
        Arc::clone(objects.entry(id.to_owned()).or_insert_with(new))
    }
}

/// The pace of one object.
#[derive(Debug)]
pub struct Pace {
    most: usize,
    all: Arc<Semaphore>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    under_way: usize,
    /// The server asked not to come before.
    not_before: Instant,
    /// When the limit was lowered last: requests that were under way then say nothing new.
    lowered: Option<Instant>,
    /// Times in a row that it was put off.
    put_off: u32,
}

/// One request under way.
#[derive(Debug)]
pub struct Slot<'a> {
    pace: &'a Pace,
    began: Instant,
    /// Its share of what all objects may have under way.
    permit: Option<SemaphorePermit<'a>>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is of no more use.
    Ended,
    /// The server asked not to come before so long.
    For(Duration),
}

impl Pace {
    /// At most `most` at once, and so many at first.
    fn new(most: usize, all: Arc<Semaphore>) -> Self {
        Self {
            most,
            all,
            state: Mutex::new(State {
                limit: as_float(most),
                under_way: 0,
                not_before: Instant::now(),
                lowered: None,
                put_off: 0,
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, first among the requests of this object and then among those of all: one that the server has put off takes
    /// none from the others.
    ///
    /// # Errors
    /// When it `is_over`, or when the server asked not to come before a time that is later than `patience`.
    pub async fn enter(
        &self,
        patience: Instant,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Slot<'_>, Closed> {
        loop {
            let changed = self.changed.notified();
            if is_over() {
                return Err(Closed::Ended);
            }
            let now = Instant::now();
            match self.place(now) {
                Ok(mut slot) => {
                    slot.permit = self.all.acquire().await.ok();
                    slot.began = Instant::now();
                    // Much may have come to pass since.
                    if !is_over() && self.state().not_before <= slot.began {
                        return Ok(slot);
                    }
                }
                Err(Some(until)) if until > patience => {
                    return Err(Closed::For(until.duration_since(now)));
                }
                Err(Some(until)) => sleep_until(until.min(now + LOOK)).await,
                Err(None) => changed.await,
            }
        }
    }

    /// A place at once; without one, when the server wants to be asked again if it said so.
    fn place(&self, now: Instant) -> Result<Slot<'_>, Option<Instant>> {
        let mut state = self.state();
        if now < state.not_before {
            return Err(Some(state.not_before));
        }
        if as_float(state.under_way) + 1.0 > state.limit {
            return Err(None);
        }
        state.under_way += 1;
        Ok(Slot {
            pace: self,
            began: now,
            permit: None,
        })
    }
}

impl Slot<'_> {
    /// The server took it, or refused it for good.
    pub fn answered(self) {
        let mut state = self.pace.state();
        state.put_off = 0;
        state.limit = (state.limit + 1.0 / state.limit).min(as_float(self.pace.most));
    }

    /// The server put it off, until `retry_after` is over where it said so.
    pub fn put_off(self, retry_after: Option<Duration>) {
        let mut state = self.pace.state();
        let now = Instant::now();
        state.not_before = state
            .not_before
            .max(now + throttle::pause(state.put_off, retry_after));
        if state.lowered.is_none_or(|lowered| self.began > lowered) {
            state.lowered = Some(now);
            state.put_off += 1;
            state.limit = (state.limit / 2.0).max(1.0);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.pace.state().under_way -= 1;
        self.pace.changed.notify_waiters();
    }
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt;

    use super::*;

    fn pace(most: usize) -> Arc<Pace> {
        Paces::new(most).of("orders")
    }

    async fn enter(pace: &Pace) -> Slot<'_> {
        let patience = Instant::now() + Duration::from_secs(30);
        pace.enter(patience, &|| false).await.unwrap()
    }

    fn enter_all(pace: &Pace) -> Vec<Slot<'_>> {
        std::iter::from_fn(|| enter(pace).now_or_never()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_halves_once_for_what_was_under_way_and_waits_as_long_as_it_is_asked_to() {
        let pace = pace(8);
        let slots = enter_all(&pace);
        assert_eq!(slots.len(), 8);
        tokio::time::advance(Duration::from_millis(1)).await;
        for slot in slots {
            slot.put_off(Some(Duration::from_secs(3)));
        }
        assert!(enter(&pace).now_or_never().is_none(), "not before 3 s");
        tokio::time::advance(Duration::from_secs(3)).await;
        let slots = enter_all(&pace);
        assert_eq!(slots.len(), 4);
        tokio::time::advance(Duration::from_millis(1)).await;
        for slot in slots {
            slot.put_off(None);
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(enter_all(&pace).len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_is_always_let_through_and_rounds_that_go_well_raise_it_again() {
        let pace = pace(4);
        for _ in 0..5 {
            enter(&pace).await.put_off(None);
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        for expected in [1, 2, 2, 3] {
            let slots = enter_all(&pace);
            assert_eq!(slots.len(), expected);
            for slot in slots {
                slot.answered();
            }
        }
        for _ in 0..10 {
            for slot in enter_all(&pace) {
                slot.answered();
            }
        }
        assert_eq!(enter_all(&pace).len(), 4, "never above what was given");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_place_gets_the_next_one() {
        let pace = pace(1);
        let first = enter(&pace).await;
        let mut second = std::pin::pin!(enter(&pace));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_longer_than_a_request_may_take_is_sent_away() {
        let pace = pace(4);
        enter(&pace).await.put_off(Some(Duration::from_hours(1)));
        let patience = Instant::now() + Duration::from_secs(30);
        let closed = pace.enter(patience, &|| false).now_or_never();
        assert_eq!(
            closed.map(Result::unwrap_err),
            Some(Closed::For(Duration::from_hours(1)))
        );
        tokio::time::advance(Duration::from_secs(3_590)).await;
        let began = Instant::now();
        drop(enter(&pace).await);
        assert!(began.elapsed() >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_leaves_when_the_run_ends() {
        let (pace, stop) = (pace(4), AtomicBool::new(false));
        enter(&pace).await.put_off(Some(Duration::from_secs(20)));
        let began = Instant::now();
        let patience = began + Duration::from_secs(30);
        let ends = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stop.store(true, Ordering::Relaxed);
        };
        let is_over = || stop.load(Ordering::Relaxed);
        let (closed, ()) = tokio::join!(pace.enter(patience, &is_over), ends);
        assert_eq!(closed.unwrap_err(), Closed::Ended);
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    #[tokio::test(start_paused = true)]
    async fn what_all_may_have_under_way_is_not_taken_by_those_who_wait() {
        let paces = Paces::new(2);
        let (full, other) = (["a", "b", "c"].map(|id| paces.of(id)), paces.of("d"));
        let slots: Vec<_> = full.iter().flat_map(|pace| enter_all(pace)).collect();
        assert_eq!(slots.len(), 6);
        assert!(
            enter(&other).now_or_never().is_none(),
            "three at full speed"
        );
        for slot in slots {
            slot.put_off(Some(Duration::from_secs(20)));
        }
        // They wait to be sent again.
        let mut again: Vec<_> = full.iter().map(|pace| Box::pin(enter(pace))).collect();
        for waits in &mut again {
            assert!(waits.as_mut().now_or_never().is_none());
        }
        assert_eq!(enter_all(&other).len(), 2);
    }
}
