use super::super::{Diagnostic, Edit, Fix, Label, Severity, SourceFile, Span, catalog};
use super::render;

fn span(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span {
        start,
        end: start + part.len(),
    }
}

#[test]
fn a_finding_looks_as_in_rustc() {
    let text = "größe: 漢字\nname: a\nname: b\n";
    let source = SourceFile::new("dir/a.yaml", text);
    let second = Span { start: 24, end: 28 };
    assert_eq!(source.slice(second), "name");
    let diagnostic = Diagnostic::new(
        &catalog::DUPLICATE_KEY,
        "twice",
        Label::new(&source, second, "again"),
    )
    .related(Label::new(&source, span(text, "name"), "first"))
    .help("keep one")
    .fix(Fix {
        description: "rename it".to_owned(),
        edits: vec![Edit {
            source: source.clone(),
            span: second,
            replacement: "title".to_owned(),
        }],
    });
    let expected = "\
error[duplicate-key]: twice
 --> dir/a.yaml:3:1
  |
2 | name: a
  | ---- first
3 | name: b
  | ^^^^ again
  |
  = help: keep one
help: rename it
  |
3 - name: b
3 + title: b
  |

";
    assert_eq!(
        render(std::slice::from_ref(&diagnostic), false, 100),
        expected
    );
    assert!(render(&[diagnostic], true, 100).contains("\u{1b}["));
}

#[test]
fn places_in_other_files_and_at_the_end_are_shown() {
    let one = SourceFile::new("one.yaml", "a: 1");
    let two = SourceFile::new("two.yaml", "b: 2\n");
    let mut diagnostic = Diagnostic::new(
        &catalog::SYNTAX,
        "odd",
        Label::new(&one, Span { start: 4, end: 4 }, "ends"),
    )
    .related(Label::new(&two, Span { start: 0, end: 1 }, "there"));
    diagnostic.severity = Severity::Note;
    let shown = render(&[diagnostic], false, 100);
    assert!(
        shown.starts_with("note[syntax]: odd\n --> one.yaml:1:5\n"),
        "{shown}"
    );
    assert!(shown.contains("two.yaml:1:1"), "{shown}");
    let empty = SourceFile::new("empty.yaml", "");
    let label = Label::new(&empty, Span { start: 7, end: 9 }, "");
    let shown = render(
        &[Diagnostic::new(&catalog::SYNTAX, "empty", label)],
        false,
        100,
    );
    assert!(shown.contains("empty.yaml:1:1"), "{shown}");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = "a: \u{1b}[31m\u{9b}32m\u{7}\u{202e}\r\n";
    let source = SourceFile::new("a\u{1b}]0;b\u{9d}.yaml", text);
    let diagnostic = Diagnostic::new(
        &catalog::SYNTAX,
        format!("odd {text}"),
        Label::new(&source, span(text, "[31m"), text),
    )
    .help(text);
    let shown = render(&[diagnostic], false, 100);
    let bad = shown
        .chars()
        .find(|char| char.is_control() && *char != '\n' || *char == '\u{202e}');
    assert_eq!(bad, None, "{shown:?}");
}
