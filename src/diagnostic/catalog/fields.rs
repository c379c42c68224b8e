//! Fields against the schema of their object.

use crate::diagnostic::{Doc, Rule, Severity};

/// The API server knows no such field.
pub static UNKNOWN_FIELD: Rule = Rule {
    id: "unknown-field",
    severity: Severity::Error,
    summary: "the API server knows no such field",
    doc: Doc {
        what: "A field that the schema of the object does not have at this place. It is often a slip of the pen, a field of \
              a ScaledObject, or one that stands a level too deep or too high.",
        why: "kubectl 1.27 and newer refuses the manifest; every other client is not told, and the API server drops the \
              field, so that its default holds instead.",
        example: "spec:\n  maxReplicas: 5",
        fix: "Rename the field to the one that was meant, or remove it.",
        source: "KEDA's CustomResourceDefinitions of 2.20 and the OpenAPI types of Kubernetes 1.36",
    },
};

/// A value is not of the type that the field has.
pub static WRONG_TYPE: Rule = Rule {
    id: "wrong-type",
    severity: Severity::Error,
    summary: "a value is not of the type that the field has",
    doc: Doc {
        what: "The field holds a number, text, list or mapping where the schema has another type. YAML 1.1 decides what an \
              unquoted value is: `yes`, `on` and `n` are booleans, `012` is the number 10.",
        why: "The API server refuses the whole object.",
        example: "spec:\n  maxReplicaCount: \"5\"",
        fix: "Write the value in the type of the field: remove the quotes of a number, quote a text that YAML reads as \
              something else.",
        source: "KEDA's CustomResourceDefinitions; apimachinery's structural schemas; go.yaml.in/yaml/v2 resolve.go",
    },
};

/// A required field is absent.
pub static MISSING_FIELD: Rule = Rule {
    id: "missing-field",
    severity: Severity::Error,
    summary: "a required field is absent",
    doc: Doc {
        what: "A field that the schema requires is absent or null. The place that is shown is that of the object which \
              lacks it.",
        why: "The API server refuses the object; inside `jobTargetRef` it refuses every Job instead, each time that KEDA \
              wants to start one.",
        example: "containers:\n  - name: worker",
        fix: "Write the field.",
        source: "KEDA's CustomResourceDefinitions; validation of Job and Pod in Kubernetes 1.36",
    },
};

/// A field has the right type and a value that is not allowed.
pub static INVALID_VALUE: Rule = Rule {
    id: "invalid-value",
    severity: Severity::Error,
    summary: "a field has the right type and a value that is not allowed",
    doc: Doc {
        what: "A number outside its range, a word that is none of the allowed ones, an empty text or list where at least \
              one thing must be, a quantity that does not parse, a name that no object may have.",
        why: "The API server refuses the object, or each Job that is made of it.",
        example: "spec:\n  pollingInterval: 0",
        fix: "Write one of the values that the label names.",
        source: "KEDA's CustomResourceDefinitions of 2.20 (ranges and enums); apimachinery's resource.ParseQuantity and name \
              rules",
    },
};
