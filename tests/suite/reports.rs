//! What `validate` does with its findings: levels, ignore comments, forms of output, fixes; and `explain`.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::json;

use crate::sources;
use crate::support::binary::{Keda, Output};
use crate::support::{Outcome, assert_contains, assert_lacks, test, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("reports::explain_prints_docs", explain),
        test("reports::fail_on_select_and_ignore", levels),
        test("reports::the_configuration_file_sets_levels", config),
        test("reports::comments_ignore_findings", comments),
        test("reports::versions_of_keda", versions),
        test("reports::concise_and_github", lines),
        test_with(&["python3"], "reports::sarif_fits_its_schema", sarif_schema),
        test_with(&["xmllint"], "reports::junit_fits_its_schema", junit_schema),
        test("reports::diff_shows_and_changes_nothing", diff),
        test("reports::fix_keeps_all_but_the_mistakes", fix),
        test("reports::fix_of_stdin_writes_to_stdout", fix_stdin),
        test("reports::fixing_twice_changes_nothing", fix_twice),
        test("reports::secrets_are_not_written_masked", fix_secrets),
    ]
}

const CRON: &str = "- type: cron
  metadata:
    timezone: Etc/UTC
    start: 0 0 * * *
    end: 1 0 * * *
    desiredReplicas: \"1\"";

/// A manifest in which nothing is found.
fn scaled_job(name: &str, triggers: &str) -> String {
    sources::scaled_job(name, triggers).replace(
        "  jobTargetRef:\n",
        "  jobTargetRef:\n    activeDeadlineSeconds: 900\n",
    )
}

fn data(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

fn validate(arguments: &[&str], text: &str) -> Output {
    Keda::new(["validate", "-"])
        .args(arguments)
        .stdin(text)
        .run()
}

fn explain() -> Outcome {
    let list = Keda::new(["explain"]).run().expect(0).stdout;
    assert_contains(&list, &["unknown-field", "error", "unused-ignore", "note"]);
    let one = Keda::new(["explain", "unknown-field"])
        .run()
        .expect(0)
        .stdout;
    assert_contains(
        &one,
        &["error[unknown-field]", "Example:", "Fix: ", "Source: "],
    );
    let value = Keda::new(["explain", "error[unknown-field]", "--output", "json"])
        .run()
        .expect(0)
        .json();
    assert_eq!(
        (&value["kind"], &value["id"]),
        (&json!("Rule"), &json!("unknown-field"))
    );
    let all = Keda::new(["explain", "--output", "json"])
        .run()
        .expect(0)
        .json();
    assert!(
        all["items"]
            .as_array()
            .is_some_and(|items| items.len() > 20)
    );
    let wrong = Keda::new(["explain", "unknown-filed"]).run().expect(2);
    assert_contains(&wrong.stderr, &["unknown-field"]);
    Ok(())
}

fn levels() -> Outcome {
    let good = scaled_job("good", CRON);
    let warned = good.replace(
        "    metadata:\n      timezone",
        "    metricType: Value\n    metadata:\n      timezone",
    );
    let warned = if warned == good {
        good.replace("- type: cron", "- type: cron\n    metricType: AverageValue")
    } else {
        warned
    };
    validate(&[], &warned).expect(0);
    validate(&["--fail-on", "warning"], &warned).expect(1);
    validate(&["--fail-on", "note", "--ignore", "unknown-field"], &warned).expect(0);
    let wrong = good.replace(
        "maxReplicaCount: 100",
        "maxReplicaCount: \"100\"\n  pollingIntervall: 5",
    );
    let output = validate(&["--select", "wrong-type"], &wrong)
        .expect(1)
        .stdout;
    assert_contains(&output, &["error[wrong-type]"]);
    assert_lacks(&output, "unknown-field");
    validate(&["--ignore", "wrong-type,unknown-field"], &wrong).expect(0);
    validate(&["--ignore", "all"], &wrong).expect(0);
    validate(&["--ignore", "all", "--select", "wrong-type"], &wrong).expect(1);
    let unknown = validate(&["--ignore", "wrong-tipe"], &wrong).expect(2);
    assert_contains(&unknown.stderr, &["wrong-tipe", "wrong-type"]);
    Ok(())
}

fn config() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config.yaml");
    let wrong =
        scaled_job("wrong", CRON).replace("maxReplicaCount: 100", "maxReplicaCount: \"100\"");
    let with = |config: &str, arguments: &[&str]| {
        std::fs::write(&path, config).expect("written");
        Keda::new(["validate", "-"])
            .args(arguments)
            .env("KEDA_JOBS_CONFIG", &path)
            .stdin(wrong.clone())
            .run()
    };
    with("validate: {severity: {wrong-type: warning}}", &[]).expect(0);
    with(
        "validate: {severity: {wrong-type: warning}, failOn: warning}",
        &[],
    )
    .expect(1);
    with("validate: {failOn: note, ignore: [wrong-type]}", &[]).expect(0);
    // A flag beats the file.
    with("validate: {ignore: [wrong-type]}", &["--ignore", "syntax"]).expect(1);
    let old = with("validate: {kedaVersion: '2.7'}", &["--output", "json"]).expect(1);
    assert_contains(&old.stdout, &["wrong-type"]);
    let unknown = with("validate: {severity: {wrong-tipe: note}}", &[]).expect(2);
    assert_contains(&unknown.stderr, &["configuration file", "wrong-type"]);
    with("validate: {kedaVersion: three}", &[]).expect(2);
    Ok(())
}

fn comments() -> Outcome {
    let wrong = |comment: &str| {
        scaled_job("wrong", CRON).replace(
            "  maxReplicaCount: 100",
            &format!("{comment}  cooldownPeriod: 5\n  maxReplicaCount: 100"),
        )
    };
    validate(&[], &wrong("")).expect(1);
    let ignored = wrong("  # keda-jobs: ignore unknown-field shared with a ScaledObject\n");
    let output = validate(&["--fail-on", "note"], &ignored).expect(0);
    assert_lacks(&output.stdout, "unknown-field");
    // In a string it is no comment.
    let text = wrong("").replace(
        "  cooldownPeriod: 5",
        "  cooldownPeriod: \"# keda-jobs: ignore unknown-field no\"",
    );
    validate(&[], &text).expect(1);
    let whole = format!("# keda-jobs: ignore unknown-field all of it\n{}", wrong(""));
    validate(&["--fail-on", "note"], &whole).expect(0);
    let unused = validate(
        &["--fail-on", "note"],
        &format!(
            "# keda-jobs: ignore syntax why not\n{}",
            scaled_job("good", CRON)
        ),
    )
    .expect(1);
    assert_contains(&unused.stdout, &["note[unused-ignore]"]);
    // An object with ignored errors is not worked on.
    let plan = Keda::new(["plan", "-", "--running", "0", "--reading", "0=1"])
        .stdin(ignored)
        .run()
        .expect(2);
    assert_contains(&plan.stderr, &["ignored"]);
    Ok(())
}

fn versions() -> Outcome {
    let zero = scaled_job("zero", CRON).replace("maxReplicaCount: 100", "maxReplicaCount: 0");
    validate(&[], &zero).expect(1);
    let older = validate(&["--keda-version", "2.19"], &zero).expect(0);
    assert_contains(&older.stdout, &["warning[invalid-value]", "2.20"]);
    let default = scaled_job("words", CRON).replace(
        "  maxReplicaCount: 100",
        "  scalingStrategy: {strategy: default}\n  maxReplicaCount: 100",
    );
    validate(&["--keda-version", "2.20.2"], &default).expect(0);
    let refused = validate(&["--keda-version", "2.20.1"], &default).expect(1);
    assert_contains(&refused.stdout, &["error[refused-by-version]"]);
    validate(&["--keda-version", "3.0"], &default).expect(2);
    Ok(())
}

fn lines() -> Outcome {
    let wrong =
        scaled_job("wrong", CRON).replace("maxReplicaCount: 100", "maxReplicaCount: \"100\"");
    let concise = validate(&["--output", "concise"], &wrong).expect(1).stdout;
    assert!(
        concise.starts_with("<stdin>:6:20: error[wrong-type] "),
        "{concise}"
    );
    assert_eq!(concise.lines().count(), 1);
    let github = validate(&["--output", "github"], &wrong).expect(1).stdout;
    assert!(github.starts_with("::error line=6,"), "{github}");
    assert_contains(&github, &["title=wrong-type::", "keda-jobs: 1 error\n"]);
    Ok(())
}

fn sarif_schema() -> Outcome {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report.sarif");
    for input in ["validate", "rules"] {
        let output = Keda::new(["validate", "--output", "sarif"])
            .arg(data(input))
            .run()
            .expect(1);
        std::fs::write(&report, &output.stdout)?;
        let value = output.json();
        let results = value["runs"][0]["results"].as_array().expect("results");
        assert!(results.len() > 20, "{}", results.len());
        assert!(results.iter().any(|result| result["fixes"].is_array()));
        let check = Command::new("python3")
            .args(["-W", "ignore", "-c"])
            .arg("import json, sys, jsonschema\njsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))")
            .arg(data("schemas/sarif-2.1.0.json"))
            .arg(&report)
            .output()?;
        let complaint = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{input}: {complaint}");
    }
    Ok(())
}

fn junit_schema() -> Outcome {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report.xml");
    for input in ["tests/data/validate", "examples", "tests/fuzz/corpus"] {
        let output = Keda::new(["validate", "--output", "junit"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(input))
            .run();
        std::fs::write(&report, &output.stdout)?;
        let check = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(data("schemas/junit-10.xsd"))
            .arg(&report)
            .output()?;
        let complaint = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{input}: {complaint}");
    }
    Ok(())
}

/// Mistakes with sure fixes between things that must stay.
const BEFORE: &str = "\u{feff}# head\r\napiVersion: keda.sh/v1alpha1\r\nkind: ScaledJob\r\nmetadata:\r\n  name: orders   # the name\r\n  labels: {tier: 1}\r\nspec:\r\n  maxReplicaCont: \"5\"\r\n  cooldownPeriod: 300\r\n  scalingStrategy:\r\n    strategy: 'Acurate'\r\n\r\n  jobTargetRef:\r\n    template:\r\n      spec:\r\n        restartPolicy: Never\r\n        containers: [{name: a, image: b}]\r\n  triggers:\r\n  - type: redis\r\n    metricType: AverageValue\r\n    metadata:\r\n      adress:   redis:6379\r\n      listName: orders\r\n      listLength: 5 # five\r\n";
const AFTER: &str = "\u{feff}# head\r\napiVersion: keda.sh/v1alpha1\r\nkind: ScaledJob\r\nmetadata:\r\n  name: orders   # the name\r\n  labels: {tier: \"1\"}\r\nspec:\r\n  maxReplicaCount: 5\r\n  scalingStrategy:\r\n    strategy: 'accurate'\r\n\r\n  jobTargetRef:\r\n    template:\r\n      spec:\r\n        restartPolicy: Never\r\n        containers: [{name: a, image: b}]\r\n  triggers:\r\n  - type: redis\r\n    metadata:\r\n      address:   redis:6379\r\n      listName: orders\r\n      listLength: \"5\" # five\r\n";

fn diff() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, BEFORE)?;
    let output = Keda::new(["validate", "--diff"]).arg(&path).run().expect(1);
    assert_contains(
        &output.stdout,
        &[
            "--- a/",
            "+++ b/",
            "-  maxReplicaCont: \"5\"",
            "+  maxReplicaCount: 5",
        ],
    );
    assert_eq!(std::fs::read_to_string(&path)?, BEFORE);
    std::fs::write(&path, AFTER)?;
    let output = Keda::new(["validate", "--diff"]).arg(&path).run().expect(0);
    assert_eq!(output.stdout, "");
    // The lines around a change go into the log of a pipeline.
    let near = BEFORE.replace(
        "      listName: orders",
        "      password: hunter2\r\n      listName: orders",
    );
    std::fs::write(&path, near)?;
    let output = Keda::new(["validate", "--diff"]).arg(&path).run().expect(1);
    assert_contains(&output.stdout, &["       password: *******"]);
    assert_lacks(&output.stdout, "hunter2");
    Ok(())
}

fn fix() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, BEFORE)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
    }
    let output = Keda::new(["validate", "--fix"]).arg(&path).run().expect(0);
    assert_contains(&output.stderr, &["fixed ", "a.yaml"]);
    assert_eq!(std::fs::read_to_string(&path)?, AFTER);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&path)?.permissions().mode() & 0o777,
            0o640
        );
    }
    Keda::new(["validate", "--fix"]).arg(&path).run().expect(0);
    assert_eq!(std::fs::read_to_string(&path)?, AFTER);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

fn fix_stdin() -> Outcome {
    let text = BEFORE.trim_start_matches('\u{feff}');
    let output = validate(&["--fix"], text).expect(0);
    assert_eq!(output.stdout, AFTER.trim_start_matches('\u{feff}'));
    Ok(())
}

/// Over all examples of mistakes: the second `--fix` writes nothing, no file becomes less readable, none has more errors.
fn fix_twice() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut paths: Vec<std::path::PathBuf> = Vec::new();
    for entry in std::fs::read_dir(data("rules"))? {
        paths.push(entry?.path().join("wrong.yaml"));
    }
    for entry in std::fs::read_dir(data("validate"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension != "out") {
            paths.push(path);
        }
    }
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus"))?
    {
        paths.push(entry?.path());
    }
    let mut changed = 0;
    for (number, from) in paths.iter().enumerate() {
        let own = folder.path().join(number.to_string());
        std::fs::create_dir(&own)?;
        let path = own.join("file.yaml");
        std::fs::copy(from, &path)?;
        let before = std::fs::read(&path)?;
        let errors = |output: Output| {
            let found = output.json();
            let items = found["items"].as_array().cloned().unwrap_or_default();
            let syntax = items.iter().filter(|item| item["rule"] == "syntax").count();
            (syntax, found["summary"]["errors"].as_u64().unwrap_or(0))
        };
        let check = || Keda::new(["validate", "--output", "json"]).arg(&path).run();
        let (syntax_before, errors_before) = errors(check());
        Keda::new(["validate", "--fix"]).arg(&path).run();
        let once = std::fs::read(&path)?;
        let (syntax_after, errors_after) = errors(check());
        Keda::new(["validate", "--fix"]).arg(&path).run();
        let name = from.display();
        assert_eq!(
            std::fs::read(&path)?,
            once,
            "{name}: the second --fix changed it"
        );
        assert!(syntax_after <= syntax_before, "{name} reads worse");
        assert!(
            errors_after <= errors_before,
            "{name}: {errors_before} errors became {errors_after}"
        );
        changed += usize::from(once != before);
    }
    assert!(changed >= 5, "only {changed} files had something to fix");
    Ok(())
}

fn fix_secrets() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.yaml");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  pin: 1234\n  word: hunter2\n---\n";
    let text = format!(
        "{secret}{}",
        scaled_job("wrong", CRON).replace("desiredReplicas: \"1\"", "desiredReplicas: 1")
    );
    std::fs::write(&path, &text)?;
    let output = Keda::new(["validate", "--diff"]).arg(&path).run().expect(1);
    assert_lacks(&output.stdout, "hunter2");
    Keda::new(["validate", "--fix"]).arg(&path).run().expect(1);
    let after = std::fs::read_to_string(&path)?;
    assert_eq!(
        after,
        text.replace("desiredReplicas: 1", "desiredReplicas: \"1\"")
    );
    Ok(())
}
