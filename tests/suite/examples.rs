//! Every manifest in `examples/` validates, and those that need no server of their own are run.

use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::json;

use crate::support::binary::Keda;
use crate::support::{Outcome, assert_contains, embedded_test, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("examples::every_manifest_validates", validate),
        test("examples::the_folder_validates", folder),
        test("examples::every_manifest_can_be_decided_on_paper", on_paper),
        embedded_test("examples::the_demo_queue_runs_once", demo_once),
    ]
}

/// The files that hold an object to scale.
fn manifests() -> Vec<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of examples")
        .map(|entry| entry.expect("an example").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
                && !path.ends_with("role.yaml")
        })
        .collect();
    paths.sort();
    assert!(paths.len() >= 8, "{paths:?}");
    paths
}

fn validate() -> Outcome {
    for path in manifests() {
        let output = Keda::new(["validate", "--output", "json"])
            .arg(&path)
            .run()
            .expect(0)
            .json();
        assert_eq!(
            output["summary"]["errors"],
            json!(0),
            "{}: {output:#}",
            path.display()
        );
    }
    Ok(())
}

fn folder() -> Outcome {
    let output = Keda::new(["validate", "examples"]).run().expect(0);
    assert_contains(&output.stdout, &["skipped 1 Role"]);
    Ok(())
}

fn on_paper() -> Outcome {
    for path in manifests() {
        let output = Keda::new([
            "plan",
            "--output",
            "json",
            "--reading",
            "0=3",
            "--running",
            "0",
            "--pending",
            "0",
        ])
        .arg(&path)
        .run()
        .expect(0);
        let create = output.json()["items"][0]["decision"]["create"].as_i64();
        assert!(
            create.is_some_and(|create| create > 0),
            "{}: {}",
            path.display(),
            output.stdout
        );
    }
    Ok(())
}

fn demo_once() -> Outcome {
    let output = Keda::new(["run", "--sandbox", "--once", "examples/demo-queue.yaml"])
        .run()
        .expect(0);
    // 25 items and maxReplicaCount 10: ten Jobs, and the term that decided.
    assert_contains(
        &output.stdout,
        &["demo", "maxReplicaCount 10", "10 created"],
    );
    Ok(())
}
