use std::fmt::Write as _;
use std::path::Path;

use super::super::Resources;
use crate::diagnostic::{Diagnostic, Summary, human, json, sort};
use crate::manifest::{Collected, MAX_DEPTH, Node};

/// Reads and decodes `text`, findings in order.
fn read(text: &[u8]) -> (Resources, Vec<Diagnostic>) {
    read_as("manifest.yaml", text)
}

fn read_as(name: &str, text: &[u8]) -> (Resources, Vec<Diagnostic>) {
    let mut collected = Collected::default();
    collected.add(name, text.to_vec());
    let (resources, found) = super::decode(
        &collected.documents,
        &collected.diagnostics,
        crate::api::KedaVersion::NEWEST,
    );
    let mut diagnostics = collected.diagnostics;
    diagnostics.extend(found);
    sort(&mut diagnostics);
    (resources, diagnostics)
}

/// Every `tests/data/validate/NAME.yaml` has what is found in it in `NAME.out`. `SNAPSHOTS=overwrite` writes these files anew.
#[test]
fn findings_are_those_of_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/validate");
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let mut inputs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "out"))
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty());
    let mut different = Vec::new();
    for input in inputs {
        let name = input.file_name().unwrap().to_string_lossy().into_owned();
        let (resources, diagnostics) = read_as(&name, &std::fs::read(&input).unwrap());
        let mut output = human::render(&diagnostics, false, human::DEFAULT_WIDTH);
        writeln!(
            output,
            "{}; {} ScaledJob, {} authentication, {} Secret, {} ConfigMap, {} left to KEDA, {} skipped",
            Summary::of(&diagnostics),
            resources.scaled_jobs.len(),
            resources.authentications.len(),
            resources.secrets.len(),
            resources.config_maps.len(),
            resources.left_to_keda.len(),
            resources.skipped.values().sum::<usize>(),
        )
        .unwrap();
        let golden = input.with_extension("out");
        if overwrite {
            std::fs::write(&golden, &output).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != output {
            different.push(format!("{name}:\n{output}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// No input of the corpus panics, and every finding lies inside its text.
#[test]
fn the_corpus_is_read_and_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        show_all(&std::fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count >= 24, "{count}");
}

/// Everything that is done with a text, and what must hold of it.
fn show_all(text: &[u8]) {
    let mut collected = Collected::default();
    collected.add("manifest.yaml", text.to_vec());
    for document in &collected.documents {
        check_spans(document.source.text(), &document.root);
    }
    let (_, diagnostics) = read(text);
    for diagnostic in &diagnostics {
        let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.related);
        for label in labels {
            let whole = label.source.text();
            let range = label.span.start..label.span.end;
            assert!(whole.get(range).is_some(), "{diagnostic:?}");
        }
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            let range = edit.span.start..edit.span.end;
            assert!(edit.source.text().get(range).is_some(), "{diagnostic:?}");
        }
    }
    let shown = human::render(&diagnostics, false, 80);
    let control = shown
        .chars()
        .find(|char| char.is_control() && *char != '\n');
    assert_eq!(control, None, "{shown:?}");
    human::render(&diagnostics, true, 40);
    json::to_json(&diagnostics).to_string();
}

/// Every key and value lies inside the text, at character boundaries.
fn check_spans(text: &str, node: &Node) {
    assert!(text.get(node.span.start..node.span.end).is_some());
    node.items().iter().for_each(|item| check_spans(text, item));
    for entry in node.entries() {
        let key = entry.key_span;
        assert!(text.get(key.start..key.end).is_some());
        check_spans(text, &entry.value);
    }
}

proptest::proptest! {
    // A failing case is put into the corpus by hand instead.
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_text_is_read_and_shown(text in ".{0,200}") {
        show_all(text.as_bytes());
    }

    #[test]
    fn arbitrary_bytes_are_read_and_shown(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        show_all(&bytes);
    }

    /// Pieces of YAML in any order reach further than arbitrary text.
    #[test]
    fn pieces_of_manifests_are_read_and_shown(pieces in proptest::collection::vec(
        proptest::sample::select(&[
            "apiVersion: keda.sh/v1alpha1\n", "kind: ScaledJob\n", "kind: Secret\n", "metadata:\n", "  name: a\n", "spec:\n",
            "  triggers:\n", "  - type: cron\n", "    metadata: {a: yes, é: 5}\n", "---\n", "...\n", "&a ", "*a", "<<: ", "- ",
            "? ", ": ", "[", "]", "{", "}", "\"", "'", "|\n", ">-\n", "\t", " ", "\n", "!!int ", "!!binary ", "%YAML 1.1\n", "# c\n",
            "😀", "\u{feff}", "\u{1b}[31m", "\r\n", "data:\n", "  a: b\n", "items: []\n", ",", "~", "0x", ".inf", "\\",
        ][..]), 0..40))
    {
        show_all(pieces.concat().as_bytes());
    }
}

#[test]
fn depth_is_bounded() {
    let mut keys = String::new();
    for level in 0..MAX_DEPTH * 5 {
        writeln!(keys, "{}a:", " ".repeat(level)).unwrap();
    }
    for text in [
        "[".repeat(MAX_DEPTH * 50),
        "{a: ".repeat(MAX_DEPTH * 50),
        "- ".repeat(MAX_DEPTH * 50),
        keys,
    ] {
        show_all(text.as_bytes());
    }
}

#[test]
fn a_sound_scaled_job_is_taken_field_by_field() {
    use crate::api::{Calculation, Dialect, Strategy};
    let text = br#"
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: worker
  namespace: work
  labels: {team: a}
  annotations: {autoscaling.keda.sh/paused: "true"}
spec:
  pollingInterval: 10
  successfulJobsHistoryLimit: 0
  failedJobsHistoryLimit: ~
  envSourceContainerName: main
  minReplicaCount: 1
  maxReplicaCount: 3e1
  rolloutStrategy: immediate
  rollout: {strategy: gradual, propagationPolicy: foreground}
  scalingStrategy:
    strategy: custom
    customScalingQueueLengthDeduction: 1
    customScalingRunningJobPercentage: "0.5"
    pendingPodConditions: [Ready]
    multipleScalersCalculation: sum
  jobTargetRef:
    template:
      spec: {restartPolicy: Never, containers: [{name: main, image: a}]}
    backoffLimit: 2
  triggers:
  - type: cron
    name: first
    metadata: {desiredReplicas: "1", empty: ""}
    authenticationRef: {name: auth, kind: ClusterTriggerAuthentication}
"#;
    let (resources, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let job = &resources.scaled_jobs[0];
    assert_eq!(
        (job.name.as_str(), job.namespace.as_deref()),
        ("worker", Some("work"))
    );
    assert_eq!(job.dialect, Dialect::V2);
    assert_eq!(job.labels["team"], "a");
    assert!(job.paused());
    assert_eq!(job.polling_interval, 10);
    assert_eq!(job.successful_jobs_history_limit, 0);
    assert_eq!(job.failed_jobs_history_limit, 100);
    assert_eq!(job.env_source_container_name.as_deref(), Some("main"));
    assert_eq!(
        (job.min_replica_count, job.max_replica_count),
        (Some(1), Some(30))
    );
    assert!(job.rollout.immediate && job.rollout.foreground);
    assert_eq!(job.scaling_strategy.strategy, Strategy::Custom);
    assert_eq!(job.scaling_strategy.queue_length_deduction, Some(1));
    assert_eq!(job.scaling_strategy.running_job_percentage, "0.5");
    assert_eq!(job.scaling_strategy.pending_pod_conditions, ["Ready"]);
    assert_eq!(
        job.scaling_strategy.multiple_scalers_calculation,
        Calculation::Sum
    );
    assert_eq!(
        job.job_target_ref.to_string(),
        r#"{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"a"}]}},"backoffLimit":2}"#
    );
    let trigger = &job.triggers[0];
    assert_eq!(
        (trigger.index, trigger.kind.as_str(), trigger.name.as_str()),
        (0, "cron", "first")
    );
    assert_eq!(trigger.metadata.len(), 2);
    assert!(trigger.authentication_ref.as_ref().unwrap().cluster);
}

#[test]
fn old_dialects_become_scaled_jobs() {
    use crate::api::Dialect;
    let text = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/validate/dialects.yaml"
    ))
    .unwrap();
    let (resources, _) = read(&text);
    let [v1, proposal] = resources.scaled_jobs.as_slice() else {
        panic!("{resources:?}");
    };
    assert_eq!(v1.dialect, Dialect::V1);
    assert_eq!(
        (v1.min_replica_count, v1.max_replica_count),
        (None, Some(10))
    );
    let rabbit = &v1.triggers[0].metadata;
    assert_eq!(rabbit["hostFromEnv"], "RABBIT");
    assert_eq!(rabbit["protocol"], "http");
    assert!(!rabbit.contains_key("apiHost") && !rabbit.contains_key("includeUnacked"));
    let bus = &v1.triggers[1].metadata;
    assert_eq!(
        (
            bus["connectionFromEnv"].as_str(),
            bus["messageCount"].as_str()
        ),
        ("BUS", "3")
    );
    assert_eq!(proposal.dialect, Dialect::Proposal);
    assert_eq!(proposal.labels.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(proposal.successful_jobs_history_limit, 0);
    assert_eq!(
        proposal.job_target_ref.to_string(),
        r#"{"parallelism":2,"completions":2,"activeDeadlineSeconds":60,"backoffLimit":3,"template":{"spec":{"containers":[{"name":"main","image":"worker"}],"restartPolicy":"OnFailure"}}}"#
    );
    assert_eq!(
        resources.left_to_keda,
        ["ScaledObject web", "ScaledObject work/api"]
    );
    assert_eq!(resources.skipped["Deployment"], 1);
}

#[test]
fn local_objects_are_decoded() {
    let text = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/validate/secrets.yaml"
    ))
    .unwrap();
    let (resources, diagnostics) = read(&text);
    let secret = &resources.secrets[0];
    assert_eq!(secret.data["token"].expose(), "hunter10");
    assert_eq!(secret.data["other"].expose(), "second");
    assert_eq!(resources.config_maps[0].data["on"].expose(), "yes");
    let authentication = &resources.authentications[0];
    assert_eq!(authentication.secret_target_ref[0].key, "token");
    assert_eq!(authentication.config_map_target_ref[0].key, "on");
    assert_eq!(authentication.env[0].container_name, None);
    assert_eq!(authentication.unsupported, ["hashiCorpVault"]);
    assert_eq!(
        authentication.pod_identity,
        Some(crate::api::PodIdentity::of("azure"))
    );
    // No value of a Secret is shown, in whatever form.
    let shown = human::render(&diagnostics, false, 200) + &json::to_json(&diagnostics).to_string();
    assert!(
        !shown.contains("hunter") && !shown.contains("12345678"),
        "{shown}"
    );
    let debug = format!("{resources:?} {diagnostics:?}");
    assert!(!debug.contains("hunter"), "{debug}");
}

/// An object is left out for what was found while it was read, also through an alias.
#[test]
fn faults_of_reading_refuse_only_their_object() {
    let spec = "{jobTargetRef: {template: {spec: {containers: [{name: a, image: b}]}}}, triggers: [{type: cron, metadata: {a: b, a: c}}]}";
    let sound = spec.replace(", a: c", "");
    let object = |name: &str, spec: &str| {
        format!(
            "- {{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {{name: {name}}}, spec: {spec}}}\n"
        )
    };
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}{}",
        object("broken", &format!("&s {spec}")),
        object("sound", &sound),
        object("alias", "*s"),
    );
    let (resources, diagnostics) = read(text.as_bytes());
    let names: Vec<&str> = resources
        .scaled_jobs
        .iter()
        .map(|job| job.name.as_str())
        .collect();
    assert_eq!(names, ["sound"], "{diagnostics:?}");
}
