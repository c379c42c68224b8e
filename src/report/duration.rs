//! Ages as kubectl shows them, and durations as flags take them.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Time from `then` to `now` as kubectl prints ages: `5s`, `3m12s`, `47m`, `2h`, `5h10m`, `3d4h`, `40d`, `2y17d`. A time in the
/// future counts as now: clocks of cluster and caller differ.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    show(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// A duration in one or two units, fine for short ones and coarse for long ones, as kubectl does.
pub fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / MINUTE, seconds / HOUR, seconds / DAY);
    if seconds < 2 * MINUTE {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, "m", seconds % MINUTE, "s")
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, "h", minutes % 60, "m")
    } else if hours < 48 {
        format!("{hours}h")
    } else if days < 8 {
        two(days, "d", hours % 24, "h")
    } else if days < 2 * 365 {
        format!("{days}d")
    } else if days < 8 * 365 {
        two(days / 365, "y", days % 365, "d")
    } else {
        format!("{}y", days / 365)
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit}{small}{small_unit}")
    }
}

/// A duration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no duration: {problem}; write it as 90s, 500ms, 1h, 1h30m or 2d")]
pub struct ParseDurationError {
    text: String,
    problem: &'static str,
}

/// Reads `1h`, `90s`, `500ms`, `2d`, `1h30m`, `1.5h`; `0` needs no unit. Units: ms, s, m, h, d.
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    let fail = |problem| ParseDurationError {
        text: super::sanitize::sanitize(text).into_owned(),
        problem,
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(fail("it is empty"));
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(fail("a number was expected"));
        }
        let number: f64 = number.parse().map_err(|_| fail("a number was expected"))?;
        let letters = after
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "" => return Err(fail("it has no unit")),
            _ => return Err(fail("the unit is not one of ms, s, m, h, d")),
        };
        let part =
            Duration::try_from_secs_f64(number * seconds).map_err(|_| fail("it is too long"))?;
        total = total
            .checked_add(part)
            .ok_or_else(|| fail("it is too long"))?;
        rest = after;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_as_kubectl_prints_them() {
        for (seconds, text) in [
            (0, "0s"),
            (5, "5s"),
            (119, "119s"),
            (120, "2m"),
            (192, "3m12s"),
            (600, "10m"),
            (7_200, "120m"),
            (10_800, "3h"),
            (18_600, "5h10m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (273_600, "3d4h"),
            (8 * 86_400, "8d"),
            (747 * 86_400, "2y17d"),
            (3_000 * 86_400, "8y"),
        ] {
            assert_eq!(show(Duration::from_secs(seconds)), text);
        }
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(age(at(100), at(105)), "5s");
        assert_eq!(age(at(105), at(100)), "0s");
        assert!(!age(Timestamp::MIN, Timestamp::MAX).is_empty());
    }

    #[test]
    fn flags() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("90s", 90_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("2d", 172_800_000),
            ("1m500ms", 60_500),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for (text, part) in [
            ("", "empty"),
            ("5", "no unit"),
            ("1h5", "no unit"),
            ("5 s", "not one of"),
            ("-5s", "number"),
            ("h", "number"),
            ("1.2.3s", "number"),
            ("5y", "not one of"),
            ("5min", "not one of"),
            ("999999999999999999999999d", "too long"),
            ("½h", "number"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
