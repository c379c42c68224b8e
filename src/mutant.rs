//! Faults that tests put in, to see that the suite finds them. Read in debug builds only.

use std::sync::OnceLock;

/// Names the fault: `no-ledger` forgets what was made, `empty-on-failure` takes a list that failed for an empty one,
/// `no-lease-check` writes whoever holds the lease, `new-name` takes a Job that an earlier attempt made for another's, `any-list` believes
/// every list.
const VARIABLE: &str = "KEDA_JOBS_MUTANT";

/// Whether that fault is put in.
pub(crate) fn is(name: &str) -> bool {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    cfg!(debug_assertions)
        && CHOSEN
            .get_or_init(|| std::env::var(VARIABLE).ok())
            .as_deref()
            == Some(name)
}
