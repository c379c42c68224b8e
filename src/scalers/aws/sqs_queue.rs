//! `aws-sqs-queue`: messages of a queue. [KEDA `aws_sqs_queue_scaler.go`]

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::HISTORY_OF_AWS;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::aws::{self, AWS};
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::http::{Answer, HttpClient, Request, parse_url};
use crate::scalers::client::said::said;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::client::xml;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{MA, ME, flag, text, whole};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Behaviour, Flight, Target, TriggerType, Work};
use crate::scalers::{BuildError, ReadError, Scaler, ScalerContext, endpoint};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["queueLength"], "so many messages per Job").default("5"),
    whole(&["activationQueueLength"], "active only above this length").default("0"),
    text(&["queueURL"], "URL of the queue, or its name")
        .from(ME)
        .required(),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
    flag(&["scaleOnInFlight"], "count messages in flight too").default("true"),
    flag(&["scaleOnDelayed"], "count delayed messages too").default("false"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationQueueLength", "scaleOnInFlight"]),
    since(9, &["awsEndpoint"]),
    from(9, Source::Env, &["queueURL"]),
    since(12, &["scaleOnDelayed"]),
    from(17, Source::Auth, &["awsRegion"]),
];

/// The type.
pub(in crate::scalers) static AWS_SQS_QUEUE: TriggerType = TriggerType {
    name: "aws-sqs-queue",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "messages of the queue: visible ones, those in flight unless scaleOnInFlight is false, delayed ones with scaleOnDelayed",
    work: Work::Depends(work),
    target: Target::Parameter(&["queueLength"], 5.0),
    activation: Some("activationQueueLength"),
    check,
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY_OF_AWS, HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    if given.value("scaleOnInFlight").is_none() || given.is_true("scaleOnInFlight") {
        Flight::fixed(
            InFlight::Included,
            "scaleOnInFlight counts messages in flight, which is the default",
        )
        .unless("scaleOnInFlight", "false")
    } else {
        Flight::fixed(InFlight::Excluded, "scaleOnInFlight is false")
            .unless("scaleOnInFlight", "true")
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    if let Some(Err(problem)) = given.value("queueURL").map(name_of) {
        found.push(Problem::wrong(
            "queueURL",
            format!("parameter queueURL {problem}"),
        ));
    }
}

/// The name of the queue that a URL leads to; a text that is no URL is a name. The error is a fragment.
fn name_of(text: &str) -> Result<&str, &'static str> {
    // What an address without a scheme begins with would be a scheme: `localhost:4566/…`.
    let is_url = text.starts_with('/') || Url::parse(text).is_ok();
    if !is_url {
        return Ok(text);
    }
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |start| &rest[start..]),
        None if text.starts_with('/') => text,
        None => "",
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match path.split('/').collect::<Vec<_>>()[..] {
        [_, _, queue] if !queue.is_empty() => Ok(queue),
        _ => Err(
            "must end in the account and the name of the queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
        ),
    }
}

const OPERATION: HeaderName = HeaderName::from_static("x-amz-target");

struct Queue {
    metric: Metric,
    activation: i64,
    url: Url,
    /// The counts whose sum is the length.
    attributes: Vec<&'static str>,
    /// What is asked. [AWS SQS API Reference, `GetQueueAttributes`; AWS JSON 1.0 protocol]
    body: Vec<u8>,
    cloud: Cloud,
    client: HttpClient,
    now: fn() -> Timestamp,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let queue = parameters.text("queueURL");
    let name = name_of(queue)
        .map_err(|problem| BuildError::new(format!("parameter queueURL {problem}")))?;
    let region = parameters.text("awsRegion");
    let cloud = aws::signer(context, parameters, "sqs")?
        .ok_or_else(|| BuildError::new("parameter awsRegion is missing"))?;
    let url = match parameters.text("awsEndpoint") {
        "" => {
            let (source, address) = context.identities.aws_endpoint("sqs", region);
            parse_url(&source, &address).map_err(|error| error.replacen("parameter", "variable", 1))
        }
        address => parse_url("awsEndpoint", address),
    }
    .map_err(BuildError::new)?;
    let mut attributes = vec!["ApproximateNumberOfMessages"];
    if parameters.boolean("scaleOnInFlight") {
        attributes.push("ApproximateNumberOfMessagesNotVisible");
    }
    if parameters.boolean("scaleOnDelayed") {
        attributes.push("ApproximateNumberOfMessagesDelayed");
    }
    let body = json!({"QueueUrl": queue, "AttributeNames": attributes});
    let client = HttpClient::new(
        context.http_timeout,
        TlsMaterial::default(),
        context.service_proxy,
        context.clients,
    );
    Ok(Box::new(Queue {
        metric: Metric::new(
            context,
            &format!("aws-sqs-{name}"),
            metric::Target::Whole(parameters.integer("queueLength").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationQueueLength")
            .unwrap_or_default(),
        url,
        attributes,
        body: body.to_string().into_bytes(),
        cloud,
        client: client.without_redirects(),
        now: context.now,
    }))
}

/// The sum of `attributes` in an answer. The error is a fragment.
fn length(body: &[u8], attributes: &[&str]) -> Result<i64, String> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|_| "answered with something else than JSON; is it SQS?".to_owned())?;
    attributes.iter().try_fold(0_i64, |sum, name| {
        let text = answer["Attributes"][name]
            .as_str()
            .ok_or_else(|| format!("answered without {name}; is it SQS?"))?;
        let number = text.parse().ok().filter(|number: &i64| *number >= 0);
        number
            .and_then(|number| sum.checked_add(number))
            .ok_or_else(|| format!("answered with a {name} that is no count"))
    })
}

/// What SQS says of a request that it refuses, and what to do about it.
fn refusal(answer: &Answer) -> String {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    // What stands between may speak the older protocol.
    let older = xml::leaves(&answer.body);
    let text = |names: [&str; 3]| {
        let in_json = names.iter().find_map(|name| json[*name].as_str());
        in_json
            .or_else(|| older.get(names[2]).map(String::as_str))
            .unwrap_or_default()
    };
    // `com.amazonaws.sqs#QueueDoesNotExist`
    let code = text(["__type", "code", "Code"]);
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = text(["message", "Message", "Message"]);
    let advice = match code {
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => {
            "; queueURL must be a queue of awsRegion that the endpoint knows"
        }
        "AccessDenied" | "AccessDeniedException" => {
            "; who signs needs the permission sqs:GetQueueAttributes"
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "InvalidSecurity" => "; are the access key and this machine's clock right?",
        _ => "",
    };
    format!("{}{advice}", said(&format!("{code} {message}"), &[]))
}

#[async_trait]
impl Scaler for Queue {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-amz-json-1.0"),
        );
        headers.insert(
            OPERATION,
            HeaderValue::from_static("AmazonSQS.GetQueueAttributes"),
        );
        let mut url = self.url.clone();
        self.cloud
            .authorize(&mut url, &mut headers, Some(&self.body), (self.now)())
            .await?;
        let request = Request {
            headers,
            body: Some(self.body.clone()),
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        let place = self.endpoint();
        if !(200..300).contains(&answer.status) {
            return Err(ReadError::new(format!(
                "{place} {}{}",
                answer.describe(),
                refusal(&answer)
            )));
        }
        let length = length(&answer.body, &self.attributes)
            .map_err(|error| ReadError::new(format!("{place} {error}")))?;
        Ok(self.metric.reading(count(length), length > self.activation))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{length, name_of};

    /// As Go's `url.ParseRequestURI` takes them apart.
    #[test]
    fn names_of_queues() {
        for (text, name) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
                "orders",
            ),
            (
                "http://127.0.0.1:4566/000000000000/orders.fifo?x=1",
                "orders.fifo",
            ),
            ("/123456789012/orders", "orders"),
            ("orders", "orders"),
            (
                "sqs.eu-west-1.amazonaws.com/1/orders",
                "sqs.eu-west-1.amazonaws.com/1/orders",
            ),
        ] {
            assert_eq!(name_of(text), Ok(name), "{text}");
        }
        for text in [
            "https://sqs.eu-west-1.amazonaws.com",
            "https://sqs.eu-west-1.amazonaws.com/orders",
            "https://sqs.eu-west-1.amazonaws.com/1/orders/",
            "https://sqs.eu-west-1.amazonaws.com/1/",
            "localhost:4566/000000000000/orders",
            "/orders",
        ] {
            assert!(name_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths() {
        let both = ["A", "B"];
        let of = |body: &str| length(body.as_bytes(), &both);
        assert_eq!(
            of("{\"Attributes\":{\"A\":\"2\",\"B\":\"3\",\"C\":\"4\"}}"),
            Ok(5)
        );
        for body in [
            "",
            "{}",
            "[]",
            "<xml/>",
            "{\"Attributes\":null}",
            "{\"Attributes\":{\"A\":\"2\"}}",
            "{\"Attributes\":{\"A\":\"2\",\"B\":3}}",
            "{\"Attributes\":{\"A\":\"2\",\"B\":\"x\"}}",
            "{\"Attributes\":{\"A\":\"2\",\"B\":\"-1\"}}",
            "{\"Attributes\":{\"A\":\"2\",\"B\":\"9223372036854775807\"}}",
            "{\"Attributes\":{\"A\":\"2\",\"B\":\"99999999999999999999\"}}",
        ] {
            assert!(of(body).is_err(), "{body}");
        }
    }
}
