//! `opensearch`: a value in a search's answer. [KEDA `opensearch_scaler.go`]

use super::elasticsearch::{SEARCH, query};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AEM, AM, MA, flag, list, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["addresses"], "addresses of the servers")
        .from(AM)
        .required(),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    flag(&["enableTLS"], "connect over TLS")
        .from(MA)
        .default("false"),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AEM),
    text(&["caCert"], "an authority to trust, PEM").from(AM),
    text(&["clientCert"], "the client's certificate, PEM").from(AM),
    text(&["clientKey"], "the client's private key, PEM").from(AM),
];

/// The type.
pub(in crate::scalers) static OPENSEARCH: TriggerType = TriggerType {
    name: "opensearch",
    family: "http",
    parameters: &[PARAMETERS, SEARCH],
    counts: "the value at valueLocation in the answer",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(20, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    query(given, found);
    given.must_be_http("addresses", found);
    if given.is_true("enableTLS") {
        given.needs_all(&["clientCert", "clientKey"], "enableTLS", found);
    } else if given.value("enableTLS").is_some() {
        given.needs_all(
            &["username", "password"],
            "opensearch without enableTLS",
            found,
        );
    } else {
        given.wants_pair("clientCert", "clientKey", found);
    }
}
