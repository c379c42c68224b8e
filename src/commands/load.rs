//! Paths become resources and findings: the first steps of `validate`, `plan` and `run`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Context, say_always};
use crate::api::facts::TriggerFacts;
use crate::api::{KedaVersion, Resources, ScaledJob, Trigger};
use crate::diagnostic::{self, Diagnostic, Label, Severity, SourceFile, Span, Summary, catalog};
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Collected, Comment, Document, Node, Stdin, Step, Value, parallel};
use crate::{api, rules, scalers};

/// The name of standard input as a file.
pub(super) const STDIN: &str = "<stdin>";

/// What the given paths hold.
pub struct Loaded {
    /// Resources without errors of their own.
    pub resources: Resources,
    /// Findings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read.
    pub sources: Vec<Arc<SourceFile>>,
    /// Comments that ignore findings.
    comments: Vec<Comment>,
    documents: Vec<Arc<Document>>,
}

impl Loaded {
    /// Adds findings of another origin, in their places. Ignore comments count for them too.
    pub(super) fn add(&mut self, mut found: Vec<Diagnostic>) {
        rules::take_ignored(&self.comments, &mut found);
        scalers::conceal(&mut found, &self.documents);
        self.diagnostics.append(&mut found);
        diagnostic::sort(&mut self.diagnostics);
    }
}

/// Reads, decodes and checks as [`inspect`] does; fails only when a path cannot be read.
pub(super) fn load(paths: &[PathBuf], version: Option<KedaVersion>) -> Result<Loaded, Error> {
    let stdin = std::io::stdin();
    let is_terminal = stdin.is_terminal();
    let mut reader = stdin.lock();
    let collected = manifest::collect(
        paths,
        &mut Stdin {
            reader: &mut reader,
            is_terminal,
        },
    )
    .map_err(|error| Error::new(ErrorKind::File, error.to_string()).because(error))?;
    Ok(inspect(collected, version))
}

/// Decodes and checks what was read, for `version` of KEDA or, without one, for those that [`KedaVersion::NEWEST`] tells of; no I/O.
pub fn inspect(collected: Collected, version: impl Into<Option<KedaVersion>>) -> Loaded {
    if let Some(version) = version.into() {
        return inspect_for(collected, version);
    }
    let mut loaded = inspect_for(collected.clone(), KedaVersion::NEWEST);
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    if loaded.diagnostics.iter().any(|found| is_error(&found)) {
        let older = inspect_for(collected, KedaVersion::OLDER);
        let refused: Vec<_> = older.diagnostics.iter().filter(is_error).collect();
        spare(&mut loaded.diagnostics, &refused);
    }
    loaded
}

/// Makes warnings of the errors that the older version does not make as well: `refused` are its errors.
fn spare(found: &mut [Diagnostic], refused: &[&Diagnostic]) {
    let place = |found: &Diagnostic| {
        let label = &found.primary;
        (label.source.name().to_owned(), label.span)
    };
    let refused: BTreeSet<_> = refused
        .iter()
        .map(|found| (found.rule.id, place(found)))
        .collect();
    for diagnostic in found {
        if diagnostic.severity == Severity::Error
            && !refused.contains(&(diagnostic.rule.id, place(diagnostic)))
        {
            diagnostic.severity = Severity::Warning;
            diagnostic.help.push(format!(
                "KEDA {} takes it, {} does not; --keda-version says which one is meant",
                KedaVersion::OLDER,
                KedaVersion::NEWEST
            ));
        }
    }
}

fn inspect_for(collected: Collected, version: KedaVersion) -> Loaded {
    let (resources, found) = api::decode(&collected.documents, &collected.diagnostics, version);
    let mut diagnostics = collected.diagnostics;
    diagnostics.extend(found);
    let local = scalers::LocalKnowledge {
        resources: &resources,
        version,
    };
    let jobs: Vec<&ScaledJob> = resources
        .scaled_jobs
        .iter()
        .chain(&resources.defective_jobs)
        .collect();
    let found = parallel::map(&jobs, |job| {
        let facts: Vec<_> = job
            .triggers
            .iter()
            .map(|trigger| facts(job, trigger, version))
            .collect();
        let credentials: Vec<_> = job.triggers.iter().map(scalers::credentials).collect();
        let mut found: Vec<Diagnostic> = job
            .triggers
            .iter()
            .flat_map(|trigger| scalers::check(trigger, job, &local))
            .collect();
        found.extend(rules::check(&rules::Subject {
            job,
            facts: &facts,
            credentials: &credentials,
            resources: &resources,
            version,
        }));
        found
    });
    diagnostics.extend(found.into_iter().flatten());
    diagnostics.extend(rules::check_all(&resources));
    diagnostics.extend(scalers::check_authentications(&local));
    diagnostics.extend(nothing_to_scale(
        &collected.sources,
        &resources,
        &diagnostics,
    ));
    scalers::correct_fixes(&mut diagnostics, &resources);
    diagnostic::sort(&mut diagnostics);
    rules::fold_placeholders(&mut diagnostics);
    rules::apply_ignores(&collected.comments, &mut diagnostics);
    scalers::conceal(&mut diagnostics, &collected.documents);
    diagnostic::sort(&mut diagnostics);
    Loaded {
        resources,
        diagnostics,
        sources: collected.sources,
        comments: collected.comments,
        documents: collected.documents,
    }
}

/// What the rules may know of a trigger. A value of its metadata that is no string is a finding of its own and not among the parameters,
/// which must not be taken for absent: a number may be the target, and another value may say what the reading counts.
fn facts(job: &ScaledJob, trigger: &Trigger, version: KedaVersion) -> Option<TriggerFacts> {
    let path = [
        Step::Key("spec".to_owned()),
        Step::Key("triggers".to_owned()),
        Step::Index(trigger.index),
        Step::Key("metadata".to_owned()),
    ];
    let entries = job.document.root.at(&path).map(Node::entries);
    let mut facts = scalers::facts(trigger, version)?;
    for entry in entries.unwrap_or_default() {
        match entry.value.value {
            Value::String(_) => {}
            Value::Number(_) => {
                facts.target = None;
                facts.activation = None;
            }
            _ => return None,
        }
    }
    Some(facts)
}

/// Reads `bytes` as one file and shows what is found in every form: what a fuzzer drives.
pub fn probe(bytes: Vec<u8>) -> usize {
    let mut collected = Collected::default();
    collected.add("input.yaml", bytes);
    let loaded = inspect(collected, None);
    let found = &loaded.diagnostics;
    diagnostic::human::render(found, false, diagnostic::human::DEFAULT_WIDTH).len()
        + diagnostic::concise::render(found).len()
        + diagnostic::github::render(found).len()
        + diagnostic::junit::render(found, &loaded.sources, Severity::Error).len()
        + diagnostic::json::to_json(found).to_string().len()
        + diagnostic::sarif::to_sarif(found, &rules::all())
            .to_string()
            .len()
}

/// A finding when the files hold nothing of KEDA's: most likely they are not the files that were meant.
fn nothing_to_scale(
    sources: &[Arc<SourceFile>],
    resources: &Resources,
    found: &[Diagnostic],
) -> Option<Diagnostic> {
    let empty = resources.scaled_jobs.is_empty()
        && resources.authentications.is_empty()
        && resources.left_to_keda.is_empty()
        && found
            .iter()
            .all(|diagnostic| diagnostic.severity != Severity::Error);
    let first = sources.first().filter(|_| empty)?;
    let kinds: Vec<&str> = resources.skipped.keys().map(String::as_str).collect();
    let message = if kinds.is_empty() {
        "no ScaledJob here".to_owned()
    } else {
        format!("no ScaledJob here, only {}", kinds.join(", "))
    };
    let label = Label::new(first, Span::default(), "");
    Some(
        Diagnostic::new(&catalog::NO_SCALED_JOB, message, label)
            .help("name a file or folder that holds a ScaledJob (keda.sh/v1alpha1)"),
    )
}

/// What triggers may refer to, and the objects that `plan` and `run` work on. Findings go to stderr; with an error among them nothing
/// is worked on, unless it only says what KEDA makes of an object.
pub(super) fn objects(
    context: &Context<'_>,
    paths: &[PathBuf],
    only: &[String],
) -> Result<(Resources, Vec<ScaledJob>), Error> {
    let mut loaded = load(paths, None)?;
    // Notes are for those who look at the manifest itself.
    let least = match (context.settings.talk.quiet, context.settings.talk.verbose) {
        (1.., _) => Severity::Error,
        (_, 0) => Severity::Warning,
        _ => Severity::Note,
    };
    let shown: Vec<Diagnostic> = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity >= least)
        .cloned()
        .collect();
    if !shown.is_empty() {
        say_always(render(&shown, context.settings.talk.color_stderr).trim_end());
    }
    let in_the_way: Vec<Diagnostic> = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| {
            diagnostic.severity != Severity::Error || !rules::is_workable(diagnostic.rule)
        })
        .cloned()
        .collect();
    let summary = Summary::of(&in_the_way);
    if summary.errors > 0 {
        return Err(Error::new(
            ErrorKind::File,
            format!("{summary} in the manifests: nothing was done"),
        )
        .hint("keda-jobs validate shows the same without a cluster"));
    }
    // An ignore comment hides a finding; it does not make an object that can be worked on.
    if let Some(job) = loaded.resources.defective_jobs.first() {
        let message = format!(
            "{:?} has errors that are ignored: nothing was done",
            job.name
        );
        return Err(Error::new(ErrorKind::File, message)
            .hint("remove the comments `# keda-jobs: ignore …` to see them"));
    }
    let all = std::mem::take(&mut loaded.resources.scaled_jobs);
    let (jobs, others): (Vec<ScaledJob>, Vec<ScaledJob>) =
        all.into_iter().partition(|job| is_named(job, only));
    if jobs.is_empty() {
        let message = match only {
            [] => "the given files hold no ScaledJob".to_owned(),
            names => format!(
                "the given files hold no object named {}",
                names.join(" or ")
            ),
        };
        let known: Vec<&str> = others.iter().map(|job| job.name.as_str()).collect();
        let error = Error::new(ErrorKind::File, message);
        return Err(if known.is_empty() {
            error
        } else {
            error.hint(format!("they hold {}", known.join(", ")))
        });
    }
    Ok((loaded.resources, jobs))
}

/// Whether `--object` means this one; everything is meant when nothing is named.
fn is_named(job: &ScaledJob, only: &[String]) -> bool {
    only.is_empty()
        || only.iter().any(|wanted| match wanted.split_once('/') {
            Some((namespace, name)) => {
                job.name == name && job.namespace.as_deref().unwrap_or("default") == namespace
            }
            None => job.name == *wanted,
        })
}

/// Findings as a compiler shows them, as wide as the terminal.
pub(super) fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    diagnostic::human::render(diagnostics, color, terminal_width())
}

/// Columns to write: `COLUMNS` where it is set, else 100.
pub(super) fn terminal_width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns >= 40)
        .unwrap_or(100)
}

/// The closing line of `validate`.
pub(super) fn verdict(loaded: &Loaded, summary: Summary) -> String {
    let resources = &loaded.resources;
    let files = count(loaded.sources.len(), "file", "files");
    let objects = count(
        resources.scaled_jobs.len(),
        "object that scales Jobs",
        "objects that scale Jobs",
    );
    let skipped: usize = resources.skipped.values().sum();
    let kinds: Vec<String> = resources
        .skipped
        .iter()
        .map(|(kind, times)| format!("{times} {kind}"))
        .collect();
    let mut text = if summary.errors > 0 {
        format!("{summary} in {files}")
    } else if summary.warnings + summary.notes > 0 {
        format!("{objects} in {files}: {summary}")
    } else {
        format!("{objects} in {files}: nothing to complain about")
    };
    if skipped > 0 {
        text.push_str("; skipped ");
        text.push_str(&kinds.join(", "));
    }
    text
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// Width of tables: the terminal's when stdout is one; a pipe gets lines as long as they need to be.
pub(super) fn table_width() -> Option<u16> {
    std::io::stdout()
        .is_terminal()
        .then(|| u16::try_from(terminal_width()).unwrap_or(u16::MAX))
}
