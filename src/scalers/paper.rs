//! What a reading on paper is compared with: the target and the activation of a trigger, from its metadata alone.

use super::given::Authentication;
use super::metric::count;
use super::params::Value;
use super::read::known_type;
use super::{Behaviour, Given, Target, TriggerType};
use crate::api::reading::{MetricTarget, milli};
use crate::api::{KedaVersion, Trigger};

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
        Target::Chosen(choose) => {
            let name = choose(&Given::new(
                kind,
                trigger,
                Authentication::Anything,
                KedaVersion::NEWEST,
            ));
            milli(
                number(kind, trigger, name)
                    .map_err(place)?
                    .unwrap_or_default(),
            )
        }
        Target::Unknown => {
            return Err(place(
                "its target is known to the source only, so no reading can be taken on paper"
                    .to_owned(),
            ));
        }
    };
    let activation = match kind.activation {
        _ if kind.active_from_target => target.next_down(),
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
    let parse = |text: &str| match spec.parse(text) {
        Ok(Value::Integer(number)) => Ok(count(number)),
        Ok(Value::Float(number)) => Ok(number),
        Ok(_) => Err(format!("parameter {name} is not read as a number")),
        Err(problem) => Err(format!("parameter {name} is {text:?} and {problem}")),
    };
    given.map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalers::tests::fake::trigger;

    fn of(kind: &str, metadata: &[(&str, &str)]) -> Result<OnPaper, String> {
        on_paper(&trigger(3, kind, metadata, false))
    }

    #[test]
    fn numbers_are_those_of_json() {
        let prometheus = |threshold| of("prometheus", &[("threshold", threshold)]);
        for (text, target) in [("5", 5.0), (" 0.5 ", 0.5), ("1e3", 1000.0)] {
            assert_eq!(
                prometheus(text),
                Ok(OnPaper::Read {
                    target: MetricTarget::AverageValue(target),
                    activation: 0.0
                })
            );
        }
        for text in ["05", "+5", ".5", "5.", "5m", "NaN", "inf", "1_0", "1e999"] {
            let error = prometheus(text).unwrap_err();
            let start = format!("trigger 3 (prometheus): parameter threshold is {text:?} and must");
            assert!(error.starts_with(&start), "{error}");
        }
        // Whole numbers stay whole.
        for text in ["5.5", "1e1", "05"] {
            let error = of("redis", &[("listLength", text)]).unwrap_err();
            assert!(error.contains("must be a whole number"), "{error}");
        }
    }

    #[test]
    fn aliases_and_defaults() {
        let target = |kind: &str, metadata: &[(&str, &str)]| match of(kind, metadata) {
            Ok(OnPaper::Read { target, activation }) => (target, activation),
            other => panic!("{other:?}"),
        };
        let average = MetricTarget::AverageValue;
        assert_eq!(target("redis", &[]), (average(5.0), 0.0));
        assert_eq!(target("rabbitmq", &[]), (average(20.0), 0.0));
        assert_eq!(
            target(
                "rabbitmq",
                &[("queueLength", "7"), ("activationValue", "2.5")]
            ),
            (average(7.0), 2.5)
        );
        // Active from the target on.
        let runner = [("targetWorkflowQueueLength", "3")];
        let (of_three, above) = target("github-runner", &runner);
        assert_eq!(of_three, average(3.0));
        assert!(above < 3.0 && above > 2.999);
        assert!(matches!(of("cpu", &[]), Ok(OnPaper::Skipped(_))));
        // A type that cannot be read yet can be weighed on paper all the same.
        assert_eq!(
            target(
                "liiklus",
                &[("lagThreshold", "50"), ("activationLagThreshold", "3")]
            ),
            (average(50.0), 3.0)
        );
        let group = [("consumerGroup", "g"), ("lagCount", "7")];
        assert_eq!(target("redis-streams", &group), (average(7.0), 0.0));
        assert_eq!(
            target("redis-streams", &[("streamLength", "9")]),
            (average(9.0), 0.0)
        );
        assert!(of("external", &[]).unwrap_err().contains("on paper"));
        assert!(of("kafak", &[]).unwrap_err().contains("kafak"));
    }
}
