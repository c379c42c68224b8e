//! `triggers`: the trigger types and what they accept; no network.

use super::{Context, load, to_json, to_yaml};
use crate::cli::{PlanOutput, TriggersArgs};
use crate::diagnostic;
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::report::triggers;
use crate::scalers::{TRIGGER_TYPES, trigger_type};

/// Lists the types, or describes one.
pub fn execute(context: &mut Context<'_>, args: &TriggersArgs) -> Result<ExitStatus, Error> {
    let width = load::table_width();
    let text = match &args.kind {
        None => match args.output {
            PlanOutput::Table => triggers::render_list(TRIGGER_TYPES, width),
            PlanOutput::Json => to_json(&triggers::to_list(TRIGGER_TYPES))?,
            PlanOutput::Yaml => to_yaml(&triggers::to_list(TRIGGER_TYPES))?,
        },
        Some(name) => {
            let kind = trigger_type(name).ok_or_else(|| unknown(name))?;
            match args.output {
                PlanOutput::Table => triggers::render(kind, width),
                PlanOutput::Json => to_json(&triggers::to_document(kind))?,
                PlanOutput::Yaml => to_yaml(&triggers::to_document(kind))?,
            }
        }
    };
    context.print(&text)?;
    Ok(ExitStatus::Success)
}

fn unknown(name: &str) -> Error {
    let error = Error::new(
        ErrorKind::Usage,
        format!("KEDA has no trigger type {name:?}"),
    );
    let names = TRIGGER_TYPES.iter().map(|kind| kind.name);
    match diagnostic::suggest(name, names) {
        Some(suggestion) => error.hint(format!("did you mean {}?", suggestion.word)),
        None => error.hint("keda-jobs triggers lists them all"),
    }
}
