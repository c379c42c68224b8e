//! What is wrong with a text before it is an object.

use crate::diagnostic::{Doc, Rule, Severity};

/// The text is not YAML or JSON.
pub static SYNTAX: Rule = Rule {
    id: "syntax",
    severity: Severity::Error,
    summary: "the text is not YAML or JSON",
    doc: Doc {
        what: "The text breaks off or breaks a rule of YAML: an unclosed bracket or quote, a tab as indentation, bytes that \
              are not UTF-8, a key that JSON cannot have. Documents after the broken one are still read.",
        why: "kubectl refuses the whole file, so that nothing in it is applied.",
        example: "spec:\n  triggers: [{type: cron",
        fix: "Mend the text at the place that is shown; the mistake is there or shortly before.",
        source: "YAML 1.1 as sigs.k8s.io/yaml and go.yaml.in/yaml/v2 read it for kubectl",
    },
};

/// A mapping names the same key twice.
pub static DUPLICATE_KEY: Rule = Rule {
    id: "duplicate-key",
    severity: Severity::Error,
    summary: "a mapping names the same key twice",
    doc: Doc {
        what: "One mapping has the same key twice. A key that `<<` merges in and that is then written again is no \
              duplicate.",
        why: "Readers disagree on which of the two counts: kubectl refuses the file in its strict mode, others silently \
              take the last one.",
        example: "spec:\n  maxReplicaCount: 5\n  maxReplicaCount: 50",
        fix: "Keep one of the two.",
        source: "sigs.k8s.io/yaml UnmarshalStrict; the API server's fieldValidation=Strict, Kubernetes 1.27 and newer",
    },
};

/// A file is larger, deeper or more aliased than any manifest.
pub static TOO_LARGE: Rule = Rule {
    id: "too-large",
    severity: Severity::Error,
    summary: "a file is larger, deeper or more aliased than any manifest",
    doc: Doc {
        what: "The file has more than 8 MiB, more than 100 levels, more than 500,000 values once aliases are expanded, or \
              more than 1000 mistakes. The rest of it is not read.",
        why: "No Kubernetes object is as large: etcd takes 1.5 MiB. A small file that aliases blow up is an attack on \
              whoever reads it.",
        example: "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]",
        fix: "Split the file, or write out what the aliases stand for.",
        source: "etcd's request limit of 1.5 MiB; CVE-2019-11253 of the API server",
    },
};
