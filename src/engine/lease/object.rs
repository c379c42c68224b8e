//! One object's Lease in a run: asking for it, looking after it, losing it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::beat::{Beat, Hold, HoldState};
use super::state::{Answer, Patience, Sighting, Watch, answer};
use super::{ATTEMPTS, DEFAULT_DURATION, Grant, Inner, Notice, RELEASE_LIMIT, lock, seems_fresh};
use crate::cluster::leases::{self, Held};
use crate::cluster::{ClusterError, ClusterErrorKind};
use crate::report::duration::show;
use crate::signals::Signals;

/// One object's Lease in this run.
pub struct ObjectLease<'a> {
    pub(super) inner: &'a Inner,
    pub(super) beat: Arc<Beat>,
    pub(super) hold: Arc<Hold>,
    /// Force may still be used.
    pub(super) takeover: bool,
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
                "the heartbeat of this run was deleted or could not be renewed in time, and another may hold the lease {} by now: nothing is written; for an API server that takes its time to answer choose a --lease-duration above {}",
                self.hold.name,
                show(self.inner.options.duration)
            )),
        }
    }

    /// Ends when we may not write any more; says why.
    pub async fn lost(&self) -> String {
        tokio::select! {
            biased;
            why = self.lapsed() => why,
            why = self.taken() => why,
        }
    }

    /// Ends when the Lease is known to be another's: somebody who asks nobody may write a holder into it, and creates that the server
    /// puts off are sent for as long as the request timeout allows.
    async fn taken(&self) -> String {
        loop {
            tokio::time::sleep(self.inner.options.duration / 30).await;
            // While the cluster does not answer, the heartbeat tells how long we may go on.
            if let Ok(Err(why)) = self.verify().await {
                return why;
            }
        }
    }

    /// Ends when the heartbeat, or what it showed, does not let us write any more.
    async fn lapsed(&self) -> String {
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

    /// Gives the Lease up before the run ends, where the run may wait: who waits for this one would wait for what this run waits for as
    /// well, and two such runs for each other for ever. A run that never waits gives all up at its end, with one request.
    pub async fn release(&self) {
        if self.inner.options.wait.is_none() {
            return;
        }
        let Some(held) = lock(&self.hold.state).held.take() else {
            return;
        };
        let (cluster, namespace) = (&self.inner.cluster, &self.beat.namespace);
        if let Err(error) = leases::release(cluster, namespace, &held).await {
            tracing::debug!(%error, "the lease is given up at the end of the run");
            lock(&self.hold.state).held = Some(held);
        }
    }

    /// Lets the Lease expire after the run's end instead of giving it up, and the heartbeat with it; its name, where it is held. For a
    /// run whose last creates were not answered: Kubernetes has no way to call them back, and who counts the Jobs before they arrive
    /// counts too few.
    pub fn keep(&self) -> Option<&str> {
        let mut state = lock(&self.hold.state);
        state.kept = state.held.is_some();
        state.kept.then_some(self.hold.name.as_str())
    }

    /// Looks, at the end of a run, what became of claims without an answer: a Lease that is ours after all is given up with the others.
    /// The name of one that may still become ours.
    pub async fn settle(&self) -> Option<&str> {
        let name = self.hold.name.as_str();
        if !lock(&self.hold.state).may_come() {
            return None;
        }
        let is_held = lock(&self.hold.state).held.is_some();
        let since = self.inner.now().monotonic;
        let look = self.beat.look(self.inner, name, since);
        if !is_held
            && let Ok(Ok((Some(found), _))) = tokio::time::timeout(RELEASE_LIMIT / 2, look).await
            && self.inner.is_ours(&found)
        {
            let mut hold = lock(&self.hold.state);
            hold.seen_as_ours();
            hold.held = Some(found);
        }
        lock(&self.hold.state).may_come().then_some(name)
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
        // Most are free: what was never ours is created without a look, and the server says if somebody was there first.
        let mut looked = lock(&self.hold.state).held.is_some() || self.takeover;
        loop {
            // Who waits for long has a heartbeat already; after an outage it must beat again before anything is claimed.
            if lock(&self.beat.state).left(self.inner.now()).is_none() {
                self.beat.renew(self.inner).await?;
            }
            let epoch = lock(&self.beat.state).epoch();
            let found = if looked { self.look().await? } else { None };
            if found
                .as_ref()
                .is_some_and(|found| self.inner.is_ours(found))
            {
                lock(&self.hold.state).seen_as_ours();
            }
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
                        self.takeover = false;
                        if Box::pin(self.tell_loser(found, signals)).await {
                            return Ok(Grant::Ended);
                        }
                        // A loser that was about to end may have given our Lease up together with its own.
                        if !self
                            .look()
                            .await?
                            .is_some_and(|found| self.inner.is_ours(&found))
                        {
                            lock(&self.hold.state).held = None;
                            continue;
                        }
                    }
                    written
                }
                Some(found) => {
                    let heartbeat = self.heartbeat_of(found).await?;
                    // One that names no heartbeat is its own. So is one whose heartbeat is gone, unless we have found it dead before:
                    // somebody may have deleted the heartbeat of a run that lives.
                    let beating = heartbeat
                        .as_ref()
                        .or_else(|| (!self.inner.knows_as_dead(found)).then_some(found));
                    let now = self.inner.now();
                    let verdict = watched.see(beating.map(|beating| sighting(found, beating)), now);
                    let fresh = beating.is_some_and(|beating| {
                        seems_fresh(beating, self.inner.options.clock.now())
                    });
                    match answer(verdict, patience, fresh, start.elapsed()) {
                        Answer::Take => {
                            let written = self.write(Some(found), epoch).await;
                            if written.is_ok() {
                                self.inner.note_dead(heartbeat.as_ref());
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
                    return Ok(Grant::Acquired);
                }
                // Another was there first.
                Err(error) if !looked && error.kind == ClusterErrorKind::AlreadyExists => {
                    looked = true;
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
        let now = self.inner.now().monotonic;
        let since = now.saturating_sub(self.inner.options.duration / 30);
        if lock(&self.hold.state).verified.monotonic > since {
            return Ok(Ok(()));
        }
        let (found, sent) = self.beat.look(self.inner, &self.hold.name, since).await?;
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
        let (cluster, namespace) = (&self.inner.cluster, &self.beat.namespace);
        Box::pin(leases::get(cluster, namespace, &self.hold.name)).await
    }

    // The requests are boxed: many objects wait here at the start of a run, and they need no room before it is their turn.
    async fn write(&self, found: Option<&Held>, epoch: u64) -> Result<(), ClusterError> {
        let _permit = self.inner.permits.acquire().await;
        let claim = self.inner.claim(Some(&self.inner.heartbeat));
        let (cluster, namespace) = (&self.inner.cluster, self.beat.namespace.as_str());
        let sent = self.inner.now();
        let written = match found {
            Some(found) => Box::pin(leases::claim(cluster, namespace, found, claim)).await,
            None => Box::pin(leases::create(cluster, namespace, &self.hold.name, claim)).await,
        };
        let held = written.inspect_err(|error| {
            if error.may_have_happened() {
                lock(&self.hold.state).unanswered();
            }
        })?;
        let mut hold = lock(&self.hold.state);
        *hold = HoldState {
            held: Some(held),
            epoch,
            verified: sent,
            kept: false,
            unanswered: hold.unanswered,
        };
        drop(hold);
        self.beat.changed.send_replace(());
        Ok(())
    }

    async fn heartbeat_of(&self, found: &Held) -> Result<Option<Held>, ClusterError> {
        let Some(name) = found.heartbeat() else {
            return Ok(None);
        };
        let _permit = self.inner.permits.acquire().await;
        let (cluster, namespace) = (&self.inner.cluster, &self.beat.namespace);
        let heartbeat = Box::pin(leases::get(cluster, namespace, name)).await?;
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
                // What it had sent before may still be under way.
                _ => return self.pause(signals).await,
            }
        }
        false
    }

    /// Clears a dead run's heartbeat away. That it moved after all is refused by the server, and harmless.
    async fn clear(&self, heartbeat: Option<&Held>) {
        if let Some(heartbeat) = heartbeat
            && let Err(error) = Box::pin(leases::release(
                &self.inner.cluster,
                &self.beat.namespace,
                heartbeat,
            ))
            .await
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
