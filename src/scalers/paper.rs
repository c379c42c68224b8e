//! What a reading on paper is compared with: the target and the activation of a trigger, from its metadata alone.

use super::read::known_type;
use super::{Behaviour, Target, TriggerType};
use crate::api::Trigger;
use crate::api::reading::{MetricTarget, milli};

/// What a trigger does with a reading that is given by hand.
#[derive(Debug, Clone, PartialEq)]
pub enum OnPaper {
    /// It is compared.
    Read {
        /// Work for one Job.
        target: MetricTarget,
        /// A value above this is active.
        activation: f64,
    },
    /// It has no effect on a ScaledJob; the text says why.
    Skipped(String),
}

/// Target and activation of `trigger`, without building it: no Secret and no variable is needed for them.
///
/// # Errors
/// The type is not known, or one of the two parameters is no number; a lower-case sentence that names the trigger.
pub fn on_paper(trigger: &Trigger) -> Result<OnPaper, String> {
    let place =
        |problem: String| format!("trigger {} ({}): {problem}", trigger.index, trigger.kind);
    let kind = known_type(&trigger.kind).map_err(place)?;
    if let Behaviour::Skipped(why) = kind.behaviour {
        return Ok(OnPaper::Skipped(why.to_owned()));
    }
    let target = match kind.target {
        Target::Fixed(target) => target,
        Target::Parameter(names, default) => {
            let given = names
                .iter()
                .find_map(|name| number(kind, trigger, name).transpose());
            milli(given.transpose().map_err(place)?.unwrap_or(default))
        }
    };
    let activation = match kind.activation {
        Some(name) => number(kind, trigger, name)
            .map_err(place)?
            .unwrap_or_default(),
        None => 0.0,
    };
    let target = match trigger.metric_type.as_deref() {
        Some("Value") => MetricTarget::Value(target),
        _ => MetricTarget::AverageValue(target),
    };
    Ok(OnPaper::Read { target, activation })
}

/// A number of the metadata, under the parameter's name or an alias, or its default.
fn number(kind: &TriggerType, trigger: &Trigger, name: &str) -> Result<Option<f64>, String> {
    let Some(spec) = kind.parameter(name) else {
        return Ok(None);
    };
    let given = spec
        .names
        .iter()
        .filter_map(|name| trigger.metadata.get(*name))
        .map(|text| text.trim())
        .find(|text| !text.is_empty())
        .or(spec.default);
    let parse = |text: &str| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("parameter {name} is no number: {text:?}")),
    };
    given.map(parse).transpose()
}
