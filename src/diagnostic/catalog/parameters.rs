//! Triggers and their parameters.

use crate::diagnostic::{Doc, Rule, Severity};

/// Trigger metadata holds a value that YAML does not read as a string.
pub static NON_STRING_METADATA: Rule = Rule {
    id: "non-string-metadata",
    severity: Severity::Error,
    summary: "trigger metadata holds a value that YAML does not read as a string",
    doc: Doc {
        what: "`triggers[].metadata` is a mapping from text to text, and this value is a number, a boolean, a list or a \
              mapping. A key without a value is a warning: the API server drops it.",
        why: "The API server refuses the ScaledJob.",
        example: "metadata:\n  listLength: 5",
        fix: "Quote the value: `listLength: \"5\"`.",
        source: "KEDA apis/keda/v1alpha1/scaletriggers_types.go, ScaleTriggers.Metadata",
    },
};

/// KEDA has no such trigger type.
pub static UNKNOWN_TRIGGER_TYPE: Rule = Rule {
    id: "unknown-trigger-type",
    severity: Severity::Error,
    summary: "KEDA has no such trigger type",
    doc: Doc {
        what: "`triggers[].type` is none of the names under which KEDA knows its scalers.",
        why: "KEDA cannot build the trigger and then reads none of the object's triggers: no Job is started.",
        example: "triggers:\n  - type: radis",
        fix: "Write the name of a type; KEDA's documentation lists them.",
        source: "KEDA pkg/scaling/scalers_builder.go, buildScaler",
    },
};

/// Keda-jobs cannot read this trigger type of KEDA yet.
pub static UNSUPPORTED_TRIGGER_TYPE: Rule = Rule {
    id: "unsupported-trigger-type",
    severity: Severity::Warning,
    summary: "keda-jobs cannot read this trigger type of KEDA yet",
    doc: Doc {
        what: "The type is one of KEDA's, and this version of keda-jobs has no reader for it.",
        why: "`plan` and `run` leave the trigger out and say so; KEDA itself is not affected.",
        example: "triggers:\n  - type: new-relic",
        fix: "Leave the object to KEDA, give the number with `plan --reading`, or ignore this rule.",
        source: "keda-jobs; the types of KEDA 2.21 in pkg/scaling/scalers_builder.go",
    },
};

/// The trigger reads no such parameter.
pub static UNKNOWN_PARAMETER: Rule = Rule {
    id: "unknown-parameter",
    severity: Severity::Error,
    summary: "the trigger reads no such parameter",
    doc: Doc {
        what: "A key of `metadata` that no parameter of this trigger type has, or one that may only come from another \
              place: from a TriggerAuthentication, or as `…FromEnv`.",
        why: "KEDA ignores the key without a word, so that the default of the parameter that was meant holds.",
        example: "- type: redis\n  metadata:\n    adress: redis:6379",
        fix: "Rename the key, move it to where the parameter is read from, or remove it.",
        source: "KEDA pkg/scalers/scalersconfig/typed_config.go, which checks for unexpected keys only behind an environment \
              variable",
    },
};

/// A trigger parameter does not have the type or value that the trigger reads.
pub static INVALID_PARAMETER: Rule = Rule {
    id: "invalid-parameter",
    severity: Severity::Error,
    summary: "a trigger parameter does not have the type or value that the trigger reads",
    doc: Doc {
        what: "A parameter does not parse (a number, a duration, an address, a schedule), is none of the allowed words, \
              excludes another one, is no longer read, or takes its value from a variable that the container does not \
              have.",
        why: "KEDA cannot build the trigger and then reads none of the object's triggers: no Job is started.",
        example: "- type: redis\n  metadata:\n    listLength: five",
        fix: "Write a value of the type that the message names.",
        source: "KEDA pkg/scalers, the parser of the trigger type; pkg/scaling/resolver/scale_resolvers.go for variables",
    },
};

/// A trigger lacks a parameter that it needs.
pub static MISSING_PARAMETER: Rule = Rule {
    id: "missing-parameter",
    severity: Severity::Error,
    summary: "a trigger lacks a parameter that it needs",
    doc: Doc {
        what: "A parameter without a default is given neither in `metadata`, nor through `…FromEnv`, nor by the \
              TriggerAuthentication.",
        why: "KEDA cannot build the trigger and then reads none of the object's triggers: no Job is started.",
        example: "- type: redis\n  metadata:\n    listLength: \"5\"",
        fix: "Give the parameter in one of the places that the help names.",
        source: "KEDA pkg/scalers, the parser of the trigger type",
    },
};

/// KEDA still reads a trigger parameter and advises against it.
pub static DEPRECATED_PARAMETER: Rule = Rule {
    id: "deprecated-parameter",
    severity: Severity::Warning,
    summary: "KEDA still reads a trigger parameter and advises against it",
    doc: Doc {
        what: "The parameter has a successor; both are read today.",
        why: "A later KEDA removes it, and then ignores it or refuses the trigger.",
        example: "- type: rabbitmq\n  metadata:\n    queueLength: \"5\"",
        fix: "Write the successor that the message names.",
        source: "KEDA's deprecation policy and the parser of the trigger type in pkg/scalers",
    },
};

/// A trigger that has no effect on a `ScaledJob`.
pub static SKIPPED_TRIGGER: Rule = Rule {
    id: "skipped-trigger",
    severity: Severity::Warning,
    summary: "a trigger that has no effect on a ScaledJob",
    doc: Doc {
        what: "The trigger measures the pods of a Deployment (cpu, memory). A ScaledJob has none.",
        why: "KEDA skips the trigger silently; when it is the only one, no Job is ever started.",
        example: "triggers:\n  - type: cpu\n    metadata:\n      value: \"80\"",
        fix: "Remove the trigger, or scale by the work that waits.",
        source: "KEDA pkg/scaling/scalers_builder.go and pkg/scaling/scale_handler.go, getScaledJobMetrics",
    },
};
