//! One writer for each object (law 5): a Lease for each object, and one heartbeat for each run and namespace.
//!
//! ```text
//! Lease keda-jobs-<object>   holder: alice@laptop_x7k2p9q1   annotation keda-jobs/heartbeat: keda-jobs-run-x7k2p9q1
//! Lease keda-jobs-run-x7k2p9q1   renewTime moves every third of the duration
//! ```
//!
//! The object's Lease is written when it is taken and when it is given up, the heartbeat while the run lives: renewing costs the
//! same for one object and for a thousand. Another's Lease is taken when its heartbeat is missing or was watched not to move for its
//! duration on our own clock ([`state`]). Before it writes, a run that has not looked for a moment looks whether the Lease is still
//! its own; who takes one by force also writes to the loser's heartbeat, whose next renewal then meets a conflict.

mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::state::{Answer, Heartbeat, Moment, Patience, answer};
pub(super) use self::state::{Sighting, Verdict, Watch};
use super::Target;
use crate::cluster::leases::{self, Claim, Held};
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind};
use crate::report::duration::show;
use crate::signals::Signals;

/// How long a heartbeat may stand still before its run counts as dead.
pub const DEFAULT_DURATION: Duration = Duration::from_secs(30);

/// Most requests for Leases of objects under way at once.
const CONCURRENCY: usize = 16;
/// How often a Lease that changes under our hands is looked at again before the cycle gives up.
const ATTEMPTS: usize = 5;
/// Longest time that giving the Leases up may take at the end of a run; what is left expires with the heartbeat.
const RELEASE_LIMIT: Duration = Duration::from_secs(15);
/// A holder's clock may be this much ahead of ours and its renewal still look recent.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(2);
const RUN_ID_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How a run deals with Leases.
#[derive(Debug, Clone)]
pub struct LeaseOptions {
    /// `user@host`.
    pub who: String,
    /// How long the heartbeat may stand still; whole seconds, at least one.
    pub duration: Duration,
    /// Wait for another's Lease: for ever, or so long.
    pub wait: Option<Option<Duration>>,
    /// Take each object's Lease once by force.
    pub takeover: bool,
}

/// What became of asking for the right to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// We may write.
    Held,
    /// Another may; says who, and what can be done.
    Refused(String),
    /// A signal came while we waited.
    Ended,
    /// The cluster did not say.
    Unknown,
}

/// Told what people should know: one sentence.
pub type Notice<'a> = &'a dyn Fn(String);

/// The Leases of one run.
pub struct Leases {
    inner: Arc<Inner>,
    beats: Mutex<BTreeMap<String, Arc<Beat>>>,
}

struct Inner {
    cluster: Cluster,
    options: LeaseOptions,
    /// Name of the run's heartbeats.
    heartbeat: String,
    identity: String,
    start: Instant,
    permits: Semaphore,
}

impl Inner {
    fn now(&self) -> Moment {
        Moment {
            monotonic: self.start.elapsed(),
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    fn claim<'a>(&'a self, heartbeat: Option<&'a str>) -> Claim<'a> {
        Claim {
            identity: &self.identity,
            heartbeat,
            duration: self.options.duration,
        }
    }

    fn is_ours(&self, held: &Held) -> bool {
        held.holder() == Some(self.identity.as_str())
    }
}

/// A run's heartbeat in one namespace, with what it stands for.
struct Beat {
    namespace: String,
    state: Mutex<Heartbeat>,
    /// The Lease as last seen; locked while it is renewed.
    lease: tokio::sync::Mutex<Option<Held>>,
    holds: Mutex<Vec<Arc<Hold>>>,
    changed: watch::Sender<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What we know of one object's Lease.
struct Hold {
    name: String,
    state: Mutex<HoldState>,
}

#[derive(Default)]
struct HoldState {
    /// The Lease as we last wrote or read it while it was ours.
    held: Option<Held>,
    /// Epoch of the heartbeat in which it was claimed.
    epoch: u64,
    /// When the look that showed it as ours was sent.
    verified: Moment,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Leases {
    /// Nothing is asked for yet. `cluster` is where the objects live.
    pub fn new(cluster: Cluster, options: LeaseOptions) -> Self {
        let run: String = (0..8)
            .map(|_| char::from(RUN_ID_ALPHABET[fastrand::usize(..RUN_ID_ALPHABET.len())]))
            .collect();
        Self {
            inner: Arc::new(Inner {
                cluster,
                heartbeat: leases::heartbeat_lease(&run),
                identity: format!("{}_{run}", options.who),
                options,
                start: Instant::now(),
                permits: Semaphore::new(CONCURRENCY),
            }),
            beats: Mutex::default(),
        }
    }

    /// Starts the heartbeats of these namespaces. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the right to Leases is missing. Any other failure is met again, and told, by the object whose Lease is asked for.
    pub async fn start(&self, namespaces: &[&str]) -> Result<(), ClusterError> {
        for namespace in namespaces {
            match self.beat(namespace).renew(&self.inner).await {
                Err(error) if error.kind == ClusterErrorKind::Forbidden => return Err(error),
                Err(error) => tracing::debug!(%error, "the heartbeat is tried again later"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// The Lease of one object.
    pub fn of(&self, target: &Target) -> ObjectLease<'_> {
        let beat = self.beat(&target.namespace);
        let hold = Arc::new(Hold {
            name: leases::object_lease(&target.job.name),
            state: Mutex::default(),
        });
        lock(&beat.holds).push(Arc::clone(&hold));
        ObjectLease {
            inner: &self.inner,
            beat,
            hold,
            takeover: self.inner.options.takeover,
        }
    }

    fn beat(&self, namespace: &str) -> Arc<Beat> {
        let mut beats = lock(&self.beats);
        let beat = beats.entry(namespace.to_owned()).or_insert_with(|| {
            let beat = Arc::new(Beat {
                namespace: namespace.to_owned(),
                state: Mutex::new(Heartbeat::new(self.inner.options.duration)),
                lease: tokio::sync::Mutex::default(),
                holds: Mutex::default(),
                changed: watch::Sender::new(()),
                task: Mutex::default(),
            });
            let task = tokio::spawn(Arc::clone(&beat).go_on(Arc::clone(&self.inner)));
            *lock(&beat.task) = Some(task);
            beat
        });
        Arc::clone(beat)
    }

    /// Gives everything up: first the objects, then the heartbeats. What the cluster does not let go of in time expires.
    pub async fn release(&self) {
        let beats: Vec<Arc<Beat>> = std::mem::take(&mut *lock(&self.beats))
            .into_values()
            .collect();
        let all = futures::future::join_all(beats.iter().map(|beat| beat.release(&self.inner)));
        if tokio::time::timeout(RELEASE_LIMIT, all).await.is_err() {
            tracing::warn!(
                "the leases could not be given up in time: they expire {} after the last heartbeat",
                show(self.inner.options.duration)
            );
        }
    }
}

impl Beat {
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
    async fn renew(&self, inner: &Inner) -> Result<(), ClusterError> {
        let mut slot = self.lease.lock().await;
        let namespace = self.namespace.as_str();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent = inner.now();
            let result = match slot.as_ref() {
                Some(seen) => {
                    // A renewal that hangs must leave time for the next.
                    let limit = inner.options.duration / 6;
                    let renewal = leases::renew(&inner.cluster, namespace, seen);
                    tokio::time::timeout(limit, renewal)
                        .await
                        .unwrap_or_else(|_| {
                            Err(ClusterError::timeout("renew the heartbeat", limit))
                        })
                }
                None => {
                    let claim = inner.claim(None);
                    leases::create(&inner.cluster, namespace, &inner.heartbeat, claim).await
                }
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

    /// Which of the objects are still ours.
    async fn look_at_holds(&self, inner: &Inner) {
        let holds = lock(&self.holds).clone();
        futures::stream::iter(holds.iter().filter(|hold| lock(&hold.state).held.is_some()))
            .for_each_concurrent(CONCURRENCY, |hold| async move {
                // What cannot be asked now is asked before the next write.
                if let Ok(found) = leases::get(&inner.cluster, &self.namespace, &hold.name).await
                    && !found.is_some_and(|found| inner.is_ours(&found))
                {
                    lock(&hold.state).held = None;
                }
            })
            .await;
        self.changed.send_replace(());
    }

    async fn release(&self, inner: &Inner) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
        let failed = |error: ClusterError| tracing::debug!(%error, "the lease expires by itself");
        let held: Vec<Held> = lock(&self.holds)
            .iter()
            .filter_map(|hold| lock(&hold.state).held.take())
            .collect();
        self.changed.send_replace(());
        futures::stream::iter(&held)
            .for_each_concurrent(CONCURRENCY, |held| async move {
                if let Err(error) = leases::release(&inner.cluster, &self.namespace, held).await {
                    failed(error);
                }
            })
            .await;
        // A renewal that was cut off may have moved it on.
        let slot = self.lease.lock().await.take();
        if slot.is_none() {
            return;
        }
        let last = match leases::get(&inner.cluster, &self.namespace, &inner.heartbeat).await {
            Ok(found) => found.filter(|found| inner.is_ours(found)),
            // Without an answer the version that we know is worth a try.
            Err(_) => slot,
        };
        if let Some(last) = last
            && let Err(error) = leases::release(&inner.cluster, &self.namespace, &last).await
        {
            failed(error);
        }
    }
}

/// One object's Lease in this run.
pub struct ObjectLease<'a> {
    inner: &'a Arc<Inner>,
    beat: Arc<Beat>,
    hold: Arc<Hold>,
    /// Force may still be used.
    takeover: bool,
}

impl ObjectLease<'_> {
    /// Whether we may write now; else why not.
    fn standing(&self) -> Result<Duration, String> {
        let (left, epoch) = {
            let state = lock(&self.beat.state);
            (state.left(self.inner.now()), state.epoch())
        };
        let hold = lock(&self.hold.state);
        if hold.held.is_none() {
            return Err(format!(
                "the lease {} is not ours any more: nothing is written",
                self.hold.name
            ));
        }
        match left {
            Some(left) if hold.epoch == epoch => Ok(left),
            _ => Err(format!(
                "the heartbeat of this run could not be renewed in time, and another may hold the lease {} by now: nothing is written",
                self.hold.name
            )),
        }
    }

    /// Ends when we may not write any more; says why.
    pub async fn lost(&self) -> String {
        let mut changed = self.beat.changed.subscribe();
        loop {
            let left = match self.standing() {
                Ok(left) => left,
                Err(why) => return why,
            };
            // In small steps: tokio's clock may stand still while the machine sleeps.
            let step = left.min(Duration::from_secs(1));
            drop(tokio::time::timeout(step, changed.changed()).await);
        }
    }

    /// Asks for the Lease where it is not held; waits, takes it or gives up as the options say.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses.
    pub async fn acquire(
        &mut self,
        signals: &Signals,
        notice: Notice<'_>,
    ) -> Result<Grant, ClusterError> {
        if self.standing().is_ok() {
            return Ok(Grant::Held);
        }
        let patience = match self.inner.options.wait {
            Some(limit) => Patience::UntilFree(limit),
            None => Patience::UntilKnown,
        };
        let start = Instant::now();
        let mut watched = Watch::default();
        let mut told = false;
        let mut conflicts = 0;
        loop {
            // Who waits for long has a heartbeat already; after an outage it must beat again before anything is claimed.
            if lock(&self.beat.state).left(self.inner.now()).is_none() {
                self.beat.renew(self.inner).await?;
            }
            let epoch = lock(&self.beat.state).epoch();
            let found = self.look().await?;
            let result = match &found {
                None => self.write(None, epoch).await,
                Some(found) if found.holder().is_none() || self.inner.is_ours(found) => {
                    self.write(Some(found), epoch).await
                }
                Some(found) if self.takeover => {
                    tracing::warn!(
                        "--takeover: the lease {} is taken from {} by force; if that run is alive, both may write until it notices",
                        found.name(),
                        found.holder().unwrap_or_default()
                    );
                    let written = self.write(Some(found), epoch).await;
                    if written.is_ok() {
                        notice(format!("takes the lease from {} by force", holder(found)));
                        if self.tell_loser(found, signals).await {
                            return Ok(Grant::Ended);
                        }
                    }
                    written
                }
                Some(found) => {
                    let heartbeat = self.heartbeat_of(found).await?;
                    let beating = heartbeat.as_ref().or(match found.heartbeat() {
                        // One that names no heartbeat is its own.
                        None => Some(found),
                        Some(_) => None,
                    });
                    let now = self.inner.now();
                    let verdict = watched.see(beating.map(|beating| sighting(found, beating)), now);
                    let fresh = beating.is_some_and(seems_fresh);
                    match answer(verdict, patience, fresh, start.elapsed()) {
                        Answer::Take => {
                            let written = self.write(Some(found), epoch).await;
                            if written.is_ok() {
                                self.clear(heartbeat.as_ref()).await;
                                notice(taken(found, heartbeat.as_ref()));
                            }
                            written
                        }
                        Answer::Refuse => {
                            return Ok(Grant::Refused(self.refusal(found, start.elapsed())));
                        }
                        Answer::Look => {
                            if !told {
                                told = true;
                                notice(format!(
                                    "waits for the lease {} of {}",
                                    found.name(),
                                    holder(found)
                                ));
                            }
                            if self.pause(signals).await {
                                return Ok(Grant::Ended);
                            }
                            continue;
                        }
                    }
                }
            };
            match result {
                Ok(()) => {
                    self.takeover = false;
                    return Ok(Grant::Held);
                }
                // Another was quicker: look again.
                Err(error)
                    if conflicts < ATTEMPTS
                        && matches!(
                            error.kind,
                            ClusterErrorKind::Conflict
                                | ClusterErrorKind::AlreadyExists
                                | ClusterErrorKind::NotFound
                        ) =>
                {
                    conflicts += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks whether the Lease is still ours, unless that was seen a moment ago. To be asked before the first write of a cycle.
    ///
    /// # Errors
    /// As [`Self::acquire`].
    pub async fn verify(&self) -> Result<Result<(), String>, ClusterError> {
        if let Err(why) = self.standing() {
            return Ok(Err(why));
        }
        let sent = self.inner.now();
        let age = sent
            .monotonic
            .saturating_sub(lock(&self.hold.state).verified.monotonic);
        if age < self.inner.options.duration / 30 {
            return Ok(Ok(()));
        }
        let found = self.look().await?;
        let ours = found
            .as_ref()
            .is_some_and(|found| self.inner.is_ours(found));
        if ours {
            let mut hold = lock(&self.hold.state);
            hold.held = found;
            hold.verified = sent;
            drop(hold);
            return Ok(self.standing().map(|_| ()));
        }
        lock(&self.hold.state).held = None;
        Ok(Err(match found {
            Some(found) => format!(
                "the lease {} is held by {} now: nothing is written",
                found.name(),
                holder(&found)
            ),
            None => format!(
                "the lease {} was deleted: nothing is written",
                self.hold.name
            ),
        }))
    }

    async fn look(&self) -> Result<Option<Held>, ClusterError> {
        let _permit = self.inner.permits.acquire().await;
        leases::get(&self.inner.cluster, &self.beat.namespace, &self.hold.name).await
    }

    async fn write(&self, found: Option<&Held>, epoch: u64) -> Result<(), ClusterError> {
        let _permit = self.inner.permits.acquire().await;
        let claim = self.inner.claim(Some(&self.inner.heartbeat));
        let (cluster, namespace) = (&self.inner.cluster, self.beat.namespace.as_str());
        let sent = self.inner.now();
        let held = match found {
            Some(found) => leases::claim(cluster, namespace, found, claim).await?,
            None => leases::create(cluster, namespace, &self.hold.name, claim).await?,
        };
        *lock(&self.hold.state) = HoldState {
            held: Some(held),
            epoch,
            verified: sent,
        };
        self.beat.changed.send_replace(());
        Ok(())
    }

    async fn heartbeat_of(&self, found: &Held) -> Result<Option<Held>, ClusterError> {
        let Some(name) = found.heartbeat() else {
            return Ok(None);
        };
        let _permit = self.inner.permits.acquire().await;
        let heartbeat = leases::get(&self.inner.cluster, &self.beat.namespace, name).await?;
        // A Lease of that name with another holder is not this holder's heartbeat.
        Ok(heartbeat.filter(|heartbeat| heartbeat.holder() == found.holder()))
    }

    /// Lets the next renewal of who lost the Lease meet a conflict, and gives it the time of one renewal to notice: a run that lives
    /// has then stopped writing. True when a signal came.
    async fn tell_loser(&self, found: &Held, signals: &Signals) -> bool {
        let mut marked = None;
        for _ in 0..ATTEMPTS {
            let Ok(Some(heartbeat)) = self.heartbeat_of(found).await else {
                return false;
            };
            let (cluster, namespace) = (&self.inner.cluster, &self.beat.namespace);
            match leases::mark_taken(cluster, namespace, &heartbeat, &self.hold.name).await {
                Err(error) if error.kind == ClusterErrorKind::Conflict => {}
                Err(_) => return false,
                Ok(()) => {
                    marked = Some(heartbeat);
                    break;
                }
            }
        }
        let Some(marked) = marked else { return false };
        // It renews every third of its duration, and looks at what it still holds before that renewal succeeds.
        let patience = marked.duration().unwrap_or(DEFAULT_DURATION) * 2 / 5;
        let start = Instant::now();
        while start.elapsed() < patience {
            if self.pause(signals).await {
                return true;
            }
            match self.heartbeat_of(found).await {
                Ok(Some(heartbeat)) if heartbeat.stamp() == marked.stamp() => {}
                _ => break,
            }
        }
        false
    }

    /// Clears a dead run's heartbeat away. That it moved after all is refused by the server, and harmless.
    async fn clear(&self, heartbeat: Option<&Held>) {
        if let Some(heartbeat) = heartbeat
            && let Err(error) =
                leases::release(&self.inner.cluster, &self.beat.namespace, heartbeat).await
        {
            tracing::debug!(%error, "a dead run's heartbeat stays");
        }
    }

    /// Waits before the next look; true when the run is to end.
    async fn pause(&self, signals: &Signals) -> bool {
        let pause = (self.inner.options.duration / 10)
            .clamp(Duration::from_millis(200), Duration::from_secs(5));
        tokio::select! {
            biased;
            _ = signals.first() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    fn refusal(&self, found: &Held, waited: Duration) -> String {
        let who = format!(
            "{} holds the lease {} in namespace {}",
            holder(found),
            found.name(),
            self.beat.namespace
        );
        match self.inner.options.wait {
            Some(_) => format!("{who}, and still did after {}", show(waited)),
            None => format!(
                "{who}: end that run, wait for it with --lease-wait, or take over by force with --takeover"
            ),
        }
    }
}

/// A moment by the monotonic clock alone, for watching others.
pub(super) fn moment_since(start: Instant) -> Moment {
    Moment {
        monotonic: start.elapsed(),
        wall: Duration::ZERO,
    }
}

fn holder(found: &Held) -> &str {
    found.holder().unwrap_or("nobody")
}

fn taken(found: &Held, heartbeat: Option<&Held>) -> String {
    match heartbeat {
        Some(heartbeat) => format!(
            "took the lease of {}, whose heartbeat did not move for {}",
            holder(found),
            show(heartbeat.duration().unwrap_or(DEFAULT_DURATION))
        ),
        None => format!(
            "took the lease of {}, which has no heartbeat",
            holder(found)
        ),
    }
}

fn sighting(found: &Held, beating: &Held) -> Sighting {
    Sighting {
        of: if beating.name() == found.name() {
            beating.name().to_owned()
        } else {
            // A Lease that was claimed again begins a new watch.
            format!("{}@{}", beating.name(), found.version())
        },
        stamp: beating.stamp(),
        duration: beating.duration().unwrap_or(DEFAULT_DURATION),
    }
}

/// Whether the holder renewed within its duration, if its clock and ours agree. See [`state::answer`].
pub(super) fn seems_fresh(beating: &Held) -> bool {
    let duration = SignedDuration::try_from(beating.duration().unwrap_or(DEFAULT_DURATION))
        .unwrap_or(SignedDuration::MAX);
    beating.renew_time().is_some_and(|renewed| {
        let age = Timestamp::now().duration_since(renewed);
        age < duration && age > -CLOCK_TOLERANCE
    })
}
