//! What `run` tells while it runs: one event a line, for people or as JSON.

mod reporter;

use serde::Serialize;

use super::count;
use super::plan::{PlanView, TriggerRefView, TriggerView};
use super::sanitize::sanitize;
pub use reporter::{Format, Reporter, Verbosity};

/// Something that happened. In JSON its `type` is the variant's name in camelCase and its fields stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// The run begins. Said before anything is created.
    RunStarted {
        /// Objects that will be driven.
        objects: usize,
        /// Context of the kubeconfig, or what stands for it (`in-cluster`, `sandbox`).
        context: String,
        /// Address of the API server.
        server: String,
    },
    /// A cycle of an object begins.
    CycleStarted {
        /// Mark of the cycle, as in the Jobs' annotation.
        cycle: String,
    },
    /// A trigger answered or failed.
    Reading {
        /// The trigger with what it asks for.
        trigger: TriggerView,
        /// How long it took.
        milliseconds: u64,
    },
    /// The plan of a cycle.
    Planned {
        /// The same item as in `plan --output json`.
        plan: Box<PlanView>,
    },
    /// Wanted Jobs are not created: a limit, an unknown inventory, a lease.
    Held {
        /// Jobs wanted.
        wanted: i64,
        /// Jobs created in spite.
        create: i64,
        /// Stable word of what holds.
        term: String,
        /// For people.
        message: String,
    },
    /// The object is left alone from here on: another run holds its lease, or a live KEDA drives it.
    Refused {
        /// For people: who, and what can be done.
        message: String,
    },
    /// A Job was created.
    Created {
        /// Its name.
        job: String,
        /// The trigger that asked, where it was one alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        trigger: Option<TriggerRefView>,
    },
    /// A Job turned out to exist although no answer had told that it was created.
    CreatedAfterAll {
        /// Its name.
        job: String,
    },
    /// A Job could not be created.
    CreateFailed {
        /// The name it would have had.
        job: String,
        /// The error.
        error: String,
        /// The cluster refuses it, and would refuse every other of the object's: [`Self::JobsRefused`] follows.
        refused: bool,
        /// The fields that the server refuses, with their places in the manifest.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        causes: Vec<RefusedField>,
    },
    /// The cluster refuses the object's Jobs. Told once in a cycle, after those that were sent have failed.
    JobsRefused {
        /// How many Jobs are not created for it, sent or not.
        count: usize,
        /// How many of them were sent.
        sent: usize,
        /// The name that the first of these would have had.
        job: String,
        /// What the cluster says of it.
        error: String,
        /// The fields that the server refuses, with their places in the manifest.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        causes: Vec<RefusedField>,
    },
    /// The object's Jobs are created again: none was refused, for the first time since [`Self::JobsRefused`].
    JobsAccepted,
    /// A Job was deleted, or was gone already.
    Deleted {
        /// Its name.
        job: String,
        /// Why.
        message: String,
    },
    /// A Job could not be deleted.
    DeleteFailed {
        /// Its name.
        job: String,
        /// The error.
        error: String,
    },
    /// A Job reached its end.
    JobFinished {
        /// Its name.
        job: String,
        /// It succeeded.
        succeeded: bool,
        /// Seconds from creation to the end, when both are known.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// Reason of the terminal condition.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A Job has been pending for long: no pod of it runs. Told once for each; nothing is done about it.
    JobStuck {
        /// Its name.
        job: String,
        /// What the cluster says of it.
        reason: String,
    },
    /// The cycle could not be carried through.
    CycleFailed {
        /// The error.
        error: String,
    },
    /// The cycle is over.
    CycleFinished {
        /// Mark of the cycle.
        cycle: String,
        /// What was done in it.
        totals: Totals,
        /// How long it took.
        milliseconds: u64,
    },
    /// Something that people should know and that is no failure.
    Notice {
        /// A lower-case sentence without a full stop.
        message: String,
    },
    /// What was done for one object in the whole run.
    ObjectSummary {
        /// Cycles begun.
        cycles: u64,
        /// What was done.
        totals: Totals,
    },
    /// What was done in the whole run.
    RunSummary {
        /// Objects that were driven.
        objects: usize,
        /// Cycles begun.
        cycles: u64,
        /// What was done.
        totals: Totals,
        /// Why the run ended: `once`, `interrupted` …
        ended: String,
    },
}

/// A field of a Job that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedField {
    /// Its path in the Job: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What the server says of it.
    pub message: String,
    /// Where it stands, or the nearest thing around it; none when it is not of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A place in a file. Line and column count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The path as the user gave it, or `<stdin>`.
    pub file: String,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What was done, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Jobs created.
    pub created: u64,
    /// Jobs deleted.
    pub deleted: u64,
    /// Jobs seen to succeed.
    pub succeeded: u64,
    /// Jobs seen to fail.
    pub failed: u64,
    /// Jobs wanted and held back.
    pub held: u64,
    /// Triggers, cycles, creations and deletions that failed.
    pub errors: u64,
    /// Creations without an answer of which it is not known, at the end, whether the Job exists. They are among the errors.
    pub unanswered: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.deleted += other.deleted;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.held += other.held;
        self.errors += other.errors;
        self.unanswered += other.unanswered;
    }
}

impl std::fmt::Display for Totals {
    /// `3 created, 1 deleted, 2 succeeded, 0 failed`, with what was held or went wrong only when there is some.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} created, {} deleted, {} succeeded, {} failed",
            self.created, self.deleted, self.succeeded, self.failed
        )?;
        if self.held > 0 {
            write!(formatter, ", {} held back", self.held)?;
        }
        if self.errors > 0 {
            write!(
                formatter,
                ", {}",
                count(i64::try_from(self.errors).unwrap_or(i64::MAX), "error")
            )?;
        }
        match self.unanswered {
            0 => {}
            1 => write!(formatter, ", 1 create without an answer: its Job may exist")?,
            many => write!(
                formatter,
                ", {many} creates without an answer: their Jobs may exist"
            )?,
        }
        Ok(())
    }
}

impl Event {
    /// From which level on people see it. A plan that changes nothing counts as quiet news only when it differs from the
    /// last one: the [`Reporter`] sees to that.
    pub fn level(&self) -> Verbosity {
        match self {
            Self::Held { .. }
            | Self::Refused { .. }
            | Self::CreateFailed { refused: false, .. }
            | Self::JobsRefused { .. }
            | Self::JobsAccepted
            | Self::DeleteFailed { .. }
            | Self::CycleFailed { .. }
            | Self::JobStuck { .. }
            | Self::RunSummary { .. }
            | Self::JobFinished {
                succeeded: false, ..
            } => Verbosity::Quiet,
            Self::Reading { trigger, .. } if matches!(trigger.outcome, "failed" | "notBuilt") => {
                Verbosity::Quiet
            }
            Self::RunStarted { .. }
            | Self::Planned { .. }
            | Self::Created { .. }
            | Self::CreatedAfterAll { .. }
            | Self::Deleted { .. }
            | Self::JobFinished { .. }
            | Self::Notice { .. }
            | Self::ObjectSummary { .. } => Verbosity::Normal,
            // Told together.
            Self::CreateFailed { refused: true, .. }
            | Self::CycleStarted { .. }
            | Self::CycleFinished { .. }
            | Self::Reading { .. } => Verbosity::Verbose,
        }
    }

    /// One line for people, sanitised, without time and object.
    pub fn message(&self) -> String {
        let text = match self {
            Self::RunStarted {
                objects,
                context,
                server,
            } => format!(
                "run started: {} on {context} ({server})",
                objects_of(*objects)
            ),
            Self::CycleStarted { cycle } => format!("cycle {cycle} started"),
            Self::Reading {
                trigger,
                milliseconds,
            } => reading(trigger, *milliseconds),
            Self::Planned { plan } => planned(plan),
            Self::Held {
                wanted,
                create,
                message,
                ..
            } => match wanted {
                // What is wanted is not known.
                0 => format!("HELD: {message}"),
                _ => format!("HELD at {create} of {wanted} wanted: {message}"),
            },
            Self::Refused { message } => format!("REFUSED: {message}"),
            Self::Created { job, trigger } => match trigger {
                Some(trigger) => format!(
                    "created {job} for {}",
                    named(trigger.index, &trigger.kind, &trigger.name)
                ),
                None => format!("created {job}"),
            },
            Self::CreatedAfterAll { job } => {
                format!("created {job} after all: its create had no answer")
            }
            Self::CreateFailed {
                job, error, causes, ..
            } => format!("ERROR: could not create {job}: {error}{}", places(causes)),
            Self::JobsRefused {
                count,
                error,
                causes,
                ..
            } => format!(
                "ERROR: {}: {error}{}",
                not_created(*count, "refuses"),
                places(causes)
            ),
            Self::JobsAccepted => {
                "Jobs are created again: the cluster refuses them no more".to_owned()
            }
            Self::Deleted { job, message } => format!("deleted {job}: {message}"),
            Self::DeleteFailed { job, error } => format!("ERROR: could not delete {job}: {error}"),
            Self::JobFinished {
                job,
                succeeded,
                seconds,
                reason,
            } => {
                let word = if *succeeded { "succeeded" } else { "FAILED" };
                let after = seconds.map_or_else(String::new, |seconds| {
                    format!(
                        " after {}",
                        super::duration::show(std::time::Duration::from_secs(seconds))
                    )
                });
                let reason = reason
                    .as_ref()
                    .map_or_else(String::new, |reason| format!(": {reason}"));
                format!("{word} {job}{after}{reason}")
            }
            Self::JobStuck { job, reason } => format!("STUCK {job}: {reason}"),
            Self::CycleFailed { error } => format!("ERROR: the cycle failed: {error}"),
            Self::CycleFinished {
                cycle,
                totals,
                milliseconds,
            } => format!("cycle {cycle} finished in {milliseconds} ms: {totals}"),
            Self::Notice { message } => message.clone(),
            Self::ObjectSummary { cycles, totals } => {
                format!("summary: {}, {totals}", cycles_of(*cycles))
            }
            Self::RunSummary {
                objects,
                cycles,
                totals,
                ended,
            } => format!(
                "run ended ({ended}): {}, {}, {totals}",
                objects_of(*objects),
                cycles_of(*cycles)
            ),
        };
        sanitize(&text).into_owned()
    }
}

/// Where the refused fields stand, in brackets behind a blank; nothing when that is not known.
fn places(causes: &[RefusedField]) -> String {
    let mut places: Vec<String> = causes
        .iter()
        .filter_map(|cause| cause.location.as_ref().map(Location::to_string))
        .collect();
    places.dedup();
    if places.is_empty() {
        return String::new();
    }
    format!(" (see {})", places.join(", "))
}

/// Says that so many Jobs are refused; `refuses` is what the cluster does.
fn not_created(count: usize, refuses: &str) -> String {
    if count == 1 {
        format!("1 Job is not created: the cluster {refuses} it")
    } else {
        format!("{count} Jobs are not created: the cluster {refuses} them")
    }
}

fn objects_of(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "object")
}

fn cycles_of(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "cycle")
}

fn named(index: usize, kind: &str, name: &str) -> String {
    if name.is_empty() {
        format!("{kind}, trigger {index}")
    } else {
        format!("{kind} \"{name}\", trigger {index}")
    }
}

fn reading(trigger: &TriggerView, milliseconds: u64) -> String {
    let label = named(trigger.index, &trigger.kind, &trigger.name);
    match (&trigger.message, trigger.outcome) {
        (Some(message), "skipped") => format!("{label}: skipped: {message}"),
        (Some(message), _) => format!("ERROR: {label}: {message}"),
        (None, _) => {
            let values: Vec<String> = trigger
                .metrics
                .iter()
                .map(|term| {
                    format!(
                        "{} (target {}, {})",
                        crate::planner::reason::show(term.queue_length),
                        crate::planner::reason::show(term.target),
                        if term.active { "active" } else { "not active" }
                    )
                })
                .collect();
            format!("{label}: {} in {milliseconds} ms", values.join(", "))
        }
    }
}

fn planned(plan: &PlanView) -> String {
    let jobs = plan.jobs.as_ref().map_or_else(
        || "Jobs unknown".to_owned(),
        |jobs| format!("{} unfinished, {} pending", jobs.running, jobs.pending),
    );
    let delete = if plan.delete.is_empty() {
        String::new()
    } else {
        format!(", delete {}", plan.delete.len())
    };
    format!(
        "create {}{delete} ({jobs}): {}",
        plan.decision.create, plan.deciding.text
    )
}
