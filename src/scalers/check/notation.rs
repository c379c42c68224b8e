//! What a value of the wrong notation was meant to be: `no` where Go's false is wanted, `0x10` where a JSON number is.
//!
//! The room that finds a value of metadata that is no string knows no parameters and offers to quote it as it is written. That is right for
//! texts. Of a switch or a number the quoted text must be one that KEDA reads, so the offer is looked at again here.

use crate::api::Resources;
use crate::diagnostic::{Diagnostic, Label, catalog};
use crate::manifest::{Node, Step, Value, read_plain};
use crate::scalers::params::{Kind, ParameterSpec, Source};
use crate::scalers::trigger_type;

/// What to write.
#[derive(Debug, PartialEq)]
pub(super) enum Meant {
    /// The text as it is.
    AsWritten,
    /// Another text for the same value.
    Text(String),
    /// Nobody can tell, or no text for it will do; a sentence that says so.
    Doubt(String),
}

/// What `written` was meant to be, which YAML reads as `value`, a boolean or a number.
pub(super) fn meant(spec: Option<&ParameterSpec>, written: &str, value: &Value) -> Meant {
    let Some(spec) = spec else {
        let is_word = matches!(value, Value::Bool(_))
            && !matches!(written.to_ascii_lowercase().as_str(), "true" | "false");
        return if is_word {
            Meant::Doubt(format!(
                "quote it if the text {written:?} is meant, and write \"{}\" if a switch is meant",
                plain(value)
            ))
        } else {
            Meant::AsWritten
        };
    };
    let Err(problem) = spec.parse(written) else {
        return Meant::AsWritten;
    };
    let text = plain(value);
    if is_octal_by_accident(written, value) {
        return Meant::Doubt(format!(
            "YAML reads {written} as the octal number {text}: write \"{text}\" if that is meant, else the number without the zero"
        ));
    }
    if spec.parse(&text).is_ok() {
        return Meant::Text(text);
    }
    Meant::Doubt(format!("parameter {} {problem}", spec.name()))
}

/// The one text of a boolean or a number that JSON and Go read too.
fn plain(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        _ => String::new(),
    }
}

/// `010` is 8; somebody who writes 10 with a zero before it does not know.
fn is_octal_by_accident(written: &str, value: &Value) -> bool {
    let digits = written.trim_start_matches(['+', '-']).replace('_', "");
    digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && value_of(value) != digits.parse().ok()
}

/// The magnitude of a whole number.
fn value_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_i64().map(i64::unsigned_abs),
        _ => None,
    }
}

/// What a text that does not parse was meant to be: `"no"`, `"1_000"`.
pub(super) fn meant_by_text(spec: &ParameterSpec, text: &str) -> Option<String> {
    if !matches!(
        spec.kind,
        Kind::Bool | Kind::Integer | Kind::Float | Kind::Duration
    ) {
        return None;
    }
    // `oN` is no word of YAML's, and no doubt what it means.
    let value = match read_plain(text) {
        Some(Value::String(_)) | None => read_plain(&text.to_ascii_lowercase()),
        value => value,
    };
    let value = value.filter(|value| matches!(value, Value::Bool(_) | Value::Number(_)))?;
    match meant(Some(spec), text, &value) {
        Meant::Text(text) => Some(text),
        Meant::AsWritten | Meant::Doubt(_) => None,
    }
}

/// Makes the fixes of values that are no strings right for the parameters that they stand for.
pub fn correct_fixes(found: &mut [Diagnostic], resources: &Resources) {
    let is_concerned = |diagnostic: &Diagnostic| diagnostic.rule == &catalog::NON_STRING_METADATA;
    if !found.iter().any(is_concerned) {
        return;
    }
    let triggers = [
        Step::Key("spec".to_owned()),
        Step::Key("triggers".to_owned()),
    ];
    for job in resources
        .scaled_jobs
        .iter()
        .chain(&resources.defective_jobs)
    {
        let triggers = job.document.root.at(&triggers).map(Node::items);
        for trigger in triggers.unwrap_or_default() {
            let kind = trigger
                .get("type")
                .and_then(Node::as_str)
                .and_then(trigger_type);
            let metadata = trigger.get("metadata").map(Node::entries);
            for entry in metadata.unwrap_or_default() {
                if !matches!(entry.value.value, Value::Bool(_) | Value::Number(_)) {
                    continue;
                }
                let place = Label::new(&job.document.source, entry.value.span, "");
                let spec = kind
                    .and_then(|kind| kind.parameter(&entry.key))
                    .filter(|spec| spec.reads(Source::Metadata));
                let written = place.source.slice(place.span);
                let meant = meant(spec, written, &entry.value.value);
                for diagnostic in found.iter_mut().filter(|one| is_concerned(one)) {
                    if diagnostic.primary.span == place.span
                        && diagnostic.primary.source.name() == place.source.name()
                    {
                        correct(diagnostic, &meant);
                    }
                }
            }
        }
    }
}

fn correct(diagnostic: &mut Diagnostic, meant: &Meant) {
    match meant {
        Meant::AsWritten => {}
        Meant::Text(text) => {
            if let Some(fix) = &mut diagnostic.fix {
                fix.description = format!("write \"{text}\"");
                for edit in &mut fix.edits {
                    edit.replacement = format!("\"{text}\"");
                }
            }
        }
        Meant::Doubt(help) => {
            diagnostic.fix = None;
            if !diagnostic.help.contains(help) {
                diagnostic.help.push(help.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Meant, meant, meant_by_text};
    use crate::manifest::{Value, read_plain};
    use crate::scalers::params::{Kind, ParameterSpec};

    fn of(kind: Kind, written: &str) -> Meant {
        let spec = ParameterSpec::new(&["x"], kind, "x");
        let value = read_plain(written).expect("a value");
        assert!(!matches!(value, Value::String(_)), "{written}");
        meant(Some(&spec), written, &value)
    }

    #[test]
    fn what_is_meant_depends_on_the_parameter() {
        let text = |text: &str| Meant::Text(text.to_owned());
        for (kind, written, wanted) in [
            (Kind::Bool, "no", text("false")),
            (Kind::Bool, "On", text("true")),
            (Kind::Bool, "y", text("true")),
            (Kind::Bool, "True", Meant::AsWritten),
            (Kind::Bool, "1", Meant::AsWritten),
            (Kind::String, "no", Meant::AsWritten),
            (Kind::String, "007", Meant::AsWritten),
            (Kind::String, "1_000", Meant::AsWritten),
            (Kind::List, "5", Meant::AsWritten),
            (Kind::Integer, "5", Meant::AsWritten),
            (Kind::Integer, "0x10", text("16")),
            (Kind::Integer, "0b11", text("3")),
            (Kind::Integer, "1_000", text("1000")),
            (Kind::Integer, "+5", text("5")),
            (Kind::Integer, "1e3", text("1000")),
            (Kind::Integer, "1.0", text("1")),
            (Kind::Integer, "007", text("7")),
            (Kind::Float, ".5", text("0.5")),
            (Kind::Float, "5.", text("5")),
            (Kind::Float, "1e3", Meant::AsWritten),
            (Kind::Duration, "1_000", text("1000")),
        ] {
            assert_eq!(of(kind, written), wanted, "{kind:?} {written}");
        }
        for (kind, written) in [
            (Kind::Integer, "010"),
            (Kind::Integer, "-0_17"),
            (Kind::Integer, "1.5"),
            (Kind::Integer, "yes"),
            (Kind::Bool, "2"),
        ] {
            let meant = of(kind, written);
            assert!(
                matches!(meant, Meant::Doubt(_)),
                "{kind:?} {written}: {meant:?}"
            );
        }
        let unknown = meant(None, "yes", &Value::Bool(true));
        assert!(matches!(unknown, Meant::Doubt(_)), "{unknown:?}");
        assert_eq!(meant(None, "true", &Value::Bool(true)), Meant::AsWritten);
    }

    #[test]
    fn quoted_words_are_understood_too() {
        let of = |kind, text| meant_by_text(&ParameterSpec::new(&["x"], kind, "x"), text);
        assert_eq!(of(Kind::Bool, "no").as_deref(), Some("false"));
        assert_eq!(of(Kind::Bool, "oN").as_deref(), Some("true"));
        assert_eq!(of(Kind::Integer, "1_000").as_deref(), Some("1000"));
        assert_eq!(of(Kind::Integer, "010"), None);
        assert_eq!(of(Kind::Integer, "5m"), None);
        assert_eq!(of(Kind::Integer, "yes"), None);
        assert_eq!(of(Kind::String, "no"), None);
    }
}
