//! `arangodb`: a number that an AQL query gives. [KEDA `arangodb_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::authentication::{self, HISTORY_OF_AUTHENTICATION, HTTP_AUTH, OAUTH};
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AM, MA, flag, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["endpoints"], "addresses of the servers")
        .from(AM)
        .required(),
    text(&["dbName"], "name of the database")
        .from(MA)
        .required(),
    text(&["collection"], "name of the collection").required(),
    text(
        &["query"],
        "the query; it must give one document with the key value",
    )
    .required(),
    number(&["queryValue"], "so much of the result per Job"),
    number(&["activationQueryValue"], "active only above this value").default("0"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    whole(&["connectionLimit"], "connections at most"),
    text(&["serverID"], "documented, and read by no version").obsolete("take it out"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(12, &["scope"]).ignored(15),
    since(20, &["scope"]),
    since(15, &["scopes"]),
    words(15, "authModes", &["apiKey"]),
    since(
        18,
        &["authMode", "token", "apiKey", "method", "keyParamName"],
    ),
    from(18, Source::Auth, &["authModes"]),
];

/// The type.
pub(in crate::scalers) static ARANGODB: TriggerType = TriggerType {
    name: "arangodb",
    family: "http",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH],
    counts: "the value of the one document that the query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["queryValue"], 0.0),
    activation: Some("activationQueryValue"),
    check,
    since: KedaVersion::new(10, 0),
    history: &[HISTORY_OF_AUTHENTICATION, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(15, "queryValue", found);
    authentication::check(given, found);
}
