//! The README's `console` blocks are run: every `$ ` line is a command, what follows it is its output. `...` stands for any lines and
//! `[..]` for any text in a line.

use std::process::Command;

use keda_jobs::scalers::Behaviour;
use libtest_mimic::Trial;
use snapbox::filter::NormalizeToExpected;
use snapbox::{Data, IntoData, Redactions};

use crate::support::{Outcome, embedded_test, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        embedded_test("readme::console_blocks_show_what_happens", blocks),
        test("readme::names_every_command_example_and_exit_code", names),
    ]
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README")
}

struct Step {
    line: usize,
    command: String,
    expected: String,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                line: number + 1,
                command: command.to_owned(),
                expected: String::new(),
            });
        } else if inside && let Some(step) = steps.last_mut() {
            step.expected.push_str(line);
            step.expected.push('\n');
        }
    }
    steps
}

fn blocks() -> Outcome {
    let folder = tempfile::tempdir()?;
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_keda-jobs"));
    let path = format!(
        "{}:{}",
        program.parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let steps = steps(&readme());
    assert!(
        steps.len() >= 3,
        "the README has only {} tested commands",
        steps.len()
    );
    for step in steps {
        // What a reader types builds the program first; here it is built already.
        let command = step
            .command
            .replace("cargo run --release -- ", "keda-jobs ");
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{command} 2>&1"))
            .env_clear()
            .env("PATH", &path)
            .env("HOME", folder.path())
            .env("COLUMNS", "100")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        let actual = String::from_utf8_lossy(&output.stdout).into_owned();
        let expected: Data = step.expected.clone().into_data();
        let redactions = Redactions::new();
        let normalized = NormalizeToExpected::new()
            .redact_with(&redactions)
            .normalize(actual.clone().into_data(), &expected);
        assert_eq!(
            normalized.to_string(),
            expected.to_string(),
            "README.md:{}: $ {}\nwrote\n{actual}",
            step.line,
            step.command
        );
    }
    Ok(())
}

fn names() -> Outcome {
    let readme = readme();
    for command in [
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
    ] {
        assert!(
            readme.contains(&format!("keda-jobs {command}")),
            "the README does not show keda-jobs {command}"
        );
    }
    let read = keda_jobs::scalers::TRIGGER_TYPES
        .iter()
        .filter(|kind| !matches!(kind.behaviour, Behaviour::Unread));
    for kind in read {
        assert!(
            readme.contains(&format!("`{}`", kind.name)),
            "the README does not name the trigger {}",
            kind.name
        );
    }
    for status in keda_jobs::error::ExitStatus::ALL {
        assert!(
            readme.contains(&format!("| {} |", status.code())),
            "the README lacks exit code {}",
            status.code()
        );
    }
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        assert!(
            readme.contains(&name),
            "the README does not name examples/{name}"
        );
    }
    Ok(())
}
