//! Workflow commands, which GitHub shows beside the lines of a change.

use std::fmt::Write as _;

use super::{Diagnostic, Severity, Summary, concise};

/// Annotations of one level that GitHub shows of one step; it drops the rest.
const SHOWN: usize = 10;

/// Renders `diagnostics`: up to ten of a level as annotations, what is more as plain lines of the log, and a line with the counts.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut output = String::new();
    let mut rest = String::new();
    let mut left_over = 0;
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_level = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity);
        for (index, diagnostic) in of_level.enumerate() {
            if index < SHOWN {
                output.push_str(&command(diagnostic));
                output.push('\n');
            } else {
                left_over += 1;
                rest.push_str(&plain(&concise::line(diagnostic)));
                rest.push('\n');
            }
        }
    }
    output.push_str(&rest);
    // Writing to a String cannot fail.
    let _ = write!(output, "keda-jobs: {}", Summary::of(diagnostics));
    if left_over > 0 {
        let _ = write!(
            output,
            "; {left_over} without an annotation: GitHub shows {SHOWN} of a level"
        );
    }
    output.push('\n');
    output
}

fn command(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let label = &diagnostic.primary;
    let start = label.source.position(label.span.start);
    let end = label.source.position(label.span.end);
    let mut properties = String::new();
    // Standard input is no file of the change.
    if label.source.name() != "<stdin>" {
        let _ = write!(properties, "file={},", property(label.source.name()));
    }
    let _ = write!(properties, "line={},endLine={}", start.line, end.line);
    // GitHub refuses columns of a place that goes over several lines.
    if start.line == end.line {
        let last = end.column.saturating_sub(1).max(start.column);
        let _ = write!(properties, ",col={},endColumn={last}", start.column);
    }
    let _ = write!(properties, ",title={}", property(diagnostic.rule.id));
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    if let Some(fix) = &diagnostic.fix {
        text.push_str("\nfix: ");
        text.push_str(&fix.description);
    }
    format!("::{level} {properties}::{}", data(&text))
}

/// A line of the log must not be taken for a command.
fn plain(line: &str) -> String {
    if line.trim_start().starts_with("::") || line.contains("##[") {
        format!("- {}", line.replace("##[", "## ["))
    } else {
        line.to_owned()
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Label, SourceFile, Span, catalog};
    use super::render;

    fn finding(name: &str, message: &str) -> Diagnostic {
        let source = SourceFile::new(name, "a: b\n");
        let label = Label::new(&source, Span { start: 3, end: 4 }, "");
        Diagnostic::new(&catalog::SYNTAX, message, label)
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let output = render(&[finding("a,b:c%.yaml", "one\n::error::two\r100%").help("do, it")]);
        assert_eq!(
            output.lines().next(),
            Some(
                "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=4,endColumn=4,title=syntax::one%0A::error::two%0D100%25%0Ahelp: do, it"
            )
        );
        assert_eq!(output.lines().count(), 2);
    }

    #[test]
    fn ten_of_a_level_are_annotations() {
        let many: Vec<Diagnostic> = (0..12).map(|_| finding("::a.yaml", "x")).collect();
        let output = render(&many);
        assert_eq!(
            output.lines().filter(|line| line.starts_with("::")).count(),
            10
        );
        assert!(output.ends_with(
            "keda-jobs: 12 errors; 2 without an annotation: GitHub shows 10 of a level\n"
        ));
    }
}
