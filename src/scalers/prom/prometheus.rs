//! `prometheus`: an instant query that gives one element. [KEDA `prometheus_scaler.go`]
//!
//! Without authModes the managed servers of Amazon, Azure and Google are known by the identity that the trigger names.

use crate::scalers::client::authentication::HISTORY_OF_AUTHENTICATION;
use crate::scalers::history::{Era, always, fractions, from, since, words};
use crate::scalers::params::Source;
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::authentication::{self, HTTP_AUTH, HttpAuthentication, OAUTH};
use crate::scalers::client::aws::{self, AWS};
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::google::{self, GOOGLE};
use crate::scalers::client::http::{HttpClient, Request, parse_url};
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::metric::{Metric, Target};
use crate::scalers::params::Source::{Auth, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, ReadError, Scaler, ScalerContext, TriggerType, Work, endpoint,
    trigger_type,
};

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["serverAddress"],
        Kind::String,
        "address of Prometheus, without /api/v1",
    )
    .required(),
    ParameterSpec::new(
        &["query"],
        Kind::String,
        "a query whose result is a vector of one element",
    )
    .required(),
    ParameterSpec::new(
        &["queryParameters"],
        Kind::Map,
        "more query parameters for the request",
    ),
    ParameterSpec::new(&["threshold"], Kind::Float, "so much work per Job").required(),
    ParameterSpec::new(
        &["activationThreshold"],
        Kind::Float,
        "active only above this value",
    ),
    ParameterSpec::new(
        &["namespace"],
        Kind::String,
        "namespace of the query, for servers such as Thanos Querier",
    ),
    ParameterSpec::new(
        &["customHeaders"],
        Kind::Map,
        "more headers for the request",
    )
    .credential(),
    ParameterSpec::new(
        &["ignoreNullValues"],
        Kind::Bool,
        "an empty result, NaN and infinity count as 0 instead of as an error",
    )
    .default("true"),
    ParameterSpec::new(
        &["unsafeSsl"],
        Kind::Bool,
        "do not check the server's certificate",
    ),
    ParameterSpec::new(
        &["awsRegion"],
        Kind::String,
        "region of Amazon Managed Prometheus",
    )
    .from(&[Metadata, Auth]),
    ParameterSpec::new(&["timeout"], Kind::Duration, "of one request"),
    ParameterSpec::new(&["metricName"], Kind::String, "name of the metric")
        .obsolete("take it out: since 2.12 KEDA names metrics itself"),
    ParameterSpec::new(&["cortexOrgID"], Kind::String, "tenant of the query")
        .obsolete("use customHeaders: X-Scope-OrgID=…"),
];

/// Which of Azure's clouds. [KEDA `pkg/scalers/azure/azure_managed_prometheus_http_round_tripper.go`]
static AZURE: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["cloud"],
        Kind::String,
        "Azure: the cloud of Azure Managed Prometheus, with podIdentity azure-workload",
    )
    .default("AzurePublicCloud"),
    ParameterSpec::new(
        &["azureManagedPrometheusResourceURL"],
        Kind::String,
        "Azure: with cloud Private, the resource that tokens are made for",
    ),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["metricName"]).optional(10).ignored(12),
    since(
        3,
        &[
            "authModes",
            "bearerToken",
            "username",
            "password",
            "cert",
            "key",
            "ca",
        ],
    ),
    since(6, &["namespace"]),
    since(7, &["cortexOrgID"]).refused(10).ignored(15),
    since(8, &["activationThreshold", "ignoreNullValues"]),
    since(9, &["unsafeSsl"]),
    since(
        10,
        &[
            "customHeaders",
            "cloud",
            "azureManagedPrometheusResourceURL",
        ],
    ),
    since(
        11,
        &[
            "GoogleApplicationCredentials",
            "credentials",
            "credentialsFromEnvFile",
        ],
    ),
    since(12, &["scope"]).ignored(15),
    since(20, &["scope"]),
    since(
        13,
        &[
            "queryParameters",
            "awsAccessKeyID",
            "awsAccessKeyId",
            "awsSecretAccessKey",
            "awsSessionToken",
            "awsRoleArn",
            "identityOwner",
        ],
    ),
    since(14, &["awsRegion"]),
    since(15, &["scopes"]),
    words(15, "authModes", &["apiKey"]),
    since(17, &["timeout"]),
    from(17, Source::Auth, &["awsRegion"]),
    since(
        18,
        &["authMode", "token", "apiKey", "method", "keyParamName"],
    ),
    from(18, Source::Auth, &["authModes"]),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static PROMETHEUS: TriggerType = TriggerType {
    name: "prometheus",
    family: "prom",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH, AWS, AZURE, GOOGLE],
    counts: "the value of the one element that the query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: trigger_type::Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY_OF_AUTHENTICATION, HISTORY],
    ..TriggerType::USUAL
};

struct Prometheus {
    metric: Metric,
    activation: f64,
    url: Url,
    headers: HeaderMap,
    ignore_null: bool,
    client: HttpClient,
    authentication: HttpAuthentication,
    cloud: Option<Cloud>,
    now: fn() -> Timestamp,
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    authentication::check(given, found);
    if given.value("authModes").is_some()
        && let Identity::Provider(_) = given.identity()
    {
        found.push(Problem::wrong(
            "authModes",
            "authModes cannot stand beside a podIdentity",
        ));
    }
    let is_azure = given.identity() == Identity::Provider("azure-workload");
    let clouds = [
        "AzurePublicCloud",
        "AzureUSGovernmentCloud",
        "AzureChinaCloud",
        // The same by their other names.
        "AzureCloud",
        "AzureUSGovernment",
    ];
    match given.value("cloud") {
        Some(cloud) if is_azure && cloud.eq_ignore_ascii_case("Private") => given.needs_all(
            &["azureManagedPrometheusResourceURL"],
            "cloud Private",
            found,
        ),
        Some(cloud)
            if is_azure && !clouds.iter().any(|known| known.eq_ignore_ascii_case(cloud)) =>
        {
            found.push(Problem::wrong(
                "cloud",
                format!(
                    "parameter cloud must be {} or Private",
                    clouds[..3].join(", ")
                ),
            ));
        }
        _ => {}
    }
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let authentication = HttpAuthentication::new(parameters)?;
    let cloud = cloud(context, parameters, &authentication)?;
    let mut headers = HeaderMap::new();
    for (name, value) in parameters.pairs("customHeaders") {
        match (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.as_str()),
        ) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.append(name, value);
            }
            _ => {
                return Err(BuildError::new(format!(
                    "parameter customHeaders: header {name:?} cannot be sent"
                )));
            }
        }
    }
    // KEDA's transports for AWS and Azure do not know unsafeSsl: a cloud's certificate is always checked.
    let unsafe_ssl = parameters.boolean("unsafeSsl") && cloud.is_none();
    let tls = authentication.tls(parameters, unsafe_ssl)?;
    let timeout = parameters
        .duration("timeout")
        .filter(|timeout| !timeout.is_zero())
        .unwrap_or(context.http_timeout);
    Ok(Box::new(Prometheus {
        metric: Metric::new(
            context,
            "prometheus",
            Target::Milli(parameters.float("threshold").unwrap_or_default()),
        )?,
        activation: parameters.float("activationThreshold").unwrap_or_default(),
        url: query_url(parameters).map_err(BuildError::new)?,
        headers,
        ignore_null: parameters.boolean("ignoreNullValues"),
        client: HttpClient::new(timeout, tls, context.service_proxy, context.clients),
        authentication,
        cloud,
        now: context.now,
    }))
}

/// The address without the time. KEDA puts /api/v1/query behind the text of serverAddress, whatever it ends with.
fn query_url(parameters: &Resolved) -> Result<Url, String> {
    let address = parameters.text("serverAddress");
    parse_url("serverAddress", address)?;
    let mut url = parse_url("serverAddress", &format!("{address}/api/v1/query"))?;
    let mut query = url.query_pairs_mut();
    query.append_pair("query", parameters.text("query"));
    if parameters.has("namespace") {
        query.append_pair("namespace", parameters.text("namespace"));
    }
    query.extend_pairs(parameters.pairs("queryParameters"));
    drop(query);
    Ok(url)
}

/// Who asks. Clouds are looked at only without authModes, as in KEDA.
fn cloud(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    authentication: &HttpAuthentication,
) -> Result<Option<Cloud>, BuildError> {
    if authentication.enabled() {
        return match context.pod_identity {
            Some(_) => Err(BuildError::new(
                "podIdentity cannot be combined with authModes",
            )),
            None => Ok(None),
        };
    }
    match context.provider() {
        "" | "aws" | "aws-eks" => {}
        "azure-workload" => {
            return azure_scope(parameters).map(|scope| Some(Cloud::azure(context, &scope)));
        }
        "gcp" => return Ok(google::identity(context, parameters, MONITORING)),
        other => {
            return Err(BuildError::new(format!(
                "KEDA has no podIdentity {other}; use aws, azure-workload, gcp or authModes"
            )));
        }
    }
    // A TriggerAuthentication may be shared with triggers of AWS; only Amazon's servers ask for a signature.
    let asks_amazon = is_of_amazon(parameters.text("serverAddress"));
    let signs = parameters.has("awsRegion") && (asks_amazon || names_aws(context, parameters));
    let google = google::identity(context, parameters, MONITORING);
    // KEDA's AWS transport takes the place of Google's.
    if signs || (asks_amazon && google.is_none()) {
        aws::signer(context, parameters, "aps")
    } else {
        Ok(google)
    }
}

/// Whether a whole identity of AWS is given. KEDA signs by no half of one, and says nothing.
fn names_aws(context: &ScalerContext<'_>, parameters: &Resolved) -> bool {
    let has = |name| parameters.has(name);
    matches!(context.provider(), "aws" | "aws-eks")
        || parameters.text("identityOwner") == "operator"
        || has("awsRoleArn")
        || (has("awsAccessKeyID") && has("awsSecretAccessKey"))
}

fn is_of_amazon(address: &str) -> bool {
    let url = Url::parse(address).ok();
    url.as_ref()
        .and_then(Url::host_str)
        .is_some_and(|host| host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
}

/// Google's scope for queries.
const MONITORING: &str = "https://www.googleapis.com/auth/monitoring.read";

/// What tokens of Azure are made for.
fn azure_scope(parameters: &Resolved) -> Result<String, BuildError> {
    let own = parameters.text("azureManagedPrometheusResourceURL");
    match parameters.text("cloud").to_ascii_uppercase().as_str() {
        "AZUREPUBLICCLOUD" | "AZURECLOUD" => {
            Ok("https://prometheus.monitor.azure.com/.default".to_owned())
        }
        "AZUREUSGOVERNMENTCLOUD" | "AZUREUSGOVERNMENT" => {
            Ok("https://prometheus.monitor.azure.us/.default".to_owned())
        }
        "AZURECHINACLOUD" => Ok("https://prometheus.monitor.azure.cn/.default".to_owned()),
        "PRIVATE" if !own.is_empty() => Ok(own.to_owned()),
        "PRIVATE" => Err(BuildError::new(
            "parameter azureManagedPrometheusResourceURL is missing beside cloud Private",
        )),
        _ => Err(BuildError::new(
            "parameter cloud must be AzurePublicCloud, AzureUSGovernmentCloud, AzureChinaCloud or Private",
        )),
    }
}

/// The number in an answer; `None` where ignoreNullValues decides. The error is a fragment.
fn number(body: &[u8]) -> Result<Option<f64>, String> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|_| "answered with something else than JSON".to_owned())?;
    let data = &answer["data"];
    if data["resultType"].as_str() == Some("scalar") {
        return Err("gave a scalar; the query must give a vector, as vector(…) does".to_owned());
    }
    let Some(result) = data["result"].as_array() else {
        return Err("answered without data.result; is it Prometheus?".to_owned());
    };
    let element = match &result[..] {
        [] => return Ok(None),
        [element] => element,
        more => {
            return Err(format!(
                "gave {} elements; the query must give one",
                more.len()
            ));
        }
    };
    let Some(pair) = element["value"].as_array().filter(|pair| !pair.is_empty()) else {
        if element.is_object() && data["resultType"].as_str() != Some("matrix") {
            return Ok(None);
        }
        return Err("gave a range; the query must give an instant vector".to_owned());
    };
    match pair.get(1) {
        // KEDA starts from −1, which it reports as 0.
        Some(Value::Null) => Ok(Some(-1.0)),
        Some(Value::String(text)) => {
            let number: f64 = text
                .parse()
                .map_err(|_| format!("gave the value {text:?}, which is no number"))?;
            Ok(Some(number).filter(|number| number.is_finite()))
        }
        _ => Err("gave an element without a value".to_owned()),
    }
}

/// What Prometheus says is wrong with a query, behind a colon; it repeats the query at most.
fn reason(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|answer| answer["error"].as_str().map(str::to_owned))
        .map(|error| format!(": {}", error.chars().take(300).collect::<String>()))
        .unwrap_or_default()
}

#[async_trait]
impl Scaler for Prometheus {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let place = self.endpoint();
        let mut url = self.url.clone();
        let now = (self.now)();
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        url.query_pairs_mut().append_pair("time", &time);
        let mut request = Request {
            headers: self.headers.clone(),
            ..Request::default()
        };
        self.authentication
            .apply(&self.client, &mut url, &mut request)
            .await?;
        if let Some(cloud) = &self.cloud {
            cloud
                .authorize(&mut url, &mut request.headers, None, now)
                .await?;
        }
        let answer = self.client.send(&url, request).await?;
        if !(200..300).contains(&answer.status) {
            return Err(ReadError::new(format!(
                "{place} {}{}",
                answer.describe(),
                reason(&answer.body)
            )));
        }
        let found =
            number(&answer.body).map_err(|error| ReadError::new(format!("{place} {error}")))?;
        let value = match found {
            Some(value) => value,
            None if self.ignore_null => 0.0,
            None => {
                return Err(ReadError::new(format!(
                    "{place} gave no value (an empty result, NaN or infinity), and ignoreNullValues is false"
                )));
            }
        };
        Ok(self.metric.reading(value, value > self.activation))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn answers() {
        let vector = |value: &str| {
            format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{{\"metric\":{{}},\"value\":{value}}}]}}}}"
            )
        };
        for (body, wanted) in [
            (vector("[1, \"2.5\"]"), Some(2.5)),
            (vector("[1, \"NaN\"]"), None),
            (vector("[1, \"+Inf\"]"), None),
            (vector("[1, null]"), Some(-1.0)),
            (vector("[]"), None),
            (
                "{\"data\":{\"resultType\":\"vector\",\"result\":[]}}".to_owned(),
                None,
            ),
        ] {
            assert_eq!(number(body.as_bytes()), Ok(wanted), "{body}");
        }
        for body in [
            vector("[1]"),
            vector("[1, \"x\"]"),
            vector("[1, 5]"),
            "{\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"5\"]}}".to_owned(),
            "{\"data\":{\"resultType\":\"matrix\",\"result\":[{\"values\":[]}]}}".to_owned(),
            "{\"data\":{\"resultType\":\"vector\",\"result\":[{},{}]}}".to_owned(),
            "{}".to_owned(),
            "[]".to_owned(),
            "<html>".to_owned(),
            String::new(),
        ] {
            assert!(number(body.as_bytes()).is_err(), "{body}");
        }
    }
}
