//! `kubernetes-resource`: a number in a ConfigMap or Secret. [KEDA `kubernetes_resource_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["resourceKind"], "kind of the object")
        .allowed(&["ConfigMap", "Secret"])
        .required(),
    text(&["resourceName"], "name of the object").required(),
    text(&["key"], "key of the object").required(),
    text(&["format"], "format of the text under the key")
        .allowed(&["number", "json", "yaml"])
        .default("number"),
    text(&["valueLocation"], "where the number is in the text"),
    text(&["valueType"], "how the number is written")
        .allowed(&["float64", "int64", "quantity"])
        .default("float64"),
    number(&["targetValue"], "so much of the value per Job").required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
];

/// The type.
pub(in crate::scalers) static KUBERNETES_RESOURCE: TriggerType = TriggerType {
    name: "kubernetes-resource",
    family: "kube",
    parameters: &[PARAMETERS],
    counts: "the number that the key of the ConfigMap or Secret holds",
    work: Work::Is(InFlight::Unknown, "that depends on what writes the object"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(19, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("targetValue", found);
    match given.value("format") {
        Some(format @ ("json" | "yaml")) => {
            given.needs_all(&["valueLocation"], &format!("format {format}"), found);
        }
        Some("number") if given.has("valueLocation") => found.push(Problem::wrong(
            "valueLocation",
            "parameter valueLocation needs format json or yaml",
        )),
        _ => {}
    }
}
