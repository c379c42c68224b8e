//! What the aimed-at version of KEDA does not have yet, refuses, or does differently. [semantics §1.4, §1.5]

use super::Subject;
use crate::api::{Dialect, KedaVersion, ScaledJob, Strategy};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::{Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CRASHING_VERSION,
    &NEWER_FIELD,
    &NEWER_VALUE,
    &OLDER_BEHAVIOUR,
    &PAUSED_BY_PRESENCE,
    &REFUSED_BY_VERSION,
];

static NEWER_FIELD: Rule = Rule {
    id: "newer-field",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at does not have this field yet",
    doc: Doc {
        what: "A field or annotation that came with a later KEDA than the one of `--keda-version`.",
        why: "The API server drops the field, or refuses the object in kubectl's strict mode; the default holds instead.",
        example: "# with --keda-version 2.7\nspec:\n  minReplicaCount: 1",
        fix: "Remove the field, or update KEDA.",
        source: "KEDA's CHANGELOG and CustomResourceDefinitions, version by version",
    },
};

static NEWER_VALUE: Rule = Rule {
    id: "newer-value",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at does not know this value yet",
    doc: Doc {
        what: "A word that a later KEDA than the one of `--keda-version` understands.",
        why: "Before 2.20 the words are not checked: KEDA takes one that it does not know for the default.",
        example: "# with --keda-version 2.14\nscalingStrategy:\n  strategy: eager",
        fix: "Write a value that the version has, or update KEDA.",
        source: "KEDA's CHANGELOG; pkg/scaling/executor/scale_jobs.go, NewScalingStrategy",
    },
};

static REFUSED_BY_VERSION: Rule = Rule {
    id: "refused-by-version",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at refuses a value that others take",
    doc: Doc {
        what: "KEDA 2.20.0 and 2.20.1 have a schema in which `scalingStrategy.strategy` cannot be the word `default`.",
        why: "The API server refuses the object.",
        example: "# with --keda-version 2.20.1\nscalingStrategy:\n  strategy: default",
        fix: "Leave the field out, which means the same in every version.",
        source: "KEDA issue 7855, mended in 2.20.2",
    },
};

static CRASHING_VERSION: Rule = Rule {
    id: "crashing-version",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at crashes on this object",
    doc: Doc {
        what: "2.8 to 2.10: `minReplicaCount` without `maxReplicaCount`. Before 2.20.2: the strategy `custom` with a percentage and without \
               `customScalingQueueLengthDeduction`.",
        why: "The operator ends with a nil pointer and starts again, for ever; no object of the cluster is scaled meanwhile.",
        example: "# with --keda-version 2.10\nspec:\n  minReplicaCount: 1",
        fix: "Write the field that is missing, or update KEDA.",
        source: "KEDA issues 4568 and 7798",
    },
};

static PAUSED_BY_PRESENCE: Rule = Rule {
    id: "paused-by-presence",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at pauses the object whatever the annotation says",
    doc: Doc {
        what: "`autoscaling.keda.sh/paused` says false, and KEDA 2.11 and 2.12 look only at whether it is there.",
        why: "No Job is started.",
        example: "# with --keda-version 2.12\nmetadata:\n  annotations:\n    autoscaling.keda.sh/paused: \"false\"",
        fix: "Remove the annotation.",
        source: "KEDA issue 5215, mended in 2.13",
    },
};

static OLDER_BEHAVIOUR: Rule = Rule {
    id: "older-behaviour",
    severity: Severity::Note,
    summary: "the version of KEDA aimed at counts or deletes Jobs of this object in another way",
    doc: Doc {
        what: "A setting of this object that a later KEDA treats differently from the one of `--keda-version`, in the number of Jobs or in \
               what is deleted.",
        why: "`plan` and `run` count as KEDA 2.20 and 2.21 do, so that their numbers differ from those of that version.",
        example: "# with --keda-version 2.17\nscalingStrategy:\n  strategy: accurate",
        fix: "Nothing, when that is known; else update KEDA.",
        source: "KEDA's CHANGELOG and the issues that the findings name",
    },
};

/// Fields of `spec` and the version that they came with.
static FIELDS: &[(&[&str], KedaVersion)] = &[
    (&["minReplicaCount"], KedaVersion::new(8, 0)),
    (&["rolloutStrategy"], KedaVersion::new(5, 0)),
    (&["rollout"], KedaVersion::new(8, 0)),
    (
        &["scalingStrategy", "pendingPodConditions"],
        KedaVersion::new(4, 0),
    ),
    (
        &["scalingStrategy", "multipleScalersCalculation"],
        KedaVersion::new(5, 0),
    ),
];

/// Fields of a trigger and the version that they came with.
static TRIGGER_FIELDS: &[(&[&str], KedaVersion)] = &[
    (&["authenticationRef", "kind"], KedaVersion::new(1, 0)),
    (&["useCachedMetrics"], KedaVersion::new(9, 0)),
];

/// Annotations and the version that they came with.
static ANNOTATIONS: &[(&str, KedaVersion)] = &[
    ("autoscaling.keda.sh/paused", KedaVersion::new(11, 0)),
    (
        "scaledjob.keda.sh/job-excluded-labels",
        KedaVersion::new(18, 0),
    ),
];

/// Sentences about what older versions do: until which version, for which objects, where, and what.
struct Behaviour {
    /// The first version that does it the new way.
    until: KedaVersion,
    concerns: fn(&ScaledJob) -> bool,
    place: &'static [&'static str],
    message: &'static str,
    source: &'static str,
}

static BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        until: KedaVersion::new(5, 0),
        concerns: |job| job.triggers.len() > 1,
        place: &["spec", "triggers"],
        message: "the readings of all triggers are added up and divided by the target of the last one",
        source: "KEDA 2.5 brought `multipleScalersCalculation`",
    },
    Behaviour {
        until: KedaVersion::new(1, 0),
        concerns: |job| job.scaling_strategy.strategy == Strategy::Accurate,
        place: &["spec", "scalingStrategy", "strategy"],
        message: "`accurate` does not subtract pending Jobs",
        source: "mended in 2.1 (KEDA issue 1323)",
    },
    Behaviour {
        until: KedaVersion::new(19, 0),
        concerns: |job| job.scaling_strategy.strategy == Strategy::Accurate,
        place: &["spec", "scalingStrategy", "strategy"],
        message: "`accurate` forgets pending Jobs when the number comes near maxReplicaCount, and starts idle ones",
        source: "mended in 2.19 (KEDA issue 7329)",
    },
    Behaviour {
        until: KedaVersion::new(18, 0),
        concerns: |job| job.scaling_strategy.pending_pod_conditions.len() > 1,
        place: &["spec", "scalingStrategy", "pendingPodConditions"],
        message: "conditions are added up over the pods of a Job, so that two pods with one condition each count as one with both",
        source: "mended in 2.18 (KEDA issue 6727)",
    },
    Behaviour {
        until: KedaVersion::new(14, 1),
        concerns: rolls_out_at_once,
        place: &["metadata", "name"],
        message: "every start of the operator deletes all Jobs of this object, running ones too",
        source: "mended in 2.14.1 (KEDA issue 5656); `rollout.strategy: gradual` prevents it since 2.8",
    },
];

/// The value of `rollout.strategy` is looked at in the document: an unset one is `immediate` to KEDA.
fn rolls_out_at_once(job: &ScaledJob) -> bool {
    let spec = job.document.root.get("spec");
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    let old = text(spec.and_then(|spec| spec.get("rolloutStrategy")));
    let new = text(spec.and_then(|spec| spec.get("rollout")?.get("strategy")));
    old.filter(|old| !old.is_empty()).or(new).as_deref() != Some("gradual")
}

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.job.dialect != Dialect::V2 {
        return;
    }
    crashes(subject, found);
    values(subject, found);
    if subject.version >= KedaVersion::new(20, 0) {
        return;
    }
    fields(subject, found);
    paused(subject, found);
    for behaviour in BEHAVIOURS {
        if subject.version < behaviour.until && (behaviour.concerns)(subject.job) {
            let message = format!("in KEDA {} {}", subject.version, behaviour.message);
            found.push(
                Diagnostic::new(
                    &OLDER_BEHAVIOUR,
                    message,
                    subject.label(behaviour.place, ""),
                )
                .help(behaviour.source),
            );
        }
    }
}

fn fields(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let spec = subject.node(&["spec"]);
    for (path, since) in FIELDS {
        newer_field(subject, spec, path, *since, found);
    }
    for trigger in subject
        .node(&["spec", "triggers"])
        .map(Node::items)
        .unwrap_or_default()
    {
        for (path, since) in TRIGGER_FIELDS {
            newer_field(subject, Some(trigger), path, *since, found);
        }
    }
    let annotations = subject.node(&["metadata", "annotations"]);
    for (name, since) in ANNOTATIONS {
        newer_field(subject, annotations, &[name], *since, found);
    }
}

fn newer_field(
    subject: &Subject<'_>,
    node: Option<&Node>,
    path: &[&str],
    since: KedaVersion,
    found: &mut Vec<Diagnostic>,
) {
    if subject.version >= since {
        return;
    }
    let (Some(last), Some(mut node)) = (path.last(), node) else {
        return;
    };
    for step in &path[..path.len() - 1] {
        let Some(next) = node.get(step) else { return };
        node = next;
    }
    if let Some(entry) = node
        .entry(last)
        .filter(|entry| entry.value.value != Value::Null)
    {
        let message = format!(
            "KEDA {} has no `{last}`; it came with 2.{}",
            subject.version, since.minor
        );
        let label = subject.job.document.label(entry.key_span, "not there yet");
        found.push(Diagnostic::new(&NEWER_FIELD, message, label));
    }
}

fn values(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let path = ["spec", "scalingStrategy", "strategy"];
    let strategy = subject.node(&path).and_then(Node::as_str);
    if strategy == Some("eager") && subject.version < KedaVersion::new(15, 0) {
        let message = format!(
            "KEDA {} does not know the strategy `eager` and takes it for `default`; it came with 2.15",
            subject.version
        );
        found.push(Diagnostic::new(
            &NEWER_VALUE,
            message,
            subject.label(&path, ""),
        ));
    }
    if strategy == Some("default")
        && (KedaVersion::new(20, 0)..KedaVersion::new(20, 2)).contains(&subject.version)
    {
        let message = format!("KEDA {} refuses the word `default` here", subject.version);
        found.push(
            Diagnostic::new(&REFUSED_BY_VERSION, message, subject.label(&path, ""))
                .help("leave the field out: that means the same in every version"),
        );
    }
}

fn crashes(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let job = subject.job;
    let version = subject.version;
    if (KedaVersion::new(8, 0)..KedaVersion::new(11, 0)).contains(&version)
        && job.min_replica_count.is_some()
        && job.max_replica_count.is_none()
    {
        let message = format!("KEDA {version} crashes on minReplicaCount without maxReplicaCount");
        let label = subject.label(&["spec", "minReplicaCount"], "");
        found.push(
            Diagnostic::new(&CRASHING_VERSION, message, label)
                .help("write maxReplicaCount; 100 is what it is when it is left out"),
        );
    }
    let strategy = &job.scaling_strategy;
    if version < KedaVersion::new(20, 2)
        && strategy.strategy == Strategy::Custom
        && strategy.queue_length_deduction.is_none()
        && strategy.running_job_percentage.parse::<f64>().is_ok()
    {
        let message = format!(
            "KEDA {version} crashes on the strategy `custom` without customScalingQueueLengthDeduction"
        );
        let label = subject.label(&["spec", "scalingStrategy", "strategy"], "");
        found.push(
            Diagnostic::new(&CRASHING_VERSION, message, label)
                .help("write `customScalingQueueLengthDeduction: 0`"),
        );
    }
}

fn paused(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let version = subject.version;
    if !(KedaVersion::new(11, 0)..KedaVersion::new(13, 0)).contains(&version) {
        return;
    }
    let name = "autoscaling.keda.sh/paused";
    if !subject.job.annotations.contains_key(name) || subject.job.paused() {
        return;
    }
    let span = subject
        .node(&["metadata", "annotations", name])
        .map_or_else(Span::default, |node| node.span);
    let message = format!(
        "KEDA {version} pauses the object: it only looks at whether the annotation is there"
    );
    let label = subject.job.document.label(span, "not read before 2.13");
    found.push(Diagnostic::new(&PAUSED_BY_PRESENCE, message, label).help("remove the annotation"));
}
