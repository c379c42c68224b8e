//! A Job that the API server refuses: volumes and where they are mounted.

use std::collections::BTreeMap;

use super::Subject;
use super::place::{field, list, text};
use crate::api::names::is_dns_label;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span, suggest};
use crate::manifest::{Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&MOUNT_PATH, &UNKNOWN_VOLUME, &VOLUME_NAME, &VOLUME_SOURCE];

static MOUNT_PATH: Rule = Rule {
    id: "mount-path",
    severity: Severity::Error,
    summary: "a mountPath that is empty or used twice in a container",
    doc: Doc {
        what: "A `mountPath` is empty, or two mounts of one container have the same.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "volumeMounts:\n  - name: input\n    mountPath: /data\n  - name: output\n    mountPath: /data",
        fix: "Mount each volume at a path of its own.",
        source: "Kubernetes pkg/apis/core/validation, ValidateVolumeMounts",
    },
};

static UNKNOWN_VOLUME: Rule = Rule {
    id: "unknown-volume",
    severity: Severity::Error,
    summary: "a container mounts a volume that the pod does not have",
    doc: Doc {
        what: "A `volumeMounts` or `volumeDevices` entry names a volume that is not in the pod's `volumes`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "containers:\n  - name: worker\n    volumeMounts:\n      - name: scratch\n        mountPath: /scratch",
        fix: "Add the volume to `volumes` of the pod's spec, or correct the name.",
        source: "Kubernetes pkg/apis/core/validation, ValidateVolumeMounts and ValidateVolumeDevices",
    },
};

static VOLUME_NAME: Rule = Rule {
    id: "volume-name",
    severity: Severity::Error,
    summary: "a volume's name is invalid or used twice",
    doc: Doc {
        what: "A volume has a name that is no DNS label (at most 63 lower-case letters, digits and `-`), or that another one of the pod has too.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "volumes:\n  - name: data\n    emptyDir: {}\n  - name: data\n    emptyDir: {}",
        fix: "Give every volume a name of its own, in lower case.",
        source: "Kubernetes pkg/apis/core/validation, ValidateVolumes",
    },
};

static VOLUME_SOURCE: Rule = Rule {
    id: "volume-source",
    severity: Severity::Error,
    summary: "a volume with two sources",
    doc: Doc {
        what: "A volume names more than one source, such as `emptyDir` and `configMap`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "volumes:\n  - name: data\n    emptyDir: {}\n    configMap:\n      name: data",
        fix: "Keep one source, or make two volumes of it.",
        source: "Kubernetes pkg/apis/core/validation, validateVolumeSource",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    let volumes = list(&pod.value, "volumes");
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for volume in volumes {
        self::volume(subject, volume, &mut seen, found);
    }
    let names: Vec<&str> = seen.into_keys().collect();
    // Volumes of another type than a list are somebody else's finding.
    let is_known = field(&pod.value, "volumes")
        .is_none_or(|volumes| matches!(volumes.value.value, Value::Sequence(_)));
    for (_, container) in subject.containers() {
        if is_known {
            mounts(subject, container, &names, found);
        }
        paths(subject, container, found);
    }
}

fn volume<'a>(
    subject: &Subject<'_>,
    volume: &'a Node,
    seen: &mut BTreeMap<&'a str, Span>,
    found: &mut Vec<Diagnostic>,
) {
    let mut sources = volume
        .entries()
        .iter()
        .filter(|entry| entry.key != "name" && matches!(entry.value.value, Value::Mapping(_)));
    if let (Some(first), Some(second)) = (sources.next(), sources.next()) {
        found.push(
            subject
                .finding(
                    &VOLUME_SOURCE,
                    "a volume with more than one source",
                    second.key_span,
                    "another source",
                )
                .related(subject.at(first.key_span, "the first source")),
        );
    }
    let Some(name) = field(volume, "name") else {
        return;
    };
    let Some(text) = name.value.as_str() else {
        return;
    };
    let span = name.value.span;
    if let Some(first) = seen.get(text) {
        found.push(
            subject
                .finding(
                    &VOLUME_NAME,
                    format!("two volumes are called `{text}`"),
                    span,
                    "again",
                )
                .related(subject.at(*first, "first")),
        );
        return;
    }
    if !is_dns_label(text) {
        found.push(subject.finding(
            &VOLUME_NAME,
            format!("{text:?} cannot be the name of a volume"),
            span,
            "expected at most 63 lower-case letters, digits and `-`, a letter or digit at both ends",
        ));
    }
    // A mount of a misnamed volume is no mistake of its own.
    seen.insert(text, span);
}

fn mounts(subject: &Subject<'_>, container: &Node, names: &[&str], found: &mut Vec<Diagnostic>) {
    let mounts = list(container, "volumeMounts");
    for mount in mounts.iter().chain(list(container, "volumeDevices")) {
        let Some(name) = field(mount, "name") else {
            continue;
        };
        let Some(text) = name.value.as_str().filter(|text| !names.contains(text)) else {
            continue;
        };
        let label = match names {
            [] => "the pod has no volumes".to_owned(),
            names => format!("the pod has {}", names.join(", ")),
        };
        let diagnostic = subject.finding(
            &UNKNOWN_VOLUME,
            format!("the pod has no volume `{text}`"),
            name.value.span,
            label,
        );
        let near = suggest(text, names.iter().copied()).filter(|near| near.is_sure);
        found.push(match near {
            Some(near) => diagnostic.fix(subject.replace(name.value.span, near.word)),
            None => diagnostic.help("add it to `volumes` of the pod's spec"),
        });
    }
}

fn paths(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for mount in list(container, "volumeMounts") {
        let Some(path) = text(mount, "mountPath") else {
            continue;
        };
        let span = mount.get("mountPath").map_or(mount.span, |node| node.span);
        if path.is_empty() {
            found.push(subject.finding(
                &MOUNT_PATH,
                "`mountPath` is empty",
                span,
                "needs a path in the container",
            ));
        } else if let Some(first) = seen.get(path) {
            found.push(
                subject
                    .finding(
                        &MOUNT_PATH,
                        format!("two mounts of this container are at `{path}`"),
                        span,
                        "again",
                    )
                    .related(subject.at(*first, "first")),
            );
        } else {
            seen.insert(path, span);
        }
    }
}
