//! What a trigger's type and parameters say of its reading before it is asked.

use super::check::{looked_at, of_parameters};
use super::given::Authentication;
use super::{Behaviour, Given, Target, trigger_type};
use crate::api::facts::TriggerFacts;
use crate::api::{KedaVersion, Trigger};

/// What is known of `trigger` as `version` of KEDA reads it; `None` when its type is unknown.
pub fn facts(trigger: &Trigger, version: KedaVersion) -> Option<TriggerFacts> {
    let kind = trigger_type(&trigger.kind)?;
    let authentication = match trigger.authentication_ref {
        Some(_) => Authentication::Anything,
        None => Authentication::None,
    };
    let version = of_parameters(kind, version);
    let metadata = looked_at(kind, &trigger.metadata, version);
    let given = Given::over(kind, trigger, &metadata, authentication, version);
    let flight = kind.work.of(&given);
    Some(TriggerFacts {
        in_flight: flight.in_flight,
        because: flight.because.to_owned(),
        switch: flight.switch,
        target: target(&given),
        activation: match kind.activation {
            Some(name) => Number::of(&given, name).known_or(0.0),
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
            .map(|name| Number::of(given, name))
            .find(|number| *number != Number::Absent)
            .map_or(Some(default), Number::known),
        Target::Chosen(choose) => Number::of(given, choose(given)).known_or(0.0),
        Target::Unknown => None,
    }
}

/// What is known of a parameter that is a number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    /// Nothing gives it.
    Absent,
    /// It comes from elsewhere, or is no number.
    Elsewhere,
    /// The metadata or the default gives it.
    Known(f64),
}

impl Number {
    fn of(given: &Given<'_>, name: &str) -> Self {
        match given.value(name) {
            Some(text) => text.parse().map_or(Self::Elsewhere, Self::Known),
            None if given.lacks(name) => Self::Absent,
            None => Self::Elsewhere,
        }
    }

    fn known(self) -> Option<f64> {
        match self {
            Self::Known(number) => Some(number),
            Self::Absent | Self::Elsewhere => None,
        }
    }

    /// The number, or `default` when nothing gives it.
    fn known_or(self, default: f64) -> Option<f64> {
        match self {
            Self::Absent => Some(default),
            Self::Elsewhere | Self::Known(_) => self.known(),
        }
    }
}
