//! Jobs on creation (semantics.md §7.1).

use serde_json::Value;

use super::super::defaults::JOB_LABELS;
use super::super::field::FieldErrors;
use super::super::selector::Labels;
use super::super::{names, object};
use super::{annotations, fields, labels, pod, policies};

/// The most indexes of a Job with `backoffLimitPerIndex`, and the most parallel pods of an Indexed Job.
const MOST_INDEXES: i64 = 100_000;
/// Above this many completions, `maxFailedIndexes` and `parallelism` are limited to it.
const MOST_LIMITED: i64 = 10_000;

/// Checks a new Job after defaulting.
pub(super) fn create(job: &Value, errors: &mut FieldErrors) {
    let spec = &job["spec"];
    if !object::flag(spec, "/manualSelector") {
        generated_labels(job, errors);
    }
    self::spec(spec, errors);
    if object::text(spec, "/completionMode") == "Indexed" {
        let completions = object::number(spec, "/completions").unwrap_or(0);
        // The pods' hostnames, which are DNS labels.
        if completions > 0 {
            let longest = format!("{}-{}", object::name(job), completions - 1);
            for why in names::dns_label(&longest) {
                errors.invalid(
                    "metadata.name",
                    object::name(job),
                    format!(
                        "will not able to create pod with invalid DNS label {longest:?}: {why}"
                    ),
                );
            }
        }
    }
}

fn generated_labels(job: &Value, errors: &mut FieldErrors) {
    let spec = &job["spec"];
    let template = spec.pointer("/template/metadata/labels");
    for (label, of_uid) in JOB_LABELS {
        let expected = if of_uid {
            object::uid(job)
        } else {
            object::name(job)
        };
        let found = template
            .and_then(|labels| labels.get(label))
            .and_then(Value::as_str)
            .unwrap_or_default();
        if found != expected {
            errors.invalid(
                "spec.template.metadata.labels",
                template.cloned().unwrap_or_default(),
                format!("must be '{expected}'"),
            );
        }
    }
    let expected = serde_json::json!({
        "batch.kubernetes.io/controller-uid": object::uid(job),
        "batch.kubernetes.io/job-name": object::name(job),
        "controller-uid": object::uid(job),
        "job-name": object::name(job),
    });
    if !Labels::from_object(&spec["selector"]).matches(Some(&expected)) {
        errors.invalid(
            "spec.selector",
            spec["selector"].clone(),
            "`selector` not auto-generated",
        );
    }
}

/// The rules of a Job's spec that hold on creation and on update.
pub(super) fn spec(spec: &Value, errors: &mut FieldErrors) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        if let Some(value) = object::number(spec, &format!("/{field}")).filter(|value| *value < 0) {
            errors.invalid(
                format!("spec.{field}"),
                value,
                "must be greater than or equal to 0",
            );
        }
    }
    modes(spec, errors);
    policies::failure(spec, errors);
    policies::success(spec, errors);
    if let Some(manager) = spec.get("managedBy").and_then(Value::as_str) {
        if manager.len() > 63 {
            errors.too_long("spec.managedBy", 63);
        }
        match manager.split_once('/') {
            Some((domain, path)) if !path.is_empty() && names::dns_subdomain(domain).is_empty() => {
            }
            _ => errors.invalid(
                "spec.managedBy",
                manager,
                "must be a domain-prefixed path (such as \"acme.io/foo\")",
            ),
        }
    }
    if spec.get("selector").is_none_or(Value::is_null) {
        errors.required("spec.selector", "");
    } else {
        let template = spec.pointer("/template/metadata/labels");
        if !Labels::from_object(&spec["selector"]).matches(template) {
            errors.invalid(
                "spec.template.metadata.labels",
                template.cloned().unwrap_or_default(),
                "`selector` does not match template `labels`",
            );
        }
    }
    let template = &spec["template"];
    labels(
        template.pointer("/metadata/labels"),
        "spec.template.labels",
        errors,
    );
    annotations(
        template.pointer("/metadata/annotations"),
        "spec.template.annotations",
        errors,
    );
    fields::report(
        &crate::api::pod::template(template),
        "spec.template",
        errors,
    );
    pod::spec(&template["spec"], "spec.template.spec", errors);
    match object::text(template, "/spec/restartPolicy") {
        // Also what an omitted policy is defaulted to.
        "Always" => errors.required(
            "spec.template.spec.restartPolicy",
            "valid values: \"OnFailure\", \"Never\"",
        ),
        "OnFailure" | "Never" => {}
        other => errors.unsupported(
            "spec.template.spec.restartPolicy",
            other,
            &["OnFailure", "Never"],
        ),
    }
}

fn modes(spec: &Value, errors: &mut FieldErrors) {
    let number = |field: &str| object::number(spec, &format!("/{field}"));
    let (completions, parallelism) = (number("completions"), number("parallelism").unwrap_or(0));
    let (per_index, most_failed) = (number("backoffLimitPerIndex"), number("maxFailedIndexes"));
    match object::text(spec, "/completionMode") {
        "NonIndexed" => {
            if let Some(limit) = per_index {
                errors.invalid(
                    "spec.backoffLimitPerIndex",
                    limit,
                    "requires indexed completion mode",
                );
            }
            if let Some(limit) = most_failed {
                errors.invalid(
                    "spec.maxFailedIndexes",
                    limit,
                    "requires indexed completion mode",
                );
            }
        }
        "Indexed" => {
            match completions {
                None => errors.required("spec.completions", "when completion mode is Indexed"),
                Some(completions) => {
                    if parallelism > MOST_INDEXES {
                        errors.invalid(
                            "spec.parallelism",
                            parallelism,
                            format!("must be less than or equal to {MOST_INDEXES} when completion mode is Indexed"),
                        );
                    }
                    if let Some(limit) = most_failed.filter(|limit| *limit > completions) {
                        errors.invalid(
                            "spec.maxFailedIndexes",
                            limit,
                            "must be less than or equal to completions",
                        );
                    }
                    if let Some(limit) = most_failed.filter(|limit| *limit > MOST_INDEXES) {
                        errors.invalid(
                            "spec.maxFailedIndexes",
                            limit,
                            format!("must be less than or equal to {MOST_INDEXES}"),
                        );
                    }
                    if completions > MOST_INDEXES && per_index.is_some() {
                        let field = "spec.maxFailedIndexes";
                        match most_failed {
                            None => errors.required(
                                field,
                                &format!("must be specified when completions is above {MOST_INDEXES}"),
                            ),
                            Some(limit) if limit > MOST_LIMITED => errors.invalid(
                                field,
                                limit,
                                format!("must be less than or equal to {MOST_LIMITED} when completions are above {MOST_INDEXES} and used with backoff limit per index"),
                            ),
                            Some(_) => {}
                        }
                        if parallelism > MOST_LIMITED {
                            errors.invalid(
                                "spec.parallelism",
                                parallelism,
                                format!("must be less than or equal to {MOST_LIMITED} when completions are above {MOST_INDEXES} and used with backoff limit per index"),
                            );
                        }
                    }
                }
            }
            if most_failed.is_some() && per_index.is_none() {
                errors.required(
                    "spec.backoffLimitPerIndex",
                    "when maxFailedIndexes is specified",
                );
            }
        }
        other => errors.unsupported("spec.completionMode", other, &["NonIndexed", "Indexed"]),
    }
}
