//! `completions`: a script for a shell.

use clap::CommandFactory;

use super::Context;
use crate::cli::{Cli, CompletionsArgs};
use crate::error::{Error, ExitStatus};

/// Prints the script.
pub fn execute(context: &mut Context<'_>, args: &CompletionsArgs) -> Result<ExitStatus, Error> {
    context.print(&script(args.shell))?;
    Ok(ExitStatus::Success)
}

/// The completion script of a shell.
pub fn script(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keda-jobs", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
