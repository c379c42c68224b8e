//! Triggers that ask Azure.

pub(super) mod app_insights;
pub(super) mod blob;
pub(super) mod data_explorer;
pub(super) mod eventhub;
pub(super) mod log_analytics;
pub(super) mod monitor;
pub(super) mod queue;
pub(super) mod servicebus;

use super::given::{Given, Identity, Problem};
use super::params::ParameterSpec;
use super::params::notation::text;

/// Which Azure is asked.
static AZURE: &[ParameterSpec] = &[
    text(&["cloud"], "which Azure is asked")
        .allowed(&[
            "AzurePublicCloud",
            "AzureUSGovernmentCloud",
            "AzureChinaCloud",
            "Private",
            // Other names that KEDA takes, or took.
            "AzureCloud",
            "AzureUSGovernment",
            "AzureGermanCloud",
        ])
        .any_case(),
    text(
        &["activeDirectoryEndpoint"],
        "address of the identity service in a Private cloud",
    ),
];

static SUFFIX: &[ParameterSpec] = &[text(
    &["endpointSuffix"],
    "suffix of hosts in a Private cloud",
)];

/// A Private cloud must say where it is. [KEDA `azure/azure_cloud_environment.go`]
fn suffix(given: &Given<'_>, name: &'static str, found: &mut Vec<Problem>) {
    if given
        .value("cloud")
        .is_some_and(|cloud| cloud.eq_ignore_ascii_case("Private"))
    {
        given.needs_all(&[name], "cloud Private", found);
    }
}

/// Who asks a storage account. [KEDA `azure_queue_scaler.go`, `azure_blob_scaler.go`]
fn storage(given: &Given<'_>, found: &mut Vec<Problem>) {
    match given.identity() {
        Identity::None => given.needs_one_of(
            &["connection"],
            "parameter connection is needed (connectionFromEnv, or a TriggerAuthentication), or podIdentity azure-workload and accountName",
            found,
        ),
        Identity::Provider("azure-workload") => given.needs_all(&["accountName"], "podIdentity azure-workload", found),
        Identity::Provider(_) | Identity::Unknown => {}
    }
}
