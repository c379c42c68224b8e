//! Requests and limits of a pod as a whole, and huge pages. [Kubernetes `validatePodResources`, `validateResourceRequirements`]

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::Place;
use super::{Fault, Refusals, Topic};
use crate::api::quantity::Quantity;

const TOPIC: Topic = Topic::Resources;

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    pod.containers(&mut |container, _| huge_pages(&container.child("resources"), found));
    for (name, amount) in pod.child("overhead").entries() {
        let is_known = matches!(name, "cpu" | "memory" | "ephemeral-storage")
            || name.starts_with("hugepages-")
            || name.contains('/');
        if !is_known {
            found.say_at(
                TOPIC,
                &amount,
                format!("overhead.limits[{name}]"),
                Fault::Invalid("must be a standard resource for containers".to_owned()),
                format!("a container has no resource `{name}`"),
                "expected `cpu`, `memory`, or a name with a domain",
            );
        }
        if quantity(&amount).is_some_and(Quantity::is_negative) {
            found.say_at(
                TOPIC,
                &amount,
                format!("overhead.limits[{name}]"),
                Fault::Invalid("must be greater than or equal to 0".to_owned()),
                format!("the overhead of `{name}` is negative"),
                "expected 0 or more",
            );
        }
    }
    let Some(resources) = pod.object("resources") else {
        return;
    };
    if let Some(claims) = resources.field("claims") {
        found.say(
            TOPIC,
            &claims,
            Fault::Forbidden("claims may not be set for Resources at pod-level"),
            "`resources` of a pod take no `claims`",
            "only those of a container do",
        );
    }
    huge_pages(&resources, found);
    for list in ["limits", "requests"] {
        for (name, amount) in resources.child(list).entries() {
            let field = format!("resources.{list}[{name}]");
            if !matches!(name, "cpu" | "memory") && !name.starts_with("hugepages-") {
                found.say_at(
                    TOPIC,
                    &amount,
                    field.clone(),
                    Fault::Unsupported(&["cpu", "hugepages-", "memory"]),
                    format!("a pod as a whole has no resource `{name}`"),
                    "expected `cpu`, `memory` or `hugepages-…`",
                );
            }
            if quantity(&amount).is_some_and(Quantity::is_negative) {
                found.say_at(
                    TOPIC,
                    &amount,
                    field,
                    Fault::Invalid("must be greater than or equal to 0".to_owned()),
                    format!("the amount of `{name}` is negative"),
                    "expected 0 or more",
                );
            }
        }
    }
    above(&resources, found);
    beside_containers(pod, &resources, found);
}

fn quantity(place: &Place<'_>) -> Option<Quantity> {
    match place.value() {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

fn shown(place: &Place<'_>) -> String {
    match place.value() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Requests of the pod that are greater than its limits.
fn above(resources: &Place<'_>, found: &mut Refusals) {
    let limits = resources.child("limits");
    for (name, request) in resources.child("requests").entries() {
        let limit = limits.child(name);
        if let (Some(wanted), Some(most)) = (quantity(&request), quantity(&limit))
            && wanted > most
        {
            found.say_at(
                TOPIC,
                &request,
                "resources.requests".to_owned(),
                Fault::Invalid(format!(
                    "must be less than or equal to {name} limit of {}",
                    shown(&limit)
                )),
                format!("the pod requests more `{name}` than its limit"),
                format!("its limit is {}", shown(&limit)),
            );
        }
    }
}

/// [Kubernetes `validatePodResourceConsistency`]
fn beside_containers(pod: &Place<'_>, resources: &Place<'_>, found: &mut Refusals) {
    let of_pod = resources.child("requests");
    let mut names: BTreeMap<&str, Place<'_>> = of_pod.entries().collect();
    for (name, request) in std::mem::take(&mut names) {
        let (Some(wanted), Some(total)) = (quantity(&request), requested(pod, name)) else {
            continue;
        };
        if total > wanted {
            let total = total.show(name != "cpu");
            found.say_at(
                TOPIC,
                &request,
                format!("resources.requests[{name}]"),
                Fault::Invalid(format!(
                    "must be greater than or equal to aggregate container requests of {total}"
                )),
                format!("the containers request more `{name}` than the pod"),
                format!("they request {total} together"),
            );
        }
    }
    let limits = resources.child("limits");
    for (index, container) in pod.child("containers").items().enumerate() {
        let of_container = container.child("resources");
        let of_container = of_container.child("limits");
        for (name, limit) in of_container.entries() {
            let most = limits.child(name);
            if let (Some(own), Some(bound)) = (quantity(&limit), quantity(&most))
                && own > bound
            {
                found.say_at(
                    TOPIC,
                    &limit,
                    format!("resources.containers[{index}][{name}].limits"),
                    Fault::Invalid(format!(
                        "must be less than or equal to pod limits of {}",
                        shown(&most)
                    )),
                    format!("a container's limit of `{name}` is greater than the pod's"),
                    format!("the pod's is {}", shown(&most)),
                );
            }
        }
    }
}

/// The most of a resource that the containers request at one time. [component-helpers `AggregateContainerRequests`]
fn requested(pod: &Place<'_>, name: &str) -> Option<Quantity> {
    let mut is_known = true;
    let mut together = Quantity::ZERO;
    let mut sidecars = Quantity::ZERO;
    let mut starting = Quantity::ZERO;
    pod.containers(&mut |container, is_init| {
        let resources = container.child("resources");
        let (requests, limits) = (resources.child("requests"), resources.child("limits"));
        // A limit without a request is the request too.
        let Some(amount) = requests.field(name).or(limits.field(name)) else {
            return;
        };
        let Some(amount) = quantity(&amount) else {
            is_known = false;
            return;
        };
        if !is_init {
            together = together.plus(amount);
        } else if container.text("restartPolicy") == "Always" {
            sidecars = sidecars.plus(amount);
            starting = starting.max(sidecars);
        } else {
            starting = starting.max(sidecars.plus(amount));
        }
    });
    is_known.then(|| together.plus(sidecars).max(starting))
}

/// Huge pages are whole pages, and never all that a container asks for.
fn huge_pages(resources: &Place<'_>, found: &mut Refusals) {
    let mut first = None;
    let mut has_other = false;
    for list in ["limits", "requests"] {
        for (name, amount) in resources.child(list).entries() {
            has_other |= matches!(name, "cpu" | "memory");
            let Some(size) = name.strip_prefix("hugepages-") else {
                continue;
            };
            first.get_or_insert_with(|| (amount.steps(), name.to_owned()));
            let is_whole = Quantity::parse(size)
                .filter(|size| *size > Quantity::ZERO)
                .zip(quantity(&amount))
                .is_some_and(|(size, amount)| amount.is_multiple_of(size));
            if !is_whole {
                let field = format!("{}.{list}[{name}]", resources.path());
                found.say_at(
                    TOPIC,
                    &amount,
                    field,
                    Fault::Invalid(format!(
                        "{} is not positive integer multiple of {name}",
                        shown(&amount)
                    )),
                    format!("{} is no whole number of pages of {size}", shown(&amount)),
                    format!("expected a multiple of {size}"),
                );
            }
        }
    }
    if let Some((steps, name)) = first.filter(|_| !has_other) {
        found.say(
            TOPIC,
            resources,
            Fault::Forbidden("HugePages require cpu or memory"),
            format!("`{name}` without `cpu` and without `memory`"),
            "needs one of the two beside it",
        );
        if let Some(last) = found.0.last_mut() {
            last.steps = steps;
        }
    }
}
