//! A Job that the API server refuses: what a pod's spec holds field by field. [semantics §7.1]
//!
//! The checks are those of [`crate::api::pod`], which the embedded cluster shares; here they get their rules and their place.

use super::Subject;
use super::place::field;
use crate::api::pod::{self, Fault, Refusal, Topic};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span, suggest};
use crate::manifest::{Node, Step, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &HOST_PORT,
    &POD_FIELD,
    &POD_PLACE,
    &POD_RESOURCES,
    &POD_SYSTEM,
    &RESIZE_POLICY,
    &RESOURCE_CLAIM,
    &SYSCTL,
    &TEMPLATE_ANNOTATION,
    &VOLUME_FIELD,
    &VOLUME_MOUNT,
    &WINDOWS_USER,
];

static HOST_PORT: Rule = Rule {
    id: "host-port",
    severity: Severity::Error,
    summary: "a port of the node that is taken twice, or is not the container's",
    doc: Doc {
        what: "Two ports of the pod have the same `hostPort`, `protocol` and `hostIP`, or a `hostPort` differs from its `containerPort` beside \
               `hostNetwork: true`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "ports:\n  - containerPort: 8080\n    hostPort: 80\n  - containerPort: 8081\n    hostPort: 80",
        fix: "Take another port, or remove `hostPort`: a Job's pods seldom need one.",
        source: "Kubernetes pkg/apis/core/validation, AccumulateUniqueHostPorts and validatePodHostNetworkDeps",
    },
};

static POD_FIELD: Rule = Rule {
    id: "pod-field",
    severity: Severity::Error,
    summary: "a field of the pod's spec that the API server refuses",
    doc: Doc {
        what: "A name (`hostname`, `serviceAccountName`, `priorityClassName`, `runtimeClassName`, `nodeName` …) is none that such an object can have; \
               an address of `hostAliases` or `dnsConfig` is no IP address; a gate is there twice; `hostUsers: false` is beside a namespace of \
               the node; or a field stands where it may not.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    serviceAccountName: Orders_Worker",
        fix: "Change the field that the finding points at.",
        source: "Kubernetes pkg/apis/core/validation, ValidatePodSpec",
    },
};

static POD_PLACE: Rule = Rule {
    id: "pod-place",
    severity: Severity::Error,
    summary: "an affinity, spread or toleration that the API server refuses",
    doc: Doc {
        what: "A term of `affinity`, `topologySpreadConstraints` or `tolerations` has an operator without its values or with too many, a key or \
               value that no label can have, a `weight` that is not in 1 to 100, or an empty `topologyKey`; or two constraints say the same.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "nodeSelectorTerms:\n  - matchExpressions:\n      - key: disk\n        operator: In",
        fix: "Change the term that the finding points at.",
        source: "Kubernetes pkg/apis/core/validation, validateAffinity, validateTopologySpreadConstraints and ValidateTolerations",
    },
};

static POD_RESOURCES: Rule = Rule {
    id: "pod-resources",
    severity: Severity::Error,
    summary: "resources of the pod as a whole, or huge pages, that the API server refuses",
    doc: Doc {
        what: "The pod's own `resources` name another resource than `cpu`, `memory` and `hugepages-…`, request more than their limit or less than \
               the containers together, or have a lower limit than a container; huge pages are no whole number of pages, or stand without \
               `cpu` and `memory`; or `overhead` is negative.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    resources:\n      limits:\n        nvidia.com/gpu: 1",
        fix: "Write the resource at the container, or change the amount.",
        source: "Kubernetes pkg/apis/core/validation, validatePodResources and validateResourceRequirements",
    },
};

static POD_SYSTEM: Rule = Rule {
    id: "pod-system",
    severity: Severity::Error,
    summary: "a field that the operating system of the pod does not have",
    doc: Doc {
        what: "`os.name` is `windows` beside a field of Linux, such as `runAsUser` or `seccompProfile`, or it is `linux` beside `windowsOptions`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    os:\n      name: windows\n    securityContext:\n      runAsUser: 1000",
        fix: "Remove the field, or `os`.",
        source: "Kubernetes pkg/apis/core/validation, validateLinux and validateWindows",
    },
};

static RESIZE_POLICY: Rule = Rule {
    id: "resize-policy",
    severity: Severity::Error,
    summary: "a resizePolicy that the API server refuses",
    doc: Doc {
        what: "A `resizePolicy` is about another resource than `cpu` and `memory`, or twice about one; its `restartPolicy` is neither `NotRequired` \
               nor `RestartContainer`; or it restarts a container of a pod with `restartPolicy: Never`, or an init container.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "restartPolicy: Never\ncontainers:\n  - name: worker\n    resizePolicy:\n      - resourceName: memory\n        restartPolicy: RestartContainer",
        fix: "Write `NotRequired`, or `restartPolicy: OnFailure` for the pod.",
        source: "Kubernetes pkg/apis/core/validation, validateResizePolicy",
    },
};

static RESOURCE_CLAIM: Rule = Rule {
    id: "resource-claim",
    severity: Severity::Error,
    summary: "a claim of dynamic resources that the API server refuses",
    doc: Doc {
        what: "An entry of `resourceClaims` has neither or both of `resourceClaimName` and `resourceClaimTemplateName`, an invalid name or one that \
               another has; or a container uses a claim that the pod does not have, or one twice.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "containers:\n  - name: worker\n    resources:\n      claims:\n        - name: gpu",
        fix: "Add the claim to `resourceClaims` of the pod's spec, or correct the name.",
        source: "Kubernetes pkg/apis/core/validation, validatePodResourceClaims and validateResourceClaimNames",
    },
};

static SYSCTL: Rule = Rule {
    id: "sysctl",
    severity: Severity::Error,
    summary: "a sysctl that the API server refuses",
    doc: Doc {
        what: "An entry of `sysctls` has no name, an invalid one or one that is set twice, or it is a setting of the network beside `hostNetwork: \
               true` or of processes beside `hostIPC: true`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "hostNetwork: true\nsecurityContext:\n  sysctls:\n    - name: net.core.somaxconn\n      value: \"1024\"",
        fix: "Remove the setting, or let the pod have a namespace of its own.",
        source: "Kubernetes pkg/apis/core/validation, validateSysctls",
    },
};

static TEMPLATE_ANNOTATION: Rule = Rule {
    id: "template-annotation",
    severity: Severity::Error,
    summary: "an annotation of the template that Kubernetes reads and refuses",
    doc: Doc {
        what: "An annotation of the pod's template for AppArmor or seccomp names no profile, or a container that the pod does not have; or \
               `controller.kubernetes.io/pod-deletion-cost` is no whole number.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  metadata:\n    annotations:\n      container.apparmor.security.beta.kubernetes.io/worker: strict",
        fix: "Use `securityContext.appArmorProfile` and `seccompProfile`, or correct the annotation.",
        source: "Kubernetes pkg/apis/core/validation, ValidatePodSpecificAnnotations",
    },
};

static VOLUME_FIELD: Rule = Rule {
    id: "volume-field",
    severity: Severity::Error,
    summary: "a field of a volume that is missing or that the API server refuses",
    doc: Doc {
        what: "A volume's source lacks what it is made of, such as `secretName` of a `secret`; a path leaves the volume; a `mode` is above 0777 in \
               octal; two files of a projected volume have one path; or the claim of an `ephemeral` volume is incomplete.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "volumes:\n  - name: credentials\n    secret:\n      defaultMode: 777",
        fix: "Add or change the field that the finding points at; write modes in octal, as in `0440`.",
        source: "Kubernetes pkg/apis/core/validation, validateVolumeSource",
    },
};

static VOLUME_MOUNT: Rule = Rule {
    id: "volume-mount",
    severity: Severity::Error,
    summary: "a volume that cannot be mounted or read in this way",
    doc: Doc {
        what: "A `subPath` is absolute, has `..` in it or stands beside `subPathExpr`; `mountPropagation: Bidirectional` is in a container that is not \
               privileged; `recursiveReadOnly` lacks `readOnly: true`; a device is used twice, is mounted too or is no claim; or a variable is read \
               from a file of a volume that is no `emptyDir`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "volumeMounts:\n  - name: data\n    mountPath: /data\n    subPath: ../other",
        fix: "Change the field that the finding points at.",
        source: "Kubernetes pkg/apis/core/validation, ValidateVolumeMounts, ValidateVolumeDevices and validateFileKeyRefVolumes",
    },
};

static WINDOWS_USER: Rule = Rule {
    id: "windows-user",
    severity: Severity::Error,
    summary: "windowsOptions that the API server refuses",
    doc: Doc {
        what: "`runAsUserName` is empty, too long, has two backslashes or a character that no user has; or `gmsaCredentialSpec` is empty or larger \
               than 64 KiB; or `gmsaCredentialSpecName` is invalid.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "securityContext:\n  windowsOptions:\n    runAsUserName: corp/worker",
        fix: "Write `user` or `domain\\user`.",
        source: "Kubernetes pkg/apis/core/validation, validateWindowsSecurityContextOptions",
    },
};

fn rule(topic: Topic) -> &'static Rule {
    match topic {
        Topic::Affinity => &POD_PLACE,
        Topic::Annotation => &TEMPLATE_ANNOTATION,
        Topic::Claim => &RESOURCE_CLAIM,
        Topic::Field => &POD_FIELD,
        Topic::Mount => &VOLUME_MOUNT,
        Topic::OperatingSystem => &POD_SYSTEM,
        Topic::Port => &HOST_PORT,
        Topic::Resize => &RESIZE_POLICY,
        Topic::Resources => &POD_RESOURCES,
        Topic::Sysctl => &SYSCTL,
        Topic::Volume => &VOLUME_FIELD,
        Topic::Windows => &WINDOWS_USER,
    }
}

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if let Some(spec) = subject.pod() {
        for refusal in pod::spec(&spec.value.to_json()) {
            report(subject, &spec.value, &refusal, found);
        }
    }
    let template = subject
        .job_spec()
        .and_then(|job| field(&job.value, "template"));
    if let Some(template) = template {
        for refusal in pod::template(&template.value.to_json()) {
            report(subject, &template.value, &refusal, found);
        }
    }
}

fn report(subject: &Subject<'_>, root: &Node, refusal: &Refusal, found: &mut Vec<Diagnostic>) {
    let node = root
        .at(&refusal.steps)
        .filter(|node| node.value != Value::Null);
    // What the schema wants to be there is told by the walk over it.
    if node.is_none()
        && matches!(refusal.fault, Fault::Required(_))
        && pod::is_in_schema(&refusal.steps)
    {
        return;
    }
    let rule = rule(refusal.topic);
    let span = place(root, &refusal.steps);
    // One thing that the server says from both sides.
    if let Some(last) = found.last_mut()
        && last.rule.id == rule.id
        && last.message == refusal.message
    {
        last.related.push(subject.at(span, refusal.label.as_str()));
        return;
    }
    let diagnostic = subject.finding(rule, refusal.message.as_str(), span, refusal.label.as_str());
    let near = match (&refusal.fault, node.and_then(Node::as_str)) {
        (Fault::Unsupported(words), Some(text)) => suggest(text, words.iter().copied()),
        _ => None,
    };
    found.push(match near.filter(|near| near.is_sure) {
        Some(near) => diagnostic.fix(subject.replace(span, near.word)),
        None => diagnostic,
    });
}

/// Where a finding at the end of `steps` is shown: at the value when that is short, else at its key; of what is missing, at what it
/// would stand in.
fn place(root: &Node, steps: &[Step]) -> Span {
    let mut node = root;
    let mut span = first_key(root);
    for step in steps {
        match step {
            Step::Key(key) => {
                let Some(entry) = field(node, key) else {
                    return span;
                };
                node = &entry.value;
                span = match node.value {
                    Value::Sequence(_) | Value::Mapping(_) => entry.key_span,
                    _ => node.span,
                };
            }
            Step::Index(index) => {
                let Some(item) = node.items().get(*index) else {
                    return span;
                };
                node = item;
                span = first_key(item);
            }
        }
    }
    span
}

fn first_key(item: &Node) -> Span {
    item.entries()
        .first()
        .map_or(item.span, |entry| entry.key_span)
}
