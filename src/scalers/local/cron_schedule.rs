//! Cron schedules of five fields, as github.com/robfig/cron/v3 reads and computes them.
//!
//! `*`, `?`, names, ranges, steps and lists; `N/S` means from N to the end; no seconds, no `@daily`, and Sunday is 0, never 7. A prefix
//! `TZ=zone` or `CRON_TZ=zone` overrides the zone. When both day fields are restricted either may match; with a plain `*` or `?` in
//! one of them both must. Times that a zone skips are not made up: the schedule waits for its next hour that exists.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A parsed schedule.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: Option<TimeZone>,
}

/// Allowed values as bits, and whether the field was left open by `*` or `?`.
#[derive(Debug, Clone, Copy)]
struct Field {
    bits: u64,
    open: bool,
}

impl Field {
    fn has(self, value: i64) -> bool {
        (self.bits >> value) & 1 == 1
    }
}

/// What a field allows.
struct Bounds {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    name: "minute",
    min: 0,
    max: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    name: "hour",
    min: 0,
    max: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    name: "day of month",
    min: 1,
    max: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    name: "month",
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    name: "day of week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Schedule {
    /// Reads a schedule. The error is a fragment that names the field.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut zone = None;
        let mut fields = text;
        if let Some(rest) = text
            .strip_prefix("TZ=")
            .or_else(|| text.strip_prefix("CRON_TZ="))
        {
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            zone =
                Some(TimeZone::get(name).map_err(|_| format!("there is no time zone {name:?}"))?);
            fields = rest;
        }
        if fields.trim_start().starts_with('@') {
            return Err(format!(
                "{:?} is not read by KEDA; write five fields: minute, hour, day, month, weekday",
                fields.trim()
            ));
        }
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!(
                "has {} fields and needs five: minute, hour, day, month, weekday",
                fields.len()
            ));
        };
        Ok(Self {
            minutes: field(minutes, &MINUTES)?,
            hours: field(hours, &HOURS)?,
            days: field(days, &DAYS)?,
            months: field(months, &MONTHS)?,
            weekdays: field(weekdays, &WEEKDAYS)?,
            zone,
        })
    }

    /// The first time after `after` that matches, within five years; else [`Timestamp::MIN`], as robfig's zero time is before
    /// every other.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Timestamp {
        let clock = Clock {
            zone: self.zone.as_ref().unwrap_or(zone),
        };
        self.search(after, &clock).unwrap_or(Timestamp::MIN)
    }

    /// robfig's search, step by step, so that clock changes fall out alike: go to the next month, day, hour and minute that
    /// match, and start again whenever a larger unit has wrapped.
    fn search(&self, after: Timestamp, clock: &Clock<'_>) -> Option<Timestamp> {
        // The earliest possible time is the next full second.
        let mut at = after.as_second().checked_add(1)?;
        let mut reset = false;
        let limit = clock.civil(at)?.year() + 5;
        'wrap: loop {
            let mut now = clock.civil(at)?;
            if now.year() > limit {
                return None;
            }
            while !self.months.has(now.month().into()) {
                if !reset {
                    reset = true;
                    now = clock.start_of_day(now.date().first_of_month())?;
                }
                let date = now.date().checked_add(1.month()).ok()?;
                at = clock.instant(DateTime::from_parts(date, now.time()))?;
                now = clock.civil(at)?;
                if now.month() == 1 {
                    continue 'wrap;
                }
            }
            while !self.day_matches(now.date()) {
                if !reset {
                    reset = true;
                    now = clock.start_of_day(now.date())?;
                }
                let date = now.date().checked_add(1.day()).ok()?;
                at = clock.instant(DateTime::from_parts(date, now.time()))?;
                now = clock.civil(at)?;
                // Where a zone skips midnight the hour has moved: put it back to the start of the day.
                let hour = i64::from(now.hour());
                if hour != 0 {
                    at += if hour > 12 { 24 - hour } else { -hour } * 3600;
                    now = clock.civil(at)?;
                }
                if now.day() == 1 {
                    continue 'wrap;
                }
            }
            while !self.hours.has(now.hour().into()) {
                if !reset {
                    reset = true;
                    let hour = Time::new(now.hour(), 0, 0, 0).ok()?;
                    at = clock.instant(DateTime::from_parts(now.date(), hour))?;
                }
                at += 3600;
                now = clock.civil(at)?;
                if now.hour() == 0 {
                    continue 'wrap;
                }
            }
            while !self.minutes.has(now.minute().into()) {
                if !reset {
                    reset = true;
                    at -= at.rem_euclid(60);
                }
                at += 60;
                now = clock.civil(at)?;
                if now.minute() == 0 {
                    continue 'wrap;
                }
            }
            // Standard schedules fire at second 0.
            while now.second() != 0 {
                reset = true;
                at += 1;
                now = clock.civil(at)?;
                if now.second() == 0 {
                    continue 'wrap;
                }
            }
            return Timestamp::from_second(at).ok();
        }
    }

    fn day_matches(&self, date: Date) -> bool {
        let day = self.days.has(date.day().into());
        let weekday = self
            .weekdays
            .has(date.weekday().to_sunday_zero_offset().into());
        if self.days.open || self.weekdays.open {
            day && weekday
        } else {
            day || weekday
        }
    }
}

/// Seconds since 1970 and local times, converted as Go's `time` does.
struct Clock<'a> {
    zone: &'a TimeZone,
}

impl Clock<'_> {
    fn civil(&self, at: i64) -> Option<DateTime> {
        let timestamp = Timestamp::from_second(at).ok()?;
        Some(self.zone.to_datetime(timestamp))
    }

    fn offset(&self, at: i64) -> Option<i64> {
        let timestamp = Timestamp::from_second(at).ok()?;
        Some(self.zone.to_offset(timestamp).seconds().into())
    }

    /// Midnight of `date`, or the hour that stands in for it where a zone skips midnight.
    fn start_of_day(&self, date: Date) -> Option<DateTime> {
        self.civil(self.instant(DateTime::from_parts(date, Time::midnight()))?)
    }

    /// `time.Date`: the offset is looked up at the local time taken for UTC, and once more at what comes out. For times that occur
    /// twice or never this decides which one it is.
    fn instant(&self, local: DateTime) -> Option<i64> {
        let as_utc = TimeZone::UTC.to_timestamp(local).ok()?.as_second();
        let guess = self.offset(as_utc)?;
        if guess == 0 {
            return Some(as_utc);
        }
        Some(as_utc - self.offset(as_utc - guess)?)
    }
}

fn field(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let mut field = Field {
        bits: 0,
        open: false,
    };
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let range = range(part, bounds)
            .map_err(|error| format!("the {} field {text:?} {error}", bounds.name))?;
        field.bits |= range.bits;
        field.open |= range.open;
    }
    Ok(field)
}

fn range(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let mut halves = text.split('/');
    let ends: Vec<&str> = halves.next().unwrap_or_default().split('-').collect();
    let step = halves.next();
    if halves.next().is_some() {
        return Err("has too many slashes".to_owned());
    }
    let mut open = false;
    let (start, mut end) = match ends[..] {
        ["*" | "?", ..] => {
            open = true;
            (bounds.min, bounds.max)
        }
        [one] => {
            let value = number(one, bounds)?;
            (value, value)
        }
        [low, high] => (number(low, bounds)?, number(high, bounds)?),
        _ => return Err("has too many hyphens".to_owned()),
    };
    let step = match step {
        None => 1,
        Some(step) => {
            let step = digits(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            if step > 1 {
                open = false;
            }
            step
        }
    };
    if step == 0 {
        return Err("has step 0".to_owned());
    }
    if start < bounds.min || end > bounds.max {
        return Err(format!("is outside {} to {}", bounds.min, bounds.max));
    }
    if start > end {
        return Err("runs backwards".to_owned());
    }
    let mut bits = 0;
    let mut value = start;
    while value <= end {
        bits |= 1 << value;
        value = value.saturating_add(step);
    }
    Ok(Field { bits, open })
}

fn number(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let name = text.to_ascii_lowercase();
    match (bounds.min..)
        .zip(bounds.names)
        .find(|(_, known)| **known == name)
    {
        Some((value, _)) => Ok(value),
        None => digits(text),
    }
}

/// Digits, as Go's Atoi reads them: one sign is allowed.
fn digits(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("holds {text:?}, which is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let after: Timestamp = after.parse().unwrap();
        let next = Schedule::parse(schedule).unwrap().next(after, &zone);
        if next == Timestamp::MIN {
            return "never".to_owned();
        }
        next.to_string()
    }

    #[test]
    fn times() {
        for (schedule, after, wanted) in [
            (
                "*/15 * * * *",
                "2012-07-09T14:45:00Z",
                "2012-07-09T15:00:00Z",
            ),
            (
                "*/15 * * * *",
                "2012-07-09T14:59:59Z",
                "2012-07-09T15:00:00Z",
            ),
            (
                "20-35/15 * * * *",
                "2012-07-09T15:45:00Z",
                "2012-07-09T16:20:00Z",
            ),
            (
                "*/15 * * * *",
                "2012-12-31T23:59:45Z",
                "2013-01-01T00:00:00Z",
            ),
            (
                "0 0 * Feb Mon",
                "2012-07-09T23:35:00Z",
                "2013-02-04T00:00:00Z",
            ),
            (
                "0 0 * Feb Mon/2",
                "2012-07-09T23:35:00Z",
                "2013-02-01T00:00:00Z",
            ),
            (
                "0 0 29 Feb ?",
                "2012-07-09T23:35:00Z",
                "2016-02-29T00:00:00Z",
            ),
            ("30 3 15W-3 * *", "2012-07-09T23:35:00Z", ""),
            // Both day fields restricted: either matches.
            (
                "0 0 1,15 * Sun",
                "2012-07-09T00:00:00Z",
                "2012-07-15T00:00:00Z",
            ),
            (
                "0 0 1,15 * Sun",
                "2012-07-15T00:00:00Z",
                "2012-07-22T00:00:00Z",
            ),
            // One of them open: both must match. A step makes a star a restriction.
            ("0 0 15 * ?", "2012-07-09T00:00:00Z", "2012-07-15T00:00:00Z"),
            (
                "0 0 */10 * Sun",
                "2012-07-09T00:00:00Z",
                "2012-07-11T00:00:00Z",
            ),
            ("0 0 31 2 *", "2012-07-09T00:00:00Z", "never"),
            ("0 0 30 Feb ?", "2012-07-09T00:00:00Z", "never"),
            (
                "TZ=Asia/Tokyo 0 9 * * *",
                "2012-07-09T00:00:00Z",
                "2012-07-10T00:00:00Z",
            ),
            (
                "CRON_TZ=Asia/Tokyo 0 9 * * *",
                "2012-07-08T00:00:00Z",
                "2012-07-09T00:00:00Z",
            ),
        ] {
            if wanted.is_empty() {
                assert!(Schedule::parse(schedule).is_err(), "{schedule}");
            } else {
                assert_eq!(next(schedule, after, "UTC"), wanted, "{schedule} {after}");
            }
        }
    }

    #[test]
    fn clock_changes() {
        let zone = "America/New_York";
        for (schedule, after, wanted) in [
            // 2012-03-11: 02:00 became 03:00. The schedule of 02:30 waits for the next day.
            ("30 2 * * *", "2012-03-11T05:00:00Z", "2012-03-12T06:30:00Z"),
            (
                "30 2 11 Mar ?",
                "2012-03-11T05:00:00Z",
                "2013-03-11T06:30:00Z",
            ),
            ("0 * * * *", "2012-03-11T06:00:00Z", "2012-03-11T07:00:00Z"),
            ("0 0 * * *", "2012-03-11T05:00:00Z", "2012-03-12T04:00:00Z"),
            // 2012-11-04: 02:00 became 01:00. 01:30 comes twice.
            ("30 1 * * *", "2012-11-04T04:00:00Z", "2012-11-04T05:30:00Z"),
            ("30 1 * * *", "2012-11-04T05:30:00Z", "2012-11-04T06:30:00Z"),
            ("0 0 * * *", "2012-11-04T04:00:00Z", "2012-11-05T05:00:00Z"),
        ] {
            assert_eq!(next(schedule, after, zone), wanted, "{schedule} {after}");
        }
        // Sao Paulo skipped midnight on 2018-11-04.
        assert_eq!(
            next("0 0 5 * *", "2018-11-03T12:00:00Z", "America/Sao_Paulo"),
            "2018-11-05T02:00:00Z"
        );
        assert_eq!(
            next("0 9 4 * *", "2018-11-03T12:00:00Z", "America/Sao_Paulo"),
            "2018-11-04T11:00:00Z"
        );
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        for (schedule, part) in [
            ("@daily", "five fields"),
            ("* * * *", "has 4 fields"),
            ("* * * * * *", "has 6 fields"),
            ("60 * * * *", "minute field"),
            ("* 24 * * *", "outside 0 to 23"),
            ("* * 0 * *", "outside 1 to 31"),
            ("* * * 13 *", "month field"),
            ("* * * * 7", "outside 0 to 6"),
            ("* * * * fri-mon", "runs backwards"),
            ("*/0 * * * *", "step 0"),
            ("1/2/3 * * * *", "slashes"),
            ("1-2-3 * * * *", "hyphens"),
            ("x * * * *", "no number"),
            ("-5 * * * *", "no number"),
            ("TZ=Nowhere/City * * * * *", "no time zone"),
            ("", "has 0 fields"),
        ] {
            let error = Schedule::parse(schedule).unwrap_err();
            assert!(error.contains(part), "{schedule}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[-0-9*?/, a-zT=]{0,24}") {
            let _ = super::Schedule::parse(&text).map(|schedule| schedule.next(Timestamp::UNIX_EPOCH, &TimeZone::UTC));
        }
    }
}
