//! `selenium-grid`: browser sessions that are queued or running. [KEDA `selenium_grid_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, AM, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["url"], "address of the grid's GraphQL API")
        .from(AM)
        .required(),
    text(&["authType"], "scheme of the Authorization header").from(AE),
    text(&["username"], "user").from(AE),
    text(&["password"], "password").from(AE),
    text(&["accessToken"], "access token").from(AE),
    text(&["browserName"], "name of the browser"),
    text(
        &["sessionBrowserName"],
        "name of the browser in sessions, where it differs",
    ),
    text(&["browserVersion"], "version of the browser"),
    text(&["platformName"], "platform of the browser"),
    whole(&["activationThreshold"], "active only above this value"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    whole(&["nodeMaxSessions"], "sessions that one node can hold").default("1"),
    flag(
        &["enableManagedDownloads"],
        "sessions may ask for managed downloads",
    )
    .default("true"),
    text(
        &["capabilities"],
        "further capabilities to match, a JSON object",
    ),
    flag(&["includeOngoingSessions"], "sessions that run count too").default("true"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["browserName"]).optional(17),
    since(5, &["unsafeSsl"]),
    since(8, &["sessionBrowserName", "activationThreshold"]),
    from(9, Source::Auth, &["url"]),
    since(10, &["platformName"]),
    since(
        16,
        &[
            "authType",
            "username",
            "password",
            "accessToken",
            "nodeMaxSessions",
        ],
    ),
    since(17, &["enableManagedDownloads", "capabilities"]),
    since(21, &["includeOngoingSessions"]),
];

/// The type.
pub(in crate::scalers) static SELENIUM_GRID: TriggerType = TriggerType {
    name: "selenium-grid",
    family: "ci",
    parameters: &[PARAMETERS],
    counts: "nodes that queued and running sessions of the browser need",
    work: Work::Is(InFlight::Included, "running sessions count until they end"),
    target: Target::Fixed(1.0),
    activation: Some("activationThreshold"),
    since: KedaVersion::new(4, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
