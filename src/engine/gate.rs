//! Not all at once: a thousand objects whose beats fall together, as at the start of a run, do not open a thousand connections in the
//! same moment.

use std::time::Duration;

use tokio::sync::Semaphore;

/// How many objects may begin to read their sources at the same time.
const PLACES: usize = 64;
/// Who waits for longer than this gives its place up: sources that do not answer must not keep the other objects from theirs.
const PATIENCE: Duration = Duration::from_millis(250);

/// Lets a number of objects through at once. Whoever takes its time stops counting, so that no object waits for another for long: the
/// objects behind n silent ones begin after `PATIENCE` · n / `PLACES`.
#[derive(Debug)]
pub struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(PLACES))
    }
}

impl Gate {
    /// Awaits what `work` makes, which is made when there is a place for it.
    pub async fn pass<W: Future + Unpin>(&self, work: impl FnOnce() -> W) -> W::Output {
        // Never closed.
        let place = self.0.acquire().await;
        let mut work = work();
        if let Ok(done) = tokio::time::timeout(PATIENCE, &mut work).await {
            return done;
        }
        drop(place);
        work.await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_are_made_than_there_are_places() {
        let gate = Gate::default();
        let made = AtomicUsize::new(0);
        let silent = || {
            made.fetch_add(1, Ordering::Relaxed);
            Box::pin(pending::<()>())
        };
        let mut all: Vec<_> = (0..PLACES + 3)
            .map(|_| Box::pin(gate.pass(silent)))
            .collect();
        for one in &mut all {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(made.load(Ordering::Relaxed), PLACES);
        // One that is cut off leaves its place to the next.
        drop(all.remove(0));
        for one in &mut all {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(made.load(Ordering::Relaxed), PLACES + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_silent_do_not_keep_the_others_out() {
        let gate = Gate::default();
        let silent = (0..2 * PLACES).map(|_| gate.pass(|| Box::pin(pending::<()>())).boxed_local());
        let start = Instant::now();
        let others = futures::future::join_all(silent);
        let behind = async {
            tokio::task::yield_now().await;
            gate.pass(|| Box::pin(async { start.elapsed() })).await
        };
        tokio::select! {
            biased;
            _ = others => unreachable!("they are silent"),
            waited = behind => assert_eq!(waited, PATIENCE * 2),
        }
    }
}
