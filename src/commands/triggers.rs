//! `triggers`: the trigger types and what they accept; no network.

use super::{Context, load, to_json, to_yaml};
use crate::cli::{PlanOutput, TriggersArgs};
use crate::diagnostic;
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::report::triggers::{self, At};
use crate::scalers::{TRIGGER_TYPES, TriggerType, release, trigger_type};

/// Lists the types, or describes one.
pub fn execute(context: &mut Context<'_>, args: &TriggersArgs) -> Result<ExitStatus, Error> {
    let width = load::table_width();
    let at = At(args.keda_version);
    let kinds: Vec<&'static TriggerType> = TRIGGER_TYPES
        .iter()
        .copied()
        .filter(|kind| at.has(kind))
        .collect();
    let text = match &args.kind {
        None => match args.output {
            PlanOutput::Table => triggers::render_list(&kinds, width),
            PlanOutput::Json => to_json(&triggers::to_list(&kinds))?,
            PlanOutput::Yaml => to_yaml(&triggers::to_list(&kinds))?,
        },
        Some(name) => {
            let kind = trigger_type(name).ok_or_else(|| unknown(name))?;
            if !at.has(kind) {
                return Err(elsewhen(kind, at));
            }
            match args.output {
                PlanOutput::Table => triggers::render(kind, at, width),
                PlanOutput::Json => to_json(&triggers::to_document(kind, at))?,
                PlanOutput::Yaml => to_yaml(&triggers::to_document(kind, at))?,
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

/// The named version of KEDA does not have the type.
fn elsewhen(kind: &TriggerType, At(version): At) -> Error {
    let version = version.unwrap_or_default();
    let error = Error::new(
        ErrorKind::Usage,
        format!("KEDA {version} has no trigger type {:?}", kind.name),
    );
    match kind.dropped {
        Some((dropped, instead)) if version >= dropped => {
            error.hint(format!("it went with {}: {instead}", release(dropped)))
        }
        _ => error.hint(format!("it came with {}", release(kind.since))),
    }
}
