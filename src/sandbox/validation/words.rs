//! Fields of a pod that take one of a few words. [Kubernetes pkg/apis/core/validation]

use serde_json::Value;

use super::super::field::FieldErrors;

/// A path (`*` is every item of a list), and the words.
type Words = (&'static [&'static str], &'static [&'static str]);

const SCHEMES: &[&str] = &["HTTP", "HTTPS"];

static POD: &[Words] = &[
    (&["restartPolicy"], &["Always", "OnFailure", "Never"]),
    (
        &["dnsPolicy"],
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    ),
    (&["preemptionPolicy"], &["PreemptLowerPriority", "Never"]),
    (
        &["securityContext", "fsGroupChangePolicy"],
        &["Always", "OnRootMismatch"],
    ),
    (
        &["tolerations", "*", "effect"],
        &["NoSchedule", "PreferNoSchedule", "NoExecute"],
    ),
    (
        &["topologySpreadConstraints", "*", "whenUnsatisfiable"],
        &["DoNotSchedule", "ScheduleAnyway"],
    ),
    (
        &["volumes", "*", "hostPath", "type"],
        &[
            "",
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket",
        ],
    ),
];

static CONTAINER: &[Words] = &[
    (&["imagePullPolicy"], &["Always", "IfNotPresent", "Never"]),
    (
        &["terminationMessagePolicy"],
        &["File", "FallbackToLogsOnError"],
    ),
    (&["restartPolicy"], &["Always", "Never", "OnFailure"]),
    (&["ports", "*", "protocol"], &["SCTP", "TCP", "UDP"]),
    (&["securityContext", "procMount"], &["Default", "Unmasked"]),
    (&["livenessProbe", "httpGet", "scheme"], SCHEMES),
    (&["readinessProbe", "httpGet", "scheme"], SCHEMES),
    (&["startupProbe", "httpGet", "scheme"], SCHEMES),
    (&["lifecycle", "postStart", "httpGet", "scheme"], SCHEMES),
    (&["lifecycle", "preStop", "httpGet", "scheme"], SCHEMES),
];

/// Fields whose error the server reports at another one than theirs: path, reported field, words.
type Elsewhere = (
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
);

static POD_ELSEWHERE: &[Elsewhere] = &[(&["os", "name"], "os", &["linux", "windows"])];
static CONTAINER_ELSEWHERE: &[Elsewhere] = &[
    (
        &["volumeMounts", "*", "mountPropagation"],
        "volumeMounts.mountPropagation",
        &["Bidirectional", "HostToContainer", "None"],
    ),
    (
        &["volumeMounts", "*", "recursiveReadOnly"],
        "volumeMounts.recursiveReadOnly",
        &["Disabled", "Enabled", "IfPossible"],
    ),
];

/// Checks the words of a pod's spec.
pub(super) fn pod(spec: &Value, path: &str, errors: &mut FieldErrors) {
    check(spec, path, POD, POD_ELSEWHERE, errors);
}

/// Checks the words of a container.
pub(super) fn container(container: &Value, path: &str, errors: &mut FieldErrors) {
    check(container, path, CONTAINER, CONTAINER_ELSEWHERE, errors);
}

fn check(
    value: &Value,
    path: &str,
    own: &[Words],
    elsewhere: &[Elsewhere],
    errors: &mut FieldErrors,
) {
    for (steps, words) in own {
        visit(value, path, steps, &mut |field, word| {
            if !words.contains(&word) {
                errors.unsupported(field, word, words);
            }
        });
    }
    for (steps, reported, words) in elsewhere {
        visit(value, path, steps, &mut |_, word| {
            if !words.contains(&word) {
                errors.unsupported(format!("{path}.{reported}"), word, words);
            }
        });
    }
}

/// Calls `found` with the field and the text of every non-empty string at a path.
fn visit(value: &Value, field: &str, steps: &[&str], found: &mut impl FnMut(&str, &str)) {
    let Some((step, rest)) = steps.split_first() else {
        if let Some(word) = value.as_str().filter(|word| !word.is_empty()) {
            found(field, word);
        }
        return;
    };
    if *step == "*" {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            visit(item, &format!("{field}[{index}]"), rest, found);
        }
    } else if let Some(inner) = value.get(step) {
        visit(inner, &format!("{field}.{step}"), rest, found);
    }
}
