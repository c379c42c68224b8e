//! The rules that reading, decoding and the parameter checks report, one file a subject. Rules over whole objects lie in `rules/`.

mod fields;
mod objects;
mod parameters;
mod syntax;

pub use fields::{INVALID_VALUE, MISSING_FIELD, UNKNOWN_FIELD, WRONG_TYPE};
pub use objects::{DUPLICATE_OBJECT, NO_SCALED_JOB, NOT_A_JOB, UNSUPPORTED_DIALECT, V1_MEANING};
pub use parameters::{
    DEPRECATED_PARAMETER, INVALID_PARAMETER, MISSING_PARAMETER, NON_STRING_METADATA,
    SKIPPED_TRIGGER, UNKNOWN_PARAMETER, UNKNOWN_TRIGGER_TYPE, UNSUPPORTED_TRIGGER_TYPE,
};
pub use syntax::{DUPLICATE_KEY, SYNTAX, TOO_LARGE};

use super::Rule;

/// All rules of this catalog, sorted by id.
pub static RULES: &[&Rule] = &[
    &DEPRECATED_PARAMETER,
    &DUPLICATE_KEY,
    &DUPLICATE_OBJECT,
    &INVALID_PARAMETER,
    &INVALID_VALUE,
    &MISSING_FIELD,
    &MISSING_PARAMETER,
    &NO_SCALED_JOB,
    &NON_STRING_METADATA,
    &NOT_A_JOB,
    &SKIPPED_TRIGGER,
    &SYNTAX,
    &TOO_LARGE,
    &UNKNOWN_FIELD,
    &UNKNOWN_PARAMETER,
    &UNKNOWN_TRIGGER_TYPE,
    &UNSUPPORTED_DIALECT,
    &UNSUPPORTED_TRIGGER_TYPE,
    &V1_MEANING,
    &WRONG_TYPE,
];

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
