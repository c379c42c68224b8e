//! `azure-queue`: length of a storage queue. [KEDA `azure_queue_scaler.go`]

use async_trait::async_trait;
use url::Url;

use super::AZURE;
use super::SUFFIX;
use super::storage::{Service, Storage};
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::xml;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{AME, text, whole};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Behaviour, Flight, Target, TriggerType, Work};
use crate::scalers::{BuildError, ReadError, Scaler, ScalerContext, endpoint};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["activationQueueLength"], "active only above this length").default("0"),
    text(&["queueName"], "name of the queue").required(),
    whole(&["queueLength"], "so many messages per Job").default("5"),
    text(&["connection"], "connection string").from(AME),
    text(&["accountName"], "storage account, for pod identity"),
    text(
        &["queueLengthStrategy"],
        "whether messages that a receiver hides count",
    )
    .allowed(&["all", "visibleonly"])
    .default("all"),
    text(
        &["useAAdPodIdentity"],
        "sign in with a pod identity, as in KEDA 1",
    )
    .obsolete("take it out: podIdentity of a TriggerAuthentication says it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["cloud", "endpointSuffix"]),
    since(8, &["activationQueueLength"]),
    since(15, &["queueLengthStrategy"]),
    always(&["useAAdPodIdentity"]).ignored(15),
    from(16, Source::Metadata, &["connection"]),
];

/// The type.
pub(in crate::scalers) static AZURE_QUEUE: TriggerType = TriggerType {
    name: "azure-queue",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "messages of the queue: all, or with queueLengthStrategy visibleonly those that no receiver hides",
    work: Work::Depends(work),
    target: Target::Parameter(&["queueLength"], 5.0),
    activation: Some("activationQueueLength"),
    check,
    behaviour: Behaviour::Reads(build),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    match given.value("queueLengthStrategy") {
        Some(strategy) if strategy.eq_ignore_ascii_case("visibleonly") => Flight::fixed(
            InFlight::Excluded,
            "queueLengthStrategy visibleonly leaves out messages that a receiver hides",
        )
        .unless("queueLengthStrategy", "all"),
        _ => Flight::fixed(
            InFlight::Included,
            "queueLengthStrategy all counts messages that a receiver hides, which is the default",
        )
        .unless("queueLengthStrategy", "visibleonly"),
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::suffix(given, "endpointSuffix", found);
    super::storage(given, found);
}

/// Most messages that the service shows without taking them.
const PEEKED: i64 = 32;
const COUNT_HEADER: &str = "x-ms-approximate-messages-count";

struct Queue {
    metric: Metric,
    activation: i64,
    /// Whether messages that a receiver hides are left out.
    visible_only: bool,
    url: Url,
    storage: Storage,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let storage = Storage::new(context, parameters, Service::Queue)?;
    let name = parameters.text("queueName");
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.bytes().all(fits) {
        return Err(BuildError::new(format!(
            "parameter queueName must be small letters, digits and hyphens, not {name:?}"
        )));
    }
    let strategy = parameters.text("queueLengthStrategy");
    Ok(Box::new(Queue {
        metric: Metric::new(
            context,
            &format!("azure-queue-{name}"),
            metric::Target::Whole(parameters.integer("queueLength").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationQueueLength")
            .unwrap_or_default(),
        visible_only: strategy.eq_ignore_ascii_case("visibleonly"),
        url: storage.url(&[name]),
        storage,
    }))
}

impl Queue {
    /// The length that the service keeps count of, hidden messages included.
    async fn all(&self) -> Result<i64, ReadError> {
        let mut url = self.url.clone();
        url.set_query(Some("comp=metadata"));
        let answer = self.storage.get(url).await?;
        let length = answer
            .headers
            .get(COUNT_HEADER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .filter(|length| *length >= 0);
        length.ok_or_else(|| {
            ReadError::new(format!(
                "{} answered without {COUNT_HEADER}, or with one that is no count; is it a queue of Azure Storage?",
                self.endpoint()
            ))
        })
    }

    /// How many of the first messages no receiver hides.
    async fn visible(&self) -> Result<i64, ReadError> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push("messages");
        }
        url.set_query(Some(&format!("numofmessages={PEEKED}&peekonly=true")));
        let answer = self.storage.get(url).await?;
        let mut length = 0;
        xml::walk(&answer.body, "QueueMessagesList", |path, _| {
            length += i64::from(path == ["QueueMessage"]);
        })
        .map_err(|error| ReadError::new(format!("{}/messages {error}", self.endpoint())))?;
        Ok(length)
    }
}

#[async_trait]
impl Scaler for Queue {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let mut length = PEEKED;
        if self.visible_only {
            length = self.visible().await?;
        }
        // Where more are visible than are shown, KEDA counts the hidden ones too.
        if length >= PEEKED {
            length = self.all().await?;
        }
        Ok(self.metric.reading(count(length), length > self.activation))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
    }
}
