//! The kernel's settings and the words of a pod's security context; what goes with Linux or Windows only.

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Refusals, Topic};

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    let context = pod.child("securityContext");
    found.word(
        Topic::Field,
        &context.child("supplementalGroupsPolicy"),
        &["Merge", "Strict"],
    );
    found.word(
        Topic::Field,
        &context.child("seLinuxChangePolicy"),
        &["MountOption", "Recursive"],
    );
    sysctls(pod, &context, found);
    match pod.child("os").text("name") {
        "linux" => linux(pod, found),
        "windows" => windows(pod, found),
        _ => {}
    }
}

/// [Kubernetes `validateSysctls`]
fn sysctls(pod: &Place<'_>, context: &Place<'_>, found: &mut Refusals) {
    const WHY: &str = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    let mut seen = BTreeSet::new();
    let list = context.child("sysctls");
    for sysctl in list.objects() {
        let place = sysctl.child("name");
        let name = sysctl.text("name");
        if name.is_empty() {
            found.required(Topic::Sysctl, &sysctl, "name", "");
        } else if !is_sysctl(name) {
            found.say(
                Topic::Sysctl,
                &place,
                Fault::Invalid(WHY.to_owned()),
                format!("{name:?} cannot be the name of a sysctl"),
                "expected lower-case names with `.` or `/` between them",
            );
        } else if !seen.insert(name) {
            found.say(
                Topic::Sysctl,
                &place,
                Fault::Duplicate,
                format!("the sysctl `{name}` is set twice"),
                "again",
            );
        }
        if let Some(shared) = namespace(name).filter(|shared| pod.flag(shared)) {
            found.say(
                Topic::Sysctl,
                &place,
                Fault::Invalid(format!("may not be specified when '{shared}' is true")),
                format!("`{name}` would be set for the node, beside `{shared}: true`"),
                "the API server refuses every Job",
            );
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    const MOST: usize = 253;
    let is_edge = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= MOST
        && name.split(['.', '/']).all(|part| {
            is_edge(part.bytes().next())
                && is_edge(part.bytes().last())
                && part
                    .bytes()
                    .all(|byte| is_edge(Some(byte)) || matches!(byte, b'-' | b'_'))
        })
}

/// The field that makes a pod share what a setting belongs to. [Kubernetes component-helpers `sysctl.GetNamespace`]
fn namespace(name: &str) -> Option<&'static str> {
    const OF_PROCESSES: [&str; 10] = [
        "kernel.sem",
        "kernel.shm",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.msg",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
    ];
    // Whichever of the two comes first separates the parts.
    let name = match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => name.replace('/', "."),
        _ => name.to_owned(),
    };
    let is_of_processes = OF_PROCESSES.contains(&name.as_str()) || name.starts_with("fs.mqueue.");
    if name.starts_with("net.") {
        Some("hostNetwork")
    } else if is_of_processes {
        Some("hostIPC")
    } else {
        None
    }
}

/// [Kubernetes `validateLinux`]
fn linux(pod: &Place<'_>, found: &mut Refusals) {
    let mut look = |holder: &Place<'_>| {
        if let Some(options) = holder.child("securityContext").field("windowsOptions") {
            found.say(
                Topic::OperatingSystem,
                &options,
                Fault::Forbidden("windows options cannot be set for a linux pod"),
                "`windowsOptions` in a pod with `os.name: linux`",
                "the API server refuses every Job",
            );
        }
    };
    look(pod);
    pod.containers(&mut |container, _| look(container));
}

/// [Kubernetes `validateWindows`]
fn windows(pod: &Place<'_>, found: &mut Refusals) {
    /// Of the pod; the server keeps the next three only where they are true.
    const OF_POD: [&str; 3] = ["hostUsers", "shareProcessNamespace", "resources"];
    const OF_POD_IF_TRUE: [&str; 2] = ["hostPID", "hostIPC"];
    const OF_POD_CONTEXT: [&str; 11] = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "sysctls",
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ];
    const OF_CONTAINER_CONTEXT: [&str; 10] = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    let mut look = |holder: &Place<'_>, names: &[&str], is_only_if_true: bool| {
        for name in names {
            let Some(place) = holder.field(name) else {
                continue;
            };
            let is_nothing = *name == "sysctls" && place.is_empty();
            if is_nothing || is_only_if_true && !holder.flag(name) {
                continue;
            }
            let why = if *name == "resources" {
                "may not be set for a windows pod"
            } else {
                "cannot be set for a windows pod"
            };
            found.say(
                Topic::OperatingSystem,
                &place,
                Fault::Forbidden(why),
                format!("`{name}` in a pod with `os.name: windows`"),
                "the API server refuses every Job",
            );
        }
    };
    look(pod, &OF_POD, false);
    look(pod, &OF_POD_IF_TRUE, true);
    look(&pod.child("securityContext"), &OF_POD_CONTEXT, false);
    pod.containers(&mut |container, _| {
        look(
            &container.child("securityContext"),
            &OF_CONTAINER_CONTEXT,
            false,
        );
    });
}
