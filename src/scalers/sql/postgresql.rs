//! `postgresql`: a number that a query gives. [KEDA `postgresql_scaler.go`]

mod connection;
mod limited;
mod settings;
mod value;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use self::settings::Settings;
use self::words::Words;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::identity::Identities;
use crate::scalers::client::identity::azure::AzureIdentity;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::metric::{self, Metric};
use crate::scalers::params::notation::{AE, AM, number, text};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Behaviour, Target, TriggerType, Work};
use crate::scalers::{BuildError, ReadError, Scaler, ScalerContext};

static PARAMETERS: &[ParameterSpec] = &[
    number(&["targetQueryValue"], "so much of the result per Job"),
    number(
        &["activationTargetQueryValue"],
        "active only above this value",
    ),
    text(&["connection"], "connection string").from(AE),
    text(&["query"], "the query; its first value is read").required(),
    text(&["host"], "host of the server").from(AM),
    text(&["port"], "port of the server").from(AM),
    text(&["userName"], "user").from(AM),
    text(&["dbName"], "name of the database").from(AM),
    text(&["sslmode"], "TLS mode, as libpq names it").from(AM),
    text(&["password"], "password").from(AE),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(
        5,
        Source::Auth,
        &["host", "port", "userName", "dbName", "sslmode"],
    ),
    since(8, &["activationTargetQueryValue"]),
    fractions(8, &["targetQueryValue"]),
];

/// The type.
pub(in crate::scalers) static POSTGRESQL: TriggerType = TriggerType {
    name: "postgresql",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetQueryValue"], 0.0),
    activation: Some("activationTargetQueryValue"),
    check,
    history: &[HISTORY],
    behaviour: Behaviour::Reads(build),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(16, "targetQueryValue", found);
    if given.lacks("connection") {
        given.takes_identities(&["azure-workload"], found);
        given.must_be_port("port", found);
        let modes = [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ];
        if given
            .value("sslmode")
            .is_some_and(|mode| !modes.contains(&mode))
        {
            found.push(Problem::wrong(
                "sslmode",
                format!("parameter sslmode must be one of {}", modes.join(", ")),
            ));
        }
        given.needs_all(
            &["host", "port", "userName", "dbName", "sslmode"],
            "postgresql without connection",
            found,
        );
    }
}

/// What tokens for Azure's servers are for.
const AZURE_RESOURCE: &str = "https://ossrdbms-aad.database.windows.net/.default";

struct Postgresql {
    metric: Metric,
    /// Active above it.
    activation: f64,
    settings: Settings,
    query: String,
    /// Whose token is the password.
    azure: Option<AzureIdentity>,
    identities: Arc<Identities>,
    now: fn() -> Timestamp,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let target = parameters.float("targetQueryValue").unwrap_or_default();
    if target == 0.0 {
        return Err(BuildError::new(
            "parameter targetQueryValue is missing, or 0, which nothing can be divided by",
        ));
    }
    let is_azure = context.provider() == "azure-workload";
    let connection = parameters.text("connection");
    let (name, words) = if is_azure || connection.is_empty() {
        ("parameter ", separate(parameters, is_azure)?)
    } else {
        let wrong = |text| BuildError::new(format!("parameter connection: {text}"));
        let words = words::words(connection).map_err(wrong)?;
        ("parameter connection: ", words)
    };
    let settings =
        Settings::new(&words).map_err(|text| BuildError::new(format!("{name}{text}")))?;
    Ok(Box::new(Postgresql {
        metric: Metric::new(context, "postgresql", metric::Target::Milli(target))?,
        activation: parameters
            .float("activationTargetQueryValue")
            .unwrap_or_default(),
        settings,
        query: parameters.text("query").to_owned(),
        azure: is_azure.then(|| AzureIdentity::new(AZURE_RESOURCE, context.pod_identity)),
        identities: Arc::clone(&context.identities),
        now: context.now,
    }))
}

/// The words of a connection from the separate parameters.
fn separate(parameters: &Resolved, is_azure: bool) -> Result<Words, BuildError> {
    let mut words = Words::new();
    let mut missing = Vec::new();
    for (parameter, word) in [
        ("host", "host"),
        ("port", "port"),
        ("userName", "user"),
        ("dbName", "database"),
        ("sslmode", "sslmode"),
    ] {
        match parameters.text(parameter) {
            "" => missing.push(parameter),
            value => drop(words.insert(word.to_owned(), value.to_owned())),
        }
    }
    if !missing.is_empty() {
        let why = if is_azure {
            "podIdentity azure-workload makes its own connection, which"
        } else {
            "postgresql without connection"
        };
        return Err(BuildError::new(format!(
            "{why} needs parameter {}",
            missing.join(", ")
        )));
    }
    words.insert(
        "password".to_owned(),
        parameters.text("password").to_owned(),
    );
    Ok(words)
}

#[async_trait]
impl Scaler for Postgresql {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let answer = match &self.azure {
            None => connection::ask(&self.settings, &self.settings.password, &self.query).await,
            Some(identity) => {
                let token = self.identities.azure(identity, (self.now)()).await?;
                connection::ask(&self.settings, token.text(), &self.query).await
            }
        };
        let number = answer.map_err(ReadError::new)?;
        Ok(self.metric.reading(number, number > self.activation))
    }

    fn endpoint(&self) -> String {
        let hosts = self.settings.hosts.iter();
        let places: Vec<String> = hosts
            .map(|(host, port)| connection::place(host, *port))
            .collect();
        format!("postgresql {}", places.join(", "))
    }
}
