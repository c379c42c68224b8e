//! `validate`: every mistake of every file, without a network.

use super::{Context, load, to_json};
use crate::cli::{ValidateArgs, ValidateOutput};
use crate::diagnostic::{self, Summary};
use crate::error::{Error, ExitStatus};

/// Checks and reports.
pub fn execute(context: &mut Context<'_>, args: &ValidateArgs) -> Result<ExitStatus, Error> {
    let loaded = load::load(&args.paths)?;
    let summary = Summary::of(&loaded.diagnostics);
    match args.output {
        ValidateOutput::Json => {
            context.print(&to_json(&diagnostic::json::to_json(&loaded.diagnostics))?)?;
        }
        ValidateOutput::Human => {
            let shown = load::render(&loaded.diagnostics, context.settings.talk.color_stdout);
            context.print(&shown)?;
            context.print(&format!("{}\n", load::verdict(&loaded, summary)))?;
        }
    }
    Ok(if summary.errors > 0 {
        ExitStatus::Bad
    } else {
        ExitStatus::Success
    })
}
