//! `gcp-stackdriver`: a metric of Cloud Monitoring. [KEDA `gcp_stackdriver_scaler.go`]

use super::HISTORY_OF_OWNER;
use super::{GOOGLE, OWNER};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["projectId"], "ID of the project").required(),
    text(&["filter"], "filter of the metric").required(),
    number(&["targetValue"], "so much of the value per Job").default("5"),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    number(&["valueIfNull"], "what counts when there is no value"),
    whole(&["filterDuration"], "minutes to look back"),
    whole(
        &["alignmentPeriodSeconds"],
        "period of the alignment, seconds",
    ),
    text(
        &["alignmentAligner"],
        "how points of one series are aligned",
    ),
    text(&["alignmentReducer"], "how series are combined"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(
        8,
        &[
            "activationTargetValue",
            "alignmentPeriodSeconds",
            "alignmentAligner",
            "alignmentReducer",
        ],
    ),
    since(13, &["valueIfNull"]),
    since(15, &["filterDuration"]),
    from(19, Source::Metadata, &["credentials"]),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static GCP_STACKDRIVER: TriggerType = TriggerType {
    name: "gcp-stackdriver",
    family: "gcp",
    parameters: &[PARAMETERS, GOOGLE, OWNER],
    counts: "the newest point of the first series that filter gives",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetValue"], 5.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(7, 0),
    history: &[HISTORY_OF_OWNER, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    // 0 counts as absent since 2.19.
    if given.number("alignmentPeriodSeconds") != Some(0.0) || !given.since(19) {
        given.at_least("alignmentPeriodSeconds", 60, found);
    }
}
