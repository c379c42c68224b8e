//! Where identities lie on a machine: variables, files, programs. Nothing else of the room touches them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::api::Secret;

/// More than this is no file with credentials.
const MAX_BYTES: u64 = 1024 * 1024;
/// How long a program may take to give credentials.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(20);

/// Variables, files and programs of a machine. `Debug` shows none of them.
pub struct Surroundings {
    /// Those of the process when there are none.
    variables: Option<BTreeMap<String, String>>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .finish_non_exhaustive()
    }
}

/// What a program said.
pub(super) struct Said {
    pub(super) succeeded: bool,
    pub(super) stdout: Secret<String>,
    pub(super) stderr: String,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self { variables: None }
    }

    /// Exactly these variables; files are found from `HOME`, programs from `PATH`.
    pub fn with(variables: BTreeMap<String, String>) -> Self {
        Self {
            variables: Some(variables),
        }
    }

    /// A variable; an empty one is none.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    /// A path below the home folder.
    pub(super) fn home(&self, below: &str) -> Option<PathBuf> {
        let home = match &self.variables {
            Some(variables) => variables.get("HOME").map(PathBuf::from),
            None => dirs::home_dir(),
        };
        home.map(|home| home.join(below))
    }

    /// A path as it stands in a configuration: `~/` is the home folder.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        written
            .strip_prefix("~/")
            .and_then(|below| self.home(below))
            .unwrap_or_else(|| PathBuf::from(written))
    }

    /// The text of a file; `None` when there is none. The error is a fragment that names the file.
    pub(super) async fn file(&self, path: &Path) -> Result<Option<String>, String> {
        let place = path.display();
        let failed = |error: std::io::Error| format!("{place} cannot be read: {error}");
        match tokio::fs::metadata(path).await {
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(format!("{place} is too large for a file with credentials"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let bytes = tokio::fs::read(path).await.map_err(failed)?;
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| format!("{place} is no text"))
    }

    /// Runs a program to its end; `None` when there is no such program.
    pub(super) async fn run(
        &self,
        program: &str,
        arguments: &[&str],
    ) -> Result<Option<Said>, String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(variables) = &self.variables {
            command.env_clear().envs(variables);
        }
        let output = match tokio::time::timeout(PROGRAM_TIMEOUT, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Ok(Err(error)) => return Err(format!("{program} cannot be run: {error}")),
            Err(_) => {
                return Err(format!("{program} did not end within {PROGRAM_TIMEOUT:?}"));
            }
        };
        Ok(Some(Said {
            succeeded: output.status.success(),
            stdout: Secret::new(String::from_utf8_lossy(&output.stdout).into_owned()),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }))
    }
}
