//! `etcd`: a number that a key holds. [KEDA `etcd_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, AE, list, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["endpoints"], "addresses of the servers").required(),
    text(&["watchKey"], "the key").required(),
    number(&["value"], "so much of the value per Job").required(),
    number(&["activationValue"], "active only above this value").default("0"),
    whole(
        &["watchProgressNotifyInterval"],
        "seconds between two signs of life of a watch",
    )
    .default("600"),
    text(&["username"], "user").from(AE),
    text(&["password"], "password").from(AE),
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
static HISTORY: &[Era] = &[since(16, &["username", "password"])];

/// The type.
pub(in crate::scalers) static ETCD: TriggerType = TriggerType {
    name: "etcd",
    family: "grpc",
    parameters: &[PARAMETERS],
    counts: "the number that watchKey holds",
    work: Work::Is(InFlight::Unknown, "that depends on what writes the key"),
    target: Target::Parameter(&["value"], 0.0),
    activation: Some("activationValue"),
    check,
    since: KedaVersion::new(9, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("watchProgressNotifyInterval", found);
    given.needs_pair("username", "password", found);
    given.client_certificate("cert", "key", found);
}
