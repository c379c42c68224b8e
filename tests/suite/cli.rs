//! Help, exit codes, settings, and the ways a command line can be wrong.

use libtest_mimic::Trial;

use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("cli::every_command_has_help_with_an_example", help),
        test("cli::exit_codes_are_in_the_help", exit_codes),
        test("cli::usage_errors_are_2", usage),
        test(
            "cli::a_named_kubeconfig_that_is_missing_is_fatal",
            kubeconfig_named,
        ),
        test(
            "cli::without_a_kubeconfig_it_says_what_to_do",
            kubeconfig_none,
        ),
        test("cli::a_pods_account_is_no_silent_fallback", in_cluster),
        test("cli::contexts_are_named_when_one_is_wrong", contexts),
        test(
            "cli::a_kubeconfig_list_is_merged_and_missing_files_skipped",
            kubeconfig_list,
        ),
        test("cli::no_color_and_color", color),
        test("cli::quiet_and_verbose", quiet),
        test(
            "cli::the_configuration_file_is_read_and_checked",
            config_file,
        ),
        test("cli::json_log", json_log),
    ]
}

const COMMANDS: [&str; 10] = [
    "validate",
    "explain",
    "plan",
    "run",
    "list",
    "cleanup",
    "triggers",
    "sandbox",
    "completions",
    "man",
];

fn help() -> Outcome {
    for command in COMMANDS {
        let long = Keda::new([command, "--help"]).run().expect(0);
        assert_contains(
            &long.stdout,
            &[
                "Usage: keda-jobs",
                "Examples:",
                &format!("keda-jobs {command}"),
            ],
        );
        assert!(long.stderr.is_empty());
        for line in long.stdout.lines() {
            assert!(line.chars().count() <= 120, "{command}: too wide: {line}");
        }
    }
    let help = Keda::new(["--help"]).run().expect(0);
    for command in COMMANDS {
        assert_contains(&help.stdout, &[command]);
    }
    let version = Keda::new(["--version"]).run().expect(0);
    assert_contains(&version.stdout, &[env!("CARGO_PKG_VERSION")]);
    Ok(())
}

fn exit_codes() -> Outcome {
    let help = Keda::new(["--help"]).run().expect(0).stdout;
    for status in keda_jobs::error::ExitStatus::ALL {
        let code = status.code().to_string();
        assert!(
            help.lines()
                .any(|line| line.trim_start().starts_with(&format!("{code} "))),
            "exit code {code} is not in --help:\n{help}"
        );
    }
    Ok(())
}

fn usage() -> Outcome {
    for arguments in [
        vec!["frobnicate"],
        vec!["plan"],
        vec!["plan", "--running", "-1", "x.yaml"],
        vec!["plan", "--running", "many", "x.yaml"],
        vec!["run", "--sandbox-items", "3", "x.yaml"],
        vec!["cleanup", "--failed", "--all"],
        vec!["cleanup", "--older-than", "soon"],
        vec!["completions", "tcsh"],
        vec!["man", "frobnicate"],
        vec!["validate", "/nonexistent.yaml"],
        vec!["plan", "/nonexistent.yaml"],
    ] {
        let output = Keda::new(&arguments).run().expect(2);
        assert_contains(&output.stderr, &["error:"]);
        assert!(
            output.stdout.is_empty(),
            "{arguments:?} wrote to stdout: {}",
            output.stdout
        );
    }
    Ok(())
}

fn kubeconfig_named() -> Outcome {
    for keda in [
        Keda::new(["list", "--kubeconfig", "/nonexistent/config"]),
        Keda::new(["list"]).env("KUBECONFIG", "/nonexistent/a:/nonexistent/b"),
    ] {
        let output = keda
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .run()
            .expect(2);
        assert_contains(&output.stderr, &["/nonexistent/"]);
    }
    Ok(())
}

fn kubeconfig_none() -> Outcome {
    let output = Keda::new(["list"]).run().expect(2);
    assert_contains(
        &output.stderr,
        &[
            "no kubeconfig was found",
            "hint:",
            "--kubeconfig",
            "--sandbox",
        ],
    );
    Ok(())
}

fn in_cluster() -> Outcome {
    // A broken default kubeconfig inside a pod: kube's own inference would go on with the pod's account.
    let keda = Keda::new(["list"])
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", "1");
    std::fs::create_dir(keda.home().join(".kube"))?;
    std::fs::write(keda.home().join(".kube/config"), "not: [a kubeconfig")?;
    let output = keda.run().expect(2);
    assert_contains(&output.stderr, &[".kube/config"]);
    let output = Keda::new(["list", "--in-cluster"]).run().expect(2);
    assert_contains(&output.stderr, &["pod"]);
    Ok(())
}

fn contexts() -> Outcome {
    let cluster = TestCluster::start();
    let output = cluster.run(["list", "--context", "production"]).expect(2);
    assert_contains(&output.stderr, &["production", "hint:"]);
    Ok(())
}

fn kubeconfig_list() -> Outcome {
    let cluster = TestCluster::start().with_all_rights();
    let list = format!("/nonexistent/first:{}", cluster.kubeconfig.display());
    Keda::new(["list", "-A"])
        .env("KUBECONFIG", list)
        .run()
        .expect(0);
    Ok(())
}

fn color() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("wrong.yaml");
    std::fs::write(
        &path,
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata:\n  name: x\nspec:\n  trigers: []\n",
    )?;
    let escapes = |keda: Keda| keda.arg(&path).run().expect(1).stdout.contains('\u{1b}');
    assert!(!escapes(Keda::new(["validate"])), "a pipe gets no colour");
    assert!(escapes(Keda::new(["validate", "--color", "always"])));
    assert!(escapes(Keda::new(["validate"]).env("CLICOLOR_FORCE", "1")));
    assert!(!escapes(
        Keda::new(["validate"])
            .env("CLICOLOR_FORCE", "1")
            .env("NO_COLOR", "1")
    ));
    assert!(
        escapes(Keda::new(["validate", "--color", "always"]).env("NO_COLOR", "1")),
        "a flag beats the environment"
    );
    assert!(!escapes(
        Keda::new(["validate", "--color", "never"]).env("CLICOLOR_FORCE", "1")
    ));
    Ok(())
}

fn quiet() -> Outcome {
    let cluster = TestCluster::start();
    let manifest = cluster.write(
        "cron.yaml",
        &crate::sources::scaled_job(
            "shift",
            "- type: cron\n  metadata:\n    timezone: Etc/UTC\n    start: 0 0 1 1 *\n    end: 0 0 2 1 *\n    desiredReplicas: \"1\"",
        ),
    );
    let normal = cluster.run(["run", "--once", &manifest]).expect(0);
    assert_contains(&normal.stderr, &["context"]);
    let quiet = cluster.run(["run", "--once", &manifest, "-qq"]).expect(0);
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
    let verbose = cluster.run(["run", "--once", &manifest, "-v"]).expect(0);
    assert!(verbose.stdout.len() > normal.stdout.len());
    Ok(())
}

fn config_file() -> Outcome {
    let cluster = TestCluster::start().with_all_rights();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, format!("namespace: {}\n", cluster.namespace))?;
    let list = || {
        Keda::new(["list", "--kubeconfig"])
            .arg(&cluster.kubeconfig)
            .env("KEDA_JOBS_CONFIG", &path)
    };
    assert_contains(&list().run().expect(0).stderr, &[&cluster.namespace]);
    // The environment beats the file, a flag beats the environment.
    let output = list()
        .env("KEDA_JOBS_NAMESPACE", "from-env")
        .run()
        .expect(0);
    assert_contains(&output.stderr, &["namespace from-env"]);
    let output = list()
        .env("KEDA_JOBS_NAMESPACE", "from-env")
        .arg("-n")
        .arg("from-flag")
        .run()
        .expect(0);
    assert_contains(&output.stderr, &["namespace from-flag"]);
    std::fs::write(&path, "namspace: x\n")?;
    let output = list().run().expect(2);
    assert_contains(&output.stderr, &["config.yaml", "namspace"]);
    Ok(())
}

fn json_log() -> Outcome {
    let cluster = TestCluster::start();
    let output = cluster
        .run(["list", "-vv", "--log-format", "json"])
        .expect(0);
    let json_lines = output
        .stderr
        .lines()
        .filter(|line| line.starts_with('{'))
        .count();
    assert!(json_lines > 0, "{}", output.stderr);
    assert_lacks(&output.stdout, "{");
    Ok(())
}
