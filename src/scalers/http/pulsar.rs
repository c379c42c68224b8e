//! `pulsar`: backlog of a Pulsar subscription. [KEDA `pulsar_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::authentication::{self, HISTORY_OF_AUTHENTICATION, HTTP_AUTH};
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since, words};
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AM, MA, ME, flag, list, text, whole};
use crate::scalers::params::{Kind, ParameterSpec};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["adminURL"], "address of the admin API")
        .from(ME)
        .required(),
    text(&["topic"], "name of the topic").from(ME).required(),
    text(&["subscription"], "name of the subscription")
        .from(ME)
        .required(),
    whole(&["msgBacklogThreshold"], "so many messages per Job").default("10"),
    whole(
        &["activationMsgBacklogThreshold"],
        "active only above this backlog",
    )
    .default("0"),
    flag(&["isPartitionedTopic"], "the topic is partitioned").default("false"),
    text(&["tls"], "enable: sign in with cert and key").from(AM),
    whole(&["msgBacklog"], "so many messages per Job").obsolete("use msgBacklogThreshold"),
];

/// As OAUTH, from the metadata too.
static OAUTH_MA: &[ParameterSpec] = &[
    text(&["oauthTokenURI"], "oauth: where tokens are given").from(MA),
    list(&["scopes", "scope"], "oauth: scopes to ask for").from(MA),
    text(&["clientID"], "oauth: the client's name").from(MA),
    text(&["clientSecret"], "oauth: the client's secret").from(MA),
    ParameterSpec::new(
        &["endpointParams"],
        Kind::Query,
        "oauth: more form fields for the token request",
    )
    .from(MA)
    .credential(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["msgBacklog"]).deprecated(11).ignored(16),
    since(
        9,
        &[
            "isPartitionedTopic",
            "authModes",
            "bearerToken",
            "token",
            "username",
            "password",
        ],
    ),
    since(11, &["msgBacklogThreshold"]).patch(2),
    since(12, &["scope"]),
    since(
        18,
        &["scopes", "authMode", "apiKey", "method", "keyParamName"],
    ),
    words(18, "authModes", &["apiKey"]),
    from(18, Source::Auth, &["authModes"]),
];

/// The type.
pub(in crate::scalers) static PULSAR: TriggerType = TriggerType {
    name: "pulsar",
    family: "http",
    parameters: &[PARAMETERS, HTTP_AUTH, OAUTH_MA],
    counts: "messages that the subscription has not acknowledged",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["msgBacklogThreshold"], 10.0),
    activation: Some("activationMsgBacklogThreshold"),
    since: KedaVersion::new(8, 0),
    check,
    history: &[HISTORY_OF_AUTHENTICATION, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    authentication::check(given, found);
    if given.value("tls") == Some("enable") && (given.has("cert") || given.has("key")) {
        given.needs_pair("cert", "key", found);
    }
}
