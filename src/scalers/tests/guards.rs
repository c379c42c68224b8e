//! Guards over the table of trigger types.

use std::collections::BTreeSet;
use std::path::Path;

use crate::scalers::{Behaviour, OTHER_TRIGGER_TYPES, TRIGGER_TYPES, trigger_type};

#[test]
fn types_are_sorted_and_unique() {
    let names: Vec<&str> = TRIGGER_TYPES.iter().map(|kind| kind.name).collect();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    assert!(OTHER_TRIGGER_TYPES.is_sorted_by(|one, other| one < other));
    for name in names {
        assert!(trigger_type(name).is_some(), "{name}");
        assert!(
            OTHER_TRIGGER_TYPES.binary_search(&name).is_err(),
            "{name} can be read now: take it out of OTHER_TRIGGER_TYPES"
        );
    }
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
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for definition in text.split(": TriggerType = TriggerType {").skip(1) {
                let name = definition
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
                assert!(!name.ends_with("FromEnv"), "{place}");
            }
            if let Some(default) = spec.default {
                assert!(spec.parse(default).is_ok(), "{place}");
            }
            for piece in spec.exclusive {
                assert!(spec.allowed.contains(piece), "{place}");
            }
        }
        if let Behaviour::Skipped(reason) = kind.behaviour {
            assert!(!reason.is_empty(), "{}", kind.name);
        }
    }
}
