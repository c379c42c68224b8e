//! `# keda-jobs: ignore RULE[,RULE] reason` in a manifest.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Doc, Label, Rule, Severity, Span, suggest};
use crate::manifest::{Comment, Scope};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&UNEXPLAINED_IGNORE, &UNKNOWN_IGNORE, &UNUSED_IGNORE];

static UNUSED_IGNORE: Rule = Rule {
    id: "unused-ignore",
    severity: Severity::Note,
    summary: "an ignore comment hits nothing",
    doc: Doc {
        what: "A comment `# keda-jobs: ignore RULE` stands where RULE finds nothing. It counts for its own line, alone on a line for the \
               next one, and before the first key of a document for the whole document.",
        why: "It would hide a mistake that is made there later.",
        example: "# keda-jobs: ignore unknown-field left from a ScaledObject\nspec:\n  maxReplicaCount: 5",
        fix: "Remove the comment, or move it to the line that is shown for the finding.",
        source: "keda-jobs",
    },
};

static UNKNOWN_IGNORE: Rule = Rule {
    id: "unknown-ignore",
    severity: Severity::Warning,
    summary: "an ignore comment names no rule that exists",
    doc: Doc {
        what: "The word after `ignore` is not the id of a rule, or the word after `keda-jobs:` is a slip of `ignore`.",
        why: "Nothing is ignored by it.",
        example: "maxReplicas: 5 # keda-jobs: ignore unknown-filed",
        fix: "Write the id as it stands in brackets behind the level of a finding; `keda-jobs explain` lists them all.",
        source: "keda-jobs",
    },
};

static UNEXPLAINED_IGNORE: Rule = Rule {
    id: "unexplained-ignore",
    severity: Severity::Note,
    summary: "an ignore comment does not say why",
    doc: Doc {
        what: "Nothing follows the ids of the rules in a comment `# keda-jobs: ignore RULE`.",
        why: "Whoever reads it later cannot tell whether it still holds.",
        example: "cooldownPeriod: 300 # keda-jobs: ignore unknown-field",
        fix: "Write the reason behind the rule: `# keda-jobs: ignore unknown-field shared with a ScaledObject`.",
        source: "keda-jobs",
    },
};

/// One rule that a comment ignores.
struct Ignore<'a> {
    comment: &'a Comment,
    rule: &'static str,
    is_used: bool,
}

/// Takes out of `found` what the comments ignore, and adds what is to be said about the comments themselves.
pub fn apply(comments: &[Comment], found: &mut Vec<Diagnostic>) {
    if comments.is_empty() {
        return;
    }
    let rules = super::all();
    let mut ignores = Vec::new();
    let mut said = Vec::new();
    for comment in comments {
        read(comment, &rules, &mut ignores, &mut said);
    }
    retain(&mut ignores, found);
    // Whether the cluster finds something is not known while it is not asked.
    let is_online = |id| super::online::RULES.iter().any(|rule| rule.id == id);
    for ignore in ignores
        .iter()
        .filter(|ignore| !ignore.is_used && !is_online(ignore.rule))
    {
        let place = match ignore.comment.scope {
            Scope::Line(line) => format!("line {line}"),
            Scope::Document(_) => "this document".to_owned(),
        };
        let message = format!("{} finds nothing in {place}", ignore.rule);
        said.push(
            Diagnostic::new(&UNUSED_IGNORE, message, label(ignore.comment, ""))
                .help("remove the comment"),
        );
    }
    found.append(&mut said);
}

/// Takes out of `found` what the comments ignore, and says nothing about the comments.
pub fn take(comments: &[Comment], found: &mut Vec<Diagnostic>) {
    if comments.is_empty() {
        return;
    }
    let rules = super::all();
    let mut ignores = Vec::new();
    for comment in comments {
        read(comment, &rules, &mut ignores, &mut Vec::new());
    }
    retain(&mut ignores, found);
}

fn retain(ignores: &mut [Ignore<'_>], found: &mut Vec<Diagnostic>) {
    found.retain(|diagnostic| {
        let mut is_kept = true;
        for ignore in &mut *ignores {
            if ignore.rule == diagnostic.rule.id && covers(ignore.comment, &diagnostic.primary) {
                ignore.is_used = true;
                is_kept = false;
            }
        }
        is_kept
    });
}

fn covers(comment: &Comment, place: &Label) -> bool {
    comment.source.name() == place.source.name()
        && match comment.scope {
            Scope::Line(line) => place.source.position(place.span.start).line == line,
            Scope::Document(span) => (span.start..=span.end).contains(&place.span.start),
        }
}

/// A place in front of a comment may hold a Secret's value, so no more than the comment is shown of a file that has one.
fn label(comment: &Comment, message: &str) -> Label {
    let text = comment.source.text();
    let start = comment.span.start;
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = Span {
        start: line,
        end: start,
    };
    let source = if text.contains("Secret") && !text[line..start].trim().is_empty() {
        comment.source.masked(&[before])
    } else {
        Arc::clone(&comment.source)
    };
    Label::new(&source, comment.span, message)
}

fn read<'a>(
    comment: &'a Comment,
    rules: &[&'static Rule],
    ignores: &mut Vec<Ignore<'a>>,
    said: &mut Vec<Diagnostic>,
) {
    let mut words = comment.text.split_whitespace();
    let instruction = words.next().unwrap_or_default();
    if instruction != "ignore" {
        // Other sentences about the program are not for it.
        if suggest(instruction, ["ignore"]).is_some() {
            let message = format!("`{}` is no instruction", shorten(instruction));
            said.push(
                Diagnostic::new(&UNKNOWN_IGNORE, message, label(comment, ""))
                    .help("write `ignore`"),
            );
        }
        return;
    }
    let mut names = String::new();
    for word in words.by_ref() {
        names.push_str(word);
        if !word.ends_with(',') {
            break;
        }
    }
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        said.push(
            Diagnostic::new(&UNKNOWN_IGNORE, "no rule is named", label(comment, ""))
                .help("write the id of a rule behind `ignore`"),
        );
        return;
    }
    if words.next().is_none() {
        said.push(
            Diagnostic::new(
                &UNEXPLAINED_IGNORE,
                format!("why {} is ignored is not said", names.join(" and ")),
                label(comment, ""),
            )
            .help("write the reason behind the rule"),
        );
    }
    for name in names {
        if let Some(rule) = rules.iter().find(|rule| rule.id == name) {
            ignores.push(Ignore {
                comment,
                rule: rule.id,
                is_used: false,
            });
            continue;
        }
        let diagnostic = Diagnostic::new(
            &UNKNOWN_IGNORE,
            format!("no rule is called `{}`", shorten(name)),
            label(comment, ""),
        );
        let near = suggest(name, rules.iter().map(|rule| rule.id));
        said.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{}`?", near.word)),
            None => diagnostic.help("`keda-jobs explain` lists all rules"),
        });
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}
