//! Where a pod may run: affinity to nodes and pods, topology spread, tolerations.

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

const TOPIC: Topic = Topic::Affinity;
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// What a selector of labels is compared with.
const OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    let affinity = pod.child("affinity");
    nodes(&affinity.child("nodeAffinity"), found);
    for kind in ["podAffinity", "podAntiAffinity"] {
        let affinity = affinity.child(kind);
        for term in affinity.child(REQUIRED).objects() {
            pods(&term, found);
        }
        for preference in affinity.child(PREFERRED).objects() {
            weight(&preference, found);
            if let Some(term) = preference.object("podAffinityTerm") {
                pods(&term, found);
            }
        }
    }
    spread(pod, found);
    for toleration in pod.child("tolerations").objects() {
        tolerate(&toleration, found);
    }
}

fn weight(preference: &Place<'_>, found: &mut Refusals) {
    found.range(
        TOPIC,
        &preference.child("weight"),
        (1, 100),
        "must be in the range 1-100",
        "expected 1 to 100",
    );
}

/// [Kubernetes `validateNodeAffinity`]
fn nodes(affinity: &Place<'_>, found: &mut Refusals) {
    if let Some(required) = affinity.object(REQUIRED) {
        let terms = required.child("nodeSelectorTerms");
        if terms.is_empty() {
            found.say(
                TOPIC,
                &terms,
                Fault::Required("must have at least one node selector term"),
                "`nodeSelectorTerms` is empty: no node fits",
                "needs at least one term",
            );
        }
        for term in terms.objects() {
            node_term(&term, true, found);
        }
    }
    for preference in affinity.child(PREFERRED).objects() {
        weight(&preference, found);
        if let Some(term) = preference.object("preference") {
            node_term(&term, false, found);
        }
    }
}

/// Values of a preference need not be those that a label can have. [Kubernetes `ValidateNodeSelectorTerm`]
fn node_term(term: &Place<'_>, is_required: bool, found: &mut Refusals) {
    for one in term.child("matchExpressions").objects() {
        let operator = one.text("operator");
        if one.child("operator").is_empty() {
            found.say(
                TOPIC,
                &one.child("operator"),
                Fault::Invalid("not a valid selector operator".to_owned()),
                "`operator` is empty",
                "expected `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`",
            );
        }
        if matches!(operator, "Gt" | "Lt") {
            if one.count("values") != 1 {
                found.say(
                    TOPIC,
                    &one.child("values"),
                    Fault::Required(
                        "must be specified single value when `operator` is 'Lt' or 'Gt'",
                    ),
                    format!("`operator: {operator}` compares with one value"),
                    "needs exactly one",
                );
            }
        } else {
            values(&one, found);
        }
        found.format(TOPIC, &one.child("key"), Format::QualifiedName);
        if is_required {
            for value in one.child("values").items() {
                found.format(TOPIC, &value, Format::LabelValue);
            }
        }
    }
    for one in term.child("matchFields").objects() {
        let operator = one.text("operator");
        if !matches!(operator, "In" | "NotIn") {
            found.say(
                TOPIC,
                &one.child("operator"),
                Fault::Invalid("not a valid selector operator".to_owned()),
                format!("`operator` of `matchFields` cannot be `{operator}`"),
                "expected `In` or `NotIn`",
            );
        } else if one.count("values") != 1 {
            found.say(
                TOPIC,
                &one.child("values"),
                Fault::Required(
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
                ),
                "`matchFields` compares with one value",
                "needs exactly one",
            );
        }
        let key = one.child("key");
        if one.text("key") == "metadata.name" {
            for value in one.child("values").items() {
                found.format(TOPIC, &value, Format::DnsSubdomain);
            }
        } else if key.value().is_string() {
            found.say(
                TOPIC,
                &key,
                Fault::Invalid("not a valid field selector key".to_owned()),
                format!("`matchFields` cannot look at `{}`", one.text("key")),
                "expected `metadata.name`",
            );
        }
    }
}

/// How many values go with an operator of sets; another operator is somebody else's finding.
fn values(one: &Place<'_>, found: &mut Refusals) {
    let place = one.child("values");
    let operator = one.text("operator");
    match operator {
        "In" | "NotIn" if one.count("values") == 0 => found.say(
            TOPIC,
            &place,
            Fault::Required("must be specified when `operator` is 'In' or 'NotIn'"),
            format!("`operator: {operator}` without `values`"),
            "needs at least one value",
        ),
        "Exists" | "DoesNotExist" if one.count("values") > 0 => found.say(
            TOPIC,
            &place,
            Fault::Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
            format!("`operator: {operator}` takes no `values`"),
            "the API server refuses every Job",
        ),
        _ => {}
    }
}

/// A selector of labels. [apimachinery `ValidateLabelSelector`]
fn selector(holder: &Place<'_>, name: &str, found: &mut Refusals) {
    let selector = holder.child(name);
    let labels = selector.child("matchLabels");
    for (key, value) in labels.entries() {
        if !Format::QualifiedName.fits(key) {
            found.0.push(super::Refusal {
                topic: TOPIC,
                steps: value.steps(),
                field: labels.path(),
                value: key.into(),
                fault: Fault::Format(Format::QualifiedName),
                message: format!("{key:?} cannot be the key of a label"),
                label: Format::QualifiedName.expected().to_owned(),
            });
        }
        found.format_at(TOPIC, &value, labels.path(), Format::LabelValue);
    }
    for one in selector.child("matchExpressions").objects() {
        let operator = one.child("operator");
        if operator
            .value()
            .as_str()
            .is_some_and(|text| !OPERATORS.contains(&text))
        {
            found.say(
                TOPIC,
                &operator,
                Fault::Invalid("not a valid selector operator".to_owned()),
                format!(
                    "`operator` cannot be `{}` where labels are selected",
                    one.text("operator")
                ),
                "expected `In`, `NotIn`, `Exists` or `DoesNotExist`",
            );
        }
        values(&one, found);
        found.format(TOPIC, &one.child("key"), Format::QualifiedName);
        for value in one.child("values").items() {
            found.format(TOPIC, &value, Format::LabelValue);
        }
    }
}

/// [Kubernetes `validatePodAffinityTerm`]
fn pods(term: &Place<'_>, found: &mut Refusals) {
    selector(term, "labelSelector", found);
    selector(term, "namespaceSelector", found);
    for namespace in term.child("namespaces").items() {
        let field = format!("{}.namespace", term.path());
        found.format_at(TOPIC, &namespace, field, Format::DnsLabel);
    }
    let key = term.child("topologyKey");
    if key.is_empty() {
        found.say(
            TOPIC,
            &key,
            Fault::Required("can not be empty"),
            "`topologyKey` is empty",
            "needs a label of nodes such as `kubernetes.io/hostname`",
        );
    } else {
        found.format(TOPIC, &key, Format::QualifiedName);
    }
    label_keys(term, "matchLabelKeys", found);
    label_keys(term, "mismatchLabelKeys", found);
    let other: BTreeSet<&str> = term
        .value()
        .get("mismatchLabelKeys")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    for key in term.child("matchLabelKeys").items() {
        if let Some(text) = key.value().as_str().filter(|text| other.contains(text)) {
            found.say(
                TOPIC,
                &key,
                Fault::Invalid("exists in both matchLabelKeys and mismatchLabelKeys".to_owned()),
                format!("`{text}` cannot both match and not match"),
                "is in `mismatchLabelKeys` too",
            );
        }
    }
}

/// [Kubernetes `validateLabelKeys`]
fn label_keys(holder: &Place<'_>, name: &str, found: &mut Refusals) {
    let keys = holder.child(name);
    if holder.count(name) == 0 {
        return;
    }
    if holder.field("labelSelector").is_none() {
        found.say(
            TOPIC,
            &keys,
            Fault::Forbidden("must not be specified when labelSelector is not set"),
            format!("`{name}` without `labelSelector`"),
            "needs `labelSelector` beside it",
        );
    }
    for key in keys.items() {
        found.format(TOPIC, &key, Format::QualifiedName);
    }
}

/// [Kubernetes `validateTopologySpreadConstraints`]
fn spread(pod: &Place<'_>, found: &mut Refusals) {
    let constraints = pod.child("topologySpreadConstraints");
    let mut seen = BTreeSet::new();
    for one in constraints.objects() {
        let key = one.child("topologyKey");
        if key.is_empty() {
            found.say(
                TOPIC,
                &key,
                Fault::Required("can not be empty"),
                "`topologyKey` is empty",
                "needs a label of nodes such as `topology.kubernetes.io/zone`",
            );
        }
        let action = one.text("whenUnsatisfiable");
        if one.child("whenUnsatisfiable").is_empty() {
            found.say(
                TOPIC,
                &one.child("whenUnsatisfiable"),
                Fault::Unsupported(&["DoNotSchedule", "ScheduleAnyway"]),
                "`whenUnsatisfiable` is empty",
                "expected `DoNotSchedule` or `ScheduleAnyway`",
            );
        }
        if !seen.insert((one.text("topologyKey"), action)) && !key.is_empty() {
            // The server names the first of the two by both fields at once.
            let first = constraints.objects().find(|first| {
                (first.text("topologyKey"), first.text("whenUnsatisfiable"))
                    == (one.text("topologyKey"), action)
            });
            let field = first.map_or_else(String::new, |first| {
                format!("{}.{{topologyKey, whenUnsatisfiable}}", first.path())
            });
            found.say_at(
                TOPIC,
                &key,
                field,
                Fault::Duplicate,
                format!(
                    "two constraints spread over `{}` with `{action}`",
                    one.text("topologyKey")
                ),
                "again",
            );
        }
        let domains = one.child("minDomains");
        found.range(
            TOPIC,
            &domains,
            (1, i64::MAX),
            "must be greater than zero",
            "expected at least 1",
        );
        if !domains.is_missing() && action != "DoNotSchedule" {
            found.say(
                TOPIC,
                &domains,
                Fault::Invalid(format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                )),
                "`minDomains` goes with `whenUnsatisfiable: DoNotSchedule` only",
                "the API server refuses every Job",
            );
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            found.word(TOPIC, &one.child(policy), &["Honor", "Ignore"]);
        }
        label_keys(&one, "matchLabelKeys", found);
        selector(&one, "labelSelector", found);
    }
}

/// What the rule of tolerations does not say. [Kubernetes `ValidateTolerations`]
fn tolerate(toleration: &Place<'_>, found: &mut Refusals) {
    let key = toleration.child("key");
    if !key.is_empty() {
        found.format(TOPIC, &key, Format::QualifiedName);
    }
    let operator = toleration.child("operator");
    let word = toleration.text("operator");
    if matches!(word, "" | "Equal") {
        found.format_at(
            TOPIC,
            &toleration.child("value"),
            operator.path(),
            Format::LabelValue,
        );
    }
}
