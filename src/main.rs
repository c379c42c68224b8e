//! `keda-jobs`.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use keda_jobs::cli::Cli;
use keda_jobs::error::ExitStatus;

fn main() -> ExitCode {
    // reqwest is built without a TLS provider of its own and panics where none is installed; kube would install ring only when
    // it builds its first client.
    drop(rustls::crypto::ring::default_provider().install_default());
    match Cli::try_parse() {
        Ok(cli) => keda_jobs::run(&cli).into(),
        Err(error) => {
            // A reader that has gone away is no reason to fail.
            drop(error.print());
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitStatus::Success.into(),
                _ => ExitStatus::CouldNotRun.into(),
            }
        }
    }
}
