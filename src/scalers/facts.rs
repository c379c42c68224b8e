//! What a trigger's type and parameters say of its reading before it is asked.

use super::params::{ParameterSpec, Source};
use super::{Behaviour, Target, TriggerType, trigger_type};
use crate::api::Trigger;
use crate::api::facts::{InFlight, TriggerFacts};

/// What is known of `trigger`; `None` when its type is unknown.
pub fn facts(trigger: &Trigger) -> Option<TriggerFacts> {
    let kind = trigger_type(&trigger.kind)?;
    let target = match kind.target {
        Target::Fixed(target) => Some(target),
        Target::Parameter(names, default) => names
            .iter()
            .find_map(|name| number(trigger, kind, name))
            .unwrap_or(Some(default)),
    };
    let activation = kind
        .activation
        .and_then(|name| number(trigger, kind, name))
        .unwrap_or(Some(0.0));
    let (in_flight, because, switch) = meaning(trigger);
    Some(TriggerFacts {
        in_flight,
        because: because.to_owned(),
        switch,
        target,
        activation,
        skipped: matches!(kind.behaviour, Behaviour::Skipped(_)),
    })
}

/// What the reading counts, why, and the parameter that turns it around.
fn meaning(trigger: &Trigger) -> (InFlight, &'static str, Option<(&'static str, &'static str)>) {
    let is = |key: &str, word: &str| trigger.metadata.get(key).is_some_and(|text| text == word);
    match trigger.kind.as_str() {
        "redis" => (
            InFlight::Excluded,
            "an element that was taken is not counted any more",
            None,
        ),
        "rabbitmq" if is("protocol", "amqp") => (
            InFlight::Excluded,
            "over amqp only ready messages are counted",
            None,
        ),
        "rabbitmq" if is("protocol", "http") && is("excludeUnacknowledged", "true") => (
            InFlight::Excluded,
            "excludeUnacknowledged leaves out the messages that workers hold",
            Some(("excludeUnacknowledged", "false")),
        ),
        "rabbitmq" if is("protocol", "http") => (
            InFlight::Included,
            "over http the messages that workers hold are counted too",
            Some(("excludeUnacknowledged", "true")),
        ),
        "cron" => (
            InFlight::NotWork,
            "the same number as long as the window lasts",
            None,
        ),
        _ => (InFlight::Unknown, "", None),
    }
}

/// The number that the metadata or the default gives to a parameter: `None` when nothing does, `Some(None)` when it comes from
/// elsewhere or is no number.
#[expect(clippy::option_option, reason = "given, given elsewhere, not given")]
fn number(trigger: &Trigger, kind: &TriggerType, name: &str) -> Option<Option<f64>> {
    let spec = kind.parameter(name)?;
    if let Some(text) = written(trigger, spec) {
        return Some(text.parse().ok());
    }
    let from_env = spec.reads(Source::Env)
        && spec
            .names
            .iter()
            .any(|name| trigger.metadata.contains_key(&format!("{name}FromEnv")));
    let from_auth = spec.reads(Source::Auth) && trigger.authentication_ref.is_some();
    if from_env || from_auth {
        return Some(None);
    }
    spec.default.map(|default| default.parse().ok())
}

/// The text that the metadata itself gives to a parameter.
fn written<'t>(trigger: &'t Trigger, spec: &ParameterSpec) -> Option<&'t str> {
    spec.names
        .iter()
        .filter(|_| spec.reads(Source::Metadata))
        .find_map(|name| {
            let text = trigger.metadata.get(*name)?.trim();
            (!text.is_empty()).then_some(text)
        })
}
