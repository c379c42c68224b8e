//! Triggers that ask Google Cloud.

pub(super) mod cloudtasks;
pub(super) mod pubsub;
pub(super) mod spanner;
pub(super) mod stackdriver;
pub(super) mod storage;

use super::given::{Given, Identity, Problem};
use super::history::{Era, always};
use super::params::ParameterSpec;
use super::params::Source::Variable;
use super::params::notation::{A, ME, text};

/// Who asks. [KEDA `gcp/gcp_authorization.go`]
static GOOGLE: &[ParameterSpec] = &[
    text(
        &["GoogleApplicationCredentials"],
        "Google: key of a service account, JSON",
    )
    .from(A),
    text(&["credentials"], "Google: key of a service account, JSON").from(ME),
    text(
        &["credentialsFromEnvFile"],
        "Google: path of a file on this machine with the key of a service account",
    )
    .from(&[Variable]),
];

/// Read by the oldest types only.
static OWNER: &[ParameterSpec] = &[text(
    &["identityOwner"],
    "who asks, before a TriggerAuthentication could say it",
)
.obsolete("take it out: the TriggerAuthentication says who asks")];

/// When [`OWNER`] went.
static HISTORY_OF_OWNER: &[Era] = &[always(&["identityOwner"]).ignored(10)];

/// Someone must sign the requests. [KEDA `gcp/gcp_common.go`, `GetGCPAuthorization`: the metadata cannot hold the key itself]
fn credentials(given: &Given<'_>, found: &mut Vec<Problem>) {
    let names = |key: &str| {
        given
            .metadata()
            .get(key)
            .is_some_and(|text| !text.is_empty())
    };
    if matches!(
        given.identity(),
        Identity::Provider("gcp") | Identity::Unknown
    ) || given.is_open()
        || given.brings("GoogleApplicationCredentials")
        || names("credentialsFromEnv")
        || names("credentialsFromEnvFile")
    {
        return;
    }
    found.push(Problem::missing(
        "GoogleApplicationCredentials",
        "nothing says who asks Google: give GoogleApplicationCredentials or podIdentity gcp in a TriggerAuthentication, or credentialsFromEnv",
    ));
}
