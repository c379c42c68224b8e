//! Readings and an inventory become a plan, with a reason for every number. Pure: no clock, no client, no environment.

pub mod inventory;

use k8s_openapi::jiff::Timestamp;

use crate::api::ScaledJob;
use crate::api::reading::TriggerReading;
use inventory::Inventory;

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

/// Limits beyond the manifest. All unset means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// `--max-create`: at most so many new Jobs in one cycle of one object.
    pub max_create: Option<i64>,
}
