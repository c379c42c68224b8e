//! Making fixes in a text.

use super::{Edit, Fix, SourceFile, Span};

/// The text of `source` after those of `fixes` that concern it, and how many were made; `None` when none could be. A fix is made
/// whole or not at all; one that overlaps an earlier one is left for a later round. Edits that were made for a masked copy of the text
/// are made only where the copy shows the text itself.
pub fn apply(source: &SourceFile, fixes: &[&Fix]) -> Option<(String, usize)> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut made = 0;
    for fix in fixes {
        let is_possible = !fix.edits.is_empty()
            && fix.edits.iter().all(|edit| {
                edit.source.name() == source.name()
                    && source.text().get(edit.span.start..edit.span.end)
                        == edit.source.text().get(edit.span.start..edit.span.end)
                    && source.text().get(edit.span.start..edit.span.end).is_some()
                    && !taken.iter().any(|other| overlap(other.span, edit.span))
            });
        if is_possible {
            taken.extend(&fix.edits);
            made += 1;
        }
    }
    if made == 0 {
        return None;
    }
    taken.sort_by_key(|edit| edit.span.start);
    let mut text = String::with_capacity(source.text().len());
    let mut at = 0;
    for edit in taken {
        text.push_str(source.text().get(at..edit.span.start)?);
        text.push_str(&edit.replacement);
        at = edit.span.end;
    }
    text.push_str(source.text().get(at..)?);
    Some((text, made))
}

/// Two edits that touch are no sure neighbours either.
fn overlap(one: Span, other: Span) -> bool {
    one.start <= other.end && other.start <= one.end
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Fix, SourceFile, Span};
    use super::apply;

    #[test]
    fn the_first_of_two_overlapping_fixes_wins() {
        let source = SourceFile::new("a", "one two three");
        let fix = |start, end, replacement: &str| Fix {
            description: String::new(),
            edits: vec![Edit {
                source: source.clone(),
                span: Span { start, end },
                replacement: replacement.to_owned(),
            }],
        };
        let fixes = [fix(4, 7, "2"), fix(5, 9, "x"), fix(0, 3, "1")];
        let fixes: Vec<&Fix> = fixes.iter().collect();
        assert_eq!(apply(&source, &fixes), Some(("1 2 three".to_owned(), 2)));
    }

    #[test]
    fn masked_text_is_never_written() {
        let source = SourceFile::new("a", "key: secret");
        let masked = source.masked(&[Span { start: 5, end: 11 }]);
        let fix = Fix {
            description: String::new(),
            edits: vec![Edit {
                source: masked,
                span: Span { start: 5, end: 11 },
                replacement: "\"******\"".to_owned(),
            }],
        };
        assert_eq!(apply(&source, &[&fix]), None);
    }
}
