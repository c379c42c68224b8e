//! Fields of a pod's spec that are looked at one by one: names, addresses, the node's namespaces.

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

const TOPIC: Topic = Topic::Field;

/// Where a text has a form, and whether the empty one is looked at too.
static FORMS: &[(&[&str], Format, bool)] = &[
    (&["hostname"], Format::DnsLabel, false),
    (&["subdomain"], Format::DnsLabel, false),
    (&["hostnameOverride"], Format::DnsSubdomain, true),
    (&["nodeName"], Format::DnsSubdomain, false),
    (&["priorityClassName"], Format::DnsSubdomain, false),
    (&["runtimeClassName"], Format::DnsSubdomain, true),
    (&["serviceAccountName"], Format::DnsSubdomain, false),
    (&["hostAliases", "*", "ip"], Format::Address, true),
    (
        &["hostAliases", "*", "hostnames", "*"],
        Format::DnsSubdomain,
        true,
    ),
    (&["dnsConfig", "nameservers", "*"], Format::Address, true),
    (
        &["readinessGates", "*", "conditionType"],
        Format::QualifiedName,
        true,
    ),
];

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    for (path, format, is_empty_looked_at) in FORMS {
        pod.each(path, &mut |place| {
            if *is_empty_looked_at || !place.is_empty() {
                found.format(TOPIC, place, *format);
            }
        });
    }
    if let Some(policy) = pod.field("preemptionPolicy").filter(Place::is_empty) {
        found.say(
            TOPIC,
            &policy,
            Fault::Required(""),
            "`preemptionPolicy` is empty",
            "expected `PreemptLowerPriority` or `Never`",
        );
    }
    found.range(
        TOPIC,
        &pod.child("activeDeadlineSeconds"),
        // What is below is told with the other numbers.
        (i64::MIN, i64::from(i32::MAX)),
        "must be between 1 and 2147483647, inclusive",
        "expected at most 2147483647",
    );
    host_name(pod, found);
    dns(pod, found);
    gates(pod, found);
    namespaces(pod, found);
    if let Some(containers) = pod
        .field("ephemeralContainers")
        .filter(|list| !list.is_empty())
    {
        found.say(
            TOPIC,
            &containers,
            Fault::Forbidden("ephemeral containers not allowed in pod template"),
            "a pod is created without `ephemeralContainers`",
            "they are added to a pod that runs",
        );
    }
}

/// [Kubernetes `validatePodHostName`]
fn host_name(pod: &Place<'_>, found: &mut Refusals) {
    const MOST: usize = 64;
    let Some(name) = pod.field("hostnameOverride") else {
        return;
    };
    let mut beside = |other: &str, why| {
        if pod.flag(other) {
            found.say(
                TOPIC,
                &name,
                Fault::Forbidden(why),
                format!("`hostnameOverride` beside `{other}: true`"),
                "the API server refuses every Job",
            );
        }
    };
    beside(
        "setHostnameAsFQDN",
        "may not be specified when setHostnameAsFQDN is true",
    );
    beside(
        "hostNetwork",
        "may not be specified when hostNetwork is true",
    );
    if name.value().as_str().is_some_and(|name| name.len() > MOST) {
        found.say(
            TOPIC,
            &name,
            Fault::TooLong(MOST),
            "`hostnameOverride` is too long",
            "expected at most 64 characters",
        );
    }
}

/// [Kubernetes `validatePodDNSConfig`]
fn dns(pod: &Place<'_>, found: &mut Refusals) {
    const MOST_SERVERS: usize = 3;
    const MOST_SEARCHES: usize = 32;
    const MOST_CHARACTERS: usize = 2048;
    let Some(config) = pod.object("dnsConfig") else {
        return;
    };
    if config.count("nameservers") > MOST_SERVERS {
        found.say(
            TOPIC,
            &config.child("nameservers"),
            Fault::Invalid("must not have more than 3 nameservers".to_owned()),
            format!("`nameservers` has {} items", config.count("nameservers")),
            "expected at most 3",
        );
    }
    let searches = config.child("searches");
    let count = config.count("searches");
    if count > MOST_SEARCHES {
        found.say(
            TOPIC,
            &searches,
            Fault::Invalid("must not have more than 32 search paths".to_owned()),
            format!("`searches` has {count} items"),
            "expected at most 32",
        );
    }
    let characters = searches
        .items()
        .filter_map(|one| Some(one.value().as_str()?.len() + 1))
        .sum::<usize>()
        .saturating_sub(1);
    if characters > MOST_CHARACTERS {
        found.say(
            TOPIC,
            &searches,
            Fault::Invalid(
                "must not have more than 2048 characters (including spaces) in the search list"
                    .to_owned(),
            ),
            format!("`searches` has {characters} characters"),
            "expected at most 2048, with a space between two",
        );
    }
    for search in searches.items() {
        let Some(text) = search.value().as_str().filter(|text| *text != ".") else {
            continue;
        };
        if !Format::SearchDomain.fits(text.strip_suffix('.').unwrap_or(text)) {
            found.format(TOPIC, &search, Format::SearchDomain);
        }
    }
    for option in config.child("options").objects() {
        if option.text("name").is_empty() {
            found.say(
                TOPIC,
                &option,
                Fault::Required("must not be empty"),
                "an option of `dnsConfig` without `name`",
                "needs `name`",
            );
        }
    }
}

/// [Kubernetes `validateSchedulingGates`]
fn gates(pod: &Place<'_>, found: &mut Refusals) {
    let mut seen = BTreeSet::new();
    let gates = pod.child("schedulingGates");
    for gate in gates.objects() {
        let name = gate.child("name");
        found.format_at(TOPIC, &name, gate.path(), Format::QualifiedName);
        let text = gate.text("name");
        if !seen.insert(text) && !text.is_empty() {
            found.say_at(
                TOPIC,
                &name,
                gate.path(),
                Fault::Duplicate,
                format!("the gate `{text}` is there twice"),
                "again",
            );
        }
    }
}

/// What does not go with users of the pod's own. [Kubernetes `validateHostUsers`]
fn namespaces(pod: &Place<'_>, found: &mut Refusals) {
    if pod.value().get("hostUsers") != Some(&serde_json::Value::Bool(false)) {
        return;
    }
    for (name, field) in [
        ("hostNetwork", "hostNetwork"),
        ("hostPID", "HostPID"),
        ("hostIPC", "HostIPC"),
    ] {
        if pod.flag(name) {
            found.say_at(
                TOPIC,
                &pod.child(name),
                field.to_owned(),
                Fault::Forbidden("when `hostUsers` is false"),
                format!("`{name}: true` beside `hostUsers: false`"),
                "the API server refuses every Job",
            );
        }
    }
    pod.containers(&mut |container, _| {
        if container.count("volumeDevices") > 0 {
            found.say(
                TOPIC,
                &container.child("volumeDevices"),
                Fault::Forbidden("when `hostUsers` is false"),
                "`volumeDevices` in a pod with `hostUsers: false`",
                "the API server refuses every Job",
            );
        }
    });
}
