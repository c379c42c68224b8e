//! Manifests as people write them must give no error; warnings and notes are counted, so that a new loud rule is noticed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::api::KedaVersion;
use crate::commands::load;
use crate::diagnostic::{Severity, human};
use crate::manifest::Collected;

/// `SNAPSHOTS=overwrite` writes `summary.out` anew.
#[test]
fn manifests_as_people_write_them_have_no_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real-world");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    let mut summary = String::new();
    let mut errors = String::new();
    let mut jobs = 0;
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let mut collected = Collected::default();
        collected.add(&name, std::fs::read(&file).unwrap());
        let loaded = load::inspect(collected, KedaVersion::NEWEST);
        jobs += loaded.resources.scaled_jobs.len();
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for diagnostic in &loaded.diagnostics {
            let key = (diagnostic.severity.as_str(), diagnostic.rule.id);
            *counts.entry(key).or_default() += 1;
            if diagnostic.severity == Severity::Error {
                errors += &human::render(
                    std::slice::from_ref(diagnostic),
                    false,
                    human::DEFAULT_WIDTH,
                );
            }
        }
        let objects = loaded.resources.scaled_jobs.len();
        let _ = writeln!(summary, "{name}: {objects} ScaledJobs");
        for ((severity, rule), count) in counts {
            let _ = writeln!(summary, "  {count:>3} {severity} {rule}");
        }
    }
    assert!(jobs >= 60, "only {jobs} ScaledJobs");
    assert!(errors.is_empty(), "{errors}");
    let golden = folder.join("summary.out");
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(golden, summary).unwrap();
    } else {
        assert_eq!(
            std::fs::read_to_string(golden).unwrap_or_default(),
            summary,
            "SNAPSHOTS=overwrite writes it anew"
        );
    }
}
