//! No input of the corpus, nor what small damage makes of it, panics `validate`. New finds go to `tests/fuzz/corpus/`.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::binary::Keda;
use crate::support::{Outcome, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("fuzz::no_corpus_input_panics", corpus),
        test("fuzz::no_damaged_example_panics", damaged),
    ]
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

fn corpus() -> Outcome {
    let inputs = files("tests/fuzz/corpus");
    assert!(
        inputs.len() >= 20,
        "the corpus has shrunk to {}",
        inputs.len()
    );
    for path in inputs {
        let output = Keda::new(["validate", "--output", "json"]).arg(&path).run();
        assert!(
            matches!(output.code, 0 | 1),
            "{}: exit {}\n{}",
            path.display(),
            output.code,
            output.stderr
        );
        output.json();
        // The same through the human form, which must place carets in whatever text there is.
        let output = Keda::new(["validate"]).arg(&path).run();
        assert!(
            matches!(output.code, 0 | 1),
            "{}: exit {}\n{}",
            path.display(),
            output.code,
            output.stderr
        );
    }
    Ok(())
}

/// Cuts, doubles and swaps bytes of the examples, from a fixed seed, in one process per batch of files.
fn damaged() -> Outcome {
    let mut random = fastrand::Rng::with_seed(7);
    let folder = tempfile::tempdir()?;
    let mut count = 0;
    for path in files("examples") {
        let Ok(text) = std::fs::read(&path) else {
            continue;
        };
        for _ in 0..40 {
            let mut bytes = text.clone();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(
                        at,
                        *random
                            .choice(b"\t:{}[]&*!|>%@`\"'#,?-\0\xff\n ")
                            .unwrap_or(&b' '),
                    ),
                    2 => bytes.truncate(at.max(1)),
                    _ => {
                        let chunk: Vec<u8> = bytes[at..(at + 20).min(bytes.len())].to_vec();
                        let target = random.usize(..=bytes.len());
                        drop(bytes.splice(target..target, chunk));
                    }
                }
            }
            std::fs::write(folder.path().join(format!("{count}.yaml")), bytes)?;
            count += 1;
        }
    }
    let output = Keda::new(["validate", "--output", "json"])
        .arg(folder.path())
        .run();
    assert!(
        matches!(output.code, 0 | 1),
        "exit {}\n{}",
        output.code,
        output.stderr
    );
    output.json();
    Ok(())
}
