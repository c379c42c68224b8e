//! One writer for each object (law 5): a Lease for each object, and one heartbeat for each run and namespace.
//!
//! ```text
//! Lease keda-jobs-<object>   holder: alice@laptop_x7k2p9q1   annotation keda-jobs/heartbeat: keda-jobs-run-x7k2p9q1
//! Lease keda-jobs-run-x7k2p9q1   renewTime moves every third of the duration
//! ```
//!
//! The object's Lease is written when it is taken and when it is given up, the heartbeat while the run lives: renewing costs the
//! same for one object and for a thousand. Another's Lease is taken when its heartbeat was watched not to move for its duration on
//! our own clock, or, where the heartbeat is gone, the Lease itself. Before it writes, a run that has not looked for a moment looks
//! whether the Lease is still its own; who takes one by force also writes to the loser's heartbeat, whose next renewal then meets a
//! conflict.
//!
//! Kubernetes knows no fencing: a request that was sent while the Lease was held is carried out whenever it arrives. So writing ends
//! after two thirds of the duration, and a run that ends with unanswered creates lets its Lease expire. A create that the server
//! carries out still later, after everybody has counted, makes one Job too many; the next cycle counts it.

mod beat;
mod object;
mod state;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::beat::Beat;
pub use self::object::ObjectLease;
use self::state::Moment;
pub(super) use self::state::{Sighting, Verdict, Watch};
use super::Target;
use super::clock::Clock;
use crate::cluster::leases::{self, Claim, Held};
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind};
use crate::report::duration::show;

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
    /// The wall clock.
    pub clock: Clock,
}

/// What became of asking for the right to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// We may write, as before.
    Held,
    /// We may write from now on. Whoever held the Lease before may have made Jobs that we have not seen.
    Acquired,
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
    /// Heartbeats that did not move for their duration, by name, which each run has its own.
    dead: Mutex<HashSet<String>>,
}

impl Inner {
    fn now(&self) -> Moment {
        Moment {
            monotonic: self.start.elapsed(),
            wall: self
                .options
                .clock
                .now()
                .duration_since(Timestamp::UNIX_EPOCH)
                .unsigned_abs(),
        }
    }

    fn claim<'a>(&'a self, heartbeat: Option<&'a str>) -> Claim<'a> {
        Claim {
            identity: &self.identity,
            heartbeat,
            duration: self.options.duration,
            now: self.options.clock.now(),
        }
    }

    fn is_ours(&self, held: &Held) -> bool {
        held.holder() == Some(self.identity.as_str())
    }

    /// Remembers a heartbeat that is about to be cleared away: other objects may name it.
    fn note_dead(&self, heartbeat: Option<&Held>) {
        if let Some(heartbeat) = heartbeat {
            lock(&self.dead).insert(heartbeat.name().to_owned());
        }
    }

    /// Whether the heartbeat that `found` names was found dead.
    fn knows_as_dead(&self, found: &Held) -> bool {
        found
            .heartbeat()
            .is_some_and(|heartbeat| lock(&self.dead).contains(heartbeat))
    }
}

impl Drop for Leases {
    /// The heartbeats end with the run, however it ends: one that beats on would keep others away for nothing.
    fn drop(&mut self) {
        for beat in lock(&self.beats).values() {
            beat.end();
        }
    }
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
                dead: Mutex::default(),
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
        let hold = beat.hold(leases::object_lease(&target.job.name));
        ObjectLease {
            inner: &self.inner,
            beat,
            hold,
            takeover: self.inner.options.takeover,
        }
    }

    fn beat(&self, namespace: &str) -> Arc<Beat> {
        let mut beats = lock(&self.beats);
        let beat = beats
            .entry(namespace.to_owned())
            .or_insert_with(|| Beat::start(namespace, &self.inner));
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

/// A moment by the monotonic clock alone, for watching others.
pub(super) fn moment_since(start: Instant) -> Moment {
    Moment {
        monotonic: start.elapsed(),
        wall: Duration::ZERO,
    }
}

/// Whether the holder renewed within its duration, if its clock and ours agree. It can only make us refuse sooner.
pub(super) fn seems_fresh(beating: &Held, now: Timestamp) -> bool {
    let duration = SignedDuration::try_from(beating.duration().unwrap_or(DEFAULT_DURATION))
        .unwrap_or(SignedDuration::MAX);
    beating.renew_time().is_some_and(|renewed| {
        let age = now.duration_since(renewed);
        age < duration && age > -CLOCK_TOLERANCE
    })
}
