//! The command line: says what was asked, does nothing.

mod options;
mod validate;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use options::{ClusterArgs, ConnectionArgs, LeaseArgs, LimitArgs, ManifestArgs, SourceArgs};
pub use validate::{Level, LevelArgs, OnlineArgs, ValidateArgs, ValidateOutput};

use crate::api::KedaVersion;
use crate::report::duration;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0    done, nothing wrong
  1    it ran and the answer is bad: findings, or a trigger or an action failed
  2    it could not run: usage, unreadable file, no cluster, forbidden
  3    only `plan --detailed-exitcode`: there is something to do
  4    refused: somebody else holds the lease, or a live KEDA drives the object
  5    a limit or the failure brake held back work that was wanted (`run --once`)
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)";

const ABOUT: &str = "\
Run KEDA's job scaling from outside the cluster.

keda-jobs reads ScaledJob manifests (and the two older ScaledObject dialects), asks the event sources how much \
work waits, says how many Kubernetes Jobs that calls for and why, and creates, lists and cleans them up. Nothing \
is installed in the cluster; your kubeconfig's rights are all it uses.

Start here, without any cluster:
  keda-jobs run --sandbox --once examples/demo-queue.yaml";

/// Run KEDA's job scaling from outside the cluster.
#[derive(Debug, Parser)]
#[command(name = "keda-jobs", version, about, long_about = ABOUT, after_help = EXIT_CODES, styles = STYLES)]
#[command(
    propagate_version = false,
    arg_required_else_help = true,
    max_term_width = 110
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output options")]
pub struct TalkArgs {
    /// When to colour [default: auto]
    ///
    /// `auto` colours on a terminal and honours NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
    #[arg(
        long,
        global = true,
        value_enum,
        env = "KEDA_JOBS_COLOR",
        hide_env = true,
        hide_possible_values = false
    )]
    pub color: Option<ColorChoice>,
    /// Say less: once hides progress and notes, twice leaves errors only
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "verbose")]
    pub quiet: u8,
    /// Say more on stderr: once for what is done, twice for requests
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Form of the log on stderr [default: text]
    #[arg(
        long,
        global = true,
        value_enum,
        env = "KEDA_JOBS_LOG_FORMAT",
        hide_env = true
    )]
    pub log_format: Option<LogFormat>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of the log on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check manifests; no network unless it is asked for
    Validate(ValidateArgs),
    /// Explain a rule of validate, or list all rules
    Explain(ExplainArgs),
    /// Work out how many Jobs are called for, and why; changes nothing
    Plan(PlanArgs),
    /// Create the Jobs that are called for, once or in a loop
    Run(RunArgs),
    /// List the objects that have Jobs, and the Jobs
    List(ListArgs),
    /// Delete Jobs that keda-jobs made
    Cleanup(CleanupArgs),
    /// List the trigger types, or the parameters of one
    Triggers(TriggersArgs),
    /// Serve the embedded cluster for kubectl and keda-jobs
    Sandbox(SandboxArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print a man page
    Man(ManArgs),
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs explain                   (every rule with its level and a line about it)
  keda-jobs explain unknown-field
  keda-jobs explain unknown-field --output json")]
pub struct ExplainArgs {
    /// The rule, as in the brackets of a finding; all rules when none is named
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = ExplainOutput::Human)]
    pub output: ExplainOutput,
}

/// Forms of `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainOutput {
    /// For people.
    Human,
    /// Versioned JSON.
    Json,
}

/// `plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs plan scaledjob.yaml
  keda-jobs plan scaledjob.yaml --output json
  keda-jobs plan scaledjob.yaml --reading 0=25 --running 3 --pending 1   (on paper: no source, no cluster)
  keda-jobs plan scaledjob.yaml --reading orders=error --running 0

A reading is VALUE[:active|:inactive] or `error`, for a trigger's place in the list (from 0) or its name.
Without :active or :inactive a value above 0 is active.

Exit codes: 0 it could decide, 1 a trigger failed, 2 it could not run, or no Jobs could be listed, 3 with
--detailed-exitcode when there is something to create or delete.")]
pub struct PlanArgs {
    /// The manifests.
    #[command(flatten)]
    pub manifests: ManifestArgs,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Table)]
    pub output: PlanOutput,
    /// Take this as a trigger's reading instead of asking its source (repeatable)
    #[arg(long = "reading", value_name = "INDEX|NAME=VALUE")]
    pub readings: Vec<String>,
    /// Take this as the number of unfinished Jobs instead of asking the cluster
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub running: Option<i64>,
    /// Take this as the number of unfinished Jobs without a running pod
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub pending: Option<i64>,
    /// Exit with 3 when there is something to create or delete
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// What holds numbers down.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How to read triggers.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// Forms of `plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    /// For people.
    Table,
    /// Versioned JSON.
    Json,
    /// The same as YAML.
    Yaml,
}

/// `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs run --sandbox --once examples/demo-queue.yaml   (no cluster needed)
  keda-jobs run --sandbox examples/demo-queue.yaml          (drains the demo queue; Ctrl-C ends it)
  keda-jobs run --once scaledjob.yaml
  keda-jobs run manifests/ --context staging --output json
  keda-jobs run manifests/ --max-total 50 --max-pending 10

The first cycle starts at once, then one every pollingInterval. Ctrl-C lets actions in flight end and prints a
summary; a second Ctrl-C ends at once. Where the reader of stdout goes away a loop ends in the same way, and --once
carries its cycle out. The files are read once, at the start: end the run and start it again after
a change.

Each object has one writer: a run takes the Lease keda-jobs-NAME of each of its objects and gives them up when it
ends. An object that another run holds, or that a live KEDA drives and that is not paused there, is left alone.

Exit codes: 0 done, 1 a trigger or an action failed, 2 it could not run, 4 an object was left alone because it has
another writer, 5 with --once when a limit or the failure brake held back Jobs that were wanted, 130 or 143 ended by
a signal.")]
pub struct RunArgs {
    /// The manifests.
    #[command(flatten)]
    pub manifests: ManifestArgs,
    /// One cycle of every object, then end
    #[arg(long)]
    pub once: bool,
    /// Form of the output; json is one event a line
    #[arg(short, long, value_enum, default_value_t = RunOutput::Human)]
    pub output: RunOutput,
    /// Run on an embedded cluster that lives as long as this command
    #[arg(long, conflicts_with_all = ["kubeconfig", "context", "cluster", "user", "in_cluster", "as_user"])]
    pub sandbox: bool,
    /// Items in the embedded cluster's demo queue
    #[arg(long, value_name = "N", default_value_t = 25, requires = "sandbox")]
    pub sandbox_items: u64,
    /// How many create and delete requests of one object may be under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Say why a Job has no running pod once it has been pending for this long
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub stuck_after: Duration,
    /// What holds numbers down.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// One writer for each object.
    #[command(flatten)]
    pub lease: LeaseArgs,
    /// How to read triggers.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// Forms of `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunOutput {
    /// For people.
    Human,
    /// One JSON event a line.
    Json,
}

/// `list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs list
  keda-jobs list orders -n shop
  keda-jobs list -A --output json")]
pub struct ListArgs {
    /// Objects to show; all when none is named
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Say why a Job has no running pod once it has been pending for this long
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub stuck_after: Duration,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Table)]
    pub output: PlanOutput,
    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `cleanup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs cleanup --dry-run
  keda-jobs cleanup orders --failed --older-than 1h
  keda-jobs cleanup --all --yes      (running Jobs too)
  keda-jobs cleanup --keep 3 --yes   (the newest three finished Jobs of each object stay)

Only Jobs that keda-jobs made are deleted; pods go with them.")]
pub struct CleanupArgs {
    /// Objects to clean up; all of the namespace when none is named
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Finished Jobs, succeeded or failed (default)
    #[arg(long, group = "what")]
    pub finished: bool,
    /// Failed Jobs only
    #[arg(long, group = "what")]
    pub failed: bool,
    /// Every Job, running ones too
    #[arg(long, group = "what")]
    pub all: bool,
    /// Only Jobs that finished (or, unfinished, were created) longer ago than this
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub older_than: Option<Duration>,
    /// Keep the newest N of each object
    #[arg(long, value_name = "N")]
    pub keep: Option<usize>,
    /// Say what would be deleted and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Table)]
    pub output: PlanOutput,
    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `triggers`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs triggers
  keda-jobs triggers aws-sqs-queue
  keda-jobs triggers rabbitmq --output json
  keda-jobs triggers prometheus --keda-version 2.14    (what that version reads)

Exit codes: 0 shown, 2 KEDA has no such trigger type.")]
pub struct TriggersArgs {
    /// The trigger type to describe; all are listed when none is named
    #[arg(value_name = "TYPE")]
    pub kind: Option<String>,
    /// Form of the result
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Table)]
    pub output: PlanOutput,
    /// Only what this version of KEDA has, such as 2.14 or 2.20.1 [default: all that is known, with its versions]
    #[arg(
        long,
        value_name = "VERSION",
        env = "KEDA_JOBS_KEDA_VERSION",
        hide_env = true
    )]
    pub keda_version: Option<KedaVersion>,
}

/// `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs sandbox
  keda-jobs sandbox --port 8001 --kubeconfig /tmp/sandbox.yaml --items 100

Then, in another terminal:
  export KUBECONFIG=/tmp/sandbox.yaml
  kubectl get jobs
  keda-jobs run --once scaledjob.yaml

Pods live as the annotations of the Job's pod template say: sandbox.keda-jobs/pending and sandbox.keda-jobs/run
(durations), sandbox.keda-jobs/fail (`always`, or how many first attempts fail).")]
pub struct SandboxArgs {
    /// Loopback port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Where to write the kubeconfig [default: sandbox.kubeconfig in the user's state folder]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Items in the demo queue
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub items: u64,
    /// How long a pod stays Pending
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration::parse)]
    pub pod_pending: Duration,
    /// How long a pod runs
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration::parse)]
    pub pod_run: Duration,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs completions bash > ~/.local/share/bash-completion/completions/keda-jobs
  keda-jobs completions zsh > \"${fpath[1]}/_keda-jobs\"
  keda-jobs completions fish > ~/.config/fish/completions/keda-jobs.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keda-jobs man | man -l -
  keda-jobs man run > keda-jobs-run.1")]
pub struct ManArgs {
    /// The command to describe; the program itself when none is named
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
