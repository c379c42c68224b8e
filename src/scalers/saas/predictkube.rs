//! `predictkube`: a forecast of a `PromQL` query. [KEDA `predictkube_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::authentication::{self, HISTORY_OF_AUTHENTICATION, HTTP_AUTH, OAUTH};
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["prometheusAddress"], "address of Prometheus").required(),
    text(&["query"], "the query; its first value is read").required(),
    text(&["predictHorizon"], "how far ahead to look").required(),
    text(&["queryStep"], "step of the query").required(),
    text(&["historyTimeWindow"], "how far to look back").required(),
    number(&["threshold"], "so much of the value per Job"),
    number(&["activationThreshold"], "active only above this value"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationThreshold"]),
    since(12, &["scope"]).ignored(16),
    since(20, &["scope"]),
    since(16, &["scopes"]),
    words(16, "authModes", &["apiKey"]),
    since(18, &["authMode", "token", "method", "keyParamName"]),
    from(18, Source::Auth, &["authModes"]),
    from(18, Source::Metadata, &["apiKey"]),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static PREDICTKUBE: TriggerType = TriggerType {
    name: "predictkube",
    family: "saas",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH],
    counts: "the forecast, or the last value where it is greater",
    work: Work::Is(InFlight::NotWork, "a forecast is no amount of work"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(6, 0),
    history: &[HISTORY_OF_AUTHENTICATION, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if !given.brings("apiKey") && !given.is_open() {
        found.push(Problem::missing(
            "apiKey",
            "predictkube needs parameter apiKey, from a TriggerAuthentication",
        ));
    }
    given.must_not_be_zero("threshold", found);
    given.must_be_address("prometheusAddress", found);
    for name in ["predictHorizon", "queryStep", "historyTimeWindow"] {
        // Days and weeks too. [xhit/go-str2duration]
        let is_duration = |text: &str| {
            text.ends_with(['s', 'm', 'h', 'd', 'w', '0'])
                && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        };
        if given.value(name).is_some_and(|text| !is_duration(text)) {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be a duration such as 30s, 2h or 1d"),
            ));
        }
    }
    authentication::check(given, found);
}
