//! `nats-jetstream`: messages of a `JetStream` consumer. [KEDA `nats_jetstream_scaler.go`]
//!
//! In a cluster only the server that leads a consumer knows its counts; the others show old ones, or none.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use url::Url;

use super::jsz::{Counted, Jsz, Names, Varz};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::http::{HttpClient, Request};
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{AM, flag, text, whole};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Target, TriggerType, Work};
use crate::scalers::{Behaviour, BuildError, ReadError, Scaler, ScalerContext, endpoint};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["account"], "name of the account").from(AM),
    text(&["accountID"], "ID of the account, instead of its name").from(AM),
    text(&["stream"], "name of the stream").required(),
    text(&["consumer"], "name of the consumer").required(),
    whole(&["lagThreshold"], "so many messages per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    flag(&["useHttps"], "ask over HTTPS").default("false"),
    text(
        &["natsServerMonitoringEndpoint"],
        "host:port of the server's monitoring",
    )
    .from(AM)
    .required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(9, &["useHttps"]),
    since(17, &["accountID"]),
    from(11, Source::Auth, &["account"]),
];

/// The type.
pub(in crate::scalers) static NATS_JETSTREAM: TriggerType = TriggerType {
    name: "nats-jetstream",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages that wait for the consumer and those that wait for its acknowledgement",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    check,
    behaviour: Behaviour::Reads(build),
    since: KedaVersion::new(8, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

/// So many servers of a cluster are asked at a time.
const CONCURRENT: usize = 5;
/// No cluster has more servers; each may be asked.
const MOST_SERVERS: usize = 100;

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["account", "accountID"],
        "nats-jetstream needs parameter account or accountID",
        found,
    );
    if let Some(place) = given.value(ENDPOINT)
        && let Err(problem) = monitoring(place, false)
    {
        found.push(Problem::wrong(ENDPOINT, problem));
    }
}

const ENDPOINT: &str = "natsServerMonitoringEndpoint";

/// The address of a server's monitoring. KEDA puts `http://` before whatever is written, and asks a host `http` for an address.
fn monitoring(place: &str, https: bool) -> Result<Url, String> {
    let scheme = if https { "https" } else { "http" };
    let is_host = !place.contains(['/', '@', '?', '#', '\\']);
    Url::parse(&format!("{scheme}://{place}/"))
        .ok()
        .filter(|url| is_host && url.has_host())
        .ok_or_else(|| {
            format!(
                "parameter {ENDPOINT} must be host:port of the server's monitoring, without http://"
            )
        })
}

struct JetStream {
    metric: Metric,
    activation: i64,
    /// The monitoring of the server that the trigger names.
    monitoring: Url,
    names: Names,
    client: HttpClient,
    /// The server that led the consumer at the last reading.
    leader: Mutex<Option<Leader>>,
}

/// A server, where it is, and its name and its id of then: a server that was started anew has another one.
#[derive(Clone)]
struct Leader {
    monitoring: Url,
    name: String,
    id: String,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let part = |name| parameters.text(name).to_owned();
    let names = Names {
        account: part("account"),
        account_id: part("accountID"),
        stream: part("stream"),
        consumer: part("consumer"),
    };
    if names.account.is_empty() && names.account_id.is_empty() {
        return Err(BuildError::new(
            "nats-jetstream needs parameter account or accountID",
        ));
    }
    let tls = TlsMaterial::default();
    Ok(Box::new(JetStream {
        metric: Metric::new(
            context,
            &format!("nats-jetstream-{}", names.stream),
            metric::Target::Whole(parameters.integer("lagThreshold").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationLagThreshold")
            .unwrap_or_default(),
        monitoring: monitoring(parameters.text(ENDPOINT), parameters.boolean("useHttps"))
            .map_err(BuildError::new)?,
        names,
        client: HttpClient::new(
            context.http_timeout,
            tls,
            context.service_proxy,
            context.clients,
        ),
        leader: Mutex::default(),
    }))
}

/// What a server that was asked in search of the leader turned out to be.
enum Candidate {
    Leads(Leader, i64),
    /// It knows the consumer, and names this leader.
    Follows(String),
    Knows(Counted),
}

impl JetStream {
    async fn messages(&self) -> Result<i64, ReadError> {
        let kept = self.leader().take();
        if let Some(leader) = kept
            && let Ok(answer) = self.jsz(&leader.monitoring).await
            && let Counted::Consumer {
                messages,
                leader: name,
            } = &answer.counted
            && (&leader.name, &leader.id) == (name, &answer.server_id)
        {
            *self.leader() = Some(leader);
            return Ok(*messages);
        }
        // It leads no more, or cannot be asked: that is no failure, as the others know who does.
        let first = self.jsz(&self.monitoring).await?;
        if first.cluster_size > 1 {
            return self.search(first).await;
        }
        match first.counted {
            Counted::Consumer { messages, .. } => Ok(messages),
            missing => Err(self.missing(&missing, &self.endpoint())),
        }
    }

    fn leader(&self) -> std::sync::MutexGuard<'_, Option<Leader>> {
        self.leader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks each server of the cluster, until one leads the consumer. One that cannot be asked is no failure while another one leads.
    async fn search(&self, first: Jsz) -> Result<i64, ReadError> {
        let varz = self.varz(&self.monitoring).await?;
        let mut best = match candidate(&self.monitoring, first, &varz) {
            Candidate::Leads(leader, messages) => {
                *self.leader() = Some(leader);
                return Ok(messages);
            }
            other => other,
        };
        let (places, mut failures) = self.places(&varz);
        let asked = places.len();
        let looks = places
            .into_iter()
            .map(|place| async move { self.look(&place).await });
        let mut looks = stream::iter(looks).buffer_unordered(CONCURRENT);
        while let Some(look) = looks.next().await {
            let is_unknown = matches!(best, Candidate::Knows(_));
            match look {
                Ok(Candidate::Leads(leader, messages)) => {
                    *self.leader() = Some(leader);
                    return Ok(messages);
                }
                Ok(Candidate::Follows(name)) if is_unknown || !name.is_empty() => {
                    best = Candidate::Follows(name);
                }
                Ok(Candidate::Knows(Counted::NoConsumer)) if is_unknown => {
                    best = Candidate::Knows(Counted::NoConsumer);
                }
                Ok(_) => {}
                Err(error) => failures.push(error.to_string()),
            }
        }
        let place = self.endpoint();
        let consumer = &self.names.consumer;
        Err(match best {
            Candidate::Knows(missing) if failures.is_empty() => self.missing(
                &missing,
                &format!("{place} and the {asked} servers that it names"),
            ),
            Candidate::Follows(name) if failures.is_empty() && name.is_empty() => ReadError::new(
                format!("{place}: consumer {consumer:?} has no leader at the moment"),
            ),
            Candidate::Follows(name) if failures.is_empty() => ReadError::new(format!(
                "{place}: consumer {consumer:?} is led by {name:?}, which is none of the {asked} servers that it names"
            )),
            _ => {
                failures.sort();
                failures.dedup();
                ReadError::new(format!(
                    "{place}: the server that leads consumer {consumer:?} is not found, and only it knows the counts: {}",
                    failures.join("; ")
                ))
            }
        })
    }

    /// Where the servers of the cluster are, all with the port of the one that is asked, and what is wrong with the other places. They
    /// are those whose addresses clients are told, or, where none is, those of the routes, which are named by the first label of their
    /// host, as those of a `StatefulSet` are. [KEDA `nats_jetstream_scaler.go`]
    fn places(&self, varz: &Varz) -> (Vec<Url>, Vec<String>) {
        let own = self.monitoring.host_str().unwrap_or_default();
        let is_name = matches!(self.monitoring.host(), Some(url::Host::Domain(_)));
        let (hosts, by_label) = if varz.connect_urls.is_empty() {
            (&varz.routes, is_name)
        } else {
            (&varz.connect_urls, false)
        };
        let mut places = Vec::new();
        let mut failures = Vec::new();
        for address in hosts.iter().take(MOST_SERVERS) {
            let host = address
                .rsplit_once(':')
                .map_or(&**address, |(host, _)| host);
            let host = match host.split('.').next() {
                Some(label) if by_label => format!("{label}.{own}"),
                _ => host.to_owned(),
            };
            let mut place = self.monitoring.clone();
            if host.is_empty() || place.set_host(Some(&host)).is_err() {
                failures.push(format!("{} names a server at {address:?}", self.endpoint()));
            } else if !places.contains(&place) {
                places.push(place);
            }
        }
        (places, failures)
    }

    async fn look(&self, place: &Url) -> Result<Candidate, ReadError> {
        let answer = self.jsz(place).await?;
        if !matches!(answer.counted, Counted::Consumer { .. }) {
            return Ok(Candidate::Knows(answer.counted));
        }
        let varz = self.varz(place).await?;
        Ok(candidate(place, answer, &varz))
    }

    fn missing(&self, counted: &Counted, place: &str) -> ReadError {
        let Names {
            stream, consumer, ..
        } = &self.names;
        let account = self.names.account();
        ReadError::new(match counted {
            Counted::Off => format!("{place} has no JetStream: it is not enabled there"),
            Counted::NoAccount => {
                format!("{place} shows no account {account:?} that uses JetStream")
            }
            Counted::NoStream => {
                format!("{place} shows no stream {stream:?} in account {account:?}")
            }
            _ => format!("{place} shows no consumer {consumer:?} of stream {stream:?}"),
        })
    }

    async fn jsz(&self, monitoring: &Url) -> Result<Jsz, ReadError> {
        let mut url = monitoring.clone();
        url.set_path("/jsz");
        url.query_pairs_mut()
            .append_pair("acc", self.names.account())
            .append_pair("consumers", "true");
        self.ask(&url, |body| Jsz::of(body, &self.names)).await
    }

    async fn varz(&self, monitoring: &Url) -> Result<Varz, ReadError> {
        let mut url = monitoring.clone();
        url.set_path("/varz");
        self.ask(&url, Varz::of).await
    }

    async fn ask<T>(
        &self,
        url: &Url,
        decode: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, ReadError> {
        let place = endpoint(url.as_str());
        let answer = self.client.send(url, Request::default()).await?;
        if answer.status != 200 {
            let what = answer.describe();
            return Err(ReadError::new(format!(
                "{place} {what}; is it the monitoring port of a NATS server?"
            )));
        }
        decode(&answer.body).map_err(|problem| ReadError::new(format!("{place} {problem}")))
    }
}

/// Both answers must come from one server: behind an address may be several.
fn candidate(place: &Url, answer: Jsz, varz: &Varz) -> Candidate {
    match answer.counted {
        Counted::Consumer { messages, leader }
            if leader == varz.name && answer.server_id == varz.id =>
        {
            let leader = Leader {
                monitoring: place.clone(),
                name: leader,
                id: answer.server_id,
            };
            Candidate::Leads(leader, messages)
        }
        Counted::Consumer { leader, .. } => Candidate::Follows(leader),
        missing => Candidate::Knows(missing),
    }
}

#[async_trait]
impl Scaler for JetStream {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let messages = self.messages().await?;
        Ok(self
            .metric
            .reading(count(messages), messages > self.activation))
    }

    fn endpoint(&self) -> String {
        let mut url = self.monitoring.clone();
        url.set_path("/jsz");
        endpoint(url.as_str())
    }
}
