//! `loki`: a `LogQL` query. [KEDA `loki_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::authentication::{self, HISTORY_OF_AUTHENTICATION, HTTP_AUTH, OAUTH};
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{flag, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["serverAddress"], "address of the server").required(),
    text(&["query"], "the query; its first value is read").required(),
    number(&["threshold"], "so much of the value per Job").required(),
    number(&["activationThreshold"], "active only above this value").default("0"),
    text(&["tenantName"], "tenant of the query"),
    flag(
        &["ignoreNullValues"],
        "no value counts as 0 instead of as an error",
    )
    .default("true"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(12, &["scope"]).ignored(19),
    since(20, &["scope"]),
    since(
        19,
        &[
            "scopes",
            "authMode",
            "token",
            "apiKey",
            "method",
            "keyParamName",
        ],
    ),
    words(19, "authModes", &["apiKey"]),
    from(19, Source::Auth, &["authModes"]),
];

/// The type.
pub(in crate::scalers) static LOKI: TriggerType = TriggerType {
    name: "loki",
    family: "prom",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH],
    counts: "the value of the one element that the query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    since: KedaVersion::new(9, 0),
    check,
    history: &[HISTORY_OF_AUTHENTICATION, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    authentication::check(given, found);
}
