//! `redis-streams`: entries of a stream. [KEDA `redis_streams_scaler.go`]

use std::collections::HashMap;

use async_trait::async_trait;
use redis::Value;

use super::connection::{CONNECTION, HISTORY_OF_CONNECTION};
use super::reader::Reader;
use super::route::{Connection, Failure, Fault, NewRoute, Question, Route};
use crate::api::facts::InFlight;
use crate::scalers::given::Given;
use crate::scalers::history::{Era, always, since};
use crate::scalers::metric::{self, Metric};
use crate::scalers::params::notation::{text, whole};
use crate::scalers::params::{ParameterSpec, Resolved};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};
use crate::scalers::{Behaviour, BuildError, Scaler, ScalerContext};

/// The parameters.
pub(super) static PARAMETERS: &[ParameterSpec] = &[
    whole(
        &["pendingEntriesCount"],
        "so many entries that are taken and not acknowledged per Job",
    )
    .default("5"),
    whole(
        &["streamLength"],
        "so many entries per Job, without consumerGroup",
    )
    .default("5"),
    whole(
        &["lagCount"],
        "so many entries that no consumer has taken per Job, with consumerGroup",
    ),
    text(&["stream"], "the key").required(),
    text(
        &["consumerGroup"],
        "name of the consumer group; without it the stream's length is read",
    ),
    whole(
        &["activationLagCount"],
        "active only above this count, in every mode",
    )
    .default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["pendingEntriesCount", "consumerGroup"]).optional(11),
    since(11, &["streamLength", "lagCount", "activationLagCount"]),
];

/// What the types that read a stream share, however they reach their server.
pub(super) const STREAM: TriggerType = TriggerType {
    family: "redis",
    parameters: &[PARAMETERS, CONNECTION],
    counts: "entries of the stream: all without consumerGroup, those taken and not acknowledged with it, those not taken with lagCount too",
    work: Work::Depends(work),
    target: Target::Chosen(target),
    activation: Some("activationLagCount"),
    check: super::connection::check,
    history: &[HISTORY_OF_CONNECTION, HISTORY],
    ..TriggerType::USUAL
};

/// The type.
pub(in crate::scalers) static REDIS_STREAMS: TriggerType = TriggerType {
    name: "redis-streams",
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::server)),
    ..STREAM
};

/// Whether the entries that are read have been taken.
pub(super) fn work(given: &Given<'_>) -> Flight {
    if !given.has("consumerGroup") {
        Flight::fixed(
            InFlight::Unknown,
            "without consumerGroup an entry counts until it is deleted",
        )
    } else if counts_lag(given) {
        Flight::fixed(
            InFlight::Excluded,
            "lagCount leaves out entries that a consumer has taken",
        )
    } else {
        Flight::fixed(
            InFlight::Included,
            "entries count that are taken and not acknowledged",
        )
    }
}

/// The parameter that holds the target.
pub(super) fn target(given: &Given<'_>) -> &'static str {
    if !given.has("consumerGroup") {
        "streamLength"
    } else if counts_lag(given) {
        "lagCount"
    } else {
        "pendingEntriesCount"
    }
}

/// Whether lagCount is given and not 0.
fn counts_lag(given: &Given<'_>) -> bool {
    given.has("lagCount") && given.number("lagCount") != Some(0.0)
}

struct Stream {
    key: String,
    measure: Measure,
}

/// What is counted.
enum Measure {
    /// All entries.
    Length,
    /// Those that the consumers of a group have taken and not acknowledged.
    Pending { group: String },
    /// Those that they have not taken.
    Lag { group: String },
}

/// What reads a stream on this way.
pub(super) fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    route: NewRoute,
) -> Result<Box<dyn Scaler>, BuildError> {
    let key = parameters.text("stream").to_owned();
    let group = parameters.text("consumerGroup").to_owned();
    let number = |name| parameters.integer(name).unwrap_or_default();
    let (measure, target) = match (group.is_empty(), number("lagCount")) {
        (true, _) => (Measure::Length, number("streamLength")),
        (false, 0) => (Measure::Pending { group }, number("pendingEntriesCount")),
        (false, lag) => (Measure::Lag { group }, lag),
    };
    Ok(Box::new(Reader {
        metric: Metric::new(
            context,
            &format!("redis-streams-{key}"),
            metric::Target::Whole(target),
        )?,
        activation: number("activationLagCount"),
        route: route(parameters)?,
        question: Stream { key, measure },
    }))
}

#[async_trait]
impl Question for Stream {
    async fn ask(&self, server: &mut Connection) -> Result<i64, Failure> {
        match &self.measure {
            Measure::Length => self.length(server).await,
            Measure::Pending { group } => self.pending(group, server).await,
            Measure::Lag { group } => self.lag(group, server).await,
        }
    }
}

impl Stream {
    /// 0 when there is no such key.
    async fn length(&self, server: &mut Connection) -> Result<i64, Failure> {
        server
            .query(redis::cmd("XLEN").arg(&self.key))
            .await
            .map_err(|fault| self.failed(fault))
    }

    async fn pending(&self, group: &str, server: &mut Connection) -> Result<i64, Failure> {
        let key = &self.key;
        let summary: Result<(i64, Value, Value, Value), Fault> = server
            .query(redis::cmd("XPENDING").arg(key).arg(group))
            .await;
        match summary {
            Ok((count, ..)) => Ok(count),
            Err(fault) if fault.is("NOGROUP") => Err(fault.means(&format!(
                "there is no stream {key:?} with a consumer group {group:?}; XGROUP CREATE {key} {group} 0 MKSTREAM makes both"
            ))),
            Err(fault) => Err(self.failed(fault)),
        }
    }

    /// What no consumer of the group has taken. A group that does not exist yet has taken nothing: all entries. No such key is 0.
    async fn lag(&self, group: &str, server: &mut Connection) -> Result<i64, Failure> {
        let key = &self.key;
        tells_lag(server).await?;
        let groups: Result<Vec<HashMap<String, Value>>, Fault> = server
            .query(redis::cmd("XINFO").arg("GROUPS").arg(key))
            .await;
        let groups = match groups {
            Ok(groups) => groups,
            Err(fault) if fault.is("ERR") && fault.says("no such key") => return Ok(0),
            Err(fault) => return Err(self.failed(fault)),
        };
        let name = Value::BulkString(group.into());
        let Some(group_info) = groups
            .iter()
            .find(|candidate| candidate.get("name") == Some(&name))
        else {
            return self.length(server).await;
        };
        match group_info.get("lag") {
            Some(Value::Int(lag)) => Ok(*lag),
            // KEDA takes it for -1, which starts nothing, whatever waits.
            _ => Err(Failure::new(format!(
                "{}: the lag of consumer group {group:?} of stream {key:?} is not known to Redis: an entry was deleted, or the group was \
                 made at an ID in the middle; leave out lagCount, or tell Redis by XGROUP SETID {key} {group} <ID> ENTRIESREAD <number>",
                server.describe()
            ))),
        }
    }

    fn failed(&self, fault: Fault) -> Failure {
        if fault.is("WRONGTYPE") {
            fault.means(&format!(
                "key {:?} is no stream; the redis types without -streams read lists, sets, sorted sets and hashes",
                self.key
            ))
        } else {
            fault.into()
        }
    }
}

/// Whether the server is one that tells lags: KEDA asks each time.
async fn tells_lag(server: &mut Connection) -> Result<(), Failure> {
    let info: Result<String, Fault> = server.query(redis::cmd("INFO").arg("server")).await;
    let info = match info {
        Ok(info) => info,
        Err(fault) if fault.is("NOPERM") => {
            return Err(fault.means("the user may not run INFO, which says whether Redis is version 7, as lagCount needs"));
        }
        Err(fault) => return Err(fault.into()),
    };
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .map(str::trim);
    let major = version.and_then(|version| version.split('.').next()?.parse::<u64>().ok());
    match (major, version) {
        (Some(7..), _) => Ok(()),
        (_, Some(version)) => Err(Failure::new(format!(
            "{}: it is Redis {version}, and lagCount needs version 7; leave out lagCount to count entries that are taken and not acknowledged",
            server.describe()
        ))),
        (_, None) => Err(Failure::new(format!(
            "{}: it does not say its version, and lagCount needs version 7",
            server.describe()
        ))),
    }
}
