//! The beat: one cycle of each object at once, then one every `pollingInterval` from the start of the last. Objects do not wait
//! for each other.

mod outcomes;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::apply::{Outcome, apply};
use super::cycle::{Decided, Overrides, decide};
use super::guard::{Guard, ObjectGuard};
use super::lease::Grant;
use super::{Engine, Target};
use crate::cluster::job::CycleId;
use crate::cluster::{ClusterError, stuck};
use crate::planner::TermOutcome;
use crate::planner::inventory::{Inventory, JobState, ObservedJob};
use crate::report::ObjectName;
use crate::report::event::{Event, Totals};
use crate::report::plan::{ObjectPlan, PlanView, TriggerView};
use crate::signals::Signals;

/// Longest delay of an object's first cycle after the first object's; a tenth of its interval when that is less. Without it all
/// objects would ask their sources in step for ever. [KEDA issue 7676]
const MAX_JITTER: Duration = Duration::from_secs(3);

/// Who is told what happens.
pub type Tell<'a> = &'a dyn Fn(Option<&ObjectName>, Event);

/// What a run did to one object.
#[derive(Debug, Clone, Default)]
pub struct ObjectResult {
    /// Cycles begun.
    pub cycles: u64,
    /// What was done.
    pub totals: Totals,
    /// The Jobs could not be listed, or the lease not asked for, in the last cycle.
    pub blind: bool,
    /// Another run holds the lease, or a live KEDA drives the object.
    pub refused: bool,
    /// The last cycle wanted more Jobs than a limit let it create.
    pub held_back: bool,
}

/// One object in a run.
struct Driver<'a> {
    engine: &'a Engine,
    target: &'a Target,
    object: ObjectName,
    signals: &'a Signals,
    tell: Tell<'a>,
    guard: ObjectGuard<'a>,
    result: ObjectResult,
    /// Jobs that were made or seen unfinished, and whose end was not told yet.
    open: BTreeSet<String>,
    /// Jobs that were told to be stuck, by uid.
    stuck: BTreeSet<String>,
    /// Pending Jobs that were looked into, by uid: the others have their turn first.
    looked_into: BTreeSet<String>,
    /// It was told that stuck Jobs cannot be looked into.
    stuck_unknown: bool,
}

/// Runs every object: one cycle each with `once`, else until a signal comes. Results in the order of `targets`.
pub async fn run(
    engine: &Engine,
    targets: &[Target],
    guard: &Guard,
    once: bool,
    signals: &Signals,
    tell: Tell<'_>,
) -> Vec<ObjectResult> {
    let drivers = targets.iter().enumerate().map(|(place, target)| {
        let driver = Driver {
            engine,
            target,
            object: ObjectName {
                namespace: target.namespace.clone(),
                name: target.job.name.clone(),
            },
            signals,
            tell,
            guard: guard.of(target),
            result: ObjectResult::default(),
            open: BTreeSet::new(),
            stuck: BTreeSet::new(),
            looked_into: BTreeSet::new(),
            stuck_unknown: false,
        };
        driver.drive(once, place > 0)
    });
    futures::future::join_all(drivers).await
}

impl Driver<'_> {
    async fn drive(mut self, once: bool, jitter: bool) -> ObjectResult {
        let interval = Duration::from_secs(
            u64::try_from(self.target.job.polling_interval.max(1)).unwrap_or(1),
        );
        let mut next = Instant::now();
        if jitter && !once {
            next += (interval / 10).min(MAX_JITTER).mul_f64(fastrand::f64());
        }
        loop {
            tokio::select! {
                biased;
                _ = self.signals.first() => break,
                () = tokio::time::sleep_until(next) => {}
            }
            // A cycle that outlasts the interval is followed by the next at once, not by all those it missed.
            let start = Instant::now();
            // What needs room is boxed, here and in a cycle: an object that waits for its beat keeps none of it.
            match Box::pin(self.enter()).await {
                Grant::Held | Grant::Acquired => Box::pin(self.cycle()).await,
                Grant::Refused(_) | Grant::Ended => break,
                // Its Jobs are not known either.
                Grant::Unknown => {
                    let unknown = Inventory::Unknown("the lease could not be asked for".to_owned());
                    self.engine.limits.observed(self.target, &unknown);
                }
            }
            if once {
                break;
            }
            next = start + interval;
        }
        Box::pin(self.leave(once)).await;
        self.engine.limits.leave(self.target);
        if !once {
            let (cycles, totals) = (self.result.cycles, self.result.totals);
            self.say(Event::ObjectSummary { cycles, totals });
        }
        self.result
    }

    /// Gives the object up, or keeps others from it until what was sent is carried out or given up.
    async fn leave(&mut self, once: bool) {
        let found = self.tell_found();
        self.result.totals += found;
        if let Some(lease) = self.guard.settle().await {
            self.say(Event::Notice {
                message: format!(
                    "a claim of the lease {lease} was not answered and may still be carried out: it would then stand until it expires; wait for it with --lease-wait"
                ),
            });
        }
        let observer = self.engine.observer.as_ref();
        let unknown = observer.map_or(0, |observer| observer.unknown(self.target));
        self.result.totals.unanswered = u64::try_from(unknown).unwrap_or(u64::MAX);
        let unanswered = observer.map_or(0, |observer| observer.unanswered(self.target));
        if unanswered > 0
            && let Some(lease) = self.guard.keep()
        {
            self.say(Event::Notice {
                message: format!(
                    "{} not answered and may still be carried out: the lease {lease} is kept until it expires, so that nobody counts the Jobs before that; wait for it with --lease-wait",
                    if unanswered == 1 { "1 create was".to_owned() } else { format!("{unanswered} creates were") }
                ),
            });
        } else if once {
            self.guard.release().await;
        }
    }

    fn say(&self, event: Event) {
        (self.tell)(Some(&self.object), event);
    }

    /// Asks for the right to write before each cycle.
    async fn enter(&mut self) -> Grant {
        let (tell, object) = (self.tell, &self.object);
        let notice = |message| tell(Some(object), Event::Notice { message });
        let entered = self.guard.enter(self.signals, &notice).await;
        if let (Ok(Grant::Acquired), Some(observer)) = (&entered, &self.engine.observer) {
            observer.acquired(self.target);
        }
        let grant = entered.unwrap_or_else(|error| {
            self.result.blind = true;
            self.result.totals.errors += 1;
            let hint = hint_of(&error);
            self.say(Event::Held {
                wanted: 0,
                create: 0,
                term: "lease".to_owned(),
                message: format!("{error}: nothing is read or written{hint}"),
            });
            Grant::Unknown
        });
        self.result.refused = matches!(grant, Grant::Refused(_));
        if let Grant::Refused(message) = &grant {
            self.result.blind = false;
            self.say(Event::Refused {
                message: message.clone(),
            });
        }
        grant
    }

    async fn cycle(&mut self) {
        let cycle = CycleId::random();
        let start = Instant::now();
        self.result.cycles += 1;
        self.say(Event::CycleStarted {
            cycle: cycle.as_str().to_owned(),
        });
        // Reading changes nothing, so a signal need not wait for a source that does not answer; writes below are waited for.
        let nothing_given = Overrides::default();
        let decided = tokio::select! {
            biased;
            _ = self.signals.first() => return,
            decided = Box::pin(decide(self.engine, self.target, &nothing_given)) => decided,
        };
        let read_for = start.elapsed();
        let mut totals = self.tell_found();
        let found = totals.created;
        totals += self.tell_finished(&decided.inventory);
        totals += self.tell_decision(&decided, read_for);

        let outcomes = Mutex::new(Vec::new());
        let report = |outcome: Outcome| {
            self.tell_outcome(&decided, &outcome);
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push(outcome);
            }
        };
        let applied = Box::pin(self.guarded_apply(&decided, &cycle, &report)).await;
        for outcome in outcomes.into_inner().unwrap_or_default() {
            match outcome {
                Outcome::Created { job } => {
                    totals.created += 1;
                    self.open.insert(job);
                }
                Outcome::Deleted { .. } => totals.deleted += 1,
                Outcome::CreateFailed { .. } | Outcome::DeleteFailed { .. } => totals.errors += 1,
                Outcome::NotSent { .. } | Outcome::Refused { .. } | Outcome::Accepted => {}
            }
        }
        match applied {
            Ok(None) => {}
            Ok(Some(message)) => {
                // Without the lease the next cycle asks for it again; where there is none, somebody else has the object.
                self.result.refused = true;
                let (decision, created) = (decided.plan.decision, totals.created - found);
                let create = u64::try_from(decision.create).unwrap_or_default();
                totals.held += create.saturating_sub(created);
                self.say(Event::Held {
                    wanted: decision.wanted,
                    create: i64::try_from(created).unwrap_or(i64::MAX),
                    term: "lease".to_owned(),
                    message,
                });
            }
            Err(error) => {
                totals.errors += 1;
                let hint = hint_of(&error);
                self.say(Event::CycleFailed {
                    error: format!("{error}{hint}"),
                });
            }
        }
        self.result.totals += totals;
        Box::pin(self.tell_stuck(&decided.inventory)).await;
        let milliseconds = millis(start.elapsed());
        self.say(Event::CycleFinished {
            cycle: cycle.as_str().to_owned(),
            totals,
            milliseconds,
        });
    }

    /// Carries the plan out while we may write; says why when we may not, from the start or from some point on.
    async fn guarded_apply(
        &self,
        decided: &Decided,
        cycle: &CycleId,
        report: &dyn Fn(Outcome),
    ) -> Result<Option<String>, ClusterError> {
        if decided.plan.actions.is_empty() {
            return Ok(None);
        }
        if let Err(why) = self.guard.before_writing().await? {
            return Ok(Some(why));
        }
        // No create is started after a signal, nor after the lease is lost; those under way are waited for.
        let stop = AtomicBool::new(self.signals.stop_flag().load(Ordering::Relaxed));
        let lost = Mutex::new(None);
        let watch = async {
            tokio::select! {
                biased;
                _ = self.signals.first() => {}
                why = self.guard.lost() => {
                    if let Ok(mut lost) = lost.lock() {
                        *lost = Some(why);
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        };
        let told = |outcome| {
            let why = lost.lock().ok().and_then(|lost| lost.clone());
            report(match (outcome, why) {
                (Outcome::NotSent { count, .. }, Some(why)) => Outcome::NotSent { count, why },
                (outcome, _) => outcome,
            });
        };
        let applying = apply(self.engine, self.target, &decided.plan, cycle, &stop, &told);
        tokio::select! {
            biased;
            () = watch => {}
            applied = applying => applied?,
        }
        Ok(lost.into_inner().unwrap_or_default())
    }

    /// Tells which of the open Jobs have ended.
    fn tell_finished(&mut self, inventory: &Inventory) -> Totals {
        let mut totals = Totals::default();
        let Inventory::Known(jobs) = inventory else {
            return totals;
        };
        let ours: Vec<&ObservedJob> = jobs.iter().filter(|job| job.ours).collect();
        for job in &ours {
            if !job.state.is_finished() {
                self.open.insert(job.name.clone());
            } else if self.open.remove(&job.name) {
                let succeeded = job.state == JobState::Succeeded;
                totals.succeeded += u64::from(succeeded);
                totals.failed += u64::from(!succeeded);
                let seconds =
                    job.created_at
                        .zip(job.finished_at)
                        .and_then(|(created, finished)| {
                            u64::try_from(finished.as_second() - created.as_second()).ok()
                        });
                let reason = if succeeded { None } else { job.reason.clone() };
                self.say(Event::JobFinished {
                    job: job.name.clone(),
                    succeeded,
                    seconds,
                    reason,
                });
            }
        }
        // A Job that somebody else deleted has no end to tell.
        let present: BTreeSet<&str> = ours.iter().map(|job| job.name.as_str()).collect();
        self.open.retain(|name| present.contains(name.as_str()));
        totals
    }

    /// Tells which Jobs are stuck, and why, once for each. After everything else: it delays nothing.
    async fn tell_stuck(&mut self, inventory: &Inventory) {
        let Inventory::Known(jobs) = inventory else {
            return;
        };
        self.stuck
            .retain(|uid| jobs.iter().any(|job| job.uid == *uid));
        // The oldest are looked into first, and those that are merely slow must not hide the others for ever.
        let untold = jobs
            .iter()
            .filter(|job| job.ours && !self.stuck.contains(&job.uid))
            .filter(|job| !self.looked_into.contains(&job.uid))
            .map(|job| (self.target.namespace.as_str(), job));
        let candidates =
            stuck::candidates(untold, self.engine.stuck_after, self.engine.clock.now());
        if candidates.is_empty() || self.signals.status().is_some() {
            self.looked_into.clear();
            return;
        }
        self.looked_into
            .extend(candidates.iter().map(|candidate| candidate.uid.clone()));
        // The cycle has told already that there is no cluster.
        let Ok(cluster) = self.engine.cluster.get().await else {
            return;
        };
        let (found, error) = stuck::explain(cluster, &candidates).await;
        for stuck in found {
            self.say(Event::JobStuck {
                job: stuck.job,
                reason: stuck.reason,
            });
            self.stuck.insert(stuck.uid);
        }
        if let Some(error) = error
            && !std::mem::replace(&mut self.stuck_unknown, true)
        {
            self.say(Event::Notice {
                message: format!("why Jobs stay pending is not known: {error}"),
            });
        }
    }

    fn tell_decision(&mut self, decided: &Decided, read_for: Duration) -> Totals {
        let plan = &decided.plan;
        let mut totals = Totals::default();
        for trigger in &plan.triggers {
            if matches!(
                trigger.outcome,
                TermOutcome::Failed(_) | TermOutcome::NotBuilt(_)
            ) {
                totals.errors += 1;
            }
            self.say(Event::Reading {
                trigger: TriggerView::new(trigger),
                milliseconds: millis(read_for),
            });
        }
        let view = PlanView::new(&ObjectPlan {
            object: self.object.clone(),
            job: &self.target.job,
            plan,
        });
        self.say(Event::Planned {
            plan: Box::new(view),
        });
        let (wanted, create) = (plan.decision.wanted, plan.decision.create);
        self.result.blind = matches!(decided.inventory, Inventory::Unknown(_));
        let held = wanted > create && !self.target.job.paused();
        self.result.held_back = held && !self.result.blind;
        if self.result.blind {
            totals.errors += 1;
        }
        if held || self.result.blind {
            totals.held += u64::try_from(wanted - create).unwrap_or_default();
            let term = plan.deciding.term.as_str().to_owned();
            self.say(Event::Held {
                wanted,
                create,
                term,
                message: plan.deciding.text.clone(),
            });
        }
        totals
    }
}

/// What can be done about it, in brackets behind a blank; nothing when that is not known.
fn hint_of(error: &ClusterError) -> String {
    let hint = error.hint();
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
