//! Ports of containers on the node, what happens when resources of a container change, and variables from files.

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    // Init containers run one after another, the others at once.
    let mut together = BTreeSet::new();
    pod.containers(&mut |container, is_init| {
        if is_init {
            ports(container, &mut BTreeSet::new(), found);
        } else {
            ports(container, &mut together, found);
            if pod.flag("hostNetwork") {
                same_port(container, found);
            }
        }
        resize(pod, container, is_init, found);
        files(pod, container, found);
    });
}

/// [Kubernetes `AccumulateUniqueHostPorts`]
fn ports(container: &Place<'_>, seen: &mut BTreeSet<(String, String, i64)>, found: &mut Refusals) {
    for port in container.child("ports").objects() {
        let Some(number) = port.number("hostPort").filter(|number| *number != 0) else {
            continue;
        };
        let protocol = match port.text("protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let address = port.text("hostIP");
        if !seen.insert((protocol.to_owned(), address.to_owned(), number)) {
            found.say(
                Topic::Port,
                &port.child("hostPort"),
                Fault::Duplicate,
                format!("the node's port {number} is taken twice"),
                "again",
            );
        }
    }
}

/// In the node's network a container's port is the node's. [Kubernetes `validatePodHostNetworkDeps`]
fn same_port(container: &Place<'_>, found: &mut Refusals) {
    for port in container.child("ports").objects() {
        let host = port.child("hostPort");
        if let Some(number) = host.value().as_i64()
            && number != 0
            && port
                .number("containerPort")
                .is_some_and(|own| own != number)
        {
            found.say(
                Topic::Port,
                &host,
                Fault::Invalid("must match `containerPort` when `hostNetwork` is true".to_owned()),
                "`hostPort` and `containerPort` differ beside `hostNetwork: true`",
                "expected the same port",
            );
        }
    }
}

/// [Kubernetes `validateResizePolicy`]
fn resize(pod: &Place<'_>, container: &Place<'_>, is_init: bool, found: &mut Refusals) {
    const TOPIC: Topic = Topic::Resize;
    let policies = container.child("resizePolicy");
    let field = policies.path();
    let mut seen = BTreeSet::new();
    for policy in policies.objects() {
        let resource = policy.child("resourceName");
        let restart = policy.child("restartPolicy");
        for place in [&resource, &restart] {
            if place.is_empty() {
                found.say_at(
                    TOPIC,
                    place,
                    field.clone(),
                    Fault::Required(""),
                    format!("{} is empty", place.called()),
                    "needs a value",
                );
            }
        }
        let name = policy.text("resourceName");
        if !name.is_empty() && !seen.insert(name) {
            found.say_at(
                TOPIC,
                &resource,
                policy.path(),
                Fault::Duplicate,
                format!("two policies for `{name}`"),
                "again",
            );
        }
        found.word_at(TOPIC, &resource, field.clone(), &["cpu", "memory"]);
        found.word_at(
            TOPIC,
            &restart,
            field.clone(),
            &["NotRequired", "RestartContainer"],
        );
        let text = policy.text("restartPolicy");
        if pod.text("restartPolicy") == "Never" && !matches!(text, "" | "NotRequired") {
            found.say_at(
                TOPIC,
                &restart,
                field.clone(),
                Fault::Invalid(
                    "must be 'NotRequired' when pod `restartPolicy` is 'Never'".to_owned(),
                ),
                "nothing restarts in a pod with `restartPolicy: Never`",
                "expected `NotRequired`",
            );
        }
        let is_sidecar = container.text("restartPolicy") == "Always";
        if is_init && !is_sidecar && text == "RestartContainer" {
            found.say(
                TOPIC,
                &restart,
                Fault::Invalid(
                    "must not be set to 'RestartContainer' for non-sidecar initContainers"
                        .to_owned(),
                ),
                "an init container is not restarted when its resources change",
                "expected `NotRequired`",
            );
        }
    }
}

/// Variables that are read from a file of a volume. [Kubernetes `validateFileKeySelector`, `validateFileKeyRefVolumes`]
fn files(pod: &Place<'_>, container: &Place<'_>, found: &mut Refusals) {
    const TOPIC: Topic = Topic::Mount;
    for variable in container.child("env").objects() {
        let source = variable.child("valueFrom");
        let Some(file) = source.object("fileKeyRef") else {
            continue;
        };
        for name in ["key", "path", "volumeName"] {
            found.required(TOPIC, &file, name, "");
        }
        let key = file.child("key");
        let text = file.text("key");
        if text.contains('=') || text.chars().any(|char| !(' '..='~').contains(&char)) {
            found.say(
                TOPIC,
                &key,
                Fault::Invalid("a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()),
                format!("{text:?} cannot be the name of a variable"),
                "expected printable ASCII without `=`",
            );
        }
        found.format(TOPIC, &file.child("path"), Format::NoBacksteps);
        let volume = file.child("volumeName");
        let name = file.text("volumeName");
        if !name.is_empty() {
            found.format(TOPIC, &volume, Format::DnsLabel);
        }
        let volumes = pod.child("volumes");
        match volumes.objects().find(|volume| volume.text("name") == name) {
            None => found.say(
                TOPIC,
                &volume,
                Fault::NotFound(String::new()),
                format!("the pod has no volume `{name}`"),
                "needs one with `emptyDir`",
            ),
            // Without any source it is an emptyDir too.
            Some(volume) if is_empty_dir(&volume) => {}
            Some(_) => found.say(
                TOPIC,
                &volume,
                Fault::Invalid("referenced volume must be of type emptyDir".to_owned()),
                format!("the volume `{name}` is no `emptyDir`"),
                "variables are read from files of an `emptyDir` only",
            ),
        }
    }
}

fn is_empty_dir(volume: &Place<'_>) -> bool {
    volume.object("emptyDir").is_some()
        || !volume
            .entries()
            .any(|(_, source)| source.value().is_object())
}
