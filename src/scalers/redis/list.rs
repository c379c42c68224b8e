//! `redis`: elements of a list, set, sorted set or hash. [KEDA `redis_scaler.go`]
//!
//! KEDA asks by a Lua script; here TYPE and the matching length command are sent one after the other, so that users without
//! scripting rights can read too.

use async_trait::async_trait;

use super::connection::{CONNECTION, HISTORY_OF_CONNECTION};
use super::reader::Reader;
use super::route::{Connection, Failure, NewRoute, Question, Route};
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, since};
use crate::scalers::metric::{Metric, Target};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, Scaler, ScalerContext, TriggerType, Work, trigger_type,
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
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::server)),
    ..LIST
};

struct List {
    key: String,
}

/// What reads a list on this way.
pub(super) fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    route: NewRoute,
) -> Result<Box<dyn Scaler>, BuildError> {
    let key = parameters.text("listName").to_owned();
    Ok(Box::new(Reader {
        metric: Metric::new(
            context,
            &format!("redis-{key}"),
            Target::Whole(parameters.integer("listLength").unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationListLength")
            .unwrap_or_default(),
        route: route(parameters)?,
        question: List { key },
    }))
}

#[async_trait]
impl Question for List {
    async fn ask(&self, server: &mut Connection) -> Result<i64, Failure> {
        let key = &self.key;
        let kind: String = server.query(redis::cmd("TYPE").arg(key)).await?;
        let command = match kind.as_str() {
            // A key without elements does not exist.
            "none" | "list" => "LLEN",
            "set" => "SCARD",
            "zset" => "ZCARD",
            "hash" => "HLEN",
            other => {
                return Err(Failure::new(format!(
                    "{}: key {key:?} is a {other}; a list, set, sorted set or hash is needed",
                    server.describe()
                )));
            }
        };
        Ok(server.query(redis::cmd(command).arg(key)).await?)
    }
}
