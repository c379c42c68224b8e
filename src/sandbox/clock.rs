//! The time by which the embedded cluster lives.

use std::cell::Cell;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

thread_local! {
    /// A moment of tokio's clock, and what the wall clock is then.
    static VIRTUAL: Cell<Option<(Instant, Timestamp)>> = const { Cell::new(None) };
}

/// See [`super::Sandbox::virtual_time`].
pub(super) fn start_virtual(now: Timestamp) {
    VIRTUAL.set(Some((Instant::now(), now)));
}

/// Now: the system's time, moved by as much as tokio's clock is ahead of it where a test has paused that.
pub(super) fn now() -> Timestamp {
    if let Some((began, then)) = VIRTUAL.get() {
        return then.checked_add(began.elapsed()).unwrap_or(then);
    }
    let ahead = Instant::now()
        .into_std()
        .saturating_duration_since(std::time::Instant::now());
    let now = Timestamp::now();
    now.checked_add(ahead).unwrap_or(now)
}
