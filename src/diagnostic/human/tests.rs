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

/// A line with `count` findings, as a program writes JSON.
fn long_line(count: usize) -> (String, Vec<Diagnostic>) {
    let entries: Vec<String> = (0..count)
        .map(|at| format!("\"größe{at:04}\":1,"))
        .collect();
    let text = entries.concat();
    let source = SourceFile::new("a.json", text.clone());
    let first = Label::new(&source, span(&text, "\"größe0000\""), "first");
    let found = (1..count)
        .map(|at| {
            let name = format!("\"größe{at:04}\"");
            let span = span(&text, &name);
            Diagnostic::new(
                &catalog::DUPLICATE_KEY,
                "twice",
                Label::new(&source, span, "again"),
            )
            .related(first.clone())
            .fix(Fix {
                description: "rename it".to_owned(),
                edits: vec![Edit {
                    source: source.clone(),
                    span,
                    replacement: "\"b\"".to_owned(),
                }],
            })
        })
        .collect();
    (text, found)
}

#[test]
fn of_a_long_line_the_part_around_a_finding_is_shown() {
    let (text, found) = long_line(1000);
    let at = &found[599];
    let column = text[..at.primary.span.start].chars().count() + 1;
    for color in [false, true] {
        let shown = render(std::slice::from_ref(at), color, 100);
        assert!(shown.contains(&format!("a.json:1:{column}")), "{shown}");
        assert!(!shown.contains(&format!("a.json:1:{column}:")), "{shown}");
    }
    let shown = render(std::slice::from_ref(at), false, 100);
    for wanted in [
        "^^^^^^^^^^^ again",
        "::: a.json:1:1\n",
        "----------- first",
        "\n1 - ...",
        "...\n1 + ...",
    ] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
    assert!(
        shown.lines().all(|line| line.chars().count() < 120),
        "{shown}"
    );
}

#[test]
fn what_is_shown_does_not_grow_with_the_line() {
    let of_each = |count| {
        let (_, found) = long_line(count);
        render(&found, false, 100).len() / found.len()
    };
    let (few, many) = (of_each(500), of_each(2000));
    assert!(many < few + few / 10, "{few} bytes a finding, then {many}");
}

#[test]
fn a_long_value_is_shown_by_its_beginning() {
    let text = format!("a: {}\nb: 1\n", "x".repeat(10_000));
    let source = SourceFile::new("a.yaml", text.clone());
    let value = Span {
        start: 3,
        end: text.len() - "\nb: 1\n".len(),
    };
    let found = Diagnostic::new(&catalog::SYNTAX, "odd", Label::new(&source, value, "here"))
        .related(Label::new(&source, span(&text, "b"), "there"));
    let shown = render(&[found], false, 100);
    assert!(shown.len() < 2000, "{shown}");
    for wanted in [" a.yaml:1:4\n", "^ here", " a.yaml:2:1\n", "- there"] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
}
