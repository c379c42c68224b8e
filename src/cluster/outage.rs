//! An API server that gives no answer while a run goes on. What was counted before is trusted for a while and most cycles have nothing
//! to write, so that nothing else would show it for some time. It is said once, soon, and again when it is over.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{ClusterError, ClusterErrorKind};

/// Shorter ones are not worth a word: a connection is cut, a server restarts behind a load balancer.
const LEAST: Duration = Duration::from_secs(1);

/// Whether the API server answers, by all requests of a run.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<Silence>>);

/// No request was answered since.
#[derive(Debug)]
struct Silence {
    since: Instant,
    told: bool,
}

impl Outage {
    fn silence(&self) -> MutexGuard<'_, Option<Silence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to say now, at `now`, that a request which was sent at `sent` was not answered: of the second in a row, unless it comes
    /// with the first.
    pub(super) fn failed(
        &self,
        error: &ClusterError,
        sent: Instant,
        now: Instant,
    ) -> Option<String> {
        // Where there are no credentials nobody was asked.
        if error.kind != ClusterErrorKind::Unavailable {
            return None;
        }
        let mut silence = self.silence();
        let Some(silence) = silence.as_mut() else {
            *silence = Some(Silence {
                since: sent,
                told: false,
            });
            return None;
        };
        if silence.told || now.duration_since(silence.since) < LEAST {
            return None;
        }
        silence.told = true;
        Some(format!("{error}; trying on until the API server answers"))
    }

    /// What to say now that one was answered, if only with a refusal.
    pub(super) fn answered(&self, now: Instant) -> Option<String> {
        let silence = self.silence().take()?;
        let seconds = now.duration_since(silence.since).as_secs();
        let told = silence.told;
        told.then(|| format!("the API server answers again, after {seconds} s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_so_is_its_end() {
        let outage = Outage::default();
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let fails = |kind, sent, now| {
            let error = ClusterError {
                kind,
                operation: "list jobs.batch in namespace shop".to_owned(),
                message: "Connection refused".to_owned(),
                causes: Vec::new(),
            };
            outage.failed(&error, at(sent), at(now))
        };
        let down = |sent, now| fails(ClusterErrorKind::Unavailable, sent, now);
        // Several requests at once, and one that goes through soon after.
        for sent in [0.0, 0.0, 0.5] {
            assert_eq!(down(sent, sent), None);
        }
        assert_eq!(outage.answered(at(0.9)), None);
        assert_eq!(down(10.0, 10.0), None);
        for nobody_was_asked in [
            ClusterErrorKind::Unauthorized,
            ClusterErrorKind::NoCredentials,
        ] {
            assert_eq!(fails(nobody_was_asked, 10.5, 12.0), None);
        }
        let told = down(12.0, 12.0).unwrap();
        assert_eq!(
            told,
            "cannot list jobs.batch in namespace shop: Connection refused; trying on until the API server answers"
        );
        assert_eq!(down(15.0, 15.0), None);
        let over = outage.answered(at(22.0)).unwrap();
        assert_eq!(over, "the API server answers again, after 12 s");
        assert_eq!(outage.answered(at(23.0)), None);
        // One that waited in vain has seen the beginning.
        assert_eq!(down(30.0, 35.0), None);
        assert!(down(35.0, 35.1).is_some());
    }
}
