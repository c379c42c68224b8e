//! `openstack-metric`: a Gnocchi measure. [KEDA `openstack_metrics_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["metricsURL"], "address of Gnocchi").required(),
    text(&["metricID"], "ID of the metric").required(),
    text(&["aggregationMethod"], "how measures are aggregated").required(),
    whole(&["granularity"], "seconds of one measure").required(),
    number(&["threshold"], "so much of the value per Job"),
    number(&["activationThreshold"], "active only above this value"),
    whole(&["timeout"], "seconds that a request may take").default("30"),
    text(&["authURL"], "address of Keystone").from(A).required(),
    text(&["userID"], "ID of the user").from(A),
    text(&["password"], "password of the user").from(A),
    text(&["appCredentialID"], "ID of an application credential").from(A),
    text(
        &["appCredentialSecret"],
        "secret of the application credential",
    )
    .from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[since(8, &["activationThreshold"])];

/// The type.
pub(in crate::scalers) static OPENSTACK_METRIC: TriggerType = TriggerType {
    name: "openstack-metric",
    family: "openstack",
    parameters: &[PARAMETERS],
    counts: "the last measure of the metric",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(3, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["userID", "appCredentialSecret"],
        "OpenStack needs parameters userID and password, or an application credential, from a TriggerAuthentication",
        found,
    );
    if given.has("userID") {
        given.needs_all(&["password"], "userID", found);
    }
}
