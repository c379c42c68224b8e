//! What volumes are made of. [Kubernetes `validateVolumeSource`]

use std::collections::BTreeSet;

use serde_json::Value;

use super::place::Place;
use super::{Fault, Format, Refusals, Topic, disks};
use crate::api::quantity::Quantity;

const TOPIC: Topic = Topic::Volume;
const MODE: (i64, i64) = (0, 0o777);
const MODE_WHY: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const MODE_EXPECTED: &str = "expected 0 to 0777 in octal, which is 511";

/// What has to be there, below a volume.
static REQUIRED: &[(&[&str], &str)] = &[
    (&["hostPath"], "path"),
    (&["secret"], "secretName"),
    (&["secret", "items", "*"], "key"),
    (&["secret", "items", "*"], "path"),
    (&["configMap"], "name"),
    (&["configMap", "items", "*"], "key"),
    (&["configMap", "items", "*"], "path"),
    (&["persistentVolumeClaim"], "claimName"),
    (&["nfs"], "server"),
    (&["nfs"], "path"),
    (&["csi"], "driver"),
    (&["csi", "nodePublishSecretRef"], "name"),
    (&["gitRepo"], "repository"),
    (&["iscsi"], "targetPortal"),
    (&["iscsi"], "iqn"),
    (&["gcePersistentDisk"], "pdName"),
    (&["awsElasticBlockStore"], "volumeID"),
    (&["quobyte"], "volume"),
    (&["glusterfs"], "endpoints"),
    (&["glusterfs"], "path"),
    (&["rbd"], "monitors"),
    (&["rbd"], "image"),
    (&["cinder"], "volumeID"),
    (&["cinder", "secretRef"], "name"),
    (&["cephfs"], "monitors"),
    (&["flexVolume"], "driver"),
    (&["azureFile"], "secretName"),
    (&["azureFile"], "shareName"),
    (&["azureDisk"], "diskName"),
    (&["azureDisk"], "diskURI"),
    (&["vsphereVolume"], "volumePath"),
    (&["photonPersistentDisk"], "pdID"),
    (&["portworxVolume"], "volumeID"),
    (&["scaleIO"], "gateway"),
    (&["scaleIO"], "system"),
    (&["scaleIO"], "volumeName"),
    (&["storageos"], "volumeName"),
    (&["storageos", "secretRef"], "name"),
    (&["projected", "sources", "*", "secret"], "name"),
    (
        &["projected", "sources", "*", "secret", "items", "*"],
        "key",
    ),
    (
        &["projected", "sources", "*", "secret", "items", "*"],
        "path",
    ),
    (&["projected", "sources", "*", "configMap"], "name"),
    (
        &["projected", "sources", "*", "configMap", "items", "*"],
        "key",
    ),
    (
        &["projected", "sources", "*", "configMap", "items", "*"],
        "path",
    ),
    (&["ephemeral"], "volumeClaimTemplate"),
];

/// Texts that have a form unless they are empty.
static FORMS: &[(&[&str], Format)] = &[
    (&["hostPath", "path"], Format::NoBacksteps),
    (&["secret", "items", "*", "path"], Format::DescendingName),
    (&["configMap", "items", "*", "path"], Format::DescendingName),
    (&["nfs", "path"], Format::Absolute),
    (&["csi", "driver"], Format::AnyCaseSubdomain),
    (&["gitRepo", "directory"], Format::Descending),
    (&["storageos", "volumeName"], Format::DnsLabel),
    (&["storageos", "volumeNamespace"], Format::DnsLabel),
    (
        &["projected", "sources", "*", "secret", "items", "*", "path"],
        Format::DescendingName,
    ),
    (
        &[
            "projected",
            "sources",
            "*",
            "configMap",
            "items",
            "*",
            "path",
        ],
        Format::DescendingName,
    ),
];

/// Permissions of files.
static MODES: &[&[&str]] = &[
    &["secret", "defaultMode"],
    &["secret", "items", "*", "mode"],
    &["configMap", "defaultMode"],
    &["configMap", "items", "*", "mode"],
    &["downwardAPI", "defaultMode"],
    &["projected", "defaultMode"],
    &["projected", "sources", "*", "secret", "items", "*", "mode"],
    &[
        "projected",
        "sources",
        "*",
        "configMap",
        "items",
        "*",
        "mode",
    ],
];

/// Numbers between 0 and 255, and the field by which the server names them.
static BYTES: &[(&[&str], &str)] = &[
    (&["iscsi", "lun"], "must be between 0 and 255, inclusive"),
    (
        &["gcePersistentDisk", "partition"],
        "must be between 1 and 255, inclusive",
    ),
    (
        &["awsElasticBlockStore", "partition"],
        "must be between 1 and 255, inclusive",
    ),
];

/// Texts that are one of a few words.
static WORDS: &[(&[&str], &[&str])] = &[
    (
        &["image", "pullPolicy"],
        &["Always", "IfNotPresent", "Never"],
    ),
    (
        &["azureDisk", "cachingMode"],
        &["None", "ReadOnly", "ReadWrite"],
    ),
    (&["azureDisk", "kind"], &["Dedicated", "Managed", "Shared"]),
];

pub(super) fn check(pod: &Place<'_>, found: &mut Refusals) {
    for volume in pod.child("volumes").objects() {
        self::volume(&volume, found);
    }
}

fn volume(volume: &Place<'_>, found: &mut Refusals) {
    let start = found.0.len();
    for (path, name) in REQUIRED {
        volume.each(path, &mut |holder| {
            if holder.value().is_object() {
                found.required(TOPIC, holder, name, "");
            }
        });
    }
    for (path, format) in FORMS {
        volume.each(path, &mut |place| {
            if !place.is_empty() {
                found.format(TOPIC, place, *format);
            }
        });
    }
    for path in MODES {
        volume.each(path, &mut |place| {
            found.range(TOPIC, place, MODE, MODE_WHY, MODE_EXPECTED);
        });
    }
    for (path, why) in BYTES {
        volume.each(path, &mut |place| {
            found.range(TOPIC, place, (0, 255), why, "expected 0 to 255");
        });
    }
    for (path, words) in WORDS {
        volume.each(path, &mut |place| found.word(TOPIC, place, words));
    }
    // The server calls this disk by another name than its field.
    for refusal in &mut found.0[start..] {
        refusal.field = refusal
            .field
            .replace(".gcePersistentDisk.", ".persistentDisk.");
    }
    size_limit(volume, found);
    if let Some(csi) = volume.object("csi") {
        driver(&csi, found);
    }
    disks::check(volume, found);
    if let Some(source) = volume.object("downwardAPI") {
        for file in source.child("items").objects() {
            // Files have no place of their own for the server.
            file_path(&file, &source.path(), found);
        }
    }
    if let Some(projected) = volume.object("projected") {
        self::projected(&projected, found);
    }
    if let Some(ephemeral) = volume.object("ephemeral")
        && let Some(template) = ephemeral.object("volumeClaimTemplate")
    {
        claim(&template, found);
    }
}

fn quantity(place: &Place<'_>) -> Option<Quantity> {
    match place.value() {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

fn size_limit(volume: &Place<'_>, found: &mut Refusals) {
    let source = volume.child("emptyDir");
    let limit = source.child("sizeLimit");
    if quantity(&limit).is_some_and(Quantity::is_negative) {
        found.say(
            TOPIC,
            &limit,
            Fault::Forbidden("SizeLimit field must be a valid resource quantity"),
            "`sizeLimit` is negative",
            "expected 0 or more",
        );
    }
}

/// [Kubernetes `validateCSIVolumeSource`]
fn driver(csi: &Place<'_>, found: &mut Refusals) {
    const MOST: usize = 63;
    if csi.text("driver").len() > MOST {
        found.say(
            TOPIC,
            &csi.child("driver"),
            Fault::TooLong(MOST),
            "the name of a CSI driver is too long",
            "expected at most 63 characters",
        );
    }
    let secret = csi.child("nodePublishSecretRef");
    if !secret.text("name").is_empty() {
        let field = format!("{}.name", csi.path());
        found.format_at(TOPIC, &secret.child("name"), field, Format::DnsSubdomain);
    }
}

/// A path below the volume's own.
fn path_inside(file: &Place<'_>, field: &str, found: &mut Refusals) {
    let path = file.child("path");
    if path.is_empty() {
        found.say_at(
            TOPIC,
            &path,
            format!("{field}.path"),
            Fault::Required(""),
            "`path` is empty",
            "needs a value",
        );
    } else {
        found.format_at(
            TOPIC,
            &path,
            format!("{field}.path"),
            Format::DescendingName,
        );
    }
}

/// The path and mode of a file of the downward API; what is in it is a matter of its references.
fn file_path(file: &Place<'_>, field: &str, found: &mut Refusals) {
    path_inside(file, field, found);
    let mode = file.child("mode");
    if let Some(number) = mode
        .value()
        .as_i64()
        .filter(|mode| !(MODE.0..=MODE.1).contains(mode))
    {
        found.say_at(
            TOPIC,
            &mode,
            format!("{field}.mode"),
            Fault::Invalid(MODE_WHY.to_owned()),
            format!("`mode` is {number}"),
            MODE_EXPECTED,
        );
    }
}

/// [Kubernetes `validateProjectionSources`; bundles of trust and certificates are behind gates that are closed in 1.36]
fn projected(projected: &Place<'_>, found: &mut Refusals) {
    const KINDS: [&str; 6] = [
        "secret",
        "configMap",
        "downwardAPI",
        "serviceAccountToken",
        "clusterTrustBundle",
        "podCertificate",
    ];
    let mut seen = BTreeSet::new();
    let sources = projected.child("sources");
    for source in sources.objects() {
        let mut kinds = KINDS.iter().filter_map(|kind| source.object(kind));
        if let (Some(_), Some(second)) = (kinds.next(), kinds.next()) {
            found.say_at(
                TOPIC,
                &second,
                source.path(),
                Fault::Forbidden("may not specify more than 1 volume type per source"),
                "a projected source that is two things",
                "make a source of its own of it",
            );
        }
        for kind in ["secret", "configMap", "downwardAPI"] {
            let kind = source.child(kind);
            for item in kind.child("items").objects() {
                let path = item.child("path");
                let text = item.text("path");
                if !text.is_empty() && !seen.insert(text.to_owned()) {
                    found.say_at(
                        TOPIC,
                        &path,
                        projected.path(),
                        Fault::Invalid("conflicting duplicate paths".to_owned()),
                        format!("two files of this volume are at `{text}`"),
                        "again",
                    );
                }
            }
        }
        if let Some(files) = source.object("downwardAPI") {
            for file in files.child("items").objects() {
                file_path(&file, &files.path(), found);
            }
        }
        if let Some(token) = source.object("serviceAccountToken") {
            self::token(&token, &projected.path(), found);
        }
    }
}

fn token(token: &Place<'_>, field: &str, found: &mut Refusals) {
    const LEAST: i64 = 600;
    const MOST: i64 = 1 << 32;
    let expiration = token.child("expirationSeconds");
    if let Some(seconds) = expiration.value().as_i64() {
        let why = if seconds < LEAST {
            "may not specify a duration less than 10 minutes"
        } else {
            "may not specify a duration larger than 2^32 seconds"
        };
        found.range(
            TOPIC,
            &expiration,
            (LEAST, MOST),
            why,
            "expected at least 600, ten minutes",
        );
    }
    path_inside(token, field, found);
}

/// A claim that is made for the pod. [Kubernetes `ValidatePersistentVolumeClaimTemplate`]
fn claim(template: &Place<'_>, found: &mut Refusals) {
    const MODES: &[&str] = &[
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ];
    let metadata = template.child("metadata");
    for (name, value) in metadata.entries() {
        if !matches!(name, "labels" | "annotations" | "creationTimestamp") {
            found.say(
                TOPIC,
                &value,
                Fault::Forbidden("cannot be set"),
                format!("the metadata of a `volumeClaimTemplate` cannot have `{name}`"),
                "only `labels` and `annotations`",
            );
        }
    }
    let labels = metadata.child("labels");
    for (_, value) in labels.entries() {
        found.format_at(TOPIC, &value, labels.path(), Format::LabelValue);
    }
    let Some(spec) = template.object("spec") else {
        return;
    };
    let modes = spec.child("accessModes");
    if spec.count("accessModes") == 0 {
        found.required(
            TOPIC,
            &spec,
            "accessModes",
            "at least 1 access mode is required",
        );
    }
    for mode in modes.items() {
        found.word_at(TOPIC, &mode, modes.path(), MODES);
    }
    let is_of_one_pod = |mode: &Place<'_>| mode.value().as_str() == Some("ReadWriteOncePod");
    if modes.items().any(|mode| is_of_one_pod(&mode))
        && !modes.items().all(|mode| is_of_one_pod(&mode))
    {
        found.say(
            TOPIC,
            &modes,
            Fault::Forbidden("may not use ReadWriteOncePod with other access modes"),
            "`ReadWriteOncePod` beside another access mode",
            "keep it alone, or remove it",
        );
    }
    let resources = spec.child("resources");
    let requests = resources.child("requests");
    let storage = requests.child("storage");
    let field = format!("{}.resources[storage]", spec.path());
    if storage.is_missing() {
        found.say_at(
            TOPIC,
            &storage,
            field,
            Fault::Required(""),
            "a claim that requests no storage",
            "needs `resources.requests.storage`",
        );
    } else if quantity(&storage).is_some_and(|amount| amount <= Quantity::ZERO) {
        found.say_at(
            TOPIC,
            &storage,
            field,
            Fault::Invalid("must be greater than zero".to_owned()),
            "a claim that requests no storage",
            "expected more than 0",
        );
    }
    for name in ["storageClassName", "volumeAttributesClassName"] {
        if !spec.text(name).is_empty() {
            found.format(TOPIC, &spec.child(name), Format::DnsSubdomain);
        }
    }
    found.word(TOPIC, &spec.child("volumeMode"), &["Block", "Filesystem"]);
    for name in ["dataSource", "dataSourceRef"] {
        let Some(source) = spec.object(name) else {
            continue;
        };
        for key in ["kind", "name"] {
            found.required(TOPIC, &source, key, "");
        }
        let kind = source.child("kind");
        if source.text("apiGroup").is_empty()
            && !matches!(source.text("kind"), "" | "PersistentVolumeClaim")
        {
            found.say_at(
                TOPIC,
                &kind,
                source.path(),
                Fault::Invalid(
                    "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
                        .to_owned(),
                ),
                format!("a `{}` needs its `apiGroup`", source.text("kind")),
                "without one only `PersistentVolumeClaim` is known",
            );
        }
    }
}
