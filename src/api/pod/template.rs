//! Annotations of a pod's template that Kubernetes reads. [Kubernetes `ValidatePodSpecificAnnotations`]

use super::place::Place;
use super::{Fault, Refusals, Topic};

const TOPIC: Topic = Topic::Annotation;
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

pub(super) fn check(template: &Place<'_>, found: &mut Refusals) {
    let metadata = template.child("metadata");
    let annotations = metadata.child("annotations");
    for (key, value) in annotations.entries() {
        let Some(text) = value.value().as_str() else {
            continue;
        };
        if let Some(container) = key.strip_prefix(APP_ARMOR) {
            app_armor(template, &value, (key, container, text), found);
        } else if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            if !is_seccomp(text) {
                found.say_at(
                    TOPIC,
                    &value,
                    format!("annotations.{key}"),
                    Fault::Invalid("must be a valid seccomp profile".to_owned()),
                    format!("{text:?} is no seccomp profile"),
                    "expected `runtime/default`, `unconfined` or `localhost/…`",
                );
            }
        } else if key == DELETION_COST && !is_cost(text) {
            found.say_at(
                TOPIC,
                &value,
                format!("annotations[{key}]"),
                Fault::Invalid("must be a 32bit integer".to_owned()),
                format!("{text:?} is no cost of a deletion"),
                "expected a whole number",
            );
        }
    }
}

fn app_armor(
    template: &Place<'_>,
    value: &Place<'_>,
    (key, container, profile): (&str, &str, &str),
    found: &mut Refusals,
) {
    let spec = template.child("spec");
    let mut is_there = false;
    spec.containers(&mut |one, _| is_there |= one.text("name") == container);
    if !is_there {
        found.say_at(
            TOPIC,
            value,
            format!("annotations[{key}]"),
            Fault::Invalid("container not found".to_owned()),
            format!("an AppArmor profile for `{container}`, which is no container of the pod"),
            "the key ends with a container's name",
        );
    }
    let is_known = matches!(profile, "" | "runtime/default" | "unconfined")
        || profile.starts_with("localhost/");
    if !is_known {
        found.say_at(
            TOPIC,
            value,
            format!("annotations[{key}]"),
            Fault::Invalid(format!("invalid AppArmor profile name: {profile:?}")),
            format!("{profile:?} is no AppArmor profile"),
            "expected `runtime/default`, `unconfined` or `localhost/…`",
        );
    }
}

/// [Kubernetes `ValidateSeccompProfile`]
fn is_seccomp(text: &str) -> bool {
    matches!(text, "runtime/default" | "docker/default" | "unconfined")
        || text
            .strip_prefix("localhost/")
            .is_some_and(|path| super::Format::Descending.fits(path))
}

/// A 32-bit number, without a sign or zeros before it. [Kubernetes `GetDeletionCostFromPodAnnotations`]
fn is_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = digits == "0" && text == "0" || !digits.starts_with(['0', '+']);
    is_canonical && text.parse::<i32>().is_ok()
}
