//! `mongodb`: documents that match a filter. [KEDA `mongo_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, AM, AME, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AME),
    text(&["scheme"], "mongodb or mongodb+srv")
        .from(AM)
        .default("mongodb"),
    text(&["host"], "host of the server").from(AM),
    text(&["port"], "port of the server").from(AM),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AME),
    text(&["dbName"], "name of the database")
        .from(AM)
        .required(),
    text(&["collection"], "name of the collection").required(),
    text(&["query"], "the filter, JSON").required(),
    number(&["queryValue"], "so many documents per Job").required(),
    number(&["activationQueryValue"], "active only above this value").default("0"),
    text(&["tls"], "whether to connect over TLS")
        .from(A)
        .allowed(&["enable", "disable"])
        .default("disable"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(5, Source::Auth, &["host", "port", "username", "dbName"]),
    since(8, &["activationQueryValue"]),
    since(14, &["scheme"]),
    from(16, Source::Metadata, &["connectionString", "password"]),
    since(19, &["tls", "cert", "key", "keyPassword", "ca"]),
    fractions(17, &["queryValue", "activationQueryValue"]),
];

/// The type.
pub(in crate::scalers) static MONGODB: TriggerType = TriggerType {
    name: "mongodb",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "documents of the collection that match query",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["queryValue"], 0.0),
    activation: Some("activationQueryValue"),
    check,
    since: KedaVersion::new(1, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.wants_pair("cert", "key", found);
    if given.lacks("connectionString") {
        given.needs_all(
            &["host", "username", "password"],
            "mongodb without connectionString",
            found,
        );
        if given
            .value("scheme")
            .is_some_and(|scheme| scheme != "mongodb+srv")
        {
            given.needs_all(&["port"], "mongodb without connectionString", found);
        }
    }
}
