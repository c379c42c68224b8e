//! How containers mount volumes and use devices. [Kubernetes `ValidateVolumeMounts`, `ValidateVolumeDevices`]

use std::collections::BTreeSet;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic};

const TOPIC: Topic = Topic::Mount;

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    pod.containers(&mut |container, _| {
        for mount in container.child("volumeMounts").objects() {
            self::mount(container, &mount, found);
        }
        devices(pod, container, found);
        both(container, found);
    });
}

fn mount(container: &Place<'_>, mount: &Place<'_>, found: &mut Refusals) {
    // The server names these by the list, without the index.
    let list = mount.path_above();
    for name in ["subPath", "subPathExpr"] {
        found.format_at(
            TOPIC,
            &mount.child(name),
            format!("{list}.{name}"),
            Format::Descending,
        );
    }
    let expression = mount.child("subPathExpr");
    if !mount.text("subPath").is_empty() && !mount.text("subPathExpr").is_empty() {
        found.say(
            TOPIC,
            &expression,
            Fault::Invalid("subPathExpr and subPath are mutually exclusive".to_owned()),
            "`subPathExpr` beside `subPath`",
            "keep one",
        );
    }
    let propagation = mount.child("mountPropagation");
    let context = container.child("securityContext");
    if mount.text("mountPropagation") == "Bidirectional" && !context.flag("privileged") {
        found.say_at(
            TOPIC,
            &propagation,
            format!("{list}.mountPropagation"),
            Fault::Forbidden(
                "Bidirectional mount propagation is available only to privileged containers",
            ),
            "`mountPropagation: Bidirectional` in a container that is not privileged",
            "needs `securityContext.privileged: true`",
        );
    }
    let recursive = mount.child("recursiveReadOnly");
    if !matches!(mount.text("recursiveReadOnly"), "Enabled" | "IfPossible") {
        return;
    }
    let field = format!("{list}.recursiveReadOnly");
    if !mount.flag("readOnly") {
        found.say_at(
            TOPIC,
            &recursive,
            field.clone(),
            Fault::Forbidden("may only be specified when readOnly is true"),
            "`recursiveReadOnly` without `readOnly: true`",
            "needs `readOnly: true` beside it",
        );
    }
    if !matches!(mount.text("mountPropagation"), "" | "None") {
        found.say_at(
            TOPIC,
            &recursive,
            field,
            Fault::Forbidden(
                "may only be specified when mountPropagation is None or not specified",
            ),
            "`recursiveReadOnly` beside a `mountPropagation`",
            "goes with `mountPropagation: None` only",
        );
    }
}

fn devices(pod: &Place<'_>, container: &Place<'_>, found: &mut Refusals) {
    let mut names = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let devices = container.child("volumeDevices");
    let volumes = pod.child("volumes");
    for device in devices.objects() {
        let name = device.child("name");
        let text = device.text("name");
        if !text.is_empty() && !names.insert(text) {
            found.say(
                TOPIC,
                &name,
                Fault::Invalid("must be unique".to_owned()),
                format!("the volume `{text}` is used as a device twice"),
                "again",
            );
        }
        let is_no_device = volumes
            .objects()
            .find(|volume| volume.text("name") == text)
            .is_some_and(|volume| {
                volume.object("persistentVolumeClaim").is_none()
                    && volume.object("ephemeral").is_none()
            });
        if is_no_device {
            found.say(
                TOPIC,
                &name,
                Fault::Invalid("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode".to_owned()),
                format!("the volume `{text}` is no device"),
                "only `persistentVolumeClaim` and `ephemeral` can be one",
            );
        }
        found.required(TOPIC, &device, "devicePath", "");
        let path = device.child("devicePath");
        let text = device.text("devicePath");
        if text.is_empty() {
            continue;
        }
        if !paths.insert(text) {
            found.say(
                TOPIC,
                &path,
                Fault::Invalid("must be unique".to_owned()),
                format!("two devices of this container are at `{text}`"),
                "again",
            );
        }
        if !Format::NoBacksteps.fits(text) {
            found.say(
                TOPIC,
                &path,
                Fault::Invalid("can not contain backsteps ('..')".to_owned()),
                format!("{} cannot be {text:?}", path.called()),
                Format::NoBacksteps.expected(),
            );
        }
    }
}

/// A volume is mounted or used as a device, at a path of its own.
fn both(container: &Place<'_>, found: &mut Refusals) {
    let devices = container.child("volumeDevices");
    for mount in container.child("volumeMounts").objects() {
        for device in devices.objects() {
            for (of_mount, of_device, mounted, used, message) in [
                (
                    "name",
                    "name",
                    "must not already exist in volumeDevices",
                    "must not already exist in volumeMounts",
                    "a volume is mounted and used as a device",
                ),
                (
                    "mountPath",
                    "devicePath",
                    "must not already exist as a path in volumeDevices",
                    "must not already exist as a path in volumeMounts",
                    "a volume is mounted where a device is",
                ),
            ] {
                let text = mount.text(of_mount);
                if text.is_empty() || text != device.text(of_device) {
                    continue;
                }
                found.say(
                    TOPIC,
                    &mount.child(of_mount),
                    Fault::Invalid(mounted.to_owned()),
                    format!("{message}: `{text}`"),
                    "is in `volumeDevices` too",
                );
                let other = device.child(of_device);
                found.say(
                    TOPIC,
                    &other,
                    Fault::Invalid(used.to_owned()),
                    format!("{message}: `{text}`"),
                    "is in `volumeMounts` too",
                );
            }
        }
    }
}
