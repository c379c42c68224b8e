//! `validate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::options::{ClusterArgs, ConnectionArgs, SourceArgs};
use crate::api::KedaVersion;
use crate::diagnostic::Severity;

/// `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs validate scaledjob.yaml
  keda-jobs validate manifests/ --fail-on warning --ignore not-a-job
  keda-jobs validate manifests/ --output sarif > keda-jobs.sarif
  keda-jobs validate manifests/ --keda-version 2.14
  keda-jobs validate manifests/ --cluster --sources --context staging
  keda-jobs validate manifests/ --diff        (show what --fix would change)
  helm template ./chart | keda-jobs validate -

A comment `# keda-jobs: ignore RULE[,RULE] reason` leaves findings out: on their line, alone on the line above, or for
a whole document before its first key. `keda-jobs explain RULE` says what a rule is about.

Exit codes: 0 nothing wrong (or nothing as bad as --fail-on), 1 findings, or with --diff something to fix, 2 a file
could not be read.")]
pub struct ValidateArgs {
    /// Files, folders (*.yaml, *.yml, *.json, recursively), or - for stdin
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = ValidateOutput::Human)]
    pub output: ValidateOutput,
    /// Version of KEDA that the manifests are for, such as 2.14 or 2.20.1 [default: 2.20 and 2.21: what only one of them refuses is no error]
    #[arg(
        long,
        value_name = "VERSION",
        env = "KEDA_JOBS_KEDA_VERSION",
        hide_env = true
    )]
    pub keda_version: Option<KedaVersion>,
    /// What is found and what becomes of it.
    #[command(flatten)]
    pub levels: LevelArgs,
    /// What only the cluster and the sources can say.
    #[command(flatten)]
    pub online: OnlineArgs,
}

/// What only the cluster and the sources can say.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster and source options")]
pub struct OnlineArgs {
    /// Ask the cluster too: do the objects and keys exist, do the quotas suffice, would it take the Job (a dry run)? With =NAME, as with
    /// kubectl, the cluster entry of that name in the kubeconfig instead of the context's
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["fix", "diff"]
    )]
    pub cluster: Option<Option<String>>,
    /// Take one reading of each trigger and say what it got
    #[arg(long = "sources", conflicts_with_all = ["fix", "diff"])]
    pub sources_wanted: bool,
    /// How to read triggers.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

impl OnlineArgs {
    /// Whether the cluster is asked about the objects.
    pub fn asks_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// The cluster that is meant.
    pub fn cluster_args(&self) -> ClusterArgs {
        ClusterArgs {
            connection: self.connection.clone(),
            cluster: self.cluster.clone().flatten(),
        }
    }
}

/// What is found and what becomes of it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rule options")]
pub struct LevelArgs {
    /// Exit with 1 when there is a finding of this level or a worse one [default: error]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<Level>,
    /// Only these rules (repeatable, comma-separated), or `all`
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules (repeatable, comma-separated), or `all` but those of --select
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Write the sure fixes into the files; of stdin the fixed text goes to stdout
    #[arg(long)]
    pub fix: bool,
    /// Show what --fix would change, as a unified diff, and change nothing
    #[arg(long, conflicts_with = "fix")]
    pub diff: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Does not work.
    Error,
    /// Works, but probably not as meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Note => Self::Note,
        }
    }
}

/// Forms of `validate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ValidateOutput {
    /// As a compiler shows it.
    Human,
    /// A line a finding, with `file:line:column` first.
    Concise,
    /// Versioned JSON.
    Json,
    /// SARIF 2.1.0 for code scanning.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Annotations of a GitHub workflow.
    Github,
}
