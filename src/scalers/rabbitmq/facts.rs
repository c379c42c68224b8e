//! What a manifest says of the reading before the broker is asked.

use crate::api::facts::InFlight;
use crate::scalers::Flight;
use crate::scalers::given::{Given, Problem};

/// Whether unacknowledged messages count. [KEDA `rabbitmq_scaler.go`]
pub(super) fn work(given: &Given<'_>) -> Flight {
    match given.value("mode") {
        None | Some("QueueLength" | "Unknown") => {}
        Some(_) => return Flight::fixed(InFlight::NotWork, "a rate is no amount of work"),
    }
    let over_http = match given.value("protocol") {
        Some("http") => Some(true),
        Some("amqp") => Some(false),
        _ => given.value("host").and_then(|host| {
            let scheme = host.split_once("://")?.0;
            match scheme {
                "http" | "https" => Some(true),
                "amqp" | "amqps" => Some(false),
                _ => None,
            }
        }),
    };
    match over_http {
        None => Flight::fixed(
            InFlight::Unknown,
            "that depends on whether host is an amqp or an http address, which protocol would say",
        ),
        Some(false) => Flight::fixed(InFlight::Excluded, "over amqp only ready messages count"),
        Some(true) if given.is_true("excludeUnacknowledged") => {
            Flight::fixed(InFlight::Excluded, "excludeUnacknowledged is true")
                .unless("excludeUnacknowledged", "false")
        }
        Some(true) => Flight::fixed(
            InFlight::Included,
            "over http unacknowledged messages count, unless excludeUnacknowledged is true",
        )
        .unless("excludeUnacknowledged", "true"),
    }
}

/// What is measured, and per how much. [KEDA `rabbitmq_scaler.go`]
pub(super) fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    let has_mode = given.has("mode") && given.value("mode") != Some("Unknown");
    // 0 counts as absent.
    let has = |name| given.has(name) && given.number(name) != Some(0.0);
    if has("queueLength") && (has_mode || has("value")) {
        found.push(Problem::wrong(
            "queueLength",
            "parameter queueLength cannot stand beside mode and value; take it out",
        ));
    } else if has_mode && given.number("value") == Some(0.0) {
        found.push(Problem::wrong("value", "parameter value must not be 0"));
    } else if has_mode && given.lacks("value") {
        found.push(Problem::missing("value", "mode needs parameter value"));
    } else if has("value") && !has_mode {
        found.push(Problem::missing("mode", "value needs parameter mode"));
    }
    given.needs_pair("cert", "key", found);
    given.needs_pair("username", "password", found);
    if ["oauthTokenURI", "clientID", "clientSecret"]
        .iter()
        .any(|name| given.has(name))
    {
        given.needs_all(
            &["oauthTokenURI", "clientID", "clientSecret"],
            "signing in by OAuth",
            found,
        );
    }
    // Only declared modes are held to what they need. [2.21.0 `rabbitmq_scaler.go`, validateOAuth2]
    for mode in given.value("authModes").unwrap_or_default().split(',') {
        let mode = mode.trim();
        let needed: &[&str] = match mode {
            "oauth" => &["oauthTokenURI", "clientID"],
            "tls" => &["cert", "key"],
            _ => &[],
        };
        given.needs_all(needed, &format!("authModes {mode}"), found);
        // A variable does not do for it.
        if mode == "basic" && !given.is_open() && !given.brings("username") {
            found.push(Problem::missing(
                "username",
                "authModes basic needs parameter username from a TriggerAuthentication",
            ));
        }
    }
    if given.value("protocol") == Some("amqp") {
        for name in ["useRegex", "excludeUnacknowledged"] {
            if given.is_true(name) {
                found.push(Problem::wrong(
                    name,
                    format!("parameter {name} needs protocol http"),
                ));
            }
        }
        if given.has("timeout") && has_mode {
            found.push(Problem::wrong(
                "timeout",
                "parameter timeout needs protocol http",
            ));
        }
    }
}
