//! `mysql`: a number that a query gives. [KEDA `mysql_scaler.go`]

mod connection;
mod dsn;

use async_trait::async_trait;

use self::dsn::{Dsn, network_address};
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::metric::{self, Metric};
use crate::scalers::params::notation::{AE, MA, MAE, number, text};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Behaviour, Target, TriggerType, Work};
use crate::scalers::{BuildError, ReadError, Scaler, ScalerContext};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AE),
    text(&["username"], "user").from(MAE),
    text(&["password"], "password").from(AE),
    text(&["host"], "host of the server").from(MA),
    text(&["port"], "port of the server").from(MA),
    text(&["dbName"], "name of the database").from(MA),
    text(&["query"], "the query; its first value is read").required(),
    number(&["queryValue"], "so much of the result per Job").required(),
    number(&["activationQueryValue"], "active only above this value").default("0"),
    text(&["metricName"], "KEDA passes over it").obsolete("take it out, KEDA names metrics itself"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(5, Source::Auth, &["username", "host", "port", "dbName"]),
    since(8, &["activationQueryValue"]),
    from(15, Source::Env, &["username"]),
    fractions(8, &["queryValue"]),
];

/// The type.
pub(in crate::scalers) static MYSQL: TriggerType = TriggerType {
    name: "mysql",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["queryValue"], 0.0),
    activation: Some("activationQueryValue"),
    check,
    history: &[HISTORY],
    behaviour: Behaviour::Reads(build),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.lacks("connectionString") {
        given.needs_all(
            &["host", "port", "username", "dbName"],
            "mysql without connectionString",
            found,
        );
    }
}

struct Mysql {
    metric: Metric,
    /// Active above it.
    activation: f64,
    dsn: Dsn,
    query: String,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let text = parameters.text("connectionString");
    let (dsn, database) = if text.is_empty() {
        (separate(parameters)?, parameters.text("dbName"))
    } else {
        let wrong = |text| BuildError::new(format!("parameter connectionString: {text}"));
        // KEDA's name for the database: its parameters are part of it.
        let database = text.rsplit('/').next().unwrap_or_default();
        (Dsn::parse(text).map_err(wrong)?, database)
    };
    let target = parameters.float("queryValue").unwrap_or_default();
    Ok(Box::new(Mysql {
        metric: Metric::new(
            context,
            &format!("mysql-{database}"),
            metric::Target::Milli(target),
        )?,
        activation: parameters.float("activationQueryValue").unwrap_or_default(),
        dsn,
        query: parameters.text("query").to_owned(),
    }))
}

fn separate(parameters: &Resolved) -> Result<Dsn, BuildError> {
    let missing: Vec<&str> = ["host", "port", "username", "dbName"]
        .into_iter()
        .filter(|name| !parameters.has(name))
        .collect();
    if !missing.is_empty() {
        return Err(BuildError::new(format!(
            "mysql without connectionString needs parameter {}",
            missing.join(", ")
        )));
    }
    let host = parameters.text("host").trim_matches(['[', ']']);
    let address = network_address(host, parameters.text("port"))
        .ok_or_else(|| BuildError::new("parameter port must be a number from 1 to 65535"))?;
    Ok(Dsn::new(
        parameters.text("username"),
        parameters.text("password"),
        address,
        parameters.text("dbName"),
    ))
}

#[async_trait]
impl Scaler for Mysql {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let answer = connection::ask(&self.dsn, &self.query).await;
        let number = answer.map_err(ReadError::new)?;
        Ok(self.metric.reading(number, number > self.activation))
    }

    fn endpoint(&self) -> String {
        format!("mysql {}", self.dsn.address)
    }
}
