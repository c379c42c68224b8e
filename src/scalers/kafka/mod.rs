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
    match given.value("sasl") {
        Some(sasl @ ("plaintext" | "scram_sha256" | "scram_sha512")) => {
            given.needs_all(&["username", "password"], &format!("sasl {sasl}"), found);
        }
        Some("oauthbearer") if given.value("saslTokenProvider") == Some("aws_msk_iam") => {
            given.needs_all(&["awsRegion"], "saslTokenProvider aws_msk_iam", found);
        }
        Some("oauthbearer") if given.lacks("saslTokenProvider") => {
            given.needs_all(
                &["username", "password", "oauthTokenEndpointUri"],
                "sasl oauthbearer",
                found,
            );
        }
        Some("aws_msk_iam") => given.needs_all(&["awsRegion"], "sasl aws_msk_iam", found),
        Some("gssapi") => {
            given.needs_all(
                &["username", "realm", "kerberosConfig"],
                "sasl gssapi",
                found,
            );
            given.needs_one_of(
                &["password", "keytab"],
                "sasl gssapi needs parameter password or keytab",
                found,
            );
        }
        _ => {}
    }
    given.needs_pair("cert", "key", found);
}
