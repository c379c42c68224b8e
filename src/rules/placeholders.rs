//! Values that nobody has filled in: `${NAME}`, `<name>` and `{{ … }}`. What is wrong with each of them is one thing.

use crate::diagnostic::{Diagnostic, Doc, Label, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&PLACEHOLDER];

static PLACEHOLDER: Rule = Rule {
    id: "placeholder",
    severity: Severity::Error,
    summary: "a placeholder that nothing has filled in",
    doc: Doc {
        what: "A value that is wrong as it stands is a placeholder: `${NAME}`, `<name>` or `{{ name }}`. All of a file are one finding. A \
               placeholder in a place that takes any text is none.",
        why: "The file is a template: the API server, KEDA and the source would get the placeholder itself.",
        example: "spec:\n  maxReplicaCount: ${MAX_REPLICAS}",
        fix: "Render the file first (`helm template`, `kustomize build`, `envsubst`) and give the result; write your own values for `<…>`.",
        source: "Kubernetes and KEDA expand nothing in a manifest",
    },
};

/// Of a file's errors at placeholders makes one, and of those of a template that is no YAML keeps the first.
pub fn fold(found: &mut Vec<Diagnostic>) {
    let mut folded: Vec<(Diagnostic, Vec<Kind>)> = Vec::new();
    let mut templates: Vec<String> = Vec::new();
    found.retain(|diagnostic| {
        if diagnostic.severity != Severity::Error {
            return true;
        }
        let place = &diagnostic.primary;
        let name = place.source.name();
        if diagnostic.rule.id == "syntax"
            && diagnostic
                .help
                .iter()
                .any(|help| help.contains("looks like a template"))
        {
            let is_first = !templates.iter().any(|other| other == name);
            templates.push(name.to_owned());
            return is_first;
        }
        let text = place.source.slice(place.span);
        let Some(kind) = kind(text) else { return true };
        let file = folded
            .iter_mut()
            .find(|(first, _)| first.primary.source.name() == name);
        if let Some((first, kinds)) = file {
            let is_new = first.primary.span != place.span
                && !first.related.iter().any(|other| other.span == place.span);
            if is_new {
                first
                    .related
                    .push(Label::new(&place.source, place.span, "another"));
                kinds.push(kind);
            }
        } else {
            let label = Label::new(&place.source, place.span, "nothing has filled it in");
            let message = format!("{} is a placeholder", shown(text, kind));
            let first = Diagnostic::new(&PLACEHOLDER, message, label);
            folded.push((first, vec![kind]));
        }
        false
    });
    for (mut diagnostic, kinds) in folded {
        let others = diagnostic.related.len();
        if others > 0 {
            let noun = if others == 1 { "one more" } else { "others" };
            let count = if others == 1 {
                String::new()
            } else {
                format!("{others} ")
            };
            diagnostic.message = format!("{}, and so are {count}{noun}", diagnostic.message);
            if others == 1 {
                diagnostic.message = diagnostic.message.replace("so are one", "so is one");
            }
        }
        if kinds.iter().any(|kind| *kind != Kind::Angles) {
            diagnostic.help.push(
                "render it first (helm template, kustomize build, envsubst) and give the result"
                    .to_owned(),
            );
        }
        if kinds.contains(&Kind::Angles) {
            diagnostic
                .help
                .push("write your own value where `<…>` stands".to_owned());
        }
        found.push(diagnostic);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dollar,
    Braces,
    Angles,
}

/// The placeholder without what stands beside it or is its default: that may be a credential.
fn shown(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Dollar => {
            let name: String = text
                .split_once("${")
                .map(|(_, rest)| rest)
                .unwrap_or_default()
                .chars()
                .take_while(|char| char.is_ascii_alphanumeric() || *char == '_')
                .collect();
            format!("${{{name}}}")
        }
        Kind::Braces => "{{ … }}".to_owned(),
        Kind::Angles => unquoted(text).to_owned(),
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

/// What kind of placeholder a value is or holds.
fn kind(text: &str) -> Option<Kind> {
    let text = unquoted(text);
    if text.contains('\n') {
        return None;
    }
    if let Some((_, rest)) = text.split_once("${")
        && let Some((name, _)) = rest.split_once('}')
        && name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
    {
        return Some(Kind::Dollar);
    }
    if let Some((_, rest)) = text.split_once("{{")
        && rest.contains("}}")
    {
        return Some(Kind::Braces);
    }
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let is_name =
        inner.starts_with(|char: char| char.is_alphanumeric()) && !inner.contains(['<', '>']);
    is_name.then_some(Kind::Angles)
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind, shown};

    #[test]
    fn a_default_is_not_shown() {
        assert_eq!(
            shown("\"${PASSWORD:-hunter2}\"", Kind::Dollar),
            "${PASSWORD}"
        );
    }

    #[test]
    fn placeholders_are_told_from_other_texts() {
        for (text, expected) in [
            ("${NAME}", Some(Kind::Dollar)),
            ("\"orders-${env:-dev}\"", Some(Kind::Dollar)),
            ("'{{ .Values.name }}'", Some(Kind::Braces)),
            ("a-{{x}}-b", Some(Kind::Braces)),
            ("<your-namespace>", Some(Kind::Angles)),
            ("<REPLACE ME>", Some(Kind::Angles)),
            ("$NAME", None),
            ("$(NAME)", None),
            ("${}", None),
            ("${1}", None),
            ("a<b>", None),
            ("<>", None),
            ("<a", None),
            ("{a: {b: c}}", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
