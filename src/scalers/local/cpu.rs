//! `cpu`: has no effect on a ScaledJob. [KEDA `cpu_memory_scaler.go`: no external metric, so it is skipped; semantics §2.3]

use crate::api::facts::InFlight;
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::{Kind, ParameterSpec};
use crate::scalers::{Behaviour, TriggerType, Work, trigger_type};

/// The parameters of `cpu` and `memory`.
pub(super) static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(&["type"], Kind::String, "replaced by metricType")
        .allowed(&["Utilization", "AverageValue"])
        .removed("use the trigger's metricType"),
    ParameterSpec::new(&["value"], Kind::String, "the target").required(),
    ParameterSpec::new(&["containerName"], Kind::String, "the container to measure"),
];

/// Why both are skipped.
pub(super) const REASON: &str =
    "it measures the pods of a Deployment through an HPA, so KEDA ignores it on a ScaledJob";

/// When its parameters came and went.
pub(super) static HISTORY: &[Era] = &[
    always(&["type"]).deprecated(7).refused(18),
    since(8, &["containerName"]),
];

/// The type.
pub(in crate::scalers) static CPU: TriggerType = TriggerType {
    name: "cpu",
    family: "local",
    parameters: &[PARAMETERS],
    counts: "nothing on a ScaledJob",
    work: Work::Is(InFlight::NotWork, "it has no effect on a ScaledJob"),
    target: trigger_type::Target::Fixed(0.0),
    activation: None,
    behaviour: Behaviour::Skipped(REASON),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
