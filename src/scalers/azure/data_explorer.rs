//! `azure-data-explorer`: a number that a Kusto query gives. [KEDA `azure_data_explorer_scaler.go`]

use super::AZURE;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, since, until};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, MAE, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["databaseName"], "name of the database").required(),
    text(&["endpoint"], "address of the server").required(),
    text(&["query"], "the query; its first value is read").required(),
    number(&["threshold"], "so much of the value per Job").required(),
    number(&["activationThreshold"], "active only above this value").default("0"),
    text(&["tenantId"], "tenant of the Azure application").from(MAE),
    text(&["clientId"], "ID of the Azure application").from(MAE),
    text(&["clientSecret"], "secret of the Azure application").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationThreshold"]),
    until(13, Source::Metadata, &["clientSecret"]),
    until(
        20,
        Source::Env,
        &["databaseName", "endpoint", "query", "clientSecret"],
    ),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static AZURE_DATA_EXPLORER: TriggerType = TriggerType {
    name: "azure-data-explorer",
    family: "azure",
    parameters: &[PARAMETERS, AZURE],
    counts: "the first column of the one row that the query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(7, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::application(given, &["tenantId", "clientId", "clientSecret"], found);
    // Tokens are sent there. [azure-kusto-go]
    if given
        .value("endpoint")
        .is_some_and(|text| !text.starts_with("https://"))
    {
        found.push(Problem::wrong(
            "endpoint",
            "parameter endpoint must begin with https://",
        ));
    }
    super::cloud(
        given,
        &["activeDirectoryEndpoint"],
        &[super::CLOUDS, super::OLDER_CLOUDS],
        found,
    );
}
