//! `azure-cosmosdb`: changes of a Cosmos DB container that a change feed processor has not read. [KEDA `azure_cosmosdb_scaler.go`]

use super::AZURE;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, AE, AEM, AM, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["databaseId"], "ID of the database").required(),
    text(&["containerId"], "ID of the container whose changes count").required(),
    text(&["leaseDatabaseId"], "ID of the database of the leases").required(),
    text(&["leaseContainerId"], "ID of the container of the leases").required(),
    text(&["processorName"], "name of the change feed processor").required(),
    text(&["endpoint"], "address of the account").from(AM),
    text(&["connection"], "connection string of the account").from(AEM),
    text(
        &["leaseEndpoint"],
        "address of the account of the leases, the same one when absent",
    )
    .from(AM),
    text(
        &["leaseConnection"],
        "connection string of the account of the leases",
    )
    .from(AEM),
    text(&["cosmosDBKey"], "key of the account, beside endpoint")
        .from(AE)
        .credential(),
    text(
        &["leaseCosmosDBKey"],
        "key of the account of the leases, beside leaseEndpoint",
    )
    .from(AE)
    .credential(),
    text(&["tenantId"], "tenant of the Azure application").from(A),
    text(&["clientId"], "ID of the Azure application").from(A),
    text(&["clientSecret"], "secret of the Azure application").from(A),
    whole(&["changeFeedLagThreshold"], "so many changes per Job").default("100"),
    whole(
        &["activationChangeFeedLagThreshold"],
        "active only above this number",
    )
    .default("0"),
    text(
        &["cosmosDBResourceURL"],
        "resource to ask tokens for in a Private cloud",
    ),
];

/// The type.
pub(in crate::scalers) static AZURE_COSMOSDB: TriggerType = TriggerType {
    name: "azure-cosmosdb",
    family: "azure",
    parameters: &[PARAMETERS, AZURE],
    counts: "changes after the leases' continuations",
    work: Work::Is(
        InFlight::Included,
        "a change counts until the processor writes its lease",
    ),
    target: Target::Parameter(&["changeFeedLagThreshold"], 100.0),
    activation: Some("activationChangeFeedLagThreshold"),
    check,
    since: KedaVersion::new(21, 0),
    ..TriggerType::USUAL
};

/// The three parameters of an application, which signs in where an account has no key.
const APPLICATION: &[&str] = &["tenantId", "clientId", "clientSecret"];

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("changeFeedLagThreshold", found);
    given.at_least("activationChangeFeedLagThreshold", 0, found);
    if let (Some(threshold), Some(activation)) = (
        given.number("changeFeedLagThreshold"),
        given.number("activationChangeFeedLagThreshold"),
    ) && activation >= threshold.max(1.0)
    {
        found.push(Problem::wrong(
            "activationChangeFeedLagThreshold",
            "parameter activationChangeFeedLagThreshold must be less than changeFeedLagThreshold",
        ));
    }
    given.needs_one_of(
        &["connection", "endpoint"],
        "azure-cosmosdb needs parameter connection or endpoint",
        found,
    );
    given.takes_identities(&["azure-workload"], found);
    // The account of the leases is the same one unless it is given.
    let leases: &[&str] = if given.lacks("leaseConnection") && given.lacks("leaseEndpoint") {
        &["connection", "cosmosDBKey"]
    } else {
        &["leaseConnection", "leaseCosmosDBKey"]
    };
    let lacks_all = |names: &[&str]| names.iter().all(|name| given.lacks(name));
    if !lacks_all(&["connection", "cosmosDBKey"]) && !lacks_all(leases) {
        return;
    }
    if given.identity() == Identity::None {
        if lacks_all(APPLICATION) {
            found.push(Problem::missing(
                "connection",
                "azure-cosmosdb needs connection, or a key beside endpoint, of both accounts, or tenantId, clientId and clientSecret (a TriggerAuthentication), or podIdentity azure-workload",
            ));
        } else {
            for name in APPLICATION {
                if given.lacks(name) {
                    found.push(Problem::missing(
                        name,
                        format!("signing in as an application needs parameter {name}"),
                    ));
                }
            }
        }
    }
    // A pod identity knows whom to ask.
    let needed: &[&str] = if given.identity() == Identity::None {
        &["cosmosDBResourceURL", "activeDirectoryEndpoint"]
    } else {
        &["cosmosDBResourceURL"]
    };
    super::cloud(given, needed, &[super::CLOUDS, super::OLDER_CLOUDS], found);
}
