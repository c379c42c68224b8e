//! `redis`: elements of a list, set, sorted set or hash. [KEDA `redis_scaler.go`]
//!
//! KEDA asks by a Lua script; here TYPE and the matching length command are sent one after the other, so that users without
//! scripting rights can read too.

use async_trait::async_trait;

use super::connection::{CONNECTION, HISTORY_OF_CONNECTION, Server};
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::history::{Era, since};
use crate::scalers::metric::{Metric, Target, count};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, ReadError, Scaler, ScalerContext, TriggerType, Work, trigger_type,
};

/// The parameters.
pub(super) static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(&["listLength"], Kind::Integer, "so many elements per Job").default("5"),
    ParameterSpec::new(
        &["activationListLength"],
        Kind::Integer,
        "active only above this length",
    ),
    ParameterSpec::new(&["listName"], Kind::String, "the key").required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[since(8, &["activationListLength"])];

/// What the types that read a list share, however they reach their server.
pub(super) const LIST: TriggerType = TriggerType {
    family: "redis",
    parameters: &[PARAMETERS, CONNECTION],
    counts: "elements of the list, set, sorted set or hash; taken ones are gone",
    work: Work::Is(
        InFlight::Excluded,
        "an element that a Job has taken is gone",
    ),
    target: trigger_type::Target::Parameter(&["listLength"], 5.0),
    activation: Some("activationListLength"),
    check: super::connection::check,
    history: &[HISTORY_OF_CONNECTION, HISTORY],
    ..TriggerType::USUAL
};

/// The type.
pub(in crate::scalers) static REDIS: TriggerType = TriggerType {
    name: "redis",
    behaviour: Behaviour::Reads(build),
    ..LIST
};

struct List {
    metric: Metric,
    activation: i64,
    server: Server,
    key: String,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let key = parameters.text("listName");
    Ok(Box::new(List {
        metric: Metric::new(
            context,
            &format!("redis-{key}"),
            Target::Whole(parameters.integer("listLength").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationListLength")
            .unwrap_or_default(),
        server: Server::new(parameters)?,
        key: key.to_owned(),
    }))
}

#[async_trait]
impl Scaler for List {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let mut connection = self.server.connect().await?;
        let failed = |error: redis::RedisError| self.server.failed(&error);
        let kind: String = redis::cmd("TYPE")
            .arg(&self.key)
            .query_async(&mut connection)
            .await
            .map_err(failed)?;
        let command = match kind.as_str() {
            // A key without elements does not exist.
            "none" | "list" => "LLEN",
            "set" => "SCARD",
            "zset" => "ZCARD",
            "hash" => "HLEN",
            other => {
                return Err(ReadError::new(format!(
                    "{}: key {:?} is a {other}; a list, set, sorted set or hash is needed",
                    self.server.describe(),
                    self.key
                )));
            }
        };
        let length: i64 = redis::cmd(command)
            .arg(&self.key)
            .query_async(&mut connection)
            .await
            .map_err(failed)?;
        Ok(self.metric.reading(count(length), length > self.activation))
    }

    fn endpoint(&self) -> String {
        self.server.describe()
    }
}
