//! Each rule has a wrong example with its golden output, a right example that is silent, and a doc.

use std::path::{Path, PathBuf};

use crate::api::KedaVersion;
use crate::commands::load;
use crate::diagnostic::human;
use crate::manifest::Collected;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules")
}

/// All findings of a file, in words, and the ids of their rules.
fn findings(path: &Path, version: KedaVersion) -> (String, Vec<&'static str>) {
    let name = path.file_name().expect("a name").to_string_lossy();
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut collected = Collected::default();
    collected.add(&name, text);
    let loaded = load::inspect(collected, version);
    let ids = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.rule.id)
        .collect();
    let shown = human::render(&loaded.diagnostics, false, human::DEFAULT_WIDTH);
    (shown, ids)
}

/// `tests/data/rules/ID/wrong.yaml` gives `wrong.out`, with a finding of ID in it; `right.yaml` gives none at all. `SNAPSHOTS=overwrite`
/// writes the golden files anew. A `# keda-version: 2.x` in the first line of an example aims it at that version.
#[test]
fn each_rule_has_a_wrong_and_a_right_example() {
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let mut faults = Vec::new();
    for rule in super::all() {
        let folder = folder().join(rule.id);
        let wrong = folder.join("wrong.yaml");
        let right = folder.join("right.yaml");
        if !wrong.exists() || !right.exists() {
            faults.push(format!("{}: wrong.yaml or right.yaml is missing", rule.id));
            continue;
        }
        // What the cluster and the sources say of it is compared by the suite, which has them.
        if super::online::RULES.contains(&rule) {
            if !folder.join("wrong.out").exists() {
                faults.push(format!("{}: wrong.out is missing", rule.id));
            }
            continue;
        }
        let (shown, ids) = findings(&wrong, version_of(&wrong));
        if !ids.contains(&rule.id) {
            faults.push(format!(
                "{}: wrong.yaml has no such finding:\n{shown}",
                rule.id
            ));
        }
        let golden = folder.join("wrong.out");
        if overwrite {
            std::fs::write(&golden, &shown).expect("written");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != shown {
            faults.push(format!("{}: wrong.yaml gives\n{shown}", rule.id));
        }
        let (shown, ids) = findings(&right, version_of(&right));
        if !ids.is_empty() {
            faults.push(format!("{}: right.yaml is not silent:\n{shown}", rule.id));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn version_of(path: &Path) -> KedaVersion {
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# keda-version: "))
        .map_or(KedaVersion::NEWEST, |version| {
            version.trim().parse().expect("a version")
        })
}

#[test]
fn each_folder_of_examples_belongs_to_a_rule() {
    let ids: Vec<&str> = super::all().iter().map(|rule| rule.id).collect();
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(ids.contains(&&*name), "no rule is called {name}");
    }
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let rules = super::all();
    for pair in rules.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} {}", pair[0].id, pair[1].id);
    }
    for rule in rules {
        let is_kebab = rule
            .id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(is_kebab && !rule.summary.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn each_rule_has_a_whole_doc() {
    for rule in super::all() {
        let doc = &rule.doc;
        for (part, text) in [
            ("what", doc.what),
            ("why", doc.why),
            ("example", doc.example),
            ("fix", doc.fix),
            ("source", doc.source),
        ] {
            assert!(text.len() >= 8, "{}: no {part}", rule.id);
        }
        for part in [doc.what, doc.why, doc.fix] {
            assert!(
                part.ends_with('.') || part.ends_with('`'),
                "{}: {part}",
                rule.id
            );
        }
    }
}

/// A page-long manifest shows all its mistakes in one run, each at its place; none repeats what another says.
#[test]
fn a_page_of_mistakes_is_found_in_one_run() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let (shown, ids) = findings(&data.join("validate-page.yaml"), KedaVersion::NEWEST);
    let golden = data.join("validate-page.out");
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&golden, &shown).expect("written");
    }
    assert_eq!(
        std::fs::read_to_string(&golden).unwrap_or_default(),
        shown,
        "{shown}"
    );
    let rules: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert!(rules.len() >= 20, "{rules:?}");
    let places: Vec<&str> = shown
        .lines()
        .filter(|line| line.trim_start().starts_with("--> validate-page.yaml:"))
        .collect();
    assert_eq!(places.len(), ids.len());
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// What is beside a credential on its line is shown without it, whatever rule finds it.
#[test]
fn a_credential_is_hidden_in_all_findings() {
    let (shown, ids) = findings(&folder().join("credential/wrong.yaml"), KedaVersion::NEWEST);
    assert!(ids.contains(&"invalid-parameter"), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
}

/// Whatever is called a credential is masked, though that is done by other words, in another room.
#[test]
fn a_name_that_announces_a_credential_hides_it() {
    for name in [
        "PASSWORD",
        "DB_PASSWD",
        "KEY_PASSPHRASE",
        "GITHUB_TOKEN",
        "APIKEY",
        "STRIPE_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "STORAGE_ACCOUNT_KEY",
        "SECRET_KEY",
        "SSH_PRIVATE_KEY",
        "OAUTH_CLIENT_SECRET",
        "AZP_PAT",
    ] {
        let flag = name.to_ascii_lowercase().replace('_', "-");
        let text = format!(
            "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {{name: a}}
spec:
  jobTargetRef:
    template:
      spec:
        restartPolicy: Never
        containers:
        - name: a
          image: a
          env: [{{name: {name}, value: hunter2}}]
          command: [sh, -c, 'export {name}=\"hunter2\"; a --{flag} hunter2']
          args: [--{flag}=hunter2, --{flag}, hunter2]
  triggers: []
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: a}}
data: {{{name}: hunter2, b: 'amqp://me:hunter2@b'}}
"
        );
        let mut collected = Collected::default();
        collected.add("a.yaml", text.into_bytes());
        let loaded = load::inspect(collected, KedaVersion::NEWEST);
        let shown = human::render(&loaded.diagnostics, false, human::DEFAULT_WIDTH);
        let found = shown.matches("warning[credential]").count();
        assert_eq!(found, 7, "{name}:\n{shown}");
        assert!(!shown.contains("hunter2"), "{name}:\n{shown}");
    }
}

#[test]
fn workable_rules_exist() {
    let ids: Vec<&str> = super::all().iter().map(|rule| rule.id).collect();
    for id in super::WORKABLE {
        assert!(ids.contains(id), "{id}");
    }
}

/// A target that is a number instead of a string is somebody's finding, and no absent target.
#[test]
fn a_target_that_is_no_string_is_not_taken_for_the_default() {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/rules/longest-queue/wrong.yaml"
    ));
    let mut collected = Collected::default();
    // Without its quotes no target is known, so nothing can be said of two that differ.
    collected.add("wrong.yaml", text.replace('"', "").into_bytes());
    let loaded = load::inspect(collected, KedaVersion::NEWEST);
    let ids: Vec<&str> = loaded
        .diagnostics
        .iter()
        .map(|found| found.rule.id)
        .collect();
    assert!(ids.contains(&"non-string-metadata"), "{ids:?}");
    assert!(!ids.contains(&"longest-queue"), "{ids:?}");
}
