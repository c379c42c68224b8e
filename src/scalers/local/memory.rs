//! `memory`: has no effect on a ScaledJob, as `cpu`.

use super::cpu::{PARAMETERS, REASON, check};
use crate::api::facts::InFlight;
use crate::scalers::{Behaviour, TriggerType, Work, trigger_type};

/// The type.
pub(in crate::scalers) static MEMORY: TriggerType = TriggerType {
    name: "memory",
    family: "local",
    parameters: &[PARAMETERS],
    counts: "nothing on a ScaledJob",
    work: Work::Is(InFlight::NotWork, "it has no effect on a ScaledJob"),
    target: trigger_type::Target::Fixed(0.0),
    activation: None,
    check,
    behaviour: Behaviour::Skipped(REASON),
    history: &[super::cpu::HISTORY],
    ..TriggerType::USUAL
};
