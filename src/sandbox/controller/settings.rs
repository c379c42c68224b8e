//! What a pod's annotations ask of the sandbox.

use std::time::Duration;

use serde_json::Value;

use super::super::SandboxOptions;

/// How a pod behaves. All annotations are optional; one that cannot be read counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// `sandbox.keda-jobs/pending`: time until Running, such as `500ms`, `2s`, `1m`.
    pub(super) pending: Duration,
    /// `sandbox.keda-jobs/run`: time from Running to the end.
    pub(super) run: Duration,
    /// `sandbox.keda-jobs/fail`: `always`, or how many first attempts of the Job fail.
    pub(super) fail: Fail,
    /// `sandbox.keda-jobs/exit-code`: of a failed attempt, 1 by default.
    pub(super) exit_code: i64,
    /// `sandbox.keda-jobs/takes`: items that a pod that succeeds takes from the demo queue, 1 by default.
    pub(super) takes: u64,
}

/// Which attempts fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fail {
    Always,
    First(u64),
}

impl Settings {
    pub(super) fn of(pod: &Value, options: &SandboxOptions) -> Self {
        let annotation = |name: &str| {
            pod["metadata"]
                .get("annotations")?
                .get(format!("sandbox.keda-jobs/{name}"))?
                .as_str()
        };
        Self {
            pending: annotation("pending")
                .and_then(duration)
                .unwrap_or(options.pod_pending),
            run: annotation("run")
                .and_then(duration)
                .unwrap_or(options.pod_run),
            fail: match annotation("fail") {
                Some("always") => Fail::Always,
                other => Fail::First(other.and_then(|text| text.parse().ok()).unwrap_or(0)),
            },
            exit_code: annotation("exit-code")
                .and_then(|text| text.parse().ok())
                .unwrap_or(1),
            takes: annotation("takes")
                .and_then(|text| text.parse().ok())
                .unwrap_or(1),
        }
    }
}

/// `1500ms`, `2s`, `1.5s`, `1m`, `1h`; a bare number is seconds.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(
        text.find(|letter: char| letter.is_ascii_alphabetic())
            .unwrap_or(text.len()),
    );
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.trim().parse::<f64>().ok()? * factor).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Some(Duration::from_mins(2)));
        for wrong in ["", "-1s", "5 parsecs", "ms", "1e400s", "NaNs"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
