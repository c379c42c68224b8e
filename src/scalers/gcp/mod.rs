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

/// Someone must sign the requests.
fn credentials(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.identity() == Identity::None {
        given.needs_one_of(
            &["GoogleApplicationCredentials", "credentials", "credentialsFromEnvFile"],
            "nothing says who asks Google: give GoogleApplicationCredentials or podIdentity gcp in a TriggerAuthentication, or credentialsFromEnv",
            found,
        );
    }
}
