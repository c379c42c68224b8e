//! Whether the clock of this machine and that of the cluster agree. Leases do not depend on it; ages and the pauses of the failure
//! brake compare times that the cluster wrote with our own.

use std::time::Duration;

use http::{HeaderMap, header};
use k8s_openapi::jiff::fmt::rfc2822;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use crate::report::duration::show;

/// From so much on it is said. The answer's own way and its whole seconds account for less.
const WORTH_SAYING: SignedDuration = SignedDuration::from_secs(10);

/// What is wrong with our clock by the `Date` of an answer; none when they agree, or the answer tells no time.
pub(super) fn warning(answer: &HeaderMap, now: Timestamp) -> Option<String> {
    let date = answer.get(header::DATE)?.to_str().ok()?;
    let server = rfc2822::parse(date).ok()?.timestamp();
    let ahead = now.duration_since(server);
    if ahead.abs() < WORTH_SAYING {
        return None;
    }
    let by = show(Duration::from_secs(ahead.unsigned_abs().as_secs()));
    let direction = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    Some(format!(
        "the clock of this machine is {by} {direction} the cluster's: ages, and with them --older-than, --stuck-after and the pauses \
         of the failure brake, are wrong by that much; set one of the clocks right"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_told_of() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let warning = |date: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::DATE, date.parse().unwrap());
            warning(&headers, now)
        };
        assert_eq!(warning("Tue, 24 Nov 2026 11:59:53 GMT"), None);
        assert_eq!(warning("Tue, 24 Nov 2026 12:00:09 GMT"), None);
        assert_eq!(warning("soon"), None);
        let ahead = warning("Tue, 24 Nov 2026 11:00:00 GMT").unwrap();
        assert!(ahead.contains("is 60m ahead of the cluster's"), "{ahead}");
        let behind = warning("Tue, 24 Nov 2026 12:01:30 GMT").unwrap();
        assert!(behind.contains("is 90s behind the cluster's"), "{behind}");
        assert_eq!(super::warning(&HeaderMap::new(), now), None);
    }
}
