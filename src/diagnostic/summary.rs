//! Order and counts of findings.

use std::collections::HashMap;
use std::fmt;

use super::{Diagnostic, Severity};

/// How many findings there are of each severity. `Display` says `2 errors, 1 warning`, or `nothing found`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Findings that must be put right.
    pub errors: usize,
    /// Findings that probably should be.
    pub warnings: usize,
    /// Findings worth knowing.
    pub notes: usize,
}

impl Summary {
    /// Counts `diagnostics`.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| {
            diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            (self.errors, Severity::Error),
            (self.warnings, Severity::Warning),
            (self.notes, Severity::Note),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {}{plural}", severity.as_str())
        })
        .collect();
        if parts.is_empty() {
            formatter.write_str("nothing found")
        } else {
            formatter.write_str(&parts.join(", "))
        }
    }
}

/// Sorts by file (in the order in which the files first occur), then by place, then by rule, and removes repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    let mut order: HashMap<String, usize> = HashMap::new();
    for diagnostic in diagnostics.iter() {
        let next = order.len();
        order
            .entry(diagnostic.primary.source.name().to_owned())
            .or_insert(next);
    }
    diagnostics.sort_by_cached_key(|diagnostic| {
        (
            order
                .get(diagnostic.primary.source.name())
                .copied()
                .unwrap_or(usize::MAX),
            diagnostic.primary.span,
            diagnostic.rule.id,
        )
    });
    // A mistake behind an anchor is found once for every alias.
    diagnostics.dedup_by(|later, earlier| {
        later.rule == earlier.rule
            && later.primary.source.name() == earlier.primary.source.name()
            && later.primary.span == earlier.primary.span
            && later.message == earlier.message
    });
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn a_summary_counts_in_words() {
        let summary = |errors, warnings, notes| {
            Summary {
                errors,
                warnings,
                notes,
            }
            .to_string()
        };
        assert_eq!(summary(2, 1, 0), "2 errors, 1 warning");
        assert_eq!(summary(0, 0, 3), "3 notes");
        assert_eq!(summary(0, 0, 0), "nothing found");
    }
}
