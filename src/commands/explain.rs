//! `explain`: the doc of a rule, or the list of all rules.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Context, load, to_json};
use crate::cli::{ExplainArgs, ExplainOutput};
use crate::diagnostic::Rule;
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::rules;

/// Prints.
pub fn execute(context: &mut Context<'_>, args: &ExplainArgs) -> Result<ExitStatus, Error> {
    let all = rules::all();
    let text = match (&args.rule, args.output) {
        (None, ExplainOutput::Human) => list(&all),
        (None, ExplainOutput::Json) => to_json(&json!({
            "apiVersion": crate::diagnostic::json::API_VERSION,
            "kind": "RuleList",
            "items": all.iter().map(|rule| to_value(rule)).collect::<Vec<_>>(),
        }))?,
        (Some(id), output) => {
            let rule = find(&all, id)?;
            match output {
                ExplainOutput::Human => describe(rule),
                ExplainOutput::Json => {
                    let mut value = to_value(rule);
                    value["apiVersion"] = json!(crate::diagnostic::json::API_VERSION);
                    value["kind"] = json!("Rule");
                    to_json(&value)?
                }
            }
        }
    };
    context.print(&text)?;
    Ok(ExitStatus::Success)
}

fn find(all: &[&'static Rule], id: &str) -> Result<&'static Rule, Error> {
    // People copy `error[unknown-field]` out of a finding.
    let id = id.rsplit_once('[').map_or(id, |(_, id)| id);
    let id = id.trim_end_matches(']');
    rules::levels::known(id).map_err(|problem| {
        Error::new(ErrorKind::Usage, problem).hint("keda-jobs explain lists all rules")
    })?;
    all.iter()
        .find(|rule| rule.id == id)
        .copied()
        .ok_or_else(|| Error::new(ErrorKind::Internal, format!("the rule {id} is lost")))
}

fn list(all: &[&Rule]) -> String {
    let width = all.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in all {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {:7}  {}",
            rule.id,
            rule.severity.as_str(),
            rule.summary
        );
    }
    text
}

fn describe(rule: &Rule) -> String {
    let doc = &rule.doc;
    let width = load::terminal_width().min(100);
    let example = format!("    {}\n", doc.example.replace('\n', "\n    "));
    format!(
        "{}[{}]: {}\n\n{}\n\n{}\n\nExample:\n\n{example}\n{}\n\n{}\n",
        rule.severity.as_str(),
        rule.id,
        rule.summary,
        wrap("", doc.what, width),
        wrap("", doc.why, width),
        wrap("Fix: ", doc.fix, width),
        wrap("Source: ", doc.source, width),
    )
}

/// Breaks `text` between words into lines of at most `width` characters where its words permit.
fn wrap(before: &str, text: &str, width: usize) -> String {
    let mut output = before.to_owned();
    let mut column = before.chars().count();
    let mut is_first = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !is_first && column + 1 + length > width {
            output.push('\n');
            column = 0;
        } else if !is_first {
            output.push(' ');
            column += 1;
        }
        output.push_str(word);
        column += length;
        is_first = false;
    }
    output
}

fn to_value(rule: &Rule) -> Value {
    let doc = &rule.doc;
    json!({
        "id": rule.id,
        "severity": rule.severity.as_str(),
        "summary": rule.summary,
        "what": doc.what,
        "why": doc.why,
        "example": doc.example,
        "fix": doc.fix,
        "source": doc.source,
    })
}
