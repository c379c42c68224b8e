//! `cpu`: has no effect on a ScaledJob. [KEDA `cpu_memory_scaler.go`: no external metric, so it is skipped; semantics §2.3]

use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::http::quantity;
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
    check,
    behaviour: Behaviour::Skipped(REASON),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

/// What KEDA refuses, and with it all the triggers of the object. [KEDA `cpu_memory_scaler.go`]
///
/// It refuses a trigger without metricType too, which a ScaledJob must not have: that the trigger is of no use is said anyway.
pub(super) fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    let Some(value) = given.value("value") else {
        return;
    };
    let wanted = match given.metric_type() {
        Some("Utilization") if value.parse::<i32>().is_err() => "a whole number of percent",
        Some("AverageValue") if quantity::parse(value).is_none() => {
            "a quantity such as 500m or 100Mi"
        }
        _ => return,
    };
    found.push(Problem::wrong(
        "value",
        format!("parameter value must be {wanted} with this metricType"),
    ));
}
