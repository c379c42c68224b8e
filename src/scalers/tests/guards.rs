//! Guards over the table of trigger types.

use std::collections::BTreeSet;
use std::path::Path;

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::{Kind, Source};
use crate::scalers::{Behaviour, Given, TRIGGER_TYPES, Target, trigger_type};

#[test]
fn types_are_sorted_and_unique() {
    let names: Vec<&str> = TRIGGER_TYPES.iter().map(|kind| kind.name).collect();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    for name in names {
        assert!(trigger_type(name).is_some(), "{name}");
    }
    // KEDA's 79, and stan, which it has dropped.
    assert_eq!(TRIGGER_TYPES.len(), 80);
}

/// Every trigger type that a file of the family folders defines is in the table, in the family of its folder.
#[test]
fn every_type_is_registered() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scalers");
    let mut defined = BTreeSet::new();
    for folder in std::fs::read_dir(&room).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() || folder.ends_with("tests") || folder.ends_with("client") {
            continue;
        }
        let family = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            // No type has a folder of its own.
            if file.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(file).unwrap();
            // A `const` is what several types share and no type itself.
            let pattern = ": TriggerType = TriggerType {";
            let is_type = |at: &usize| {
                let line = text[..*at].rsplit('\n').next().unwrap();
                line.contains("static ")
            };
            for at in text
                .match_indices(pattern)
                .map(|(at, _)| at)
                .filter(is_type)
            {
                let name = text[at + pattern.len()..]
                    .split("name: \"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap();
                defined.insert((family.clone(), name.to_owned()));
            }
        }
    }
    let registered: BTreeSet<_> = TRIGGER_TYPES
        .iter()
        .map(|kind| (kind.family.to_owned(), kind.name.to_owned()))
        .collect();
    assert_eq!(defined, registered);
}

#[test]
fn parameters_are_documented_unique_and_sound() {
    for kind in TRIGGER_TYPES {
        assert!(!kind.counts.is_empty(), "{}", kind.name);
        let mut seen = BTreeSet::new();
        for spec in kind.parameters() {
            let place = format!("{} {}", kind.name, spec.name());
            assert!(!spec.doc.is_empty(), "{place}");
            assert!(!spec.doc.ends_with('.'), "{place}");
            assert!(!spec.order.is_empty(), "{place}");
            assert!(!(spec.required && spec.default.is_some()), "{place}");
            for name in spec.names {
                assert!(seen.insert(*name), "{place}: {name} twice");
                // The one alias of KEDA that is spelt like the key of a variable.
                assert!(
                    !name.ends_with("FromEnv")
                        || (kind.name == "azure-blob" && *name == "connectionFromEnv"),
                    "{place}"
                );
            }
            if let Some(default) = spec.default {
                assert!(spec.parse(default).is_ok(), "{place}");
            }
            for piece in spec.exclusive {
                assert!(spec.allowed.contains(piece), "{place}");
            }
            assert!(spec.is_read() || !spec.required, "{place}");
            assert!(
                spec.separator == ',' || spec.kind == Kind::List,
                "{place}: only lists have a separator"
            );
            if let Some(name) = spec.renamed {
                assert!(kind.parameter(name).is_some(), "{place}: {name}");
            }
            let unique: BTreeSet<_> = spec.order.iter().map(|source| *source as u8).collect();
            assert_eq!(unique.len(), spec.order.len(), "{place}");
        }
        if let Behaviour::Skipped(reason) = kind.behaviour {
            assert!(!reason.is_empty(), "{}", kind.name);
        }
    }
}

#[test]
fn every_type_says_what_its_reading_means() {
    for kind in TRIGGER_TYPES {
        let flight = kind.work.of(&Given::nothing(kind, KedaVersion::NEWEST));
        assert!(flight.because.len() > 8, "{}", kind.name);
        assert!(!flight.because.ends_with('.'), "{}", kind.name);
        let mut names: Vec<&str> = kind.activation.into_iter().collect();
        match kind.target {
            Target::Parameter(targets, _) => names.extend(targets),
            Target::Chosen(choose) => {
                names.push(choose(&Given::nothing(kind, KedaVersion::NEWEST)));
            }
            Target::Fixed(_) | Target::Unknown => {}
        }
        if let Some((name, value)) = flight.switch {
            assert!(
                matches!(flight.in_flight, InFlight::Included | InFlight::Excluded),
                "{}",
                kind.name
            );
            let spec = kind.parameter(name).expect(name);
            assert!(spec.parse(value).is_ok(), "{} {name}", kind.name);
            assert!(spec.reads(Source::Metadata), "{} {name}", kind.name);
        }
        for name in names {
            let spec = kind.parameter(name).expect(name);
            assert!(
                matches!(spec.kind, Kind::Integer | Kind::Float),
                "{} {name}",
                kind.name
            );
        }
    }
}

/// Parameters of groups that types share.
#[test]
fn shared_groups_reach_their_types() {
    for (kind, names) in [
        (
            "aws-sqs-queue",
            &["awsAccessKeyId", "awsRoleArn", "identityOwner"][..],
        ),
        ("azure-queue", &["cloud", "endpointSuffix", "accountName"]),
        (
            "gcp-storage",
            &["GoogleApplicationCredentials", "credentials"],
        ),
        ("redis-cluster", &["listName", "addresses", "Cert", "cert"]),
        ("redis-sentinel-streams", &["sentinelMaster", "lagCount"]),
        ("loki", &["authMode", "bearerToken", "scope"]),
        ("kafka", &["awsRoleArn", "saslTokenProvider"]),
    ] {
        for name in names {
            assert!(
                trigger_type(kind).unwrap().parameter(name).is_some(),
                "{kind} {name}"
            );
        }
    }
}
