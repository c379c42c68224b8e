//! Whole objects and the files that hold them.

use crate::diagnostic::{Doc, Rule, Severity};

/// The files hold no object that this tool can scale.
pub static NO_SCALED_JOB: Rule = Rule {
    id: "no-scaled-job",
    severity: Severity::Error,
    summary: "the files hold no object that this tool can scale",
    doc: Doc {
        what: "None of the given files holds a ScaledJob, a ScaledObject or a TriggerAuthentication of KEDA.",
        why: "A check that looked at nothing would always pass; most likely another path was meant.",
        example: "apiVersion: v1\nkind: Service",
        fix: "Name a file or folder that holds a ScaledJob, or ignore this rule where a folder may be empty.",
        source: "keda-jobs",
    },
};

/// Two manifests describe the same object.
pub static DUPLICATE_OBJECT: Rule = Rule {
    id: "duplicate-object",
    severity: Severity::Error,
    summary: "two manifests describe the same object",
    doc: Doc {
        what: "Two documents have the same kind, namespace and name.",
        why: "kubectl applies both, the later one replaces the earlier one, and every further apply does so again.",
        example: "kind: ScaledJob\nmetadata:\n  name: orders\n---\nkind: ScaledJob\nmetadata:\n  name: orders",
        fix: "Rename one of the two, or put them in different namespaces.",
        source: "Kubernetes: an object is known by kind, namespace and name",
    },
};

/// A `ScaledObject` scales a Deployment or another resource and is left to KEDA.
pub static NOT_A_JOB: Rule = Rule {
    id: "not-a-job",
    severity: Severity::Note,
    summary: "a ScaledObject scales a Deployment or another resource and is left to KEDA",
    doc: Doc {
        what: "The object is a ScaledObject without a Job. It is counted and not looked at further.",
        why: "keda-jobs starts Jobs and nothing else, so it does nothing with this object.",
        example: "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject",
        fix: "Nothing, where a Deployment is meant; write a ScaledJob where Jobs are.",
        source: "KEDA apis/keda/v1alpha1/scaledobject_types.go",
    },
};

/// An object of a dialect that cannot become a `ScaledJob`.
pub static UNSUPPORTED_DIALECT: Rule = Rule {
    id: "unsupported-dialect",
    severity: Severity::Error,
    summary: "an object of a dialect that cannot become a ScaledJob",
    doc: Doc {
        what: "The group, version and kind do not go together, the object names a Job and a Deployment at once, or a \
              ScaledObject of KEDA 2 holds a Job.",
        why: "The API server refuses the object or drops the Job from it, so that nothing is started.",
        example: "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec:\n  jobTargetRef: {}",
        fix: "Write `apiVersion: keda.sh/v1alpha1` and `kind: ScaledJob`.",
        source: "KEDA's migration guide from 1 to 2; KEDA issue 1189",
    },
};

/// A field of an older dialect means something else in a `ScaledJob`.
pub static V1_MEANING: Rule = Rule {
    id: "v1-meaning",
    severity: Severity::Warning,
    summary: "a field of an older dialect means something else in a ScaledJob",
    doc: Doc {
        what: "The object is a ScaledObject of KEDA 1 or of the proposal before it. It is read as the ScaledJob that comes \
              nearest, and this field changes its meaning by that.",
        why: "The number of Jobs differs: in KEDA 1 the target of a trigger was the most Jobs at a time, finished Jobs \
              stayed for ever, and `maxReplicaCount` was not read.",
        example: "apiVersion: keda.k8s.io/v1alpha1\nkind: ScaledObject\nspec:\n  maxReplicaCount: 5",
        fix: "Write a ScaledJob, with the fields that the help names.",
        source: "KEDA 1.5 pkg/handler/scale_jobs.go; KEDA issues 199, 749 and 801; the migration guide",
    },
};
