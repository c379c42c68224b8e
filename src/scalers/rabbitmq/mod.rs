//! `rabbitmq`: length of a queue, or its rates. [KEDA `rabbitmq_scaler.go`]
//!
//! Over AMQP only ready messages are counted, over HTTP ready and unacknowledged ones: the same manifest can give different
//! numbers, in KEDA and here.

mod amqp;
mod facts;
mod management;
mod mode;

use async_trait::async_trait;
use url::Url;

use management::Token;
use mode::{Mode, QueueStatus};

use super::client::authentication::OAUTH;
use super::client::cloud::Cloud;
use super::client::http::HttpClient;
use super::client::oauth::ClientCredentials;
use super::client::tls::TlsMaterial;
use super::metric::{Metric, Target};
use super::params::Source::{Auth, Env, Metadata};
use super::params::{Kind, ParameterSpec, Resolved, Source};
use super::{
    Behaviour, BuildError, ReadError, Scaler, ScalerContext, TriggerType, Work, endpoint,
    trigger_type,
};
use crate::api::reading::MetricReading;
use crate::scalers::history::{Era, always, fractions, from, since, words};

const A: &[Source] = &[Auth];
const AE: &[Source] = &[Auth, Env];
const MA: &[Source] = &[Metadata, Auth];

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["queueName"],
        Kind::String,
        "the queue, or with useRegex a regular expression",
    )
    .required(),
    ParameterSpec::new(&["mode"], Kind::String, "what is measured")
        .allowed(&[
            "QueueLength",
            "MessageRate",
            "DeliverGetRate",
            "PublishedToDeliveredRatio",
            "ExpectedQueueConsumptionTime",
            "Unknown",
        ])
        .default("Unknown"),
    ParameterSpec::new(&["queueLength"], Kind::Float, "so many messages per Job")
        .deprecated("use mode: QueueLength and value"),
    ParameterSpec::new(
        &["value"],
        Kind::Float,
        "so much of what mode measures per Job",
    ),
    ParameterSpec::new(
        &["activationValue"],
        Kind::Float,
        "active only above this value",
    ),
    ParameterSpec::new(
        &["host"],
        Kind::String,
        "amqp, amqps, http or https URL; its path is the vhost",
    )
    .from(&[Metadata, Auth, Env])
    .required(),
    ParameterSpec::new(
        &["protocol"],
        Kind::String,
        "auto follows the scheme of host",
    )
    .from(MA)
    .allowed(&["amqp", "http", "auto"])
    .default("auto"),
    ParameterSpec::new(
        &["vhostName"],
        Kind::String,
        "the vhost, instead of the one in host",
    )
    .from(MA),
    ParameterSpec::new(
        &["useRegex"],
        Kind::Bool,
        "http: queueName is a regular expression",
    ),
    ParameterSpec::new(
        &["excludeUnacknowledged"],
        Kind::Bool,
        "http: count ready messages only",
    ),
    ParameterSpec::new(
        &["pageSize"],
        Kind::Integer,
        "http with useRegex: so many queues at most",
    )
    .default("100"),
    ParameterSpec::new(
        &["operation"],
        Kind::String,
        "http with useRegex: sum, avg or max over the queues",
    )
    .default("sum"),
    ParameterSpec::new(&["timeout"], Kind::Duration, "http: of one request"),
    ParameterSpec::new(
        &["username"],
        Kind::String,
        "user, instead of the one in host",
    )
    .from(AE),
    ParameterSpec::new(
        &["password"],
        Kind::String,
        "password, instead of the one in host",
    )
    .from(AE),
    ParameterSpec::new(
        &["ca"],
        Kind::String,
        "with tls: an authority to trust beside the system's, PEM",
    )
    .from(A),
    ParameterSpec::new(
        &["cert"],
        Kind::String,
        "with tls: the client's certificate, PEM",
    )
    .from(A),
    ParameterSpec::new(
        &["key"],
        Kind::String,
        "with tls: the client's private key, PEM",
    )
    .from(A),
    ParameterSpec::new(
        &["keyPassword"],
        Kind::String,
        "with tls: password of the private key",
    )
    .from(A),
    ParameterSpec::new(&["tls"], Kind::String, "whether ca, cert and key are used")
        .from(A)
        .allowed(&["enable", "disable"])
        .default("disable"),
    ParameterSpec::new(
        &["unsafeSsl"],
        Kind::Bool,
        "do not check the server's certificate",
    ),
    ParameterSpec::new(
        &["workloadIdentityResource"],
        Kind::String,
        "http: the broker's application in Azure, to sign in with the caller's Azure identity",
    )
    .from(A),
    ParameterSpec::new(
        &["authModes", "authMode"],
        Kind::List,
        "how requests authenticate themselves: what is given says it when absent",
    )
    .from(MA)
    .allowed(&["oauth", "basic", "tls"])
    .exclusive(&["basic", "oauth"]),
    ParameterSpec::new(&["apiHost"], Kind::String, "the http host, in KEDA 1")
        .from(&[Metadata, Env])
        .renamed("host"),
    ParameterSpec::new(
        &["includeUnacked"],
        Kind::Bool,
        "whether unacknowledged messages count, in KEDA 1",
    )
    .obsolete("over http they count unless excludeUnacknowledged is true, over amqp never"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(1, &["vhostName"]),
    always(&["queueLength"]).deprecated(2),
    since(2, &["mode", "value"]),
    since(4, &["useRegex", "operation"]),
    since(5, &["pageSize", "timeout"]),
    since(8, &["activationValue", "excludeUnacknowledged"]),
    since(10, &["ca", "cert", "key", "keyPassword", "tls"]),
    since(11, &["unsafeSsl", "workloadIdentityResource"]),
    since(16, &["username", "password"]),
    from(17, Source::Auth, &["vhostName"]),
    words(
        18,
        "mode",
        &[
            "DeliverGetRate",
            "PublishedToDeliveredRatio",
            "ExpectedQueueConsumptionTime",
        ],
    ),
    since(
        20,
        &[
            "oauthTokenURI",
            "scopes",
            "scope",
            "clientID",
            "clientSecret",
            "endpointParams",
        ],
    ),
    since(21, &["authModes", "authMode"]),
    fractions(8, &["value", "queueLength"]),
];

/// The type.
pub(super) static RABBITMQ: TriggerType = TriggerType {
    name: "rabbitmq",
    family: "rabbitmq",
    parameters: &[PARAMETERS, OAUTH],
    counts: "messages of the queue: amqp counts ready ones, http ready and unacknowledged ones unless excludeUnacknowledged",
    work: Work::Depends(facts::work),
    target: trigger_type::Target::Parameter(&["value", "queueLength"], 20.0),
    activation: Some("activationValue"),
    check: facts::check,
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

enum Broker {
    Amqp(Box<amqp::Amqp>),
    Management(Box<management::Management>),
}

struct RabbitMq {
    metric: Metric,
    mode: Mode,
    activation: f64,
    exclude_unacknowledged: bool,
    broker: Broker,
    endpoint: String,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let host = parameters.text("host");
    let url = Url::parse(host).ok().filter(Url::has_host).ok_or_else(|| {
        BuildError::new(
            "parameter host must be a URL such as amqp://user:password@rabbitmq:5672/vhost",
        )
    })?;
    let http = match (parameters.text("protocol"), url.scheme()) {
        ("auto" | "amqp", "amqp" | "amqps") => false,
        ("auto" | "http", "http" | "https") => true,
        ("auto", scheme) => {
            return Err(BuildError::new(format!(
                "parameter host has the scheme {scheme:?}; use amqp, amqps, http or https"
            )));
        }
        (protocol, scheme) => {
            return Err(BuildError::new(format!(
                "parameter protocol is {protocol:?} and host has the scheme {scheme:?}"
            )));
        }
    };
    let (mode, value) = Mode::of(parameters)?;
    check(parameters, http, mode)?;
    let tls = TlsMaterial {
        unsafe_ssl: parameters.boolean("unsafeSsl"),
        ..if parameters.text("tls") == "enable" {
            TlsMaterial {
                ca: parameters.secret("ca"),
                cert: parameters.secret("cert"),
                key: parameters.secret("key"),
                unsafe_ssl: false,
            }
        } else {
            TlsMaterial::default()
        }
    }
    .checked(Some(parameters.text("keyPassword")))
    .map_err(BuildError::new)?;
    let queue = parameters.text("queueName");
    let broker = if http {
        let timeout = parameters
            .duration("timeout")
            .filter(|timeout| !timeout.is_zero())
            .unwrap_or(context.http_timeout);
        let token = if wants_oauth(parameters) {
            Some(Token::OAuth(ClientCredentials::new(parameters)?))
        } else if parameters.has("workloadIdentityResource") {
            let resource = parameters.text("workloadIdentityResource");
            Some(Token::Azure(Cloud::azure(context, resource), context.now))
        } else {
            None
        };
        let client = HttpClient::new(timeout, tls, context.service_proxy, context.clients);
        Broker::Management(Box::new(management::Management::new(
            &url, parameters, client, token,
        )?))
    } else {
        let name = format!("keda-jobs-{}-{}", context.namespace, context.object);
        Broker::Amqp(Box::new(amqp::Amqp::new(&url, parameters, tls, name)))
    };
    Ok(Box::new(RabbitMq {
        metric: Metric::new(
            context,
            &format!("rabbitmq-{}", query_escape(queue)),
            Target::Milli(value),
        )?,
        mode,
        activation: parameters.float("activationValue").unwrap_or_default(),
        exclude_unacknowledged: parameters.boolean("excludeUnacknowledged"),
        broker,
        endpoint: format!("rabbitmq {}", endpoint(host)),
    }))
}

/// Go's `url.QueryEscape`.
fn query_escape(text: &str) -> String {
    // Unlike Go, the URL standard keeps `*` and escapes `~`.
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('*', "%2A")
        .replace("%7E", "~")
}

fn wants_oauth(parameters: &Resolved) -> bool {
    ["oauthTokenURI", "clientID", "clientSecret"]
        .iter()
        .any(|name| parameters.has(name))
}

/// Parameters that exclude each other.
fn check(parameters: &Resolved, http: bool, mode: Mode) -> Result<(), BuildError> {
    let mut problems = Vec::new();
    let mut refuse = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_owned());
        }
    };
    refuse(
        parameters.integer("pageSize").is_some_and(|size| size < 1),
        "parameter pageSize must be at least 1",
    );
    refuse(
        parameters.has("username") != parameters.has("password"),
        "parameters username and password must be given together",
    );
    let oauth = wants_oauth(parameters);
    let azure = parameters.has("workloadIdentityResource");
    refuse(
        oauth && !parameters.has("clientSecret"),
        "OAuth needs parameter clientSecret",
    );
    refuse(
        oauth && azure,
        "OAuth cannot be combined with workloadIdentityResource",
    );
    refuse(
        oauth && parameters.has("username"),
        "OAuth cannot be combined with username and password",
    );
    if !http {
        refuse(oauth, "OAuth needs protocol http");
        refuse(
            azure,
            "parameter workloadIdentityResource needs protocol http",
        );
        refuse(
            parameters.boolean("useRegex"),
            "parameter useRegex needs protocol http",
        );
        refuse(
            parameters.boolean("excludeUnacknowledged"),
            "parameter excludeUnacknowledged needs protocol http",
        );
        refuse(
            mode != Mode::QueueLength,
            "parameter mode: only QueueLength can be read over amqp; the others need protocol http",
        );
        // Without mode KEDA does not come to look at the timeout.
        let has_mode = parameters.has("mode") && parameters.text("mode") != "Unknown";
        refuse(
            has_mode
                && parameters
                    .duration("timeout")
                    .is_some_and(|timeout| !timeout.is_zero()),
            "parameter timeout needs protocol http",
        );
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(BuildError::all(problems))
    }
}

#[async_trait]
impl Scaler for RabbitMq {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let status = match &self.broker {
            Broker::Amqp(amqp) => amqp.status(&self.endpoint).await?,
            Broker::Management(management) => management.status().await?,
        };
        let messages = if self.exclude_unacknowledged {
            status.ready
        } else {
            status.messages
        };
        let (value, active) = self.mode.evaluate(messages, status, self.activation);
        Ok(self.metric.reading(value, active))
    }

    fn endpoint(&self) -> String {
        self.endpoint.clone()
    }
}

/// Percent-decoded text.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text as one segment of a path: everything but unreserved characters is escaped. KEDA writes `+` for a space, which the broker
/// takes for a plus.
fn path_segment(text: &str) -> String {
    query_escape(text).replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(query_escape("a b/c*~-_.é"), "a+b%2Fc%2A~-_.%C3%A9");
        assert_eq!(path_segment("a b"), "a%20b");
        assert_eq!(percent_decode("%2Fa%zz%4"), "/a%zz%4");
    }
}
