//! `elasticsearch`: a value in a search's answer. [KEDA `elasticsearch_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AEM, AM, flag, list, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["addresses"], "addresses of the servers").from(AM),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AEM),
    text(
        &["cloudID"],
        "ID of the cloud deployment, instead of addresses",
    )
    .from(AM),
    text(&["apiKey"], "API key").from(AM),
];

/// The search and what is made of its answer; `opensearch` has the same.
pub(super) static SEARCH: &[ParameterSpec] = &[
    list(&["index"], "indices to search")
        .from(AM)
        .required()
        .separated_by(';'),
    text(
        &["searchTemplateName"],
        "name of a stored search template, instead of query",
    )
    .from(AM),
    text(&["query"], "the search, JSON, instead of a template").from(AM),
    list(&["parameters"], "parameters of the template, name:value").separated_by(';'),
    text(
        &["valueLocation"],
        "where the number is in the answer, a GJSON path",
    )
    .from(AM)
    .required(),
    number(&["targetValue"], "so much of the value per Job")
        .from(AM)
        .required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    flag(
        &["ignoreNullValues"],
        "no value counts as 0 instead of as an error",
    )
    .default("false"),
    text(&["metricName"], "name of the metric"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationTargetValue"]),
    since(9, &["cloudID", "apiKey"]),
    since(16, &["query", "metricName"]),
    from(16, Source::Metadata, &["password"]),
    since(17, &["ignoreNullValues"]),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static ELASTICSEARCH: TriggerType = TriggerType {
    name: "elasticsearch",
    family: "http",
    parameters: &[PARAMETERS, SEARCH],
    counts: "the value at valueLocation in the answer",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(5, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    address(given, found);
    query(given, found);
}

/// Where the cluster is, and who asks: addresses with a user, or cloudID with a key. [KEDA `elasticsearch_scaler.go`, Validate]
pub(super) fn address(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_http("addresses", found);
    let is_cloud = given.has("cloudID") || given.has("apiKey");
    if is_cloud {
        given.needs_pair("cloudID", "apiKey", found);
        if let Some(other) = ["addresses", "username", "password"]
            .into_iter()
            .find(|name| given.has(name))
        {
            found.push(Problem::wrong(
                other,
                format!("set cloudID and apiKey, or addresses, username and password: {other} cannot stand beside them"),
            ));
        }
        return;
    }
    let has_user = given.has("username") || given.has("password");
    if given.kind().name == "elasticsearch" && has_user && given.lacks("addresses") {
        found.push(Problem::doubtful(
            "username",
            "without parameter addresses KEDA asks http://localhost:9200",
        ));
        return;
    }
    given.needs_one_of(
        &["addresses", "cloudID"],
        "Elasticsearch needs parameters addresses, username and password, or cloudID and apiKey",
        found,
    );
    if given.has("addresses") {
        given.needs_all(&["username", "password"], "addresses", found);
    }
}

/// What is searched for.
pub(super) fn query(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.has("query") && given.has("searchTemplateName") {
        found.push(Problem::wrong(
            "searchTemplateName",
            "set query or searchTemplateName, not both",
        ));
    }
    given.needs_one_of(
        &["query", "searchTemplateName"],
        "a search needs parameter query or searchTemplateName",
        found,
    );
}
