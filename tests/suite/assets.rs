//! `completions/` and `man/` hold what the command line generates. `SNAPSHOTS=overwrite cargo test assets` brings them up to date.

use std::path::{Path, PathBuf};

use clap_complete::Shell;
use libtest_mimic::{Failed, Trial};

use crate::support::binary::Keda;
use crate::support::{Outcome, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("assets::completions_are_up_to_date", completions),
        test("assets::man_pages_are_up_to_date", man),
    ]
}

const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "keda-jobs.bash"),
    (Shell::Elvish, "keda-jobs.elv"),
    (Shell::Fish, "keda-jobs.fish"),
    (Shell::PowerShell, "_keda-jobs.ps1"),
    (Shell::Zsh, "_keda-jobs"),
];

fn completions() -> Outcome {
    let expected = SHELLS.iter().map(|(shell, file)| {
        let script = Keda::new(["completions", &shell.to_string()])
            .run()
            .expect(0)
            .stdout;
        ((*file).to_owned(), script)
    });
    compare("completions", &expected.collect::<Vec<_>>())
}

fn man() -> Outcome {
    let help = Keda::new(["--help"]).run().expect(0).stdout;
    let verbs = [
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
    let mut pages = vec![(
        "keda-jobs.1".to_owned(),
        Keda::new(["man"]).run().expect(0).stdout,
    )];
    for verb in verbs {
        assert!(
            help.contains(&format!("  {verb} ")),
            "{verb} is not in --help"
        );
        pages.push((
            format!("keda-jobs-{verb}.1"),
            Keda::new(["man", verb]).run().expect(0).stdout,
        ));
    }
    compare("man", &pages)
}

/// The folder must hold exactly these files with these texts.
fn compare(folder: &str, expected: &[(String, String)]) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::create_dir_all(&folder)?;
        for (name, text) in expected {
            std::fs::write(folder.join(name), text)?;
        }
    }
    let mut problems = Vec::new();
    for (name, text) in expected {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(present) if present == *text => {}
            Ok(_) => problems.push(format!("{name} is out of date")),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    for entry in std::fs::read_dir(&folder)? {
        let path: PathBuf = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !expected.iter().any(|(known, _)| *known == name) {
            problems.push(format!("{name} belongs to no shell or command"));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        let folder = folder.display();
        Err(Failed::from(format!(
            "{folder}: {}; run SNAPSHOTS=overwrite cargo test assets",
            problems.join("; ")
        )))
    }
}
