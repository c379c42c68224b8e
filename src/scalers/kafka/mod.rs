//! Triggers that ask Kafka.

pub(super) mod apache;
pub(super) mod groups;

use super::given::{Given, Problem};

/// Rules that both types share. [KEDA `kafka_scaler.go`, `apache_kafka_scaler.go`]
fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("lagThreshold", found);
    if given.is_true("limitToPartitionsWithLag") {
        if given.is_true("allowIdleConsumers") {
            found.push(Problem::wrong(
                "limitToPartitionsWithLag",
                "allowIdleConsumers and limitToPartitionsWithLag exclude each other",
            ));
        }
        given.needs_all(&["topic"], "limitToPartitionsWithLag", found);
    }
    given.at_least("activationLagThreshold", 0, found);
    given.client_certificate("cert", "key", found);
}

/// Tokens of AWS need TLS, a region and somebody who signs.
fn msk(given: &Given<'_>, reason: &str, found: &mut Vec<Problem>) {
    given.needs_all(&["awsRegion"], reason, found);
    if given.value("tls").is_some_and(|tls| tls != "enable") {
        found.push(Problem::wrong("tls", format!("{reason} needs tls: enable")));
    }
    super::aws::credentials(given, found);
}
