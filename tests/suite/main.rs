//! The suite: drives the real binary as a user does, against the embedded cluster or, with `KEDA_JOBS_TEST_KUBECONFIG`, a real one.
//!
//! Its harness is its own because whether a test can run is known only at run time: where a server's binary is missing, the test
//! shows as ignored with the reason; with `CI` set it fails instead.

#![expect(
    clippy::unnecessary_wraps,
    reason = "every test has the shape that the harness takes"
)]

mod support;

mod assets;
mod auth;
mod ci_types;
mod cleanup;
mod cli;
mod cloud_queues;
mod credentials;
mod examples;
mod faults;
mod fuzz;
mod identities;
mod kafka_types;
mod kubectl;
mod layers;
mod lease;
mod limits;
mod masking;
mod mysql;
mod nats;
mod online;
mod plan;
mod postgresql;
mod readme;
mod redis_types;
mod refusals;
mod reports;
mod requests;
mod rollout;
mod run;
mod schedules;
mod sources;
mod stuck;
mod triggers;
mod validate;
mod watch;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    support::install_crypto_provider();
    let trials: Vec<Trial> = [
        assets::tests(),
        auth::tests(),
        ci_types::tests(),
        cleanup::tests(),
        cli::tests(),
        cloud_queues::tests(),
        credentials::tests(),
        examples::tests(),
        faults::tests(),
        fuzz::tests(),
        identities::tests(),
        kafka_types::tests(),
        kubectl::tests(),
        layers::tests(),
        limits::tests(),
        lease::tests(),
        masking::tests(),
        mysql::tests(),
        nats::tests(),
        online::tests(),
        plan::tests(),
        postgresql::tests(),
        readme::tests(),
        redis_types::tests(),
        refusals::tests(),
        reports::tests(),
        requests::tests(),
        rollout::tests(),
        run::tests(),
        schedules::tests(),
        sources::tests(),
        stuck::tests(),
        triggers::tests(),
        validate::tests(),
        watch::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
