//! `forgejo-runner`: jobs that wait for a Forgejo runner. [KEDA `forgejo_runner_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AE, flag, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["token"], "token").from(AE).required(),
    text(&["address"], "address of Forgejo").required(),
    text(&["labels"], "labels of the runner, between commas").required(),
    flag(&["global"], "jobs of the whole server"),
    text(&["owner"], "owner of the repository"),
    text(&["org"], "name of the organisation"),
    text(&["repo"], "name of the repository"),
    text(&["name"], "documented, and read by no version").obsolete("take it out"),
];

/// The type.
pub(in crate::scalers) static FORGEJO_RUNNER: TriggerType = TriggerType {
    name: "forgejo-runner",
    family: "ci",
    parameters: &[PARAMETERS],
    counts: "jobs that wait for a runner with these labels",
    work: Work::Is(
        InFlight::Excluded,
        "a job that a runner has taken does not count",
    ),
    target: Target::Fixed(1.0),
    since: KedaVersion::new(18, 0),
    ..TriggerType::USUAL
};
