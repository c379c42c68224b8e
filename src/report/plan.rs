//! The plan for people and for programs.

mod view;

use std::fmt::Write as _;

use super::sanitize::sanitize;
use super::{ObjectName, count, table};
use crate::api::ScaledJob;
use crate::planner::formula::Term;
use crate::planner::reason::show;
use crate::planner::{Action, DeleteReason, Plan, ReasonCode, TermOutcome, TriggerTerm};
pub use view::{
    CountsView, CreateView, DecidingView, DecisionView, DeleteView, NumberView, PlanList, PlanView,
    ReasonView, TermView, TriggerRefView, TriggerView, to_view,
};

/// One object with its plan.
#[derive(Debug, Clone)]
pub struct ObjectPlan<'a> {
    /// The object, its namespace resolved.
    pub object: ObjectName,
    /// The object itself.
    pub job: &'a ScaledJob,
    /// Its plan.
    pub plan: &'a Plan,
}

/// Why a Job goes, for people: `older spec 1a2b3c`, `successfulJobsHistoryLimit 100`.
pub fn delete_message(why: &DeleteReason) -> String {
    match why {
        DeleteReason::HistorySuccessful { limit } => {
            format!("successfulJobsHistoryLimit {limit}")
        }
        DeleteReason::HistoryFailed { limit } => format!("failedJobsHistoryLimit {limit}"),
        DeleteReason::Rollout { old_hash } => {
            format!("rollout immediate, older spec {old_hash}")
        }
    }
}

/// The plans as text without colour; every line ends with a line break. With a width (columns of the terminal) long cells wrap.
pub fn render(objects: &[ObjectPlan<'_>], width: Option<u16>) -> String {
    let blocks: Vec<String> = objects
        .iter()
        .map(|object| render_object(object, width))
        .collect();
    let mut text = blocks.join("\n");
    if objects.len() > 1 {
        let create = objects.iter().fold(0_i64, |sum, object| {
            sum.saturating_add(object.plan.decision.create)
        });
        let delete: usize = objects.iter().map(|object| deletes(object.plan)).sum();
        let errors = objects
            .iter()
            .filter(|object| object.plan.decision.is_error)
            .count();
        let _ = writeln!(
            text,
            "\n{} objects: {create} to create, {delete} to delete, {errors} with trigger errors",
            objects.len()
        );
    }
    text
}

fn deletes(plan: &Plan) -> usize {
    plan.actions
        .iter()
        .filter(|action| matches!(action, Action::Delete { .. }))
        .count()
}

fn render_object(object: &ObjectPlan<'_>, width: Option<u16>) -> String {
    let ObjectPlan { object, job, plan } = object;
    let mut text = String::new();
    let decision = &plan.decision;
    let calculation = if plan.triggers.len() > 1 {
        format!(
            ", {} of {} triggers",
            job.scaling_strategy.multiple_scalers_calculation.as_str(),
            plan.triggers.len()
        )
    } else {
        String::new()
    };
    let keda = if decision.keda == decision.create {
        String::new()
    } else {
        format!(" (KEDA: {})", decision.keda)
    };
    let _ = writeln!(
        text,
        "{}: create {}{keda}, delete {}   [strategy {}{calculation}]",
        sanitize(&object.to_string()),
        decision.create,
        deletes(plan),
        job.scaling_strategy.strategy.as_str(),
    );
    let _ = writeln!(text, "  why: {}", sanitize(&plan.deciding.text));
    let jobs = match plan.counts {
        Some(counts) => format!(
            "{} unfinished, {} of them pending",
            counts.running, counts.pending
        ),
        None => "unknown".to_owned(),
    };
    let _ = writeln!(text, "  Jobs: {jobs}\n");

    if plan.triggers.is_empty() {
        text.push_str("  no trigger was read\n");
    } else {
        text.push_str(&table(
            &[
                "#", "TYPE", "NAME", "READING", "TARGET", "ACTIVE", "JOBS", "NOTE",
            ],
            plan.triggers.iter().flat_map(trigger_rows),
            &[0, 3, 4, 6],
            width,
        ));
    }
    text.push('\n');
    text.push_str(&table(
        &[],
        plan.reasons
            .iter()
            .filter(|reason| is_step(reason.code, decision.is_active))
            .map(|reason| {
                vec![
                    reason.code.quantity().to_owned(),
                    reason
                        .result
                        .map_or_else(String::new, |result| format!("= {result}")),
                    sanitize(&reason.formula).into_owned(),
                ]
            }),
        &[],
        width,
    ));
    if !plan.actions.is_empty() {
        text.push('\n');
    }
    for action in &plan.actions {
        let line = match action {
            Action::Create {
                count: number,
                trigger,
            } => match trigger {
                Some(trigger) => format!("+ create {} for {trigger}", count(*number, "Job")),
                None => format!("+ create {}", count(*number, "Job")),
            },
            Action::Delete {
                name,
                why,
                propagation,
                ..
            } => format!(
                "- delete {name} ({}, {} propagation)",
                delete_message(why),
                propagation.as_str().to_lowercase()
            ),
        };
        let _ = writeln!(text, "  {}", sanitize(&line));
    }
    text
}

/// Reasons about triggers are in the table above; the strategy of an object that is not active says nothing.
fn is_step(code: ReasonCode, is_active: bool) -> bool {
    match code.quantity() {
        "jobs" => false,
        "scaleTo" | "maxScale" | "effectiveMaxScale" => is_active,
        _ => true,
    }
}

fn trigger_rows(trigger: &TriggerTerm) -> Vec<Vec<String>> {
    let row = |cells: [String; 5]| {
        let mut row = vec![
            trigger.index.to_string(),
            sanitize(&trigger.kind).into_owned(),
            sanitize(&trigger.name).into_owned(),
        ];
        row.extend(cells);
        row
    };
    let bare = |note: String| {
        let dash = || "-".to_owned();
        vec![row([
            dash(),
            dash(),
            dash(),
            dash(),
            sanitize(&note).into_owned(),
        ])]
    };
    match &trigger.outcome {
        TermOutcome::Skipped(why) => bare(format!("skipped: {why}")),
        TermOutcome::Failed(why) => bare(format!("ERROR: {why}")),
        TermOutcome::NotBuilt(why) => bare(format!("ERROR, not set up: {why}")),
        TermOutcome::Read(terms) if terms.is_empty() => bare("offers no metric".to_owned()),
        TermOutcome::Read(terms) => terms
            .iter()
            .map(|term| {
                row([
                    show(term.queue_length),
                    show(term.target),
                    if term.active { "yes" } else { "no" }.to_owned(),
                    if term.active {
                        show(term.max_value)
                    } else {
                        "-".to_owned()
                    },
                    note(trigger, term),
                ])
            })
            .collect(),
    }
}

fn note(trigger: &TriggerTerm, term: &Term) -> String {
    let mut notes = Vec::new();
    if trigger.chosen {
        notes.push("counts".to_owned());
    }
    if term.active && term.jobs > term.max_value {
        notes.push(format!("{} before the maximum", show(term.jobs)));
    }
    if term.active && term.target == 0.0 {
        notes.push("a target of 0 makes no Jobs".to_owned());
    }
    notes.join(", ")
}

#[cfg(test)]
mod tests;
