//! JUnit XML as CI servers read it: a suite a file, a test case a finding, and one that passes for a file without any.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Diagnostic, Severity, SourceFile, human};

/// Renders `diagnostics` of `sources`. A finding of `fail_on` or worse is a failed case; the others pass and say what they have to
/// say in their output.
pub fn render(
    diagnostics: &[Diagnostic],
    sources: &[Arc<SourceFile>],
    fail_on: Severity,
) -> String {
    let mut suites = String::new();
    let mut all_cases = 0;
    let mut all_failures = 0;
    for source in sources {
        let findings: Vec<&Diagnostic> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.primary.source.name() == source.name())
            .collect();
        let name = attribute(source.name());
        let mut cases = String::new();
        let mut failures = 0;
        if findings.is_empty() {
            let _ = writeln!(
                cases,
                "    <testcase name=\"validate\" classname=\"{name}\" time=\"0\"/>"
            );
        }
        for finding in &findings {
            let is_failure = finding.severity >= fail_on;
            failures += usize::from(is_failure);
            case(&mut cases, finding, &name, is_failure);
        }
        let tests = findings.len().max(1);
        all_cases += tests;
        all_failures += failures;
        let _ = write!(
            suites,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"0\">\n{cases}  </testsuite>\n"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"keda-jobs validate\" tests=\"{all_cases}\" failures=\"{all_failures}\" errors=\"0\" time=\"0\">\n{suites}</testsuites>\n"
    )
}

fn case(output: &mut String, finding: &Diagnostic, name: &str, is_failure: bool) {
    let place = finding.primary.source.position(finding.primary.span.start);
    let rule = finding.rule.id;
    let level = finding.severity.as_str();
    let shown = human::render(std::slice::from_ref(finding), false, human::DEFAULT_WIDTH);
    let shown = text(shown.trim_end());
    let _ = writeln!(
        output,
        "    <testcase name=\"{rule} at {}:{}\" classname=\"{name}\" time=\"0\">",
        place.line, place.column
    );
    if is_failure {
        let message = attribute(&finding.message);
        let _ = writeln!(
            output,
            "      <failure message=\"{message}\" type=\"{level}\">{shown}</failure>"
        );
    } else {
        let _ = writeln!(output, "      <system-out>{shown}</system-out>");
    }
    output.push_str("    </testcase>\n");
}

fn text(value: &str) -> String {
    let mut output = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            // Characters that no XML 1.0 document may hold.
            '\u{0}'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                output.push('\u{fffd}');
            }
            _ => output.push(char),
        }
    }
    output
}

fn attribute(value: &str) -> String {
    text(value)
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;")
}
