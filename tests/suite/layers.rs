//! Holds the house to its plan by reading `src/`: pure rooms stay pure, imports go down, every suite file is registered.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::{Outcome, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("layers::pure_rooms_do_no_io", pure_rooms),
        test("layers::imports_go_down", imports_go_down),
        test(
            "layers::only_manifest_reads_manifest_files",
            files_are_read_in_few_places,
        ),
        test("layers::every_suite_file_is_registered", suite_files),
    ]
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code of a room, without its tests and comments.
fn room(name: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root.join(name), &mut files);
    assert!(!files.is_empty(), "the room {name} is empty");
    files
        .into_iter()
        .filter(|path| {
            !path.components().any(|part| part.as_os_str() == "tests")
                && !path.ends_with("tests.rs")
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let lines: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            (path, lines.join("\n"))
        })
        .collect()
}

fn pure_rooms() -> Outcome {
    let forbidden = [
        "tokio",
        "kube::",
        "reqwest",
        "std::fs",
        "std::net",
        "std::env::",
        "Timestamp::now",
        "SystemTime",
        "Instant::now",
        "fastrand",
    ];
    for name in ["planner", "rules", "api", "diagnostic"] {
        for (path, code) in room(name) {
            for word in forbidden {
                assert!(
                    !code.contains(word),
                    "{} uses {word}: {name}/ is pure",
                    path.display()
                );
            }
        }
    }
    Ok(())
}

/// Rooms from the bottom up; a room may use those before it in the list, and itself. Rooms of one inner list may use each other.
const LEVELS: &[&[&str]] = &[
    &["diagnostic"],
    &["api", "manifest"],
    &["auth"],
    &["rules"],
    &[
        "planner", "scalers", "cluster", "report", "error", "signals",
    ],
    &["engine", "sandbox"],
    &["settings", "cli"],
    &["commands"],
];

fn level(name: &str) -> Option<usize> {
    LEVELS.iter().position(|rooms| rooms.contains(&name))
}

fn imports_go_down() -> Outcome {
    for (own_level, rooms) in LEVELS.iter().enumerate() {
        for name in *rooms {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name);
            if !path.is_dir() {
                continue;
            }
            for (path, code) in room(name) {
                for (at, _) in code.match_indices("crate::") {
                    let rest = &code[at + "crate::".len()..];
                    let end = rest
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    let used = &rest[..end];
                    let Some(level) = level(used) else { continue };
                    assert!(
                        level <= own_level,
                        "{} imports {used}, which lies above {name}",
                        path.display()
                    );
                }
            }
        }
    }
    Ok(())
}

fn files_are_read_in_few_places() -> Outcome {
    // Where a file may be opened: manifests, the kubeconfig, the configuration file, the sandbox's kubeconfig, the caller's identities.
    // A token file is part of a kubeconfig, and a database's certificates are part of its connection string.
    let allowed = [
        "manifest/",
        "cluster/kubeconfig.rs",
        "cluster/token_file.rs",
        "settings.rs",
        "commands/sandbox.rs",
        "scalers/client/identity/surroundings.rs",
        "scalers/sql/tls.rs",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for name in [
        "api",
        "auth",
        "cluster",
        "commands",
        "diagnostic",
        "engine",
        "planner",
        "report",
        "sandbox",
        "scalers",
    ] {
        for (path, code) in room(name) {
            let relative = path
                .strip_prefix(&root)
                .expect("a path in src")
                .to_string_lossy()
                .into_owned();
            if !allowed.iter().any(|place| relative.starts_with(place)) {
                assert!(
                    !code.contains("std::fs") && !code.contains("tokio::fs"),
                    "{relative} touches the file system"
                );
            }
        }
    }
    Ok(())
}

fn suite_files() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let main = std::fs::read_to_string(folder.join("main.rs"))?;
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_file() && stem != "main" {
            assert!(
                main.contains(&format!("{stem}::tests()")),
                "tests/suite/{stem}.rs is not registered in main.rs"
            );
        }
    }
    Ok(())
}
