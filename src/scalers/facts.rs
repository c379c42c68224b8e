//! What a trigger's type and parameters say of its reading before it is asked.

use super::given::Authentication;
use super::{Behaviour, Given, Target, trigger_type};
use crate::api::Trigger;
use crate::api::facts::TriggerFacts;

/// What is known of `trigger`; `None` when its type is unknown.
pub fn facts(trigger: &Trigger) -> Option<TriggerFacts> {
    let kind = trigger_type(&trigger.kind)?;
    let authentication = match trigger.authentication_ref {
        Some(_) => Authentication::Anything,
        None => Authentication::None,
    };
    let given = Given::new(kind, trigger, authentication);
    let flight = kind.work.of(&given);
    Some(TriggerFacts {
        in_flight: flight.in_flight,
        because: flight.because.to_owned(),
        switch: flight.switch,
        target: target(&given),
        activation: match kind.activation {
            Some(name) => number(&given, name).unwrap_or(Some(0.0)),
            None => Some(0.0),
        },
        skipped: matches!(kind.behaviour, Behaviour::Skipped(_)),
    })
}

/// The target; `None` when it comes from elsewhere.
pub(super) fn target(given: &Given<'_>) -> Option<f64> {
    match given.kind().target {
        Target::Fixed(target) => Some(target),
        Target::Parameter(names, default) => names
            .iter()
            .find_map(|name| number(given, name))
            .unwrap_or(Some(default)),
        Target::Chosen(choose) => number(given, choose(given)).unwrap_or(Some(0.0)),
        Target::Unknown => None,
    }
}

/// The number that the metadata or the default gives to a parameter: `None` when nothing does, `Some(None)` when it comes from
/// elsewhere or is no number.
fn number(given: &Given<'_>, name: &str) -> Option<Option<f64>> {
    match given.value(name) {
        Some(text) => Some(text.parse().ok()),
        None if given.lacks(name) => None,
        None => Some(None),
    }
}
