//! `metrics-api`: a number in a JSON, YAML, XML or Prometheus answer. [KEDA `metrics_api_scaler.go`]

use crate::scalers::history::{Era, fractions, from, since, words};
use crate::scalers::params::Source;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use url::Url;

use super::body;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::authentication::{self, HTTP_AUTH, HttpAuthentication, OAUTH};
use crate::scalers::client::http::{HttpClient, Request, parse_url};
use crate::scalers::given::{Given, Problem};
use crate::scalers::metric::{Metric, Target, count};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, ClusterReader, ReadError, Scaler, ScalerContext, TriggerType, Work,
    endpoint, trigger_type,
};

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(&["targetValue"], Kind::Float, "so much work per Job").required(),
    ParameterSpec::new(&["activationTargetValue"], Kind::Float, "active only above this value").default("0"),
    ParameterSpec::new(&["url"], Kind::String, "where the number is").required(),
    ParameterSpec::new(&["format"], Kind::String, "format of the answer")
        .allowed(&["prometheus", "json", "xml", "yaml"])
        .default("json"),
    ParameterSpec::new(
        &["valueLocation"],
        Kind::String,
        "where the number is in the answer: a GJSON path, keys between dots, or a Prometheus selector",
    )
    .required(),
    ParameterSpec::new(&["unsafeSsl"], Kind::Bool, "do not check the server's certificate").default("false"),
    ParameterSpec::new(
        &["aggregateFromKubeServiceEndpoints"],
        Kind::Bool,
        "ask every ready endpoint of the Service that the URL names (service.namespace…) and combine their numbers",
    )
    .default("false"),
    ParameterSpec::new(&["aggregationType"], Kind::String, "how the endpoints' numbers are combined")
        .allowed(&["average", "sum", "max", "min"])
        .default("average"),
    ParameterSpec::new(&["timeout"], Kind::Duration, "of one request"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(5, &["token"]),
    words(5, "authModes", &["bearer"]),
    since(8, &["activationTargetValue"]),
    since(9, &["unsafeSsl"]),
    since(14, &["format"]),
    since(
        18,
        &[
            "authModes",
            "bearerToken",
            "customAuthHeader",
            "customAuthValue",
            "oauthTokenURI",
            "scopes",
            "clientID",
            "clientSecret",
            "endpointParams",
        ],
    ),
    words(18, "authModes", &["custom", "oauth"]),
    from(18, Source::Metadata, &["apiKey"]),
    from(18, Source::Auth, &["authMode", "method", "keyParamName"]),
    since(
        19,
        &["aggregateFromKubeServiceEndpoints", "aggregationType"],
    ),
    since(20, &["timeout", "scope"]),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static METRICS_API: TriggerType = TriggerType {
    name: "metrics-api",
    family: "http",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH],
    counts: "the number at valueLocation in the answer of url",
    work: Work::Is(InFlight::Unknown, "that depends on the server"),
    target: trigger_type::Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

/// It sends nothing for the other modes, and refuses them since 2.21. [2.21.0 `metrics_api_scaler.go`, Validate]
fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    authentication::check(given, found);
    let modes = given.value("authModes").unwrap_or_default();
    let unused = modes
        .split(',')
        .map(str::trim)
        .find(|mode| ["custom", "oauth"].contains(mode));
    if let Some(mode) = unused {
        found.push(if given.since(21) {
            Problem::wrong(
                "authModes",
                format!("metrics-api cannot use authModes {mode}"),
            )
        } else {
            Problem::doubtful(
                "authModes",
                format!("KEDA does not use authModes {mode} of metrics-api, and 2.21 refuses it"),
            )
        });
    }
}

struct MetricsApi {
    metric: Metric,
    activation: f64,
    url: Url,
    format: String,
    location: String,
    aggregate: Option<Aggregate>,
    client: HttpClient,
    authentication: HttpAuthentication,
    cluster: Arc<dyn ClusterReader>,
}

struct Aggregate {
    kind: String,
    service: String,
    namespace: String,
}

/// So many endpoints are asked at a time, as in KEDA.
const CONCURRENT: usize = 5;

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let target = parameters.float("targetValue").unwrap_or_default();
    if target == 0.0 {
        return Err(BuildError::new("parameter targetValue must not be 0"));
    }
    let url = parse_url("url", parameters.text("url")).map_err(BuildError::new)?;
    let aggregate = parameters
        .boolean("aggregateFromKubeServiceEndpoints")
        .then(|| {
            let mut labels = url.host_str().unwrap_or_default().split('.');
            match (labels.next(), labels.next()) {
                (Some(service), Some(namespace))
                    if !service.is_empty() && !namespace.is_empty() =>
                {
                    Ok(Aggregate {
                        kind: parameters.text("aggregationType").to_owned(),
                        service: service.to_owned(),
                        namespace: namespace.to_owned(),
                    })
                }
                _ => Err(BuildError::new(
                    "aggregateFromKubeServiceEndpoints needs a url whose host is service.namespace",
                )),
            }
        })
        .transpose()?;
    let authentication = HttpAuthentication::new(parameters)?;
    let tls = authentication.tls(parameters, parameters.boolean("unsafeSsl"))?;
    let timeout = parameters
        .duration("timeout")
        .filter(|timeout| !timeout.is_zero())
        .unwrap_or(context.http_timeout);
    let location = parameters.text("valueLocation");
    Ok(Box::new(MetricsApi {
        metric: Metric::new(
            context,
            &format!("metric-api-{location}"),
            Target::Milli(target),
        )?,
        activation: parameters
            .float("activationTargetValue")
            .unwrap_or_default(),
        client: HttpClient::new(timeout, tls, context.service_proxy, context.clients),
        url,
        format: parameters.text("format").to_owned(),
        location: location.to_owned(),
        aggregate,
        authentication,
        cluster: Arc::clone(&context.cluster),
    }))
}

impl MetricsApi {
    async fn value_of(&self, url: &Url) -> Result<f64, ReadError> {
        let failed = |what: String| ReadError::new(format!("{} {what}", endpoint(url.as_str())));
        let mut asked = url.clone();
        let mut request = Request::default();
        self.authentication
            .apply(&self.client, &mut asked, &mut request)
            .await?;
        let answer = self.client.send(&asked, request).await?;
        if answer.status != 200 {
            return Err(failed(answer.describe()));
        }
        body::number(&self.format, &answer.body, &self.location).map_err(failed)
    }

    /// The combined number of all endpoints; an error when one of them fails, as an average or a sum over the others would be a
    /// made-up number. KEDA leaves failing ones out, and asks the Service itself when none answers or none exists.
    async fn aggregated(&self, aggregate: &Aggregate) -> Result<f64, ReadError> {
        let Aggregate {
            kind,
            service,
            namespace,
        } = aggregate;
        let addresses = self.cluster.service_endpoints(namespace, service).await?;
        if addresses.is_empty() {
            return self.value_of(&self.url).await;
        }
        let port = self.url.port_or_known_default();
        let mut urls = Vec::new();
        for address in addresses {
            let mut url = self.url.clone();
            // Neither fails on http and https.
            let _ = url.set_ip_host(address);
            let _ = url.set_port(port);
            urls.push(url);
        }
        let values: Vec<_> = stream::iter(urls)
            .map(|url| async move { self.value_of(&url).await })
            .buffered(CONCURRENT)
            .collect()
            .await;
        let values = values.into_iter().collect::<Result<Vec<f64>, _>>()?;
        let sum: f64 = values.iter().sum();
        Ok(match kind.as_str() {
            "sum" => sum,
            "max" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            "min" => values.iter().copied().fold(f64::INFINITY, f64::min),
            _ => sum / count(i64::try_from(values.len()).unwrap_or(i64::MAX)),
        })
    }
}

#[async_trait]
impl Scaler for MetricsApi {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let value = match &self.aggregate {
            Some(aggregate) => self.aggregated(aggregate).await?,
            None => self.value_of(&self.url).await?,
        };
        Ok(self.metric.reading(value, value > self.activation))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
    }
}
