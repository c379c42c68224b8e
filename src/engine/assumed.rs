//! `--reading`: readings given by hand, so that a decision can be worked out on paper.

use crate::api::reading::{MetricReading, MetricValue, ReadingOutcome, TriggerReading, milli};
use crate::api::{ScaledJob, Trigger};
use crate::scalers::{self, OnPaper};

/// One `--reading`, parsed.
#[derive(Debug, Clone, PartialEq)]
struct Assumption<'a> {
    /// Place or name of the trigger.
    trigger: &'a str,
    answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Value { value: f64, active: Option<bool> },
    Error,
}

/// The readings that `texts` (`INDEX|NAME=VALUE[:active|:inactive]`, `INDEX|NAME=error`) give to triggers of `job`.
///
/// # Errors
/// A lower-case sentence for the user: the text does not parse, names no trigger of `job`, or names one twice.
pub fn readings(job: &ScaledJob, texts: &[String]) -> Result<Vec<TriggerReading>, String> {
    let mut readings: Vec<TriggerReading> = Vec::new();
    for text in texts {
        let assumption = parse(text)?;
        let trigger = find(job, assumption.trigger)?;
        if readings
            .iter()
            .any(|reading| reading.index == trigger.index)
        {
            return Err(format!("--reading gives trigger {} twice", trigger.index));
        }
        readings.push(reading(trigger, assumption.answer)?);
    }
    Ok(readings)
}

fn parse(text: &str) -> Result<Assumption<'_>, String> {
    let shape = || {
        format!("--reading {text:?} is not INDEX|NAME=VALUE[:active|:inactive] or INDEX|NAME=error")
    };
    // The last sign: a trigger's name may hold one.
    let (trigger, answer) = text.rsplit_once('=').ok_or_else(shape)?;
    if trigger.is_empty() {
        return Err(shape());
    }
    if answer == "error" {
        return Ok(Assumption {
            trigger,
            answer: Answer::Error,
        });
    }
    let (number, active) = match answer.split_once(':') {
        None => (answer, None),
        Some((number, "active")) => (number, Some(true)),
        Some((number, "inactive")) => (number, Some(false)),
        Some(_) => return Err(shape()),
    };
    let value: f64 = number.parse().map_err(|_| shape())?;
    if !value.is_finite() || value < 0.0 {
        return Err(format!(
            "--reading {text:?}: a reading is a number of 0 or more; KEDA makes 0 of anything else"
        ));
    }
    Ok(Assumption {
        trigger,
        answer: Answer::Value { value, active },
    })
}

/// By name first: a trigger may be called `0`.
fn find<'a>(job: &'a ScaledJob, wanted: &str) -> Result<&'a Trigger, String> {
    let by_name = job.triggers.iter().find(|trigger| trigger.name == wanted);
    let by_place = || {
        wanted
            .parse::<usize>()
            .ok()
            .and_then(|index| job.triggers.get(index))
    };
    by_name.or_else(by_place).ok_or_else(|| {
        let known: Vec<String> = job
            .triggers
            .iter()
            .map(|trigger| {
                let name = if trigger.name.is_empty() {
                    String::new()
                } else {
                    format!(" {:?}", trigger.name)
                };
                format!("{} ({}{name})", trigger.index, trigger.kind)
            })
            .collect();
        format!(
            "{} has no trigger {wanted:?}; it has {}",
            job.name,
            known.join(", ")
        )
    })
}

fn reading(trigger: &Trigger, answer: Answer) -> Result<TriggerReading, String> {
    let outcome = match (scalers::on_paper(trigger)?, answer) {
        (OnPaper::Skipped(why), _) => ReadingOutcome::Skipped(why),
        (OnPaper::Read { .. }, Answer::Error) => {
            ReadingOutcome::Failed("given as an error by --reading".to_owned())
        }
        (OnPaper::Read { target, activation }, Answer::Value { value, active }) => {
            let metric = format!("s{}-{}", trigger.index, trigger.kind);
            ReadingOutcome::Read(vec![MetricReading {
                metric: metric.clone(),
                target,
                values: vec![MetricValue {
                    metric,
                    value: milli(value),
                }],
                active: active.unwrap_or(value > activation),
            }])
        }
    };
    Ok(TriggerReading {
        index: trigger.index,
        kind: trigger.kind.clone(),
        name: trigger.name.clone(),
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_values_activity_and_errors() {
        let value = |value, active| Answer::Value { value, active };
        for (text, trigger, answer) in [
            ("0=25", "0", value(25.0, None)),
            ("orders=2.5:active", "orders", value(2.5, Some(true))),
            ("orders=0:inactive", "orders", value(0.0, Some(false))),
            ("a=b=7", "a=b", value(7.0, None)),
            ("1=error", "1", Answer::Error),
        ] {
            assert_eq!(parse(text), Ok(Assumption { trigger, answer }), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_reading() {
        for text in [
            "",
            "5",
            "=5",
            "0=",
            "0=five",
            "0=5:perhaps",
            "0=-1",
            "0=NaN",
            "0=inf",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
