//! Readings and an inventory become a plan, with a reason for every number. Pure: no clock, no client, no environment.
//!
//! [`formula`] is KEDA's arithmetic, `explain` puts it into words, `cleanup` says which Jobs go. [`plan`] adds what KEDA
//! lacks: a ceiling that holds, and a stop when something is not known.

pub mod brake;
mod cleanup;
mod explain;
pub mod formula;
pub mod inventory;
mod limit;
pub mod reason;
#[cfg(test)]
pub(crate) mod tests;
mod v1;

use k8s_openapi::jiff::Timestamp;

use crate::api::ScaledJob;
use crate::api::reading::{ReadingOutcome, TriggerReading};
use formula::{Combined, Decided, Replicas, Term, combine, decide, effective_replicas, terms};
use inventory::{Counts, Inventory, counts};
pub use limit::TotalRoom;
pub use reason::{Deciding, DecidingTerm, Number, Reason, ReasonCode};
pub use v1::v1_create;

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The object.
    pub job: &'a ScaledJob,
    /// One reading per trigger, in order of the triggers.
    pub readings: &'a [TriggerReading],
    /// What exists.
    pub inventory: &'a Inventory,
    /// What holds numbers down beside `maxReplicaCount`.
    pub limits: &'a Limits,
    /// Hash of the template as it is now; Jobs of another hash are old. See `rollout`.
    pub spec_hash: &'a str,
    /// The time to reckon with.
    pub now: Timestamp,
}

/// Limits beyond the manifest, as they are for one object in one cycle. All unset means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// `--max-create`: at most so many new Jobs in one cycle of one object.
    pub max_create: Option<i64>,
    /// `--max-pending`: pending and new Jobs of one object together. A Job counts as pending unless it is known to be at work,
    /// see [`inventory::pending`].
    pub max_pending: Option<i64>,
    /// `--max-total`: what of it is left for this object.
    pub total: Option<TotalRoom>,
    /// The failure brake, when it is on.
    pub brake: Option<brake::Brake>,
}

/// What to do for one object, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The numbers.
    pub decision: Decision,
    /// The Jobs that were counted; none when they could not be listed.
    pub counts: Option<Counts>,
    /// The triggers with what each asks for, in order.
    pub triggers: Vec<TriggerTerm>,
    /// A reason for every number, in the order of the calculation.
    pub reasons: Vec<Reason>,
    /// The term that decided how many Jobs are created.
    pub deciding: Deciding,
    /// Changes to make, creations first.
    pub actions: Vec<Action>,
}

/// The numbers of one cycle. Where KEDA would lose all triggers because one cannot be built, they are those of the
/// triggers that could be read, and only `keda` says what KEDA would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Jobs that KEDA 2.20 would create from the same inputs (law 3). 2.21 counts alike: its `pkg/scaling/scaledjob` and the formulas of
    /// its `pkg/scaling/executor/scale_jobs.go` are the same.
    pub keda: i64,
    /// Jobs wanted before the limits of this program.
    pub wanted: i64,
    /// Jobs to create.
    pub create: i64,
    /// At least one trigger is active, or a minimum is written.
    pub is_active: bool,
    /// A trigger failed or could not be built.
    pub is_error: bool,
    /// `is_error`, and at least one other trigger was read.
    pub partial: bool,
    /// Items that wait, after combining: `ceil` of the queue length.
    pub scale_to: i64,
    /// Jobs wanted, after combining and held to `max_replicas`.
    pub max_scale: i64,
    /// Effective minimum.
    pub min_replicas: i64,
    /// Effective maximum, on top of the minimum.
    pub max_replicas: i64,
    /// The strategy's answer, perhaps negative.
    pub effective_max_scale_raw: i64,
    /// The same, 0 at least.
    pub effective_max_scale: i64,
    /// `scale_to` as the strategy leaves it.
    pub scale_to_after_strategy: i64,
    /// KEDA's Ready condition.
    pub ready: ConditionStatus,
    /// Its reason.
    pub ready_reason: &'static str,
    /// KEDA's Active condition.
    pub active: ConditionStatus,
}

/// Status of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionStatus {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`.
    Unknown,
}

impl ConditionStatus {
    /// Kubernetes' word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One trigger's part in the decision.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerTerm {
    /// Place in `spec.triggers`, from 0.
    pub index: usize,
    /// `redis`, `cron` …
    pub kind: String,
    /// The trigger's `name`, or empty.
    pub name: String,
    /// Names of its metrics, one for each term.
    pub metrics: Vec<String>,
    /// What it asks for.
    pub outcome: TermOutcome,
    /// The combination took its numbers from this trigger alone.
    pub chosen: bool,
}

/// What one trigger asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum TermOutcome {
    /// One term per metric; almost always one.
    Read(Vec<Term>),
    /// No effect on a ScaledJob.
    Skipped(String),
    /// Not read.
    Failed(String),
    /// Not built.
    NotBuilt(String),
}

/// A trigger, named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerRef {
    /// Place in `spec.triggers`, from 0.
    pub index: usize,
    /// `redis`, `cron` …
    pub kind: String,
    /// The trigger's `name`, or empty.
    pub name: String,
}

/// A change to make in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make Jobs.
    Create {
        /// How many, 1 at least.
        count: i64,
        /// The trigger that asked, where it was one alone.
        trigger: Option<TriggerRef>,
    },
    /// Delete one Job of ours, with its uid as precondition.
    Delete {
        /// `metadata.name`.
        name: String,
        /// `metadata.uid`.
        uid: String,
        /// Why it goes.
        why: DeleteReason,
        /// How its pods go.
        propagation: Propagation,
    },
}

/// Why a Job is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeleteReason {
    /// Beyond `successfulJobsHistoryLimit`.
    HistorySuccessful {
        /// The limit.
        limit: i32,
    },
    /// Beyond `failedJobsHistoryLimit`.
    HistoryFailed {
        /// The limit.
        limit: i32,
    },
    /// Made from an older spec, under `rollout.strategy: immediate`.
    Rollout {
        /// The Job's `keda-jobs/spec-hash`.
        old_hash: String,
    },
}

/// `propagationPolicy` of a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// Pods go after the Job.
    Background,
    /// The Job stays until its pods are gone.
    Foreground,
}

impl Propagation {
    /// Kubernetes' word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
        }
    }
}

impl TriggerTerm {
    fn new(reading: &TriggerReading, replicas: Replicas) -> Self {
        Self {
            index: reading.index,
            kind: reading.kind.clone(),
            name: reading.name.clone(),
            metrics: match &reading.outcome {
                ReadingOutcome::Read(metrics) => {
                    metrics.iter().map(|metric| metric.metric.clone()).collect()
                }
                _ => Vec::new(),
            },
            outcome: match &reading.outcome {
                ReadingOutcome::Read(metrics) => {
                    TermOutcome::Read(terms(metrics, replicas).collect())
                }
                ReadingOutcome::Skipped(why) => TermOutcome::Skipped(why.clone()),
                ReadingOutcome::Failed(why) => TermOutcome::Failed(why.clone()),
                ReadingOutcome::NotBuilt(why) => TermOutcome::NotBuilt(why.clone()),
            },
            chosen: false,
        }
    }

    /// The trigger, named.
    pub fn reference(&self) -> TriggerRef {
        TriggerRef {
            index: self.index,
            kind: self.kind.clone(),
            name: self.name.clone(),
        }
    }

    /// For people: `redis, trigger 0`, or `redis "mails", trigger 0`.
    pub fn label(&self) -> String {
        self.reference().to_string()
    }
}

impl std::fmt::Display for TriggerRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() {
            write!(formatter, "{}, trigger {}", self.kind, self.index)
        } else {
            write!(
                formatter,
                "{} \"{}\", trigger {}",
                self.kind, self.name, self.index
            )
        }
    }
}

/// KEDA's arithmetic over some of the triggers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Computed {
    combined: Combined,
    decided: Decided,
    /// `max(raw, 0)`.
    effective: i64,
    /// Jobs that KEDA would create; 0 where it would crash.
    create: i64,
    /// KEDA would ask for a slice of negative length. [vector odd-03]
    panics: bool,
}

fn compute(job: &ScaledJob, terms: &[Term], counts: Counts, replicas: Replicas) -> Computed {
    let strategy = &job.scaling_strategy;
    let combined = combine(terms, strategy.multiple_scalers_calculation, replicas);
    let decided = decide(strategy, &combined, counts, replicas);
    let effective = decided.raw.max(0);
    let asked = if combined.is_active && effective > 0 {
        decided.scale_to.min(effective)
    } else {
        0
    };
    Computed {
        combined,
        decided,
        effective,
        create: asked.max(0),
        panics: asked < 0,
    }
}

/// The numbers of one cycle with what they were made from, without words.
struct Numbers<'a> {
    /// None when the Jobs could not be listed.
    known: Option<Counts>,
    /// The same, 0 for none.
    counted: Counts,
    ours: Computed,
    held: Option<limit::Held<'a>>,
    decision: Decision,
}

impl<'a> Numbers<'a> {
    /// KEDA's number first (semantics §2), then the limits. `terms` are those of all readings, in their order.
    fn of(input: &PlanInput<'a>, replicas: Replicas, terms: &[Term]) -> Self {
        let job = input.job;
        let known = match input.inventory {
            Inventory::Known(jobs) => Some(counts(jobs)),
            Inventory::Assumed(counts) => Some(*counts),
            Inventory::Unknown(_) => None,
        };
        // KEDA takes Jobs that it cannot list for none.
        let counted = known.unwrap_or_default();
        let ours = compute(job, terms, counted, replicas);
        let paused = job.paused();
        let any = |is: fn(&ReadingOutcome) -> bool| {
            input.readings.iter().any(|reading| is(&reading.outcome))
        };
        let not_built = any(|outcome| matches!(outcome, ReadingOutcome::NotBuilt(_)));
        let is_error = not_built || any(|outcome| matches!(outcome, ReadingOutcome::Failed(_)));
        let keda = if paused {
            0
        } else if not_built {
            compute(job, &[], counted, replicas).create
        } else {
            ours.create
        };
        let is_active = ours.combined.is_active;
        let (ready, ready_reason) = match (is_error && !paused, is_active) {
            (false, _) => (ConditionStatus::True, "ScaledJobReady"),
            (true, true) => (ConditionStatus::Unknown, "PartialTriggerError"),
            (true, false) => (ConditionStatus::False, "TriggerError"),
        };
        let held = limit::held(input, counted, ours.create);
        let decision = Decision {
            keda,
            wanted: ours.create,
            create: held.map_or(ours.create, |held| held.create),
            is_active,
            is_error,
            partial: is_error && any(|outcome| matches!(outcome, ReadingOutcome::Read(_))),
            scale_to: ours.combined.scale_to,
            max_scale: ours.combined.max_scale,
            min_replicas: replicas.minimum,
            max_replicas: replicas.maximum,
            effective_max_scale_raw: ours.decided.raw,
            effective_max_scale: ours.effective,
            scale_to_after_strategy: ours.decided.scale_to,
            ready,
            ready_reason,
            active: if is_active {
                ConditionStatus::True
            } else {
                ConditionStatus::False
            },
        };
        Self {
            known,
            counted,
            ours,
            held,
            decision,
        }
    }
}

/// The numbers of [`plan`] alone: many times faster, for who needs no reasons.
pub fn decision(input: &PlanInput<'_>) -> Decision {
    let replicas = effective_replicas(input.job.min_replica_count, input.job.max_replica_count);
    let mut all = Vec::with_capacity(input.readings.len());
    for reading in input.readings {
        if let ReadingOutcome::Read(metrics) = &reading.outcome {
            all.extend(terms(metrics, replicas));
        }
    }
    Numbers::of(input, replicas, &all).decision
}

/// Works out one cycle of one object. The same input always gives the same plan; nothing here panics.
///
/// KEDA's number comes first (semantics §2), then the limits: unfinished and new Jobs together never pass
/// `maxReplicaCount` (100 when unset), and the smallest of the further [`Limits`] holds; a paused object gets no Jobs and no rollout, but finished
/// Jobs are still cleaned up; when the Jobs could not be listed, nothing is created or deleted.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let job = input.job;
    let replicas = effective_replicas(job.min_replica_count, job.max_replica_count);
    let mut triggers: Vec<TriggerTerm> = input
        .readings
        .iter()
        .map(|reading| TriggerTerm::new(reading, replicas))
        .collect();
    let (owners, all): (Vec<usize>, Vec<Term>) = triggers
        .iter()
        .enumerate()
        .flat_map(|(place, trigger)| {
            let terms: &[Term] = match &trigger.outcome {
                TermOutcome::Read(terms) => terms,
                _ => &[],
            };
            terms.iter().map(move |term| (place, *term))
        })
        .unzip();
    let Numbers {
        known,
        counted,
        ours,
        held,
        decision,
    } = Numbers::of(input, replicas, &all);
    let chosen = ours.combined.chosen.map(|place| owners[place]);

    let mut reasons = Vec::new();
    explain::replicas(job, replicas, &mut reasons);
    explain::triggers(&triggers, replicas, &mut reasons);
    explain::combined(job, &triggers, &all, &ours, chosen, replicas, &mut reasons);
    if let Some(place) = chosen {
        triggers[place].chosen = true;
    }
    explain::strategy(&ours, counted, replicas, &mut reasons);

    let paused = job.paused();
    let keda = decision.keda;
    let not_built = triggers
        .iter()
        .find(|trigger| matches!(trigger.outcome, TermOutcome::NotBuilt(_)));
    explain::keda(&ours, &mut reasons);
    if paused {
        reasons.push(
            Reason::new(ReasonCode::KedaPaused, "KEDA does nothing while paused").whole(keda),
        );
    } else if let Some(trigger) = not_built {
        explain::keda_loses_triggers(trigger, keda, &mut reasons);
    }
    if known.is_none() {
        explain::keda_counts_zero(keda, &mut reasons);
    }
    explain::v1(input, counted, &mut reasons);
    let held = limit::explain(input, counted, ours.create, held.as_ref(), &mut reasons);
    let deciding = held.unwrap_or_else(|| {
        explain::deciding(
            &ours,
            &triggers,
            chosen.map(|place| &triggers[place]),
            counted,
            replicas,
            job,
        )
    });

    let mut actions = Vec::new();
    if decision.create > 0 {
        let minimum = matches!(ours.decided.step, formula::Step::BelowMinimum);
        actions.push(Action::Create {
            count: decision.create,
            trigger: chosen
                .filter(|_| !minimum)
                .map(|place| triggers[place].reference()),
        });
    }
    if let Inventory::Known(jobs) = input.inventory {
        if !paused {
            cleanup::rollout(job, input.spec_hash, jobs, &mut actions, &mut reasons);
        }
        cleanup::history(job, jobs, &mut actions, &mut reasons);
    }
    Plan {
        decision,
        counts: known,
        triggers,
        reasons,
        deciding,
        actions,
    }
}
