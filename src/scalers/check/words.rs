//! Words that were meant instead.

use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Span};
use crate::manifest::written_as_text;

/// The nearest of `candidates` and its distance, when it is near enough to be meant.
pub(super) fn nearest<'n>(
    text: &str,
    candidates: impl Iterator<Item = &'n str>,
) -> Option<(&'n str, usize)> {
    let limit = (text.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|name| {
            // A slip of the shift key is one mistake.
            let distance = if name.eq_ignore_ascii_case(text) {
                1
            } else {
                strsim::damerau_levenshtein(text, name)
            };
            (name, distance)
        })
        .filter(|(name, distance)| *distance > 0 && *distance <= limit && *name != text)
        .min_by_key(|(_, distance)| *distance)
}

/// `did you mean …?`, which is the fix where the distance leaves no doubt and a help elsewhere.
pub(super) fn suggest(
    diagnostic: Diagnostic,
    label: Label,
    name: &str,
    distance: usize,
) -> Diagnostic {
    let question = format!("did you mean {name:?}?");
    // One slip in four characters, two in eight: in a shorter word another one may be meant.
    let is_sure = distance <= 2 && distance * 4 <= name.chars().count();
    let mut diagnostic = if is_sure {
        replace(diagnostic, label, name)
    } else {
        diagnostic
    };
    match &mut diagnostic.fix {
        Some(fix) => fix.description = question,
        None => diagnostic.help.push(question),
    }
    diagnostic
}

/// With the fix to write `name` at `label`.
pub(super) fn replace(diagnostic: Diagnostic, label: Label, name: &str) -> Diagnostic {
    let written = label.source.slice(label.span);
    // Quotes stay as they are written.
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    if label.span == Span::default() {
        return diagnostic;
    }
    let replacement = match quote {
        Some(quote) => format!("{quote}{name}{quote}"),
        None => written_as_text(name),
    };
    diagnostic.fix(Fix {
        description: format!("write {name}"),
        edits: vec![Edit {
            source: label.source,
            span: label.span,
            replacement,
        }],
    })
}

/// The names that are `text` with words too many (`redis` for `redis-lists`), those of most words only; or else the names that `text` is
/// a part of (`aws-sqs-queue` for `sqs`).
pub(super) fn sharing_words<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(['-', '_', ' ']).collect();
    let (mut shorter, mut longer) = (Vec::new(), Vec::new());
    for name in names {
        let of_name: Vec<&str> = name.split('-').collect();
        if of_name.iter().all(|word| words.contains(word)) {
            shorter.push((of_name.len(), name));
        } else if words.iter().all(|word| of_name.contains(word)) {
            longer.push(name);
        }
    }
    let Some(most) = shorter.iter().map(|(words, _)| *words).max() else {
        return longer;
    };
    shorter.retain(|(words, _)| *words == most);
    shorter.into_iter().map(|(_, name)| name).collect()
}
