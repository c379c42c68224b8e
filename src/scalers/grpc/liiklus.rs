//! `liiklus`: lag of a Liiklus consumer group. [KEDA `liiklus_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["lagThreshold"], "so much lag per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    text(&["address"], "address of the server").required(),
    text(&["topic"], "name of the topic").required(),
    text(&["group"], "name of the consumer group").required(),
    whole(&["groupVersion"], "version of the group").default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[since(8, &["activationLagThreshold"])];

/// The type.
pub(in crate::scalers) static LIIKLUS: TriggerType = TriggerType {
    name: "liiklus",
    family: "grpc",
    parameters: &[PARAMETERS],
    counts: "records after the group's offsets, at most lagThreshold for each partition",
    work: Work::Is(
        InFlight::Included,
        "an offset counts as lag until it is committed",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    deprecated: Some((
        KedaVersion::new(21, 0),
        "2.24 will drop it, because Liiklus is no longer maintained",
    )),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    // A whole number without a sign, of 32 bits.
    if given
        .value("groupVersion")
        .is_some_and(|text| text.parse::<i64>().is_ok() && text.parse::<u32>().is_err())
    {
        found.push(Problem::wrong(
            "groupVersion",
            "parameter groupVersion must be a whole number from 0 to 4294967295",
        ));
    }
}
