//! SARIF 2.1.0, which code scanning services take.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Diagnostic, Fix, Label, Rule, Severity, SourceFile, Span};

/// The log of one run. `rules` is every rule that there is; each finding's rule is among them.
pub fn to_sarif(diagnostics: &[Diagnostic], rules: &[&Rule]) -> Value {
    let index: HashMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id, index))
        .collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, &index, &mut seen))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "keda-jobs",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| describe(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn describe(rule: &Rule) -> Value {
    let doc = &rule.doc;
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": doc.what},
        "help": {
            "text": format!(
                "{}\n\n{}\n\nExample:\n\n{}\n\nFix: {}\n\nSource: {}",
                doc.what, doc.why, doc.example, doc.fix, doc.source
            ),
            "markdown": format!(
                "{}\n\n{}\n\n```yaml\n{}\n```\n\n**Fix:** {}\n\n*Source: {}*",
                doc.what, doc.why, doc.example, doc.fix, doc.source
            ),
        },
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(
    diagnostic: &Diagnostic,
    index: &HashMap<&str, usize>,
    seen: &mut HashMap<String, usize>,
) -> Value {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(diagnostic.rule.id));
    if let Some(index) = index.get(diagnostic.rule.id) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level(diagnostic.severity)));
    result.insert("message".to_owned(), json!({"text": text}));
    result.insert(
        "locations".to_owned(),
        json!([location(&diagnostic.primary, None)]),
    );
    if !diagnostic.related.is_empty() {
        let related: Vec<Value> = diagnostic
            .related
            .iter()
            .enumerate()
            .map(|(id, label)| location(label, Some(id)))
            .collect();
        result.insert("relatedLocations".to_owned(), json!(related));
    }
    result.insert(
        "partialFingerprints".to_owned(),
        json!({"keda-jobs/v1": fingerprint(diagnostic, seen)}),
    );
    if let Some(fix) = &diagnostic.fix {
        result.insert("fixes".to_owned(), json!([to_fix(fix)]));
    }
    Value::Object(result)
}

fn location(label: &Label, id: Option<usize>) -> Value {
    let mut location = Map::new();
    if let Some(id) = id {
        location.insert("id".to_owned(), json!(id));
    }
    location.insert(
        "physicalLocation".to_owned(),
        json!({
            "artifactLocation": {"uri": uri(label.source.name())},
            "region": region(&label.source, label.span),
        }),
    );
    if !label.message.is_empty() {
        location.insert("message".to_owned(), json!({"text": label.message}));
    }
    Value::Object(location)
}

/// Lines and columns from 1, the end column one past the last character.
fn region(source: &SourceFile, span: Span) -> Value {
    let start = source.position(span.start);
    let end = source.position(span.end);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn to_fix(fix: &Fix) -> Value {
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let replacement = json!({
            "deletedRegion": region(&edit.source, edit.span),
            "insertedContent": {"text": edit.replacement},
        });
        let name = edit.source.name();
        match changes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((name, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(name, replacements)| {
            json!({"artifactLocation": {"uri": uri(name)}, "replacements": replacements})
        })
        .collect();
    json!({"description": {"text": fix.description}, "artifactChanges": changes})
}

/// Stays the same when lines above come or go: rule, file, the text of the line, and which of such findings it is.
fn fingerprint(diagnostic: &Diagnostic, seen: &mut HashMap<String, usize>) -> String {
    let label = &diagnostic.primary;
    let text = label.source.text();
    let at = text.floor_char_boundary(label.span.start.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |found| at + found);
    let key = format!(
        "{}\0{}\0{}\0{}",
        diagnostic.rule.id,
        label.source.name(),
        text[start..end].trim(),
        diagnostic.message,
    );
    let times = seen.entry(key.clone()).or_insert(0);
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(times.to_le_bytes());
    *times += 1;
    let mut output = String::with_capacity(32);
    for byte in hash.finalize().iter().take(16) {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(output, "{byte:02x}");
    }
    output
}

/// A path as a reference: relative ones stay so, absolute ones become `file://`.
fn uri(name: &str) -> String {
    if name == "<stdin>" {
        return "stdin".to_owned();
    }
    let mut output = String::new();
    if name.starts_with('/') {
        output.push_str("file://");
    }
    for byte in name.bytes() {
        let byte = if byte == b'\\' && cfg!(windows) {
            b'/'
        } else {
            byte
        };
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            output.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(output, "%{byte:02X}");
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Label, SourceFile, Span, catalog};
    use super::{to_sarif, uri};

    #[test]
    fn fingerprints_survive_lines_above() {
        let finding = |text: &str, start| {
            let source = SourceFile::new("a.yaml", text);
            let label = Label::new(
                &source,
                Span {
                    start,
                    end: start + 1,
                },
                "",
            );
            Diagnostic::new(&catalog::SYNTAX, "wrong", label)
        };
        let print = |log: serde_json::Value, index: usize| {
            log["runs"][0]["results"][index]["partialFingerprints"]["keda-jobs/v1"].clone()
        };
        let one = to_sarif(&[finding("b: x\n", 3)], catalog::RULES);
        let two = to_sarif(
            &[finding("a: 1\n\nb: x\n", 9), finding("a: 1\n\nb: x\n", 9)],
            catalog::RULES,
        );
        assert_eq!(print(one, 0), print(two.clone(), 0));
        assert_ne!(print(two.clone(), 0), print(two, 1));
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(uri("/tmp/x.yaml"), "file:///tmp/x.yaml");
    }
}
