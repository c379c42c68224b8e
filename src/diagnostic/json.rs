//! Diagnostics as versioned JSON: the twin of [`super::human`].

use serde_json::{Value, json};

use super::{Diagnostic, Fix, Label, Summary};

/// `apiVersion` of the list. A field may be added under the same version; none is removed or changes its meaning.
pub const API_VERSION: &str = "keda-jobs/v1";

/// A `DiagnosticList`: `apiVersion`, `kind`, `items`, `summary`. Lines and columns count from 1, columns in characters, ends are
/// excluded. Items keep the order of `diagnostics`; see [`super::sort`].
pub fn to_json(diagnostics: &[Diagnostic]) -> Value {
    let summary = Summary::of(diagnostics);
    json!({
        "apiVersion": API_VERSION,
        "kind": "DiagnosticList",
        "items": diagnostics.iter().map(item).collect::<Vec<_>>(),
        "summary": {
            "errors": summary.errors,
            "warnings": summary.warnings,
            "notes": summary.notes,
        },
    })
}

fn item(diagnostic: &Diagnostic) -> Value {
    json!({
        "rule": diagnostic.rule.id,
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "location": location(&diagnostic.primary),
        "label": diagnostic.primary.message,
        "related": diagnostic
            .related
            .iter()
            .map(|label| json!({"location": location(label), "message": label.message}))
            .collect::<Vec<_>>(),
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(fix),
    })
}

fn fix(fix: &Fix) -> Value {
    let edits: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            let label = Label::new(&edit.source, edit.span, "");
            json!({
                "location": location(&label),
                "startByte": edit.span.start,
                "endByte": edit.span.end,
                "replacement": edit.replacement,
            })
        })
        .collect();
    json!({"description": fix.description, "edits": edits})
}

fn location(label: &Label) -> Value {
    let start = label.source.position(label.span.start);
    let end = label.source.position(label.span.end);
    json!({
        "file": label.source.name(),
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Edit, Fix, Label, SourceFile, Span, catalog};
    use super::to_json;

    #[test]
    fn places_count_characters_and_fixes_count_bytes() {
        let source = SourceFile::new("a.yaml", "é: x\nb: yes\n");
        let span = Span { start: 9, end: 12 };
        let diagnostic = Diagnostic::new(
            &catalog::WRONG_TYPE,
            "wrong",
            Label::new(&source, span, "here"),
        )
        .related(Label::new(&source, Span { start: 0, end: 2 }, "there"))
        .help("do it")
        .fix(Fix {
            description: "quote it".to_owned(),
            edits: vec![Edit {
                source: source.clone(),
                span,
                replacement: "\"yes\"".to_owned(),
            }],
        });
        let json = to_json(&[diagnostic]);
        assert_eq!(json["apiVersion"], "keda-jobs/v1");
        assert_eq!(json["summary"]["errors"], 1);
        let item = &json["items"][0];
        assert_eq!(item["location"]["line"], 2);
        assert_eq!(item["location"]["column"], 4);
        assert_eq!(item["location"]["endColumn"], 7);
        assert_eq!(item["related"][0]["location"]["endColumn"], 2);
        assert_eq!(item["fix"]["edits"][0]["startByte"], 9);
    }
}
