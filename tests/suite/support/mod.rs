//! What the tests share: the binary with a clean environment, a cluster, servers, and a small vocabulary for assertions.

mod account;
pub(crate) mod azurite;
pub(crate) mod binary;
pub(crate) mod cluster;
pub(crate) mod front;
pub(crate) mod kafka;
pub(crate) mod mariadb;
pub(crate) mod moto;
pub(crate) mod nats;
pub(crate) mod postgresql;
pub(crate) mod redis;
pub(crate) mod servers;

use libtest_mimic::{Failed, Trial};

pub(crate) type Outcome = Result<(), Failed>;

/// The process-wide TLS provider that the clients of the tests need, as the program's own `main` installs it.
pub(crate) fn install_crypto_provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A test that runs everywhere.
pub(crate) fn test(name: &str, run: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    Trial::test(name, run)
}

/// A test that needs programs. Where one is missing it is ignored and says so; in CI it runs, and fails.
pub(crate) fn test_with(
    programs: &[&str],
    name: &str,
    run: impl FnOnce() -> Outcome + Send + 'static,
) -> Trial {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| servers::find(program).is_none())
        .collect();
    test_unless(&missing, name, run)
}

/// A test that is ignored, or fails in CI, while something is missing.
fn test_unless(
    missing: &[&str],
    name: &str,
    run: impl FnOnce() -> Outcome + Send + 'static,
) -> Trial {
    if missing.is_empty() {
        Trial::test(name, run)
    } else if std::env::var_os("CI").is_some() {
        let message = format!(
            "{} is not installed, and CI must have it",
            missing.join(", ")
        );
        Trial::test(name, move || Err(Failed::from(message)))
    } else {
        Trial::test(name, run)
            .with_kind(format!("{} is not installed", missing.join(", ")))
            .with_ignored_flag(true)
    }
}

/// A test that injects faults or reads the embedded cluster's own endpoints: ignored when a real cluster is given.
pub(crate) fn embedded_test(name: &str, run: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    let given = cluster::given_kubeconfig().is_some();
    let trial = Trial::test(name, run);
    if given {
        trial
            .with_kind("needs the embedded cluster")
            .with_ignored_flag(true)
    } else {
        trial
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(future)
}

/// Asks `probe` until it gives a value; after 60 s the test fails with `what`. Not a timing: only a bound on hanging.
pub(crate) fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(
            start.elapsed() < std::time::Duration::from_mins(1),
            "waited a minute for: {what}"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Fails unless `text` holds every one of `parts`, showing the whole text.
#[track_caller]
pub(crate) fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "expected {part:?} in:\n{text}");
    }
}

/// Fails if `text` holds `part`.
#[track_caller]
pub(crate) fn assert_lacks(text: &str, part: &str) {
    assert!(!text.contains(part), "did not expect {part:?} in:\n{text}");
}
