//! `validate`: every mistake of every file, without a network unless `--cluster` or `--sources` ask for it.

use super::{Context, fix, load, online, say_always, to_json};
use crate::cli::{ValidateArgs, ValidateOutput};
use crate::diagnostic::{self, Summary};
use crate::error::{Error, ExitStatus};
use crate::rules;
use crate::rules::levels::Levels;

/// Checks and reports what the files say.
pub fn execute(context: &mut Context<'_>, args: &ValidateArgs) -> Result<ExitStatus, Error> {
    let levels = context.settings.levels(&args.levels)?;
    let version = context.settings.keda_version(args.keda_version)?;
    let mut loaded = load::load(&args.paths, version)?;
    levels.apply(&mut loaded.diagnostics);
    if args.levels.diff {
        let fixed = fix::fix(loaded, &levels, version);
        context.print(&fix::diff(&fixed.files))?;
        return Ok(if fixed.files.is_empty() {
            ExitStatus::Success
        } else {
            ExitStatus::Bad
        });
    }
    if args.levels.fix {
        let fixed = fix::fix(loaded, &levels, version);
        let is_stdin_among = fix::write(context, &fixed)?;
        let text = report(context, args, &fixed.loaded, &levels)?;
        if is_stdin_among {
            // stdout holds the fixed manifest.
            say_always(text.trim_end());
        } else {
            context.print(&text)?;
        }
        return Ok(status(&fixed.loaded, &levels));
    }
    let text = report(context, args, &loaded, &levels)?;
    context.print(&text)?;
    Ok(status(&loaded, &levels))
}

/// The same, and asks the cluster and the sources.
pub async fn execute_online(
    context: &mut Context<'_>,
    args: &ValidateArgs,
) -> Result<ExitStatus, Error> {
    let levels = context.settings.levels(&args.levels)?;
    let version = context.settings.keda_version(args.keda_version)?;
    let mut loaded = load::load(&args.paths, version)?;
    let answers = online::ask(context, args, &loaded).await?;
    loaded.add(answers);
    levels.apply(&mut loaded.diagnostics);
    let text = report(context, args, &loaded, &levels)?;
    context.print(&text)?;
    Ok(status(&loaded, &levels))
}

fn status(loaded: &load::Loaded, levels: &Levels) -> ExitStatus {
    if levels.fails(&loaded.diagnostics) {
        ExitStatus::Bad
    } else {
        ExitStatus::Success
    }
}

fn report(
    context: &Context<'_>,
    args: &ValidateArgs,
    loaded: &load::Loaded,
    levels: &Levels,
) -> Result<String, Error> {
    let found = &loaded.diagnostics;
    Ok(match args.output {
        ValidateOutput::Human => {
            let shown = load::render(found, context.settings.talk.color_stdout);
            format!("{shown}{}\n", load::verdict(loaded, Summary::of(found)))
        }
        ValidateOutput::Concise => diagnostic::concise::render(found),
        ValidateOutput::Json => to_json(&diagnostic::json::to_json(found))?,
        ValidateOutput::Sarif => to_json(&diagnostic::sarif::to_sarif(found, &rules::all()))?,
        ValidateOutput::Junit => diagnostic::junit::render(found, &loaded.sources, levels.fail_on),
        ValidateOutput::Github => diagnostic::github::render(found),
    })
}
