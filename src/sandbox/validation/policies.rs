//! `podFailurePolicy`, `successPolicy` and `podReplacementPolicy`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{indexes, names, object};

const MOST_RULES: usize = 20;
const MOST_CODES: usize = 255;

/// Checks `podFailurePolicy` and the replacement policy that goes with it.
pub(super) fn failure(spec: &Value, errors: &mut FieldErrors) {
    let replacement = object::text(spec, "/podReplacementPolicy");
    let policy = spec
        .get("podFailurePolicy")
        .filter(|policy| policy.is_object());
    let supported: &[&str] = if policy.is_some() {
        &["Failed"]
    } else {
        &["Failed", "TerminatingOrFailed"]
    };
    if !supported.contains(&replacement) {
        errors.unsupported("spec.podReplacementPolicy", replacement, supported);
    }
    let Some(policy) = policy else { return };
    if object::text(spec, "/template/spec/restartPolicy") != "Never" {
        errors.invalid(
            "spec.template.spec.restartPolicy",
            object::text(spec, "/template/spec/restartPolicy"),
            "only \"Never\" is supported when podFailurePolicy is specified",
        );
    }
    let rules = object::list(policy, "/rules");
    if rules.len() > MOST_RULES {
        errors.too_many("spec.podFailurePolicy.rules", rules.len(), MOST_RULES);
    }
    let containers: BTreeSet<&str> = ["/template/spec/containers", "/template/spec/initContainers"]
        .iter()
        .flat_map(|pointer| object::list(spec, pointer))
        .map(|container| object::text(container, "/name"))
        .collect();
    for (index, rule) in rules.iter().enumerate() {
        failure_rule(
            spec,
            rule,
            &format!("spec.podFailurePolicy.rules[{index}]"),
            &containers,
            errors,
        );
    }
}

fn failure_rule(
    spec: &Value,
    rule: &Value,
    path: &str,
    containers: &BTreeSet<&str>,
    errors: &mut FieldErrors,
) {
    let per_index = spec
        .get("backoffLimitPerIndex")
        .is_some_and(|limit| !limit.is_null());
    let mut actions = vec!["Count", "FailIndex", "FailJob", "Ignore"];
    if !per_index {
        actions.retain(|action| *action != "FailIndex");
    }
    match object::text(rule, "/action") {
        "" => errors.required(
            format!("{path}.action"),
            &format!("valid values: {actions:?}"),
        ),
        "FailIndex" if !per_index => errors.invalid(
            format!("{path}.action"),
            "FailIndex",
            "requires the backoffLimitPerIndex to be set",
        ),
        action if !actions.contains(&action) => {
            errors.unsupported(format!("{path}.action"), action, &actions);
        }
        _ => {}
    }
    let codes = rule.get("onExitCodes").filter(|codes| codes.is_object());
    let conditions = object::list(rule, "/onPodConditions");
    match (codes, conditions.is_empty()) {
        (Some(_), false) => errors.invalid(
            path,
            rule.clone(),
            "specifying both OnExitCodes and OnPodConditions is not supported",
        ),
        (None, true) => {
            errors.invalid(
                path,
                rule.clone(),
                "specifying one of OnExitCodes and OnPodConditions is required",
            );
        }
        _ => {}
    }
    if let Some(codes) = codes {
        exit_codes(codes, &format!("{path}.onExitCodes"), containers, errors);
    }
    if conditions.len() > MOST_RULES {
        errors.too_many(
            format!("{path}.onPodConditions"),
            conditions.len(),
            MOST_RULES,
        );
    }
    for (index, condition) in conditions.iter().enumerate() {
        let field = format!("{path}.onPodConditions[{index}]");
        for why in names::qualified_name(object::text(condition, "/type")) {
            errors.invalid(
                format!("{field}.type"),
                object::text(condition, "/type"),
                why,
            );
        }
        match object::text(condition, "/status") {
            "" => errors.required(
                format!("{field}.status"),
                "valid values: [\"False\" \"True\" \"Unknown\"]",
            ),
            "True" | "False" | "Unknown" => {}
            other => errors.unsupported(
                format!("{field}.status"),
                other,
                &["False", "True", "Unknown"],
            ),
        }
    }
}

fn exit_codes(codes: &Value, path: &str, containers: &BTreeSet<&str>, errors: &mut FieldErrors) {
    let operator = object::text(codes, "/operator");
    match operator {
        "" => errors.required(
            format!("{path}.operator"),
            "valid values: [\"In\" \"NotIn\"]",
        ),
        "In" | "NotIn" => {}
        other => errors.unsupported(format!("{path}.operator"), other, &["In", "NotIn"]),
    }
    if let Some(name) = codes.get("containerName").and_then(Value::as_str)
        && !containers.contains(name)
    {
        errors.invalid(
            format!("{path}.containerName"),
            name,
            "must be one of the container or initContainer names in the pod template",
        );
    }
    let values = object::list(codes, "/values");
    if values.is_empty() {
        errors.invalid(
            format!("{path}.values"),
            Value::Array(Vec::new()),
            "at least one value is required",
        );
    } else if values.len() > MOST_CODES {
        errors.too_many(format!("{path}.values"), values.len(), MOST_CODES);
    }
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        let number = value.as_i64().unwrap_or(0);
        if operator == "In" && number == 0 {
            errors.invalid(
                format!("{path}.values[{index}]"),
                0,
                "must not be 0 for the In operator",
            );
        }
        if !seen.insert(number) {
            errors.duplicate(format!("{path}.values[{index}]"), number);
        }
    }
    if !values
        .windows(2)
        .all(|pair| pair[0].as_i64() <= pair[1].as_i64())
    {
        errors.invalid(
            format!("{path}.values"),
            Value::Array(values.to_vec()),
            "must be ordered",
        );
    }
}

/// Checks `successPolicy`.
pub(super) fn success(spec: &Value, errors: &mut FieldErrors) {
    let Some(policy) = spec
        .get("successPolicy")
        .filter(|policy| policy.is_object())
    else {
        return;
    };
    if object::text(spec, "/completionMode") != "Indexed" {
        errors.invalid(
            "spec.successPolicy",
            policy.clone(),
            "requires indexed completion mode",
        );
        return;
    }
    let path = "spec.successPolicy.rules";
    let rules = object::list(policy, "/rules");
    if rules.is_empty() {
        errors.required(
            path,
            "at least one rules must be specified when the successPolicy is specified",
        );
    } else if rules.len() > MOST_RULES {
        errors.too_many(path, rules.len(), MOST_RULES);
    }
    let completions = object::number(spec, "/completions").unwrap_or(0);
    for (index, rule) in rules.iter().enumerate() {
        let field = format!("{path}[{index}]");
        let given = rule.get("succeededIndexes").and_then(Value::as_str);
        let count = object::number(rule, "/succeededCount");
        if given.is_none() && count.is_none() {
            errors.required(
                &field,
                "at least one of succeededCount or succeededIndexes must be specified",
            );
        }
        let mut total = None;
        if let Some(text) = given {
            match indexes::parse(text) {
                Some(set)
                    if set
                        .iter()
                        .next_back()
                        .is_none_or(|last| i64::from(*last) < completions) =>
                {
                    total = i64::try_from(set.len()).ok();
                }
                Some(_) => errors.invalid(
                    format!("{field}.succeededIndexes"),
                    text,
                    "succeededIndexes contains an index outside of the completions",
                ),
                None => errors.invalid(
                    format!("{field}.succeededIndexes"),
                    text,
                    "error parsing succeededIndexes: cannot convert string to integer for index",
                ),
            }
        }
        if let Some(count) = count {
            let field = format!("{field}.succeededCount");
            if count < 0 {
                errors.invalid(&field, count, "must be greater than or equal to 0");
            }
            if count > completions {
                errors.invalid(
                    &field,
                    count,
                    format!("must be less than or equal to {completions} (the number of specified completions)"),
                );
            }
            if let Some(total) = total.filter(|total| count > *total) {
                errors.invalid(
                    &field,
                    count,
                    format!("must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"),
                );
            }
        }
    }
}
