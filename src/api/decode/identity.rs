//! Names and namespaces of objects.

use std::sync::Arc;

use super::Kind;
use crate::api::names::{is_dns_label, is_dns_subdomain};
use crate::diagnostic::{Diagnostic, Label, Rule, SourceFile, Span, catalog};
use crate::manifest::{Document, Node, Value};

/// What every object says of itself.
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    /// Where the name stands.
    pub(super) span: Span,
}

/// Name and namespace, when they can be those of an object. [semantics §7.1]
pub(super) fn identity(
    document: &Document,
    shown: &Arc<SourceFile>,
    kind: Kind,
    found: &mut Vec<Diagnostic>,
) -> Option<Identity> {
    let metadata = document.root.entry("metadata")?;
    let mut report = |rule: &'static Rule, message: String, span, label: &str, help: &str| {
        let diagnostic = Diagnostic::new(rule, message, Label::new(shown, span, label));
        found.push(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help)
        });
    };
    if !matches!(metadata.value.value, Value::Mapping(_)) {
        return None;
    }
    let Some(name) = metadata
        .value
        .get("name")
        .filter(|name| name.value != Value::Null)
    else {
        let help = if metadata.value.get("generateName").is_some() {
            "`generateName` gives a new name at each creation; this object needs one that stays"
        } else {
            ""
        };
        report(
            &catalog::MISSING_FIELD,
            "`name` is missing in `metadata`".to_owned(),
            metadata.key_span,
            "needs `name`",
            help,
        );
        return None;
    };
    let text = name.as_str()?;
    let most = match kind {
        Kind::ScaledJob(_) => 63,
        _ => 253,
    };
    let mut is_right = true;
    if !is_dns_subdomain(text) {
        report(
            &catalog::INVALID_VALUE,
            format!("\"{text}\" cannot be the name of an object"),
            name.span,
            "expected lower-case letters, digits, `-` and `.`, a letter or digit at both ends",
            "",
        );
        is_right = false;
    } else if text.len() > most {
        report(
            &catalog::INVALID_VALUE,
            format!("the name has {} characters", text.len()),
            name.span,
            &format!("expected at most {most}"),
            if most == 63 {
                "the name becomes a label of every Job, and labels hold 63 characters"
            } else {
                ""
            },
        );
        is_right = false;
    }
    let namespace = metadata.value.get("namespace");
    if let Some(namespace) = namespace
        && let Some(text) = namespace.as_str()
        && !text.is_empty()
        && !is_dns_label(text)
    {
        report(
            &catalog::INVALID_VALUE,
            format!("\"{text}\" cannot be a namespace"),
            namespace.span,
            "expected at most 63 lower-case letters, digits and `-`, a letter or digit at both ends",
            "",
        );
        is_right = false;
    }
    is_right.then(|| Identity {
        name: text.to_owned(),
        namespace: namespace
            .and_then(Node::as_str)
            .filter(|namespace| !namespace.is_empty())
            .filter(|_| kind != Kind::ClusterTriggerAuthentication)
            .map(str::to_owned),
        span: name.span,
    })
}
