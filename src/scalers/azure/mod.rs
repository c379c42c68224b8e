//! Triggers that ask Azure.

pub(super) mod app_insights;
pub(super) mod blob;
pub(super) mod cosmosdb;
pub(super) mod data_explorer;
pub(super) mod eventhub;
mod glob;
pub(super) mod log_analytics;
pub(super) mod monitor;
pub(super) mod queue;
pub(super) mod servicebus;
mod storage;

use super::BuildError;
use super::given::{Given, Identity, Problem};
use super::params::notation::text;
use super::params::{ParameterSpec, Resolved};

/// Which Azure is asked.
static AZURE: &[ParameterSpec] = &[
    text(
        &["cloud"],
        "which Azure is asked: AzurePublicCloud, AzureUSGovernmentCloud, AzureChinaCloud or Private",
    ),
    text(
        &["activeDirectoryEndpoint"],
        "address of the identity service in a Private cloud",
    ),
];

/// The clouds that every type knows.
const CLOUDS: &[&str] = &[
    "AzurePublicCloud",
    "AzureUSGovernmentCloud",
    "AzureChinaCloud",
];

/// Clouds that only the types with hosts of their own know, by names that went with the older library.
const OLDER_CLOUDS: &[&str] = &["AzureCloud", "AzureUSGovernment", "AzureGermanCloud"];

/// Where one of the clouds has its services. [KEDA `azure/cloud_config.go`]
struct Environment {
    names: &'static [&'static str],
    storage: &'static str,
}

static ENVIRONMENTS: &[Environment] = &[
    Environment {
        names: &["AzurePublicCloud", "AzureCloud"],
        storage: "core.windows.net",
    },
    Environment {
        names: &["AzureUSGovernmentCloud", "AzureUSGovernment"],
        storage: "core.usgovcloudapi.net",
    },
    Environment {
        names: &["AzureChinaCloud"],
        storage: "core.chinacloudapi.cn",
    },
    Environment {
        names: &["AzureGermanCloud"],
        storage: "core.cloudapi.de",
    },
];

/// What follows an account's name in a host: what `of` says of the cloud, or in a Private cloud the parameter `name`.
fn host_suffix(
    parameters: &Resolved,
    name: &str,
    of: impl Fn(&Environment) -> String,
) -> Result<String, BuildError> {
    let cloud = match parameters.text("cloud") {
        "" => CLOUDS[0],
        cloud => cloud,
    };
    if cloud.eq_ignore_ascii_case("Private") {
        return match parameters.text(name) {
            "" => Err(BuildError::new(format!(
                "parameter {name} is missing beside cloud Private"
            ))),
            suffix => Ok(suffix.to_owned()),
        };
    }
    let is_meant = |environment: &&Environment| {
        let mut names = environment.names.iter();
        names.any(|name| name.eq_ignore_ascii_case(cloud))
    };
    ENVIRONMENTS.iter().find(is_meant).map(of).ok_or_else(|| {
        BuildError::new(format!(
            "parameter cloud must be {} or Private",
            CLOUDS.join(", ")
        ))
    })
}

static SUFFIX: &[ParameterSpec] = &[text(
    &["endpointSuffix"],
    "suffix of hosts in a Private cloud",
)];

/// A Private cloud must say where it is. [KEDA `azure/azure_cloud_environment.go`]
fn suffix(given: &Given<'_>, name: &'static str, found: &mut Vec<Problem>) {
    cloud(given, &[name], &[CLOUDS, OLDER_CLOUDS], found);
}

/// Which Azure is meant, and with Private where it is.
fn cloud(
    given: &Given<'_>,
    needed: &[&'static str],
    known: &[&[&'static str]],
    found: &mut Vec<Problem>,
) {
    let Some(cloud) = given.value("cloud") else {
        return;
    };
    if cloud.eq_ignore_ascii_case("Private") {
        given.needs_all(needed, "cloud Private", found);
    } else if !known
        .iter()
        .flat_map(|names| names.iter())
        .any(|name| name.eq_ignore_ascii_case(cloud))
    {
        found.push(Problem::wrong(
            "cloud",
            format!("parameter cloud must be {} or Private", CLOUDS.join(", ")),
        ));
    }
}

/// Signing in as an application needs all of `names` unless a pod identity does.
fn application(given: &Given<'_>, names: &[&'static str], found: &mut Vec<Problem>) {
    given.takes_identities(&["azure-workload"], found);
    if given.identity() == Identity::None {
        given.needs_all(names, "signing in without a pod identity", found);
    }
}

/// Who asks a storage account. [KEDA `azure_queue_scaler.go`, `azure_blob_scaler.go`]
fn storage(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.takes_identities(&["azure-workload"], found);
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
