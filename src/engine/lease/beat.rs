//! A run's heartbeat in one namespace.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::state::{Heartbeat, Moment};
use super::{ATTEMPTS, CONCURRENCY, Inner, RELEASE_LIMIT, lock};
use crate::cluster::leases::{self, Held};
use crate::cluster::{ClusterError, ClusterErrorKind, throttle};
use crate::engine::ledger::LATE;

/// From so many Leases on one request looks at all of them, or gives all of them up.
const MANY: usize = 3;

/// A run's heartbeat in one namespace, with what it stands for.
pub(super) struct Beat {
    pub(super) namespace: String,
    pub(super) state: Mutex<Heartbeat>,
    /// The Lease as last seen; locked while it is renewed.
    lease: tokio::sync::Mutex<Option<Held>>,
    /// A create of it had no answer: it may exist although we never saw it.
    perhaps: AtomicBool,
    holds: Mutex<Vec<Arc<Hold>>>,
    /// Locked while it is listed: who looks meanwhile waits for that list.
    listing: tokio::sync::Mutex<Listing>,
    pub(super) changed: watch::Sender<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The run's Leases as one list showed them.
#[derive(Default)]
struct Listing {
    /// When it was sent, if ever.
    sent: Option<Moment>,
    ours: HashMap<String, Held>,
    /// We may not list: each Lease is asked for by itself.
    forbidden: bool,
}

/// What we know of one object's Lease.
pub(super) struct Hold {
    pub(super) name: String,
    pub(super) state: Mutex<HoldState>,
}

#[derive(Default)]
pub(super) struct HoldState {
    /// The Lease as we last wrote or read it while it was ours.
    pub(super) held: Option<Held>,
    /// Epoch of the heartbeat in which it was claimed.
    pub(super) epoch: u64,
    /// When the look that showed it as ours was sent.
    pub(super) verified: Moment,
    /// It is left to expire.
    pub(super) kept: bool,
    /// Claims that had no answer.
    pub(super) unanswered: Option<Unanswered>,
}

/// Claims of a Lease that had no answer: each may have been carried out, or be still.
#[derive(Clone, Copy)]
pub(super) struct Unanswered {
    pub(super) count: u32,
    /// When the last of them was given up.
    since: Instant,
}

impl HoldState {
    /// A claim had no answer.
    pub(super) fn unanswered(&mut self) {
        let count = self.unanswered.map_or(0, |before| before.count);
        self.unanswered = Some(Unanswered {
            count: count.saturating_add(1),
            since: Instant::now(),
        });
    }

    /// A look shows the Lease as ours: one of the claims without an answer was carried out, unless we held it before.
    pub(super) fn seen_as_ours(&mut self) {
        if self.held.is_none()
            && let Some(unanswered) = &mut self.unanswered
        {
            unanswered.count = unanswered.count.saturating_sub(1);
        }
    }

    /// Claims that may still be carried out.
    pub(super) fn may_come(&self) -> bool {
        self.unanswered
            .is_some_and(|claims| claims.count > 0 && claims.since.elapsed() < LATE)
    }
}

impl Beat {
    /// Beats from now on until it is released.
    pub(super) fn start(namespace: &str, inner: &Arc<Inner>) -> Arc<Self> {
        let beat = Arc::new(Self {
            namespace: namespace.to_owned(),
            state: Mutex::new(Heartbeat::new(inner.options.duration)),
            lease: tokio::sync::Mutex::default(),
            perhaps: AtomicBool::default(),
            holds: Mutex::default(),
            listing: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(()),
            task: Mutex::default(),
        });
        let task = tokio::spawn(Arc::clone(&beat).go_on(Arc::clone(inner)));
        *lock(&beat.task) = Some(task);
        beat
    }

    /// A Lease of that name that this heartbeat is to stand for.
    pub(super) fn hold(&self, name: String) -> Arc<Hold> {
        let hold = Arc::new(Hold {
            name,
            state: Mutex::default(),
        });
        lock(&self.holds).push(Arc::clone(&hold));
        hold
    }

    /// Renews until it is aborted.
    async fn go_on(self: Arc<Self>, inner: Arc<Inner>) {
        let mut failed = false;
        loop {
            let pause = lock(&self.state).pause(failed);
            tokio::time::sleep(pause).await;
            let result = self.renew(&inner).await;
            failed = result.is_err();
            if let Err(error) = result {
                tracing::debug!(%error, "the heartbeat is tried again soon");
            }
        }
    }

    /// One renewal; creates the Lease when there is none.
    pub(super) async fn renew(&self, inner: &Inner) -> Result<(), ClusterError> {
        let mut slot = self.lease.lock().await;
        let namespace = self.namespace.as_str();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent = inner.now();
            let result = if let Some(seen) = slot.as_ref() {
                // A renewal that hangs must leave time for the next.
                let limit = inner.options.duration / 6;
                let (cluster, began) = (&inner.cluster, Instant::now());
                let now = inner.options.clock.now();
                let renewal = leases::renew(cluster, namespace, seen, now, limit);
                let in_time = throttle::within("renew the heartbeat", limit, renewal).await;
                in_time.unwrap_or_else(|error| {
                    cluster.unanswered(&error, began);
                    Err(error)
                })
            } else {
                let claim = inner.claim(None);
                let created =
                    leases::create(&inner.cluster, namespace, &inner.heartbeat, claim).await;
                let perhaps = |error: &ClusterError| error.may_have_happened();
                if created.as_ref().is_err_and(perhaps) {
                    self.perhaps.store(true, Ordering::Relaxed);
                }
                created
            };
            match result {
                Ok(held) => {
                    *slot = Some(held);
                    lock(&self.state).renewed(sent, inner.now());
                    self.changed.send_replace(());
                    return Ok(());
                }
                Err(error) if error.kind == ClusterErrorKind::NotFound && slot.is_some() => {
                    *slot = None;
                    lock(&self.state).gone();
                    self.changed.send_replace(());
                }
                // An answer of ours was lost, or another wrote to it to say that it has taken something.
                Err(error)
                    if attempt < ATTEMPTS
                        && matches!(
                            error.kind,
                            ClusterErrorKind::Conflict | ClusterErrorKind::AlreadyExists
                        ) =>
                {
                    let found = leases::get(&inner.cluster, namespace, &inner.heartbeat).await?;
                    *slot = found.filter(|found| inner.is_ours(found));
                    if slot.is_none() {
                        lock(&self.state).gone();
                    }
                    self.look_at_holds(inner).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The Lease of an object of ours, as a look shows it that was sent at `since` or later, and when that was. Objects that are
    /// looked at together share one list.
    pub(super) async fn look(
        &self,
        inner: &Inner,
        name: &str,
        since: Duration,
    ) -> Result<(Option<Held>, Moment), ClusterError> {
        let many = lock(&self.holds).len() >= MANY;
        if many && let Some(listed) = self.listed(inner, name, since).await? {
            return Ok(listed);
        }
        let _permit = inner.permits.acquire().await;
        let sent = inner.now();
        let found = Box::pin(leases::get(&inner.cluster, &self.namespace, name)).await?;
        Ok((found, sent))
    }

    /// What the list shows; none where it does not show that the Lease is ours, and a direct look has to tell.
    async fn listed(
        &self,
        inner: &Inner,
        name: &str,
        since: Duration,
    ) -> Result<Option<(Option<Held>, Moment)>, ClusterError> {
        let mut listing = self.listing.lock().await;
        if listing.forbidden {
            return Ok(None);
        }
        let known = listing.sent.filter(|sent| sent.monotonic >= since);
        let sent = known.unwrap_or_else(|| inner.now());
        if known.is_none() {
            let leases = leases::of_run(&inner.cluster, &self.namespace, &inner.heartbeat);
            match Box::pin(leases).await {
                Ok(ours) => {
                    listing.sent = Some(sent);
                    listing.ours = ours;
                }
                Err(error) if error.kind == ClusterErrorKind::Forbidden => {
                    tracing::debug!(%error, "each lease is looked at by itself");
                    listing.forbidden = true;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        let found = listing.ours.get(name).filter(|found| inner.is_ours(found));
        Ok(found.map(|found| (Some(found.clone()), sent)))
    }

    /// Which of the objects are still ours.
    async fn look_at_holds(&self, inner: &Inner) {
        let holds = lock(&self.holds).clone();
        let since = inner.now().monotonic;
        futures::stream::iter(holds.iter().filter(|hold| lock(&hold.state).held.is_some()))
            .for_each_concurrent(CONCURRENCY, |hold| async move {
                // What cannot be asked now is asked before the next write.
                if let Ok((found, _)) = self.look(inner, &hold.name, since).await
                    && !found.is_some_and(|found| inner.is_ours(&found))
                {
                    lock(&hold.state).held = None;
                }
            })
            .await;
        self.changed.send_replace(());
    }

    /// Beats no more.
    pub(super) fn end(&self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }

    pub(super) async fn release(&self, inner: &Inner) {
        self.end();
        let failed = |error: ClusterError| tracing::debug!(%error, "the lease expires by itself");
        let (kept, given_up): (Vec<_>, Vec<_>) = lock(&self.holds)
            .iter()
            .filter_map(|hold| {
                let mut state = lock(&hold.state);
                state.held.take().map(|held| (state.kept, held))
            })
            .partition(|(kept, _)| *kept);
        let held: Vec<Held> = given_up.into_iter().map(|(_, held)| held).collect();
        self.changed.send_replace(());
        // One request for all would take those as well that are kept.
        if !(kept.is_empty() && self.release_together(inner, held.len()).await) {
            futures::stream::iter(&held)
                .for_each_concurrent(CONCURRENCY, |held| async move {
                    if let Err(error) = leases::release(&inner.cluster, &self.namespace, held).await
                    {
                        failed(error);
                    }
                })
                .await;
        }
        if !kept.is_empty() {
            // It shows others when we wrote last, and expires with them.
            return;
        }
        // A renewal that was cut off may have moved it on. Last of all: who takes an object from us by force waits until the
        // heartbeat moves or goes, and looks again then.
        let slot = self.lease.lock().await.take();
        if slot.is_none() && !self.perhaps.load(Ordering::Relaxed) {
            return;
        }
        let last = match leases::get(&inner.cluster, &self.namespace, &inner.heartbeat).await {
            Ok(found) => found.filter(|found| inner.is_ours(found)),
            // Without an answer the version that we know is worth a try.
            Err(_) => slot,
        };
        if let Some(last) = last
            && let Err(error) =
                leases::release_heartbeat(&inner.cluster, &self.namespace, &last).await
        {
            failed(error);
        }
    }

    /// Gives many Leases up with one request; false when that was not done. Only while nobody can judge us dead: see
    /// [`leases::release_all`].
    async fn release_together(&self, inner: &Inner, count: usize) -> bool {
        let left = lock(&self.state).left(inner.now());
        let Some(left) = left.filter(|_| count >= MANY) else {
            return false;
        };
        let limit = left.min(RELEASE_LIMIT / 2);
        let request = leases::release_all(&inner.cluster, &self.namespace, &inner.heartbeat);
        match tokio::time::timeout(limit, request).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::debug!(%error, "each lease is given up by itself");
                false
            }
            Err(_) => false,
        }
    }
}
