//! The errors that end a command, and the exit statuses that a script can rely on.

use std::fmt;
use std::sync::Arc;

/// How the program ends. The numbers are part of the interface: they are printed in `--help` and tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done, nothing wrong.
    Success,
    /// It ran and the answer is bad: findings, or a trigger or an action failed.
    Bad,
    /// It could not run: usage, unreadable file, no cluster, forbidden.
    CouldNotRun,
    /// Only `plan --detailed-exitcode`: there is something to do.
    Changes,
    /// Refused: somebody else holds the lease, or a live KEDA drives the object.
    Refused,
    /// A limit held back work that was wanted (`run --once`).
    HeldBack,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl ExitStatus {
    /// Every status, for the table in `--help`.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Bad,
        Self::CouldNotRun,
        Self::Changes,
        Self::Refused,
        Self::HeldBack,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Bad => 1,
            Self::CouldNotRun => 2,
            Self::Changes => 3,
            Self::Refused => 4,
            Self::HeldBack => 5,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line, or the environment or configuration file beside it.
    Usage,
    /// A file that cannot be read or written.
    File,
    /// The kubeconfig, or the cluster behind it.
    Cluster,
    /// There is nothing to show the cluster: the credential plugin failed, or a file of the user's cannot be used.
    Credentials,
    /// stdout was closed by its reader: not an error at all.
    BrokenPipe,
    /// A fault of this program.
    Internal,
}

impl ErrorKind {
    /// The exit status of a command that ends with such an error.
    pub const fn exit_status(self) -> ExitStatus {
        match self {
            Self::Usage | Self::File | Self::Cluster | Self::Credentials | Self::Internal => {
                ExitStatus::CouldNotRun
            }
            Self::BrokenPipe => ExitStatus::Success,
        }
    }
}

/// An error that ends a command.
#[derive(Debug, Clone)]
pub struct Error {
    /// What kind it is; decides the exit status.
    pub kind: ErrorKind,
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    hints: Vec<String>,
}

impl Error {
    /// An error that says `message`, a lower-case fragment.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
            hints: Vec::new(),
        }
    }

    /// Adds what caused it.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The whole of it for stderr: `error: …`, `  caused by: …`, `hint: …`.
    pub fn render(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = crate::report::sanitize::sanitize(&cause.to_string()).into_owned();
            // Many libraries repeat their cause in their own text.
            if !text.contains(&cause_text) {
                text.push_str("  caused by: ");
                text.push_str(&cause_text);
                text.push('\n');
            }
            source = cause.source();
        }
        for hint in &self.hints {
            text.push_str("hint: ");
            text.push_str(hint);
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    /// For writes to stdout and stderr; errors of named files are built where the name is known.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::new(ErrorKind::BrokenPipe, "stdout was closed")
        } else {
            Self::new(ErrorKind::Internal, "cannot write the output").because(error)
        }
    }
}
