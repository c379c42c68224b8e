//! Volumes that are disks and shares, whose fields depend on each other. [Kubernetes `validateVolumeSource`]

use super::place::Place;
use super::{Fault, Refusals, Topic};

const TOPIC: Topic = Topic::Volume;

pub(super) fn check(volume: &Place<'_>, found: &mut Refusals) {
    let mut say = |place: &Place<'_>, fault: Fault, message: &str, label: &str| {
        found.say(TOPIC, place, fault, message, label);
    };
    if let Some(iscsi) = volume.object("iscsi") {
        let is_with_secret = iscsi.flag("chapAuthDiscovery") || iscsi.flag("chapAuthSession");
        if is_with_secret && iscsi.field("secretRef").is_none() {
            say(
                &iscsi.child("secretRef"),
                Fault::Required(""),
                "CHAP without `secretRef`",
                "needs `secretRef`",
            );
        }
    }
    if let Some(fc) = volume.object("fc") {
        let (names, ids) = (fc.count("targetWWNs"), fc.count("wwids"));
        let place = fc.child("targetWWNs");
        if names == 0 && ids == 0 {
            say(
                &place,
                Fault::Required("must specify either targetWWNs or wwids, but not both"),
                "`fc` names no disk",
                "needs `targetWWNs` or `wwids`",
            );
        } else if names > 0 && ids > 0 {
            say(
                &place,
                Fault::Invalid(
                    "targetWWNs and wwids can not be specified simultaneously".to_owned(),
                ),
                "`targetWWNs` beside `wwids`",
                "keep one",
            );
        }
        let lun = fc.child("lun");
        if names > 0 && lun.is_missing() {
            say(
                &lun,
                Fault::Required("lun is required if targetWWNs is specified"),
                "`targetWWNs` without `lun`",
                "needs `lun`",
            );
        } else if names > 0
            && lun
                .value()
                .as_i64()
                .is_some_and(|lun| !(0..=255).contains(&lun))
        {
            say(
                &lun,
                Fault::Invalid("must be between 0 and 255, inclusive".to_owned()),
                "`lun` is out of range",
                "expected 0 to 255",
            );
        }
    }
    if let Some(flocker) = volume.object("flocker") {
        let (name, id) = (flocker.text("datasetName"), flocker.text("datasetUUID"));
        if name.is_empty() && id.is_empty() {
            say(
                &flocker,
                Fault::Required("one of datasetName and datasetUUID is required"),
                "`flocker` names no data set",
                "needs `datasetName` or `datasetUUID`",
            );
        } else if !name.is_empty() && !id.is_empty() {
            say(
                &flocker,
                Fault::Invalid(
                    "datasetName and datasetUUID can not be specified simultaneously".to_owned(),
                ),
                "`datasetName` beside `datasetUUID`",
                "keep one",
            );
        }
        if name.contains('/') {
            say(
                &flocker.child("datasetName"),
                Fault::Invalid("must not contain '/'".to_owned()),
                "`datasetName` holds `/`",
                "expected a name",
            );
        }
    }
    if let Some(flex) = volume.object("flexVolume") {
        let options = flex.child("options");
        for (key, value) in options.entries() {
            let domain = key.split('/').next().unwrap_or(key);
            let domain = format!(".{}", domain.to_lowercase());
            if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
                let field = format!("{}[{key}]", options.path());
                found.say_at(
                    TOPIC,
                    &value,
                    field,
                    Fault::Invalid("kubernetes.io and k8s.io namespaces are reserved".to_owned()),
                    format!("the option `{key}` is reserved"),
                    "expected a name outside of kubernetes.io and k8s.io",
                );
            }
        }
    }
    if let Some(disk) = volume.object("azureDisk") {
        azure_disk(&disk, found);
    }
    if let Some(iscsi) = volume.object("iscsi") {
        iscsi_names(&iscsi, found);
    }
    if let Some(quobyte) = volume.object("quobyte") {
        self::quobyte(&quobyte, found);
    }
}

/// `kind` is `Shared` where it is left out. [Kubernetes `validateAzureDisk`]
fn azure_disk(disk: &Place<'_>, found: &mut Refusals) {
    let address = disk.text("diskURI");
    if address.is_empty() {
        return;
    }
    let is_managed = disk.text("kind") == "Managed";
    if is_managed && !address.starts_with("/subscriptions/") {
        found.say(
            TOPIC,
            &disk.child("diskURI"),
            Fault::Unsupported(&["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"]),
            "`diskURI` is none of a managed disk",
            "expected `/subscriptions/…`",
        );
    } else if !is_managed && !address.starts_with("https://") {
        found.say(
            TOPIC,
            &disk.child("diskURI"),
            Fault::Unsupported(&[
                "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
            ]),
            "`diskURI` is none of a blob, which a disk is unless its `kind` is `Managed`",
            "expected `https://…`, or `kind: Managed` beside it",
        );
    }
}

/// [Kubernetes `validateISCSIVolumeSource`]
fn iscsi_names(iscsi: &Place<'_>, found: &mut Refusals) {
    for (name, field) in [("iqn", "iqn"), ("initiatorName", "initiatorname")] {
        let place = iscsi.child(name);
        let Some(text) = place.value().as_str() else {
            continue;
        };
        let is_wrong = match text.get(..3) {
            Some("iqn") => !is_iqn(text),
            Some(kind @ ("eui" | "naa")) => {
                let length = if kind == "eui" { 16 } else { 32 };
                // Any character stands for the dot.
                let id: Vec<char> = text.chars().skip(4).collect();
                id.len() != length || !id.iter().all(char::is_ascii_alphanumeric)
            }
            _ => {
                if name == "initiatorName" || !text.is_empty() {
                    self::iscsi_name(
                        &place,
                        format!("{}.{field}", iscsi.path()),
                        "must be valid format starting with iqn, eui, or naa",
                        found,
                    );
                }
                continue;
            }
        };
        if is_wrong {
            iscsi_name(
                &place,
                format!("{}.{field}", iscsi.path()),
                "must be valid format",
                found,
            );
        }
    }
}

fn iscsi_name(place: &Place<'_>, field: String, why: &str, found: &mut Refusals) {
    found.say_at(
        TOPIC,
        place,
        field,
        Fault::Invalid(why.to_owned()),
        format!("{} is no name of iSCSI", place.called()),
        "expected `iqn.YYYY-MM.domain:name`, `eui.…` or `naa.…`",
    );
}

/// `iqn.YYYY-MM.domain:name`, where the name holds no space and none of `,;*&$|`.
fn is_iqn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("iqn.") else {
        return false;
    };
    let bytes = rest.as_bytes();
    let is_date = bytes.len() > 8
        && bytes[..8]
            .iter()
            .enumerate()
            .all(|(index, byte)| match index {
                4 => *byte == b'-',
                7 => *byte == b'.',
                _ => byte.is_ascii_digit(),
            });
    is_date
        && rest[8..].split_once(':').is_some_and(|(domain, name)| {
            !domain.is_empty()
                && domain
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
                && !name.is_empty()
                && !name.contains(|char: char| char.is_whitespace() || ";,*&$|^".contains(char))
        })
}

/// [Kubernetes `validateQuobyteVolumeSource`]
fn quobyte(quobyte: &Place<'_>, found: &mut Refusals) {
    const MOST: usize = 64;
    const WHY: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = quobyte.child("registry");
    let text = quobyte.text("registry");
    if text.is_empty() {
        found.required(TOPIC, quobyte, "registry", WHY);
    } else if quobyte.text("tenant").len() > MOST {
        found.say(
            TOPIC,
            &quobyte.child("tenant"),
            Fault::Required("must be a UUID and may not exceed a length of 64 characters"),
            "`tenant` is too long",
            "expected at most 64 characters",
        );
    } else if !text.split(',').all(|pair| pair.contains(':')) {
        found.say(
            TOPIC,
            &registry,
            Fault::Invalid(WHY.to_owned()),
            "`registry` is no address",
            "expected `host:port`, or some with `,` between them",
        );
    }
}
