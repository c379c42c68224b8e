//! One line a finding: `file:line:column: level[rule] text`, as editors and grep read it.

use super::Diagnostic;
use super::human::clean;

/// Renders `diagnostics` in their order, a line each.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut output = String::new();
    for diagnostic in diagnostics {
        output.push_str(&line(diagnostic));
        output.push('\n');
    }
    output
}

/// One finding without the line break.
pub(super) fn line(diagnostic: &Diagnostic) -> String {
    let place = diagnostic
        .primary
        .source
        .position(diagnostic.primary.span.start);
    format!(
        "{}:{}:{}: {}[{}] {}",
        clean(diagnostic.primary.source.name()),
        place.line,
        place.column,
        diagnostic.severity.as_str(),
        diagnostic.rule.id,
        clean(&diagnostic.message)
    )
}
