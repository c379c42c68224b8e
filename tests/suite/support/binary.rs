//! The program under test, in an environment that holds nothing of the caller's.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a finished command said.
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "stdout is not JSON ({error}):\n{}\nstderr:\n{}",
                self.stdout, self.stderr
            )
        })
    }

    /// stdout as one JSON object a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("not JSON ({error}): {line}"))
            })
            .collect()
    }

    /// Fails unless the command ended with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "expected exit {code}, got {}\nstdout:\n{}\nstderr:\n{}",
            self.code, self.stdout, self.stderr
        );
        self
    }
}

/// A command line to run.
pub(crate) struct Keda {
    command: Command,
    stdin: Option<String>,
    // Held so that the home folder lives as long as the command.
    home: tempfile::TempDir,
}

impl Keda {
    /// `keda-jobs` with these arguments, an empty home and no environment but PATH.
    pub(crate) fn new<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keda-jobs"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("COLUMNS", "100")
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        Self {
            command,
            stdin: None,
            home,
        }
    }

    pub(crate) fn args<S: AsRef<std::ffi::OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        for argument in arguments {
            self = self.arg(argument);
        }
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// The home folder of the command.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Output {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = self.command.spawn().expect("the binary starts");
        if let Some(text) = self.stdin.take() {
            // The program may end before it has read everything; that is its right.
            drop(
                child
                    .stdin
                    .take()
                    .expect("stdin is piped")
                    .write_all(text.as_bytes()),
            );
        }
        let output = child.wait_with_output().expect("the binary ends");
        Output {
            code: exit_code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it to its end with a reader of stdout that goes away after the first line that contains `last`; gives the exit code.
    pub(crate) fn run_unread_after(mut self, last: &str) -> i32 {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = self.command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let seen = lines.any(|line| line.contains(last));
        drop(lines);
        let code = exit_code(child.wait().expect("the binary ends"));
        assert!(seen, "no line contains {last}");
        code
    }

    /// Starts it and lets it run; stdout goes to `stdout`, stderr to `stderr`.
    pub(crate) fn spawn(mut self, stdout: &Path, stderr: &Path) -> Running {
        let file = |path: &Path| std::fs::File::create(path).expect("an output file");
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(file(stdout))
            .stderr(file(stderr))
            .spawn()
            .expect("the binary starts");
        Running {
            child,
            _home: self.home,
        }
    }
}

/// A command that runs; killed by its own pid when dropped.
pub(crate) struct Running {
    child: Child,
    _home: tempfile::TempDir,
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name (`INT`, `TERM`).
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status();
        assert!(
            status.expect("kill runs").success(),
            "cannot send SIG{name}"
        );
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child
            .try_wait()
            .expect("the state of the child")
            .map(exit_code)
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> i32 {
        exit_code(self.child.wait().expect("the binary ends"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}
