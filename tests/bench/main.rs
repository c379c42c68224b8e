//! Benchmarks: run by hand, or with `--smoke` in CI to see that they still work. Nothing here asserts a time.
//!
//! ```text
//! cargo bench --bench keda-jobs -- [NAME…] [--smoke]
//! ```
//!
//! They drive the real binary against the cluster of `KEDA_JOBS_TEST_KUBECONFIG`; without one against the embedded cluster, whose
//! figures say little about a real one. Each prints its figures, the aim where there is one, and the command that makes them.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

mod create;
mod existing;
mod figures;
mod idle;
mod planner;
mod process;
mod proxy;
mod requests;
mod source;
mod validate;

#[expect(dead_code, reason = "shared with the suite, which uses all of it")]
#[path = "../suite/support/mod.rs"]
mod support;

use std::process::ExitCode;

use support::cluster::given_kubeconfig;

/// How large a run is.
#[derive(Clone, Copy)]
pub(crate) struct Bench {
    smoke: bool,
}

impl Bench {
    /// `full`, or `small` in a smoke run.
    pub(crate) fn size<T>(self, full: T, small: T) -> T {
        if self.smoke { small } else { full }
    }
}

struct Benchmark {
    name: &'static str,
    about: &'static str,
    run: fn(Bench),
}

const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "create-1000",
        about: "1,000 Jobs from one cycle, against a raw parallel creator",
        run: create::thousand,
    },
    Benchmark {
        name: "create-50",
        about: "50 Jobs, from the answer of the source to the last Job",
        run: create::fifty,
    },
    Benchmark {
        name: "requests",
        about: "500 objects with one item each: API requests",
        run: requests::requests,
    },
    Benchmark {
        name: "idle",
        about: "500 idle objects at a 5 s poll: CPU, memory, API requests",
        run: idle::idle,
    },
    Benchmark {
        name: "existing-10000",
        about: "10,000 Jobs that exist: memory, and time of a cycle",
        run: existing::existing,
    },
    Benchmark {
        name: "planner",
        about: "decisions and plans a second",
        run: planner::planner,
    },
    Benchmark {
        name: "validate",
        about: "1,000 files of about 50 lines, and one of them",
        run: validate::validate,
    },
];

fn main() -> ExitCode {
    support::install_crypto_provider();
    let mut bench = Bench { smoke: false };
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            // Said by cargo.
            "--bench" => {}
            "--smoke" => bench.smoke = true,
            name if BENCHMARKS.iter().any(|known| known.name == name) => names.push(argument),
            _ => {
                println!("usage: cargo bench --bench keda-jobs -- [NAME…] [--smoke]\n");
                for known in BENCHMARKS {
                    println!("  {:<15} {}", known.name, known.about);
                }
                return ExitCode::from(2);
            }
        }
    }
    figures::judge(!bench.smoke && cfg!(not(debug_assertions)));
    let cluster = match given_kubeconfig() {
        Some(path) => format!("the cluster of {}", path.display()),
        None => "the embedded cluster (a real one: KEDA_JOBS_TEST_KUBECONFIG)".to_owned(),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let build = if cfg!(debug_assertions) {
        "a debug build: no figure of it counts"
    } else {
        "a release build"
    };
    println!("{build}, {cores} cores, {cluster}");
    for known in BENCHMARKS {
        if !names.is_empty() && !names.iter().any(|name| name == known.name) {
            continue;
        }
        println!("\n{}: {}", known.name, known.about);
        println!(
            "  $ cargo bench --bench keda-jobs -- {}{}",
            known.name,
            bench.size("", " --smoke")
        );
        (known.run)(bench);
    }
    ExitCode::SUCCESS
}
