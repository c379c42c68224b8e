//! No input of the corpus, nor what small damage makes of it, panics `validate`. New finds go to `tests/fuzz/corpus/`.
//!
//! `KEDA_JOBS_FUZZ_INPUTS=1000000 cargo test --release --test suite fuzz::mutated` is the long run; `KEDA_JOBS_FUZZ_SEED` takes another
//! way through the inputs. `tests/fuzz/` holds the same target for libFuzzer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::support::binary::Keda;
use crate::support::{Outcome, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("fuzz::no_corpus_input_panics", corpus),
        test("fuzz::no_damaged_example_panics", damaged),
        test("fuzz::mutated_inputs_stay_within_bounds", mutated),
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

/// Inputs of a plain run.
const PLAIN_RUN: u64 = 2000;
/// The longest that one input may take; a build for debugging is some ten times slower.
const MOST_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// Mutates corpus, examples and examples of rules in this process, through the library: no panic, and none takes more than a second of
/// this process's own time. Memory is held to 256 MiB of growth over the whole run, of which one input has at most all.
fn mutated() -> Outcome {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let inputs = number("KEDA_JOBS_FUZZ_INPUTS", PLAIN_RUN);
    let mut random = fastrand::Rng::with_seed(number("KEDA_JOBS_FUZZ_SEED", 1));
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for folder in ["tests/fuzz/corpus", "examples", "tests/data/validate"] {
        for path in files(folder) {
            seeds.extend(std::fs::read(&path).ok());
        }
    }
    for folder in files("tests/data/rules") {
        seeds.extend(std::fs::read(folder.join("wrong.yaml")).ok());
    }
    // What makes a megabyte is slow to mutate and is in the corpus run already.
    seeds.retain(|seed| seed.len() <= 64 << 10);
    let before = peak_memory();
    let mut slowest = (Duration::ZERO, Vec::new());
    for count in 0..inputs {
        let bytes = mutate(&mut random, &seeds);
        let began = Instant::now();
        let outcome = std::panic::catch_unwind(|| keda_jobs::commands::load::probe(bytes.clone()));
        let took = began.elapsed();
        if outcome.is_err() {
            let path = keep(&bytes)?;
            return Err(format!("input {count} panics: {}", path.display()).into());
        }
        if took > slowest.0 {
            slowest = (took, bytes);
        }
    }
    // A machine that is busy with other things makes one input slow: what is slow is tried again.
    if slowest.0 > MOST_TIME {
        let again = (0..3).map(|_| {
            let began = Instant::now();
            keda_jobs::commands::load::probe(slowest.1.clone());
            began.elapsed()
        });
        let least = again.min().unwrap_or_default();
        if least > MOST_TIME {
            let path = keep(&slowest.1)?;
            return Err(format!("an input takes {least:?}: {}", path.display()).into());
        }
    }
    let growth = peak_memory().saturating_sub(before);
    assert!(growth < 256 << 10, "memory grew by {growth} KiB");
    if inputs > PLAIN_RUN {
        writeln!(
            std::io::stderr(),
            "{inputs} inputs, slowest {:?}, memory grew by {growth} KiB",
            slowest.0
        )?;
    }
    Ok(())
}

/// Writes a find where it can be looked at.
fn keep(bytes: &[u8]) -> std::io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("keda-jobs-find-{}.yaml", fastrand::u32(..)));
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// Most memory that this process has had, in KiB; 0 where the system does not say.
fn peak_memory() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Words that mean something to the readers.
const WORDS: &[&str] = &[
    "---\n",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "!!binary ",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "|\n",
    ">-\n",
    "# keda-jobs: ignore ",
    "\"",
    "'",
    "\t",
    "\r\n",
    "null",
    "yes",
    "0x",
    "1e999",
    "-1",
    "9223372036854775808",
    "\u{feff}",
    "\u{85}",
    "kind: Secret\n",
    "kind: List\nitems:\n- ",
    "apiVersion: keda.sh/v1alpha1\n",
    "spec:\n",
    "triggers:\n",
    "metadata: ",
    "metricType: Value\n",
    "FromEnv: X\n",
    "\\u0000",
    "%YAML 1.1\n",
    "...\n",
    "cron",
    "redis",
    "\0",
];

fn mutate(random: &mut fastrand::Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..8) {
        let at = random.usize(..=bytes.len());
        match random.u8(..8) {
            0 if at < bytes.len() => drop(bytes.remove(at)),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes.truncate(at),
            3 => {
                let chunk: Vec<u8> =
                    bytes[at..(at + random.usize(1..200)).min(bytes.len())].to_vec();
                let target = random.usize(..=bytes.len());
                drop(bytes.splice(target..target, chunk));
            }
            4 => {
                let end = (at + random.usize(1..60)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            5 => {
                let other = &seeds[random.usize(..seeds.len())];
                let from = random.usize(..=other.len());
                let chunk = other[from..(from + random.usize(1..400)).min(other.len())].to_vec();
                drop(bytes.splice(at..at, chunk));
            }
            _ => {
                let word = WORDS[random.usize(..WORDS.len())];
                drop(bytes.splice(at..at, word.bytes()));
            }
        }
    }
    bytes
}
