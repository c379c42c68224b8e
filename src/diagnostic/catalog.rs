//! Every rule that exists, in one table sorted by id.

use super::{Doc, Rule, Severity};

macro_rules! rules {
    ($($name:ident = $severity:ident $id:literal $summary:literal;)*) => {
        $(#[doc = $summary]
        #[allow(clippy::doc_markdown, reason = "summaries are shown to people as they are")]
        pub static $name: Rule = Rule { id: $id, severity: Severity::$severity, summary: $summary, doc: Doc::EMPTY };)*
        /// All rules, sorted by id.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    DEPRECATED_PARAMETER = Warning "deprecated-parameter" "KEDA still reads a trigger parameter and advises against it";
    DUPLICATE_KEY = Error "duplicate-key" "a mapping names the same key twice";
    DUPLICATE_OBJECT = Error "duplicate-object" "two manifests describe the same object";
    INVALID_PARAMETER = Error "invalid-parameter" "a trigger parameter does not have the type or value that the trigger reads";
    INVALID_VALUE = Error "invalid-value" "a field has the right type and a value that is not allowed";
    MISSING_FIELD = Error "missing-field" "a required field is absent";
    MISSING_PARAMETER = Error "missing-parameter" "a trigger lacks a parameter that it needs";
    NO_SCALED_JOB = Error "no-scaled-job" "the files hold no object that this tool can scale";
    NON_STRING_METADATA = Error "non-string-metadata" "trigger metadata holds a value that YAML does not read as a string";
    NOT_A_JOB = Note "not-a-job" "a ScaledObject scales a Deployment or another resource and is left to KEDA";
    SKIPPED_TRIGGER = Warning "skipped-trigger" "a trigger that has no effect on a ScaledJob";
    SYNTAX = Error "syntax" "the text is not YAML or JSON";
    TOO_LARGE = Error "too-large" "a file is larger, deeper or more aliased than any manifest";
    UNKNOWN_FIELD = Error "unknown-field" "the API server knows no such field";
    UNKNOWN_PARAMETER = Error "unknown-parameter" "the trigger reads no such parameter";
    UNKNOWN_TRIGGER_TYPE = Error "unknown-trigger-type" "KEDA has no such trigger type";
    UNSUPPORTED_DIALECT = Error "unsupported-dialect" "an object of a dialect that cannot become a ScaledJob";
    UNSUPPORTED_TRIGGER_TYPE = Warning "unsupported-trigger-type" "keda-jobs cannot read this trigger type of KEDA yet";
    V1_MEANING = Warning "v1-meaning" "a field of an older dialect means something else in a ScaledJob";
    WRONG_TYPE = Error "wrong-type" "a value is not of the type that the field has";
}

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn ids_are_sorted_unique_and_kebab_case() {
        for pair in RULES.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} {}", pair[0].id, pair[1].id);
        }
        for rule in RULES {
            let is_kebab = rule
                .id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            assert!(is_kebab && !rule.summary.ends_with('.'), "{}", rule.id);
        }
    }
}
