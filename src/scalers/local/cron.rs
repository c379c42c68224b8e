//! `cron`: inside a time window. [KEDA `cron_scaler.go`]

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cron_schedule::Schedule;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::given::{Given, Problem};
use crate::scalers::metric::{Metric, Target, count};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{
    Behaviour, BuildError, ReadError, Scaler, ScalerContext, TriggerType, Work, trigger_type,
};

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["start"],
        Kind::String,
        "when the window opens: minute hour day month weekday",
    )
    .required(),
    ParameterSpec::new(
        &["end"],
        Kind::String,
        "when the window closes: minute hour day month weekday",
    )
    .required(),
    ParameterSpec::new(
        &["timezone"],
        Kind::String,
        "IANA name of the time zone, such as Europe/Berlin",
    )
    .required(),
    ParameterSpec::new(
        &["desiredReplicas"],
        Kind::Integer,
        "how many Jobs the window keeps going",
    )
    .required(),
];

/// The type.
pub(in crate::scalers) static CRON: TriggerType = TriggerType {
    name: "cron",
    family: "local",
    parameters: &[PARAMETERS],
    counts: "desiredReplicas inside the window from start to end, else 0",
    work: Work::Is(InFlight::NotWork, "it asks for Jobs by the clock"),
    target: trigger_type::Target::Fixed(1.0),
    activation: None,
    check,
    behaviour: Behaviour::Reads(build),
    ..TriggerType::USUAL
};

struct Cron {
    metric: Metric,
    start: Schedule,
    end: Schedule,
    time_zone: TimeZone,
    desired: i64,
    now: fn() -> Timestamp,
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero("desiredReplicas", found);
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let (start, end) = (parameters.text("start"), parameters.text("end"));
    let zone = parameters.text("timezone");
    let mut problems = Vec::new();
    if start == end {
        problems.push("parameters start and end must not be the same".to_owned());
    }
    let mut schedule = |name: &str, text: &str| {
        Schedule::parse(text).map_err(|error| problems.push(format!("parameter {name}: {error}")))
    };
    let schedules = (schedule("start", start), schedule("end", end));
    let time_zone = TimeZone::get(zone).map_err(|_| {
        problems.push(format!(
            "parameter timezone: there is no time zone {zone:?}; use an IANA name such as Europe/Berlin"
        ));
    });
    let ((Ok(opens), Ok(closes)), Ok(time_zone), true) =
        (schedules, time_zone, problems.is_empty())
    else {
        return Err(BuildError::all(problems));
    };
    let name = format!("cron-{zone}-{}-{}", in_name(start), in_name(end));
    Ok(Box::new(Cron {
        metric: Metric::new(context, &name, Target::Whole(1))?,
        start: opens,
        end: closes,
        time_zone,
        desired: parameters.integer("desiredReplicas").unwrap_or_default(),
        now: context.now,
    }))
}

/// A schedule in a metric's name. [KEDA `parseCronTimeFormat`]
fn in_name(schedule: &str) -> String {
    schedule
        .replace(' ', "")
        .replace('*', "x")
        .replace('/', "Sl")
        .replace('?', "Qm")
}

impl Cron {
    /// Inside when the window opens next only after it has closed. A schedule that never comes counts as the distant past.
    fn inside(&self, now: Timestamp) -> bool {
        self.start.next(now, &self.time_zone) >= self.end.next(now, &self.time_zone)
    }
}

#[async_trait]
impl Scaler for Cron {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let inside = self.inside((self.now)());
        let value = if inside { count(self.desired) } else { 0.0 };
        Ok(self.metric.reading(value, inside))
    }

    fn endpoint(&self) -> String {
        "the clock".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(start: &str, end: &str, zone: &str, now: &str) -> bool {
        let time_zone = TimeZone::get(zone).unwrap();
        let now: Timestamp = now.parse().unwrap();
        let next = |text| Schedule::parse(text).unwrap().next(now, &time_zone);
        next(start) >= next(end)
    }

    #[test]
    fn windows() {
        for (start, end, zone, now, wanted) in [
            (
                "0 8 * * *",
                "0 20 * * *",
                "UTC",
                "2026-01-05T07:59:59Z",
                false,
            ),
            (
                "0 8 * * *",
                "0 20 * * *",
                "UTC",
                "2026-01-05T08:00:00Z",
                true,
            ),
            (
                "0 8 * * *",
                "0 20 * * *",
                "UTC",
                "2026-01-05T19:59:59Z",
                true,
            ),
            (
                "0 8 * * *",
                "0 20 * * *",
                "UTC",
                "2026-01-05T20:00:00Z",
                false,
            ),
            // Over midnight, in another zone.
            (
                "0 20 * * *",
                "0 6 * * *",
                "Asia/Tokyo",
                "2026-01-05T15:00:00Z",
                true,
            ),
            (
                "0 20 * * *",
                "0 6 * * *",
                "Asia/Tokyo",
                "2026-01-05T22:00:00Z",
                false,
            ),
            // A start that never comes: the window never opens. An end that never comes: it never closes.
            (
                "0 0 31 2 *",
                "0 6 * * *",
                "UTC",
                "2026-01-05T15:00:00Z",
                false,
            ),
            (
                "0 6 * * *",
                "0 0 31 2 *",
                "UTC",
                "2026-01-05T15:00:00Z",
                true,
            ),
        ] {
            assert_eq!(inside(start, end, zone, now), wanted, "{start} {end} {now}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(in_name("*/5 8 ? * 1-5"), "xSl58Qmx1-5");
    }
}
