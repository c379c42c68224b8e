//! The rules that only `validate --cluster` and `--sources` report. What finds them asks the network, so that it lies in `commands/`.

pub mod quota;

use crate::diagnostic::{Doc, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &MISSING_IN_CLUSTER,
    &NOT_ASKED,
    &QUOTA_BELOW_MAX,
    &REFUSED_BY_CLUSTER,
    &SOURCE_FAILED,
    &SOURCE_READ,
];

/// A namespace, Secret, `ConfigMap`, key, account or `TriggerAuthentication` that is neither in the files nor in the cluster.
pub static MISSING_IN_CLUSTER: Rule = Rule {
    id: "missing-in-cluster",
    severity: Severity::Error,
    summary: "the object refers to something that does not exist",
    doc: Doc {
        what: "A namespace, TriggerAuthentication, Secret, ConfigMap, key or service account that the ScaledJob names is neither among the \
               given files nor in the cluster. Only `validate --cluster` looks.",
        why: "KEDA reads an empty text in its place and fails with a puzzling error; a pod of the Job does not start.",
        example: "authenticationRef:\n  name: not-there",
        fix: "Create what is missing, or correct the name, the key or the namespace.",
        source: "KEDA pkg/scaling/resolver/scale_resolvers.go; Kubernetes: a container whose configuration is missing stays in CreateContainerConfigError",
    },
};

/// A quota that `maxReplicaCount` does not fit into.
pub static QUOTA_BELOW_MAX: Rule = Rule {
    id: "quota-below-max",
    severity: Severity::Warning,
    summary: "a resource quota of the namespace is smaller than maxReplicaCount",
    doc: Doc {
        what: "A ResourceQuota of the namespace gives less than `maxReplicaCount` Jobs need: Jobs (`count/jobs.batch`, finished ones that the \
               history limits keep among them), pods (`pods`, `count/pods`), or what the pods request and are limited to (`requests.cpu`, \
               `limits.memory`, `requests.nvidia.com/gpu` and so on, init containers, sidecars and overhead as Kubernetes counts them). Quotas \
               with scopes count where the pods are in them. What else uses up the quota, and what a LimitRange adds, is not looked at. Only \
               `validate --cluster` looks.",
        why: "Creating the last Jobs is refused again and again, and pods of Jobs that exist are not created.",
        example: "# a quota with count/jobs.batch: \"10\"\nspec:\n  maxReplicaCount: 50",
        fix: "Lower `maxReplicaCount`, the requests or the history limits, or raise the quota.",
        source: "Kubernetes pkg/quota/v1/evaluator/core/pods.go, pkg/api/v1/resource/helpers.go; object count quotas",
    },
};

/// The API server's own answer to a Job.
pub static REFUSED_BY_CLUSTER: Rule = Rule {
    id: "refused-by-cluster",
    severity: Severity::Error,
    summary: "the API server refuses the Job",
    doc: Doc {
        what: "A server-side dry run of the Job that `run` would create was refused: by validation, by an admission policy or by a quota. \
               Only `validate --cluster` asks; nothing is created by it.",
        why: "Each Job that KEDA or keda-jobs wants to start is refused with the same words.",
        example: "containers:\n  - name: worker",
        fix: "Change what the server's message names.",
        source: "Kubernetes: dryRun=All; the field errors of the answer are shown at their places in the manifest",
    },
};

/// The cluster could not be asked.
pub static NOT_ASKED: Rule = Rule {
    id: "not-asked",
    severity: Severity::Warning,
    summary: "the cluster could not be asked about something",
    doc: Doc {
        what: "A request of `validate --cluster` failed, most often because a right is missing.",
        why: "What it would have found is not known.",
        example: "# the user may not get secrets in namespace shop\nsecretKeyRef:\n  name: database",
        fix: "Ask for the right that the message names, or ignore this rule.",
        source: "keda-jobs",
    },
};

/// What a source answered.
pub static SOURCE_READ: Rule = Rule {
    id: "source-read",
    severity: Severity::Note,
    summary: "what a trigger's source answered",
    doc: Doc {
        what: "`validate --sources` took one reading of the trigger: its value, whether it is active, and how long that took.",
        why: "It shows that address, credentials and query are right, and what they count.",
        example: "- type: redis\n  metadata:\n    address: redis:6379",
        fix: "Nothing.",
        source: "keda-jobs",
    },
};

/// A source that could not be read.
pub static SOURCE_FAILED: Rule = Rule {
    id: "source-failed",
    severity: Severity::Error,
    summary: "a trigger cannot be read",
    doc: Doc {
        what: "`validate --sources` tried to take one reading of the trigger and got an error.",
        why: "KEDA starts no Job for a trigger that it cannot read; one that it cannot build stops the others of the object too.",
        example: "- type: redis\n  metadata:\n    address: no-such-host:6379",
        fix: "Correct what the message names: the address, the credentials, the query, or the network between.",
        source: "KEDA pkg/scaling/scale_handler.go",
    },
};
