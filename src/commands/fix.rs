//! `validate --diff` and `--fix`: what the sure fixes of findings make of the files.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::Context;
use super::load::{self, Loaded};
use crate::api::KedaVersion;
use crate::diagnostic::{Diagnostic, Fix, SourceFile, catalog, patch};
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Collected};
use crate::rules::levels::Levels;
use crate::scalers;

/// Rounds after which fixing ends: fixes that touch each other are made one a round.
const MAX_ROUNDS: usize = 20;

/// The files before and after.
pub(super) struct Fixed {
    /// What is found once everything is fixed.
    pub(super) loaded: Loaded,
    /// The files that change.
    pub(super) files: Vec<FixedFile>,
}

/// One file that changes.
pub(super) struct FixedFile {
    before: Arc<SourceFile>,
    after: String,
    fixes: usize,
}

/// Makes the sure fixes of all findings that `levels` lets through, until none is left; in memory.
pub(super) fn fix(loaded: Loaded, levels: &Levels, version: Option<KedaVersion>) -> Fixed {
    let before = loaded.sources.clone();
    let mut fixes = vec![0; before.len()];
    let mut now = loaded;
    for _ in 0..MAX_ROUNDS {
        let mut changed = Vec::new();
        for (index, source) in now.sources.iter().enumerate() {
            let wanted: Vec<&Fix> = now
                .diagnostics
                .iter()
                .filter(|found| found.primary.source.name() == source.name())
                .filter_map(|found| found.fix.as_ref())
                .collect();
            if let Some((text, made)) = patch::apply(source, &wanted) {
                changed.push((index, text, made));
            }
        }
        if changed.is_empty() {
            break;
        }
        let mut collected = Collected::default();
        for (index, source) in now.sources.iter().enumerate() {
            let text = changed
                .iter()
                .find(|(changed, ..)| *changed == index)
                .map_or(source.text(), |(_, text, _)| text);
            collected.add(source.name(), text.as_bytes().to_vec());
        }
        let mut next = load::inspect(collected, version);
        levels.apply(&mut next.diagnostics);
        // A fix that makes a file unreadable was none.
        if unreadable(&next.diagnostics) > unreadable(&now.diagnostics) {
            break;
        }
        for (index, _, made) in changed {
            fixes[index] += made;
        }
        now = next;
    }
    let files = before
        .into_iter()
        .zip(&now.sources)
        .zip(fixes)
        .filter(|((before, after), _)| before.text() != after.text())
        .map(|((before, after), fixes)| FixedFile {
            before,
            after: after.text().to_owned(),
            fixes,
        })
        .collect();
    Fixed { loaded: now, files }
}

fn unreadable(found: &[Diagnostic]) -> usize {
    let rules = [
        &catalog::SYNTAX,
        &catalog::DUPLICATE_KEY,
        &catalog::TOO_LARGE,
    ];
    found
        .iter()
        .filter(|diagnostic| rules.contains(&diagnostic.rule))
        .count()
}

/// A unified diff of every file that changes. Secrets and literal credentials in the lines around a change are shown as `*`, so that
/// such a diff is to be read; `--fix` makes the change.
pub(super) fn diff(files: &[FixedFile]) -> String {
    let mut output = String::new();
    for file in files {
        let name = file.before.name().replace(['\n', '\r'], " ");
        let diff = TextDiff::from_lines(file.before.text(), file.after.as_str());
        let (documents, faults) = manifest::load(&file.before);
        let shown = scalers::concealed(
            &manifest::presentable(&file.before),
            &documents,
            !faults.is_empty(),
        );
        let shown: Vec<&str> = shown.text().split_inclusive('\n').collect();
        // Writing to a String cannot fail.
        let _ = write!(output, "--- a/{name}\n+++ b/{name}\n");
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            let _ = writeln!(output, "{}", hunk.header());
            for change in hunk.iter_changes() {
                let context = change
                    .old_index()
                    .filter(|_| change.tag() == ChangeTag::Equal)
                    .and_then(|line| shown.get(line));
                let line = context.copied().unwrap_or_else(|| change.value());
                let _ = write!(output, "{}{line}", change.tag());
                if !line.ends_with('\n') {
                    output.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
    }
    output
}

/// Writes the files; of standard input the fixed text goes to stdout, and `true` comes back.
pub(super) fn write(context: &mut Context<'_>, fixed: &Fixed) -> Result<bool, Error> {
    for file in &fixed.files {
        let name = file.before.name();
        if name == load::STDIN {
            continue;
        }
        manifest::rewrite(Path::new(name), file.before.text(), &file.after).map_err(|error| {
            Error::new(ErrorKind::File, format!("cannot write {name}")).because(error)
        })?;
        context.say(&format!(
            "fixed {} in {name}",
            load::count(file.fixes, "mistake", "mistakes")
        ));
    }
    let stdin = fixed
        .loaded
        .sources
        .iter()
        .find(|source| source.name() == load::STDIN);
    if let Some(source) = stdin {
        context.print(source.text())?;
    }
    if fixed.files.is_empty() {
        context.say("nothing to fix");
    }
    Ok(stdin.is_some())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::fix;
    use crate::api::KedaVersion;
    use crate::commands::load;
    use crate::diagnostic::catalog;
    use crate::manifest::Collected;
    use crate::rules::levels::Levels;
    use crate::scalers::TRIGGER_TYPES;
    use crate::scalers::params::{Kind, Source};

    /// Switches and numbers of every type, written in ways that YAML 1.1 takes for booleans and numbers: what a fix makes of them is
    /// what KEDA reads, and a second run has nothing to add.
    #[test]
    fn a_fixed_value_is_one_that_keda_reads() {
        for written in [
            "yes",
            "No",
            "on",
            "off",
            "y",
            "TRUE",
            "1",
            "5",
            "-1",
            "+5",
            "0x10",
            "0o17",
            "0b11",
            "1_000",
            "010",
            "007",
            "1e3",
            "1.0",
            "1.5",
            ".5",
            "5.",
            "\"no\"",
            "'On'",
            "\"1_000\"",
            "\"0x10\"",
            "\"010\"",
            "\"1e3\"",
            "\"1.0\"",
            "~",
            "2026-01-01",
        ] {
            let mut text = "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: a}\nspec:\n  jobTargetRef: {template: {spec: {containers: [{name: a, image: b}]}}}\n  triggers:\n".to_owned();
            for kind in TRIGGER_TYPES {
                let mut keys = String::new();
                for spec in kind.parameters() {
                    let is_exact = matches!(spec.kind, Kind::Bool | Kind::Integer | Kind::Float);
                    if is_exact && spec.reads(Source::Metadata) {
                        writeln!(keys, "      {}: {written}", spec.name()).expect("a String");
                    }
                }
                if !keys.is_empty() {
                    write!(text, "  - type: {}\n    metadata:\n{keys}", kind.name)
                        .expect("a String");
                }
            }
            let mut collected = Collected::default();
            collected.add("a.yaml", text.into_bytes());
            let loaded = load::inspect(collected, KedaVersion::NEWEST);
            let fixed = fix(loaded, &Levels::default(), Some(KedaVersion::NEWEST)).loaded;
            for found in &fixed.diagnostics {
                let span = found.primary.span;
                let value = found.primary.source.slice(span);
                // What is left is as it was written; nothing was made into something else that is wrong.
                let is_of_value = found.rule == &catalog::INVALID_PARAMETER
                    && (found.message.contains("must be true or false")
                        || found.message.contains("must be a whole number")
                        || found.message.contains("must be a number"));
                // A number that is none of those allowed stays one however it is written.
                let is_outside =
                    found.message.contains(" from 0 to ") && written.parse::<i64>().is_ok();
                assert!(
                    !is_of_value || is_outside || value == written,
                    "{written}: {value}: {}",
                    found.message
                );
                assert!(found.fix.is_none() || found.rule != &catalog::NON_STRING_METADATA);
            }
        }
    }
}
