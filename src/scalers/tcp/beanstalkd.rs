//! `beanstalkd`: jobs of a tube. [KEDA `beanstalkd_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{flag, number, span, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["server"], "host:port of the server").required(),
    text(&["tube"], "name of the tube").required(),
    number(&["value"], "so many jobs per Job").required(),
    number(&["activationValue"], "active only above this value"),
    flag(&["includeDelayed"], "count delayed jobs too"),
    span(
        &["timeout"],
        "of a connection; a number without a unit is milliseconds",
    )
    .default("30"),
];

/// The type.
pub(in crate::scalers) static BEANSTALKD: TriggerType = TriggerType {
    name: "beanstalkd",
    family: "tcp",
    parameters: &[PARAMETERS],
    counts: "ready and reserved jobs of the tube, with includeDelayed delayed ones too",
    work: Work::Is(
        InFlight::Included,
        "a reserved job counts until it is deleted",
    ),
    target: Target::Parameter(&["value"], 0.0),
    activation: Some("activationValue"),
    since: KedaVersion::new(16, 0),
    ..TriggerType::USUAL
};
