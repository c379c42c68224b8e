//! Which findings are shown, how bad they are, and which of them make a run fail.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity, suggest};

/// The word that stands for every rule.
const ALL: &str = "all";

/// What the command line and the configuration file say about rules.
#[derive(Debug, Clone)]
pub struct Levels {
    /// A finding of this severity or a worse one fails the run.
    pub fail_on: Severity,
    /// Only these rules, or `all`; empty is all.
    pub select: Vec<String>,
    /// Not these rules, or `all` but those of `select`.
    pub ignore: Vec<String>,
    /// Severities that replace a rule's own.
    pub severity: BTreeMap<String, Severity>,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            fail_on: Severity::Error,
            select: Vec::new(),
            ignore: Vec::new(),
            severity: BTreeMap::new(),
        }
    }
}

impl Levels {
    /// Says which name is no rule, with a suggestion; a lower-case fragment.
    pub fn check(&self) -> Result<(), String> {
        for name in self.select.iter().chain(&self.ignore) {
            if name != ALL {
                known(name)?;
            }
        }
        for name in self.severity.keys() {
            known(name)?;
        }
        Ok(())
    }

    /// Leaves out what is not wanted and sets severities.
    pub fn apply(&self, found: &mut Vec<Diagnostic>) {
        if !self.select.is_empty() || !self.ignore.is_empty() {
            found.retain(|diagnostic| self.wants(diagnostic.rule.id));
        }
        if !self.severity.is_empty() {
            for diagnostic in found {
                if let Some(severity) = self.severity.get(diagnostic.rule.id) {
                    diagnostic.severity = *severity;
                }
            }
        }
    }

    /// A rule's own name beats `all`, and leaving out beats choosing.
    fn wants(&self, id: &str) -> bool {
        let names = |list: &[String], name: &str| list.iter().any(|entry| entry == name);
        if names(&self.ignore, id) {
            false
        } else if names(&self.select, id) {
            true
        } else if names(&self.ignore, ALL) {
            false
        } else {
            self.select.is_empty() || names(&self.select, ALL)
        }
    }

    /// Whether one of `found` fails the run.
    pub fn fails(&self, found: &[Diagnostic]) -> bool {
        found
            .iter()
            .any(|diagnostic| diagnostic.severity >= self.fail_on)
    }
}

/// Whether `id` is the id of a rule; the error says which one was probably meant.
pub fn known(id: &str) -> Result<(), String> {
    let rules = super::all();
    if rules.iter().any(|rule| rule.id == id) {
        return Ok(());
    }
    Err(match suggest(id, rules.iter().map(|rule| rule.id)) {
        Some(near) => format!("no rule is called {id:?}; did you mean {}?", near.word),
        None => format!("no rule is called {id:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::Levels;

    #[test]
    fn a_name_beats_all_and_leaving_out_beats_choosing() {
        let wants = |select: &[&str], ignore: &[&str], id: &str| {
            let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
            Levels {
                select: names(select),
                ignore: names(ignore),
                ..Levels::default()
            }
            .wants(id)
        };
        assert!(wants(&[], &[], "syntax"));
        assert!(!wants(&["syntax"], &[], "wrong-type"));
        assert!(wants(&["syntax"], &["all"], "syntax"));
        assert!(!wants(&["syntax"], &["all"], "wrong-type"));
        assert!(!wants(&["all"], &["syntax"], "syntax"));
        assert!(wants(&["all"], &["syntax"], "wrong-type"));
        assert!(!wants(&["syntax"], &["syntax"], "syntax"));
    }

    #[test]
    fn an_unknown_rule_is_named_with_a_suggestion() {
        let levels = Levels {
            ignore: vec!["unknown-filed".to_owned()],
            ..Levels::default()
        };
        let problem = levels.check().expect_err("no such rule");
        assert!(problem.contains("unknown-field"), "{problem}");
    }
}
