//! Shapes of KEDA's types in all dialects, and of Secret and `ConfigMap`. [semantics §1.2, §1.3, §1.4, §4.1; KEDA 2.20 and 2.21 CRDs]

use std::sync::LazyLock;

use super::kubernetes::{JOB_SPEC, OBJECT_META, POD_SPEC};
use super::{Field, INT32, Object, Shape, at_least};

/// `ScaledJob` of KEDA 2.
pub(in super::super) static SCALED_JOB: LazyLock<Shape> = LazyLock::new(|| {
    root([(
        "spec",
        required(elsewhere(
            [
                ("jobTargetRef", required(Shape::Kubernetes(JOB_SPEC))),
                ("pollingInterval", optional(at_least(1))),
                ("successfulJobsHistoryLimit", optional(at_least(0))),
                ("failedJobsHistoryLimit", optional(at_least(0))),
                ("envSourceContainerName", optional(Shape::String)),
                ("minReplicaCount", optional(at_least(0))),
                ("maxReplicaCount", optional(at_least(1))),
                ("rolloutStrategy", optional(Shape::Enum(ROLLOUT))),
                (
                    "rollout",
                    optional(object([
                        ("strategy", optional(Shape::Enum(ROLLOUT))),
                        (
                            "propagationPolicy",
                            optional(Shape::Enum(&["foreground", "background"])),
                        ),
                    ])),
                ),
                (
                    "scalingStrategy",
                    optional(object([
                        (
                            "strategy",
                            optional(Shape::Enum(&["default", "custom", "accurate", "eager"])),
                        ),
                        ("customScalingQueueLengthDeduction", optional(INT32)),
                        ("customScalingRunningJobPercentage", optional(Shape::String)),
                        ("pendingPodConditions", optional(list(Shape::String))),
                        (
                            "multipleScalersCalculation",
                            optional(Shape::Enum(&["min", "avg", "sum", "max"])),
                        ),
                    ])),
                ),
                ("triggers", required(one_or_more(trigger()))),
            ],
            SCALED_OBJECT_FIELDS,
        )),
    )])
});

const ROLLOUT: &[&str] = &["gradual", "immediate"];

/// Fields that a `ScaledObject` has and a `ScaledJob` does not; the API server drops them. [semantics §1.4]
const SCALED_OBJECT_FIELDS: &[(&str, &str, bool)] = &[
    (
        "cooldownPeriod",
        "`cooldownPeriod` says when a ScaledObject goes back to zero replicas; a ScaledJob never stops a Job, so it has none",
        true,
    ),
    (
        "idleReplicaCount",
        "`idleReplicaCount` is the replicas of an idle ScaledObject; an idle ScaledJob has `minReplicaCount` Jobs",
        true,
    ),
    (
        "fallback",
        "`fallback` is the replicas of a ScaledObject whose triggers fail; a ScaledJob has no fallback",
        true,
    ),
    (
        "advanced",
        "`advanced` configures the autoscaler behind a ScaledObject; a ScaledJob has none, see `scalingStrategy`",
        true,
    ),
    (
        "scaleTargetRef",
        "`scaleTargetRef` names the Deployment of a ScaledObject; a ScaledJob has its Job in `jobTargetRef`",
        false,
    ),
    (
        "initialCooldownPeriod",
        "`initialCooldownPeriod` delays the first scaling to zero of a ScaledObject; a ScaledJob never stops a Job",
        true,
    ),
    (
        "template",
        "the pod template stands one level deeper, in `jobTargetRef.template`",
        false,
    ),
];

/// `ScaledObject` of KEDA 1 with `jobTargetRef`.
pub(in super::super) static V1: LazyLock<Shape> = LazyLock::new(|| {
    root([(
        "spec",
        required(object([
            ("scaleType", optional(Shape::String)),
            ("scaleTargetRef", optional(scale_target())),
            ("jobTargetRef", required(Shape::Kubernetes(JOB_SPEC))),
            ("pollingInterval", optional(at_least(1))),
            ("cooldownPeriod", optional(INT32)),
            ("minReplicaCount", optional(at_least(0))),
            ("maxReplicaCount", optional(at_least(1))),
            ("triggers", required(one_or_more(trigger_of_v1()))),
        ])),
    )])
});

/// `ScaledObject` of the 2019 proposal with `consumerSpec`.
pub(in super::super) static PROPOSAL: LazyLock<Shape> = LazyLock::new(|| {
    root([(
        "spec",
        required(object([
            ("scaleType", optional(Shape::Enum(&["deployment", "job"]))),
            ("scaleTargetRef", optional(scale_target())),
            ("pollingInterval", optional(at_least(1))),
            ("cooldownPeriod", optional(INT32)),
            ("minReplicaCount", optional(at_least(0))),
            ("maxReplicaCount", optional(at_least(1))),
            ("parallelism", optional(at_least(0))),
            ("completions", optional(at_least(0))),
            ("activeDeadline", optional(at_least(0))),
            ("backoffLimit", optional(at_least(0))),
            ("backOffLimit", optional(at_least(0))),
            ("consumerSpec", required(Shape::Kubernetes(POD_SPEC))),
            ("triggers", required(one_or_more(trigger_of_v1()))),
        ])),
    )])
});

/// `TriggerAuthentication` of either group.
pub(in super::super) static TRIGGER_AUTHENTICATION: LazyLock<Shape> =
    LazyLock::new(|| root([("spec", required(authentication_spec()))]));

/// `ClusterTriggerAuthentication`.
pub(in super::super) static CLUSTER_TRIGGER_AUTHENTICATION: LazyLock<Shape> =
    LazyLock::new(|| root([("spec", required(authentication_spec()))]));

/// Secret.
pub(in super::super) static SECRET: LazyLock<Shape> = LazyLock::new(|| {
    root([
        ("data", optional(map(Shape::String))),
        ("stringData", optional(map(Shape::String))),
        ("type", optional(Shape::String)),
        ("immutable", optional(Shape::Boolean)),
    ])
});

/// `ConfigMap`.
pub(in super::super) static CONFIG_MAP: LazyLock<Shape> = LazyLock::new(|| {
    root([
        ("data", optional(map(Shape::String))),
        ("binaryData", optional(map(Shape::String))),
        ("immutable", optional(Shape::Boolean)),
    ])
});

fn trigger() -> Shape {
    object([
        ("type", required(Shape::NonEmptyString)),
        ("name", optional(Shape::String)),
        ("metadata", required(Shape::Metadata)),
        (
            "authenticationRef",
            optional(object([
                ("name", required(Shape::String)),
                (
                    "kind",
                    optional(Shape::Enum(&[
                        "TriggerAuthentication",
                        "ClusterTriggerAuthentication",
                    ])),
                ),
            ])),
        ),
        ("useCachedMetrics", optional(Shape::Boolean)),
        // Not in the CRD, whatever its value. Kept so that its effect can be told; the decoder warns.
        ("metricType", optional(Shape::Any)),
    ])
}

fn trigger_of_v1() -> Shape {
    object([
        ("type", required(Shape::NonEmptyString)),
        ("name", optional(Shape::String)),
        ("metadata", required(Shape::Metadata)),
        (
            "authenticationRef",
            optional(object([("name", required(Shape::String))])),
        ),
    ])
}

fn scale_target() -> Shape {
    object([
        ("deploymentName", optional(Shape::String)),
        ("containerName", optional(Shape::String)),
    ])
}

fn authentication_spec() -> Shape {
    object([
        ("podIdentity", optional(pod_identity())),
        (
            "env",
            optional(list(object([
                ("parameter", required(Shape::String)),
                ("name", required(Shape::String)),
                ("containerName", optional(Shape::String)),
            ]))),
        ),
        ("secretTargetRef", optional(list(target_ref()))),
        ("configMapTargetRef", optional(list(target_ref()))),
        ("filePath", optional(Shape::String)),
        (
            "boundServiceAccountToken",
            optional(list(object([
                ("parameter", required(Shape::String)),
                ("serviceAccountName", required(Shape::String)),
            ]))),
        ),
        (
            "hashiCorpVault",
            optional(object([
                ("address", required(Shape::String)),
                ("namespace", optional(Shape::String)),
                (
                    "authentication",
                    required(Shape::Enum(&["token", "kubernetes"])),
                ),
                ("role", optional(Shape::String)),
                ("mount", optional(Shape::String)),
                (
                    "credential",
                    optional(object([
                        ("token", optional(Shape::String)),
                        ("serviceAccount", optional(Shape::String)),
                        ("serviceAccountName", optional(Shape::String)),
                    ])),
                ),
                (
                    "secrets",
                    required(list(object([
                        ("parameter", required(Shape::String)),
                        ("path", required(Shape::String)),
                        ("key", required(Shape::String)),
                        (
                            "type",
                            optional(Shape::Enum(&["", "secret", "secretV2", "pki"])),
                        ),
                        ("pkiData", optional(Shape::Any)),
                    ]))),
                ),
            ])),
        ),
        (
            "azureServicePrincipal",
            optional(object([
                ("tenantId", required(Shape::String)),
                ("clientId", required(Shape::String)),
                ("cloud", optional(Shape::String)),
                ("activeDirectoryEndpoint", optional(Shape::String)),
                ("clientSecret", optional(value_from_secret())),
                ("clientCertificate", optional(value_from_secret())),
                ("clientCertificatePassword", optional(value_from_secret())),
            ])),
        ),
        // Sources that this program names as unsupported: their insides are KEDA's business.
        ("azureKeyVault", optional(Shape::Any)),
        ("gcpSecretManager", optional(Shape::Any)),
        ("awsSecretManager", optional(Shape::Any)),
        ("oauth2", optional(Shape::Any)),
    ])
}

/// A key of a Secret, as the newer sources name it.
fn value_from_secret() -> Shape {
    object([(
        "valueFrom",
        required(object([(
            "secretKeyRef",
            required(object([
                ("name", required(Shape::String)),
                ("key", required(Shape::String)),
            ])),
        )])),
    )])
}

/// Pod identities that the newest KEDA no longer has. [semantics §1.7]
pub(in super::super) const FORMER_IDENTITIES: &[&str] = &["azure", "spiffe", "aws-kiam"];

fn pod_identity() -> Shape {
    object([
        (
            "provider",
            required(Shape::Enum(&[
                "azure-workload",
                "gcp",
                "aws",
                "aws-eks",
                "none",
                // Of older versions, see `check_authentications`.
                "azure",
                "spiffe",
                "aws-kiam",
            ])),
        ),
        ("identityId", optional(Shape::String)),
        ("identityTenantId", optional(Shape::String)),
        ("identityAuthorityHost", optional(Shape::String)),
        ("roleArn", optional(Shape::String)),
        ("externalID", optional(Shape::String)),
        (
            "identityOwner",
            optional(Shape::Enum(&["keda", "workload"])),
        ),
    ])
}

fn target_ref() -> Shape {
    object([
        ("parameter", required(Shape::String)),
        ("name", required(Shape::String)),
        ("key", required(Shape::String)),
    ])
}

/// An object with what every one has, and `more`.
fn root<const N: usize>(more: [(&str, Field); N]) -> Shape {
    let mut object = fields(more);
    for (name, field) in [
        ("apiVersion", required(Shape::String)),
        ("kind", required(Shape::String)),
        ("metadata", required(Shape::Kubernetes(OBJECT_META))),
        // Written by the cluster; there when a manifest was fetched from one.
        ("status", optional(Shape::Any)),
    ] {
        object.fields.insert(name.to_owned(), field);
    }
    Shape::Object(object)
}

fn fields<const N: usize>(fields: [(&str, Field); N]) -> Object {
    Object {
        fields: fields
            .into_iter()
            .map(|(name, field)| (name.to_owned(), field))
            .collect(),
        elsewhere: &[],
    }
}

fn object<const N: usize>(members: [(&str, Field); N]) -> Shape {
    Shape::Object(fields(members))
}

fn elsewhere<const N: usize>(
    members: [(&str, Field); N],
    elsewhere: &'static [(&'static str, &'static str, bool)],
) -> Shape {
    Shape::Object(Object {
        elsewhere,
        ..fields(members)
    })
}

fn required(shape: Shape) -> Field {
    Field {
        shape,
        required: true,
    }
}

fn optional(shape: Shape) -> Field {
    Field {
        shape,
        required: false,
    }
}

fn list(items: Shape) -> Shape {
    Shape::List {
        items: Box::new(items),
        at_least_one: false,
    }
}

fn one_or_more(items: Shape) -> Shape {
    Shape::List {
        items: Box::new(items),
        at_least_one: true,
    }
}

fn map(values: Shape) -> Shape {
    Shape::Map(Box::new(values))
}
