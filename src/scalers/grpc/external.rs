//! `external`: what a server of your own says. [KEDA `external_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, flag, text};
use crate::scalers::trigger_type::{OtherKeys, Target, TriggerType, Work};

/// The parameters.
pub(super) static PARAMETERS: &[ParameterSpec] = &[
    text(&["scalerAddress"], "host:port of the server").required(),
    flag(&["enableTLS"], "connect over TLS"),
    flag(&["unsafeSsl"], "do not check the server's certificate"),
    text(&["caCert"], "an authority to trust, PEM").from(A),
    text(&["tlsClientCert"], "the client's certificate, PEM").from(A),
    text(&["tlsClientKey"], "the client's private key, PEM").from(A),
];

/// When its parameters came and went.
pub(super) static HISTORY: &[Era] = &[
    since(
        11,
        &["unsafeSsl", "caCert", "tlsClientCert", "tlsClientKey"],
    ),
    since(17, &["enableTLS"]),
];

/// The type.
pub(in crate::scalers) static EXTERNAL: TriggerType = TriggerType {
    name: "external",
    family: "grpc",
    parameters: &[PARAMETERS],
    other_keys: OtherKeys::All,
    counts: "the value that the server gives",
    work: Work::Is(InFlight::Unknown, "that depends on the server"),
    target: Target::Unknown,
    history: &[HISTORY],
    ..TriggerType::USUAL
};
