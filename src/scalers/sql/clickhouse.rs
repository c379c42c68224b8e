//! `clickhouse`: a number that a query gives. [KEDA `clickhouse_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, AE, MA, MAE, flag, number, span, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AE),
    text(&["host"], "host of the server").from(MA),
    text(&["port"], "port of the server").from(MA),
    text(&["username"], "user").from(MAE),
    text(&["password"], "password").from(AE),
    text(&["database"], "name of the database").from(MA),
    text(&["query"], "the query; its first value is read").required(),
    number(&["targetQueryValue"], "so much of the result per Job").required(),
    number(
        &["activationTargetQueryValue"],
        "active only above this value",
    )
    .default("0"),
    whole(&["maxIdleConns"], "idle connections at most").from(MA),
    whole(&["maxOpenConns"], "connections at most").from(MA),
    span(&["connMaxLifetime"], "age of a connection at most").from(MA),
    flag(&["tls"], "connect over TLS").from(A).default("false"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
    flag(&["unsafeSsl"], "do not check the server's certificate")
        .from(A)
        .default("false"),
];

/// The type.
pub(in crate::scalers) static CLICKHOUSE: TriggerType = TriggerType {
    name: "clickhouse",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetQueryValue"], 0.0),
    activation: Some("activationTargetQueryValue"),
    check,
    since: KedaVersion::new(21, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["connectionString", "host"],
        "clickhouse needs parameter connectionString or host",
        found,
    );
    given.must_not_be_zero("targetQueryValue", found);
    // What tls is stands in a TriggerAuthentication, if anywhere.
    if given.brings("tls") {
        given.needs_pair("cert", "key", found);
    }
}
