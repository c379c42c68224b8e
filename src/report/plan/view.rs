//! The JSON and YAML form of a plan.

use serde::Serialize;

use super::{ObjectPlan, delete_message};
use crate::planner::formula::Term;
use crate::planner::{Action, DeleteReason, Number, TermOutcome, TriggerRef, TriggerTerm};
use crate::report::{API_VERSION, ObjectName};

/// JSON and YAML form of `plan`: kind `PlanList`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanList {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// `PlanList`.
    pub kind: &'static str,
    /// One item per object, in the order of the manifests.
    pub items: Vec<PlanView>,
}

/// The plan of one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// Namespace and name.
    #[serde(flatten)]
    pub object: ObjectName,
    /// `default`, `custom`, `accurate` or `eager`.
    pub strategy: &'static str,
    /// `max`, `min`, `avg` or `sum`.
    pub calculation: &'static str,
    /// The numbers.
    pub decision: DecisionView,
    /// The term that decided.
    pub deciding: DecidingView,
    /// The Jobs that were counted; null when they could not be listed.
    pub jobs: Option<CountsView>,
    /// The triggers.
    pub triggers: Vec<TriggerView>,
    /// A reason for every number.
    pub reasons: Vec<ReasonView>,
    /// Jobs to create; null for none.
    pub create: Option<CreateView>,
    /// Jobs to delete.
    pub delete: Vec<DeleteView>,
}

/// [`crate::planner::Decision`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    missing_docs,
    reason = "the fields of planner::Decision, described there"
)]
pub struct DecisionView {
    pub create: i64,
    pub keda: i64,
    pub wanted: i64,
    pub is_active: bool,
    pub is_error: bool,
    pub partial: bool,
    pub scale_to: i64,
    pub max_scale: i64,
    pub min_replicas: i64,
    pub max_replicas: i64,
    pub effective_max_scale_raw: i64,
    pub effective_max_scale: i64,
    pub scale_to_after_strategy: i64,
    pub ready: &'static str,
    pub ready_reason: &'static str,
    pub active: &'static str,
}

/// [`crate::planner::Deciding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidingView {
    /// Stable word.
    pub term: &'static str,
    /// For people.
    pub text: String,
}

/// [`crate::planner::inventory::Counts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountsView {
    /// Unfinished Jobs, as KEDA counts them.
    pub running: i64,
    /// Of these, the pending ones.
    pub pending: i64,
    /// Slots of maxReplicaCount that are taken.
    pub slots: i64,
}

/// A trigger with its part in the decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerView {
    /// Place in `spec.triggers`, from 0.
    pub index: usize,
    /// `redis`, `cron` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The trigger's name, or empty.
    pub name: String,
    /// `read`, `skipped`, `failed` or `notBuilt`.
    pub outcome: &'static str,
    /// Why it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The decision's numbers come from this trigger alone.
    pub chosen: bool,
    /// What was read.
    pub metrics: Vec<TermView>,
}

/// One metric of a trigger. Numbers that are none (NaN, infinite) are null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TermView {
    /// The metric's name.
    pub metric: String,
    /// What waits.
    pub queue_length: f64,
    /// Work per Job.
    pub target: f64,
    /// It takes part.
    pub active: bool,
    /// Jobs it asks for, not rounded, held to the maximum.
    pub max_value: f64,
}

/// A reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonView {
    /// Stable code.
    pub code: &'static str,
    /// The number that it sets.
    pub quantity: &'static str,
    /// The formula with its values.
    pub formula: String,
    /// What it comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<NumberView>,
    /// The trigger it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<usize>,
}

/// A whole number stays whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NumberView {
    /// A count.
    Whole(i64),
    /// A value before rounding.
    Exact(f64),
}

/// Jobs to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateView {
    /// How many.
    pub count: i64,
    /// The trigger that asked, where it was one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerRefView>,
}

/// A trigger, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerRefView {
    /// Place in `spec.triggers`, from 0.
    pub index: usize,
    /// `redis`, `cron` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The trigger's name, or empty.
    pub name: String,
}

/// A Job to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteView {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `historySuccessful`, `historyFailed` or `rollout`.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// `Background` or `Foreground`.
    pub propagation_policy: &'static str,
}

/// The plans as one versioned value.
pub fn to_view(objects: &[ObjectPlan<'_>]) -> PlanList {
    PlanList {
        api_version: API_VERSION,
        kind: "PlanList",
        items: objects.iter().map(PlanView::new).collect(),
    }
}

impl PlanView {
    /// The plan of one object.
    pub fn new(object: &ObjectPlan<'_>) -> Self {
        let ObjectPlan { object, job, plan } = object;
        let decision = &plan.decision;
        let mut create = None;
        let mut delete = Vec::new();
        for action in &plan.actions {
            match action {
                Action::Create { count, trigger } => {
                    create = Some(CreateView {
                        count: *count,
                        trigger: trigger.as_ref().map(TriggerRefView::new),
                    });
                }
                Action::Delete {
                    name,
                    uid,
                    why,
                    propagation,
                } => delete.push(DeleteView {
                    name: name.clone(),
                    uid: uid.clone(),
                    reason: match why {
                        DeleteReason::HistorySuccessful { .. } => "historySuccessful",
                        DeleteReason::HistoryFailed { .. } => "historyFailed",
                        DeleteReason::Rollout { .. } => "rollout",
                    },
                    message: delete_message(why),
                    propagation_policy: propagation.as_str(),
                }),
            }
        }
        Self {
            object: object.clone(),
            strategy: job.scaling_strategy.strategy.as_str(),
            calculation: job.scaling_strategy.multiple_scalers_calculation.as_str(),
            decision: DecisionView {
                create: decision.create,
                keda: decision.keda,
                wanted: decision.wanted,
                is_active: decision.is_active,
                is_error: decision.is_error,
                partial: decision.partial,
                scale_to: decision.scale_to,
                max_scale: decision.max_scale,
                min_replicas: decision.min_replicas,
                max_replicas: decision.max_replicas,
                effective_max_scale_raw: decision.effective_max_scale_raw,
                effective_max_scale: decision.effective_max_scale,
                scale_to_after_strategy: decision.scale_to_after_strategy,
                ready: decision.ready.as_str(),
                ready_reason: decision.ready_reason,
                active: decision.active.as_str(),
            },
            deciding: DecidingView {
                term: plan.deciding.term.as_str(),
                text: plan.deciding.text.clone(),
            },
            jobs: plan.counts.map(|counts| CountsView {
                running: counts.running,
                pending: counts.pending,
                slots: counts.slots,
            }),
            triggers: plan.triggers.iter().map(TriggerView::new).collect(),
            reasons: plan
                .reasons
                .iter()
                .map(|reason| ReasonView {
                    code: reason.code.as_str(),
                    quantity: reason.code.quantity(),
                    formula: reason.formula.clone(),
                    result: reason.result.map(|result| match result {
                        Number::Whole(value) => NumberView::Whole(value),
                        Number::Exact(value) => NumberView::Exact(value),
                    }),
                    trigger: reason.trigger,
                })
                .collect(),
            create,
            delete,
        }
    }
}

impl TriggerRefView {
    /// The trigger, named.
    pub fn new(trigger: &TriggerRef) -> Self {
        Self {
            index: trigger.index,
            kind: trigger.kind.clone(),
            name: trigger.name.clone(),
        }
    }
}

impl TriggerView {
    /// The trigger's part of a plan.
    pub fn new(trigger: &TriggerTerm) -> Self {
        let (outcome, message, terms): (_, _, &[Term]) = match &trigger.outcome {
            TermOutcome::Read(terms) => ("read", None, terms),
            TermOutcome::Skipped(why) => ("skipped", Some(why.clone()), &[]),
            TermOutcome::Failed(why) => ("failed", Some(why.clone()), &[]),
            TermOutcome::NotBuilt(why) => ("notBuilt", Some(why.clone()), &[]),
        };
        Self {
            index: trigger.index,
            kind: trigger.kind.clone(),
            name: trigger.name.clone(),
            outcome,
            message,
            chosen: trigger.chosen,
            metrics: terms
                .iter()
                .zip(&trigger.metrics)
                .map(|(term, metric)| TermView {
                    metric: metric.clone(),
                    queue_length: term.queue_length,
                    target: term.target,
                    active: term.active,
                    max_value: term.max_value,
                })
                .collect(),
        }
    }
}
