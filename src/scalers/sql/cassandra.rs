//! `cassandra`: a number that a query gives. [KEDA `cassandra_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["username"], "user").required(),
    text(&["password"], "password").from(A).required(),
    text(&["tls"], "whether to connect over TLS")
        .from(A)
        .allowed(&["enable", "disable"])
        .default("disable"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(
        &["clusterIPAddress"],
        "address of the cluster, with or without a port",
    )
    .required(),
    whole(&["port"], "port of the server"),
    text(&["consistency"], "consistency level")
        .allowed(&[
            "any",
            "one",
            "two",
            "three",
            "quorum",
            "all",
            "local_quorum",
            "each_quorum",
            "local_one",
        ])
        .any_case()
        .default("one"),
    whole(&["protocolVersion"], "version of the protocol").default("4"),
    text(&["keyspace"], "name of the keyspace").required(),
    text(&["query"], "the query; its first value is read").required(),
    whole(&["targetQueryValue"], "so much of the result per Job").required(),
    whole(
        &["activationTargetQueryValue"],
        "active only above this value",
    )
    .default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationTargetQueryValue"]),
    since(15, &["tls", "cert", "key", "ca"]),
];

/// The type.
pub(in crate::scalers) static CASSANDRA: TriggerType = TriggerType {
    name: "cassandra",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetQueryValue"], 0.0),
    activation: Some("activationTargetQueryValue"),
    check,
    since: KedaVersion::new(5, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    let names_port = given
        .value("clusterIPAddress")
        .is_none_or(|address| address.contains(':'));
    let has_none = given.lacks("port") || given.number("port") == Some(0.0);
    if !names_port && has_none {
        found.push(Problem::missing(
            "port",
            "cassandra needs parameter port, or a port in clusterIPAddress",
        ));
    }
    if given.value("tls") == Some("enable") {
        given.needs_all(&["cert", "key"], "tls: enable", found);
    } else {
        given.wants_pair("cert", "key", found);
    }
}
