//! Every rule that exists, in one table sorted by id.

use super::{Rule, Severity};

macro_rules! rules {
    ($($name:ident = $severity:ident $id:literal $summary:literal;)*) => {
        $(#[doc = $summary] pub static $name: Rule = Rule { id: $id, severity: Severity::$severity, summary: $summary };)*
        /// All rules, sorted by id.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    DUPLICATE_KEY = Error "duplicate-key" "a mapping names the same key twice";
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
    V1_MEANING = Warning "v1-meaning" "a field of an older dialect means something else in a ScaledJob";
    WRONG_TYPE = Error "wrong-type" "a value is not of the type that the field has";
}
