//! Arguments and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

/// Investigates incidents: what broke, where, since when, and what set it off.
#[derive(Debug, Parser)]
#[command(name = "midwatch", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 error, 2 usage, 3 finished but cannot tell.\n\
    Try it: midwatch demo")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Investigate an incident in live systems, or one captured to a directory
    Investigate(Box<Investigate>),
    /// Investigate an incident that is built into the program
    Demo(Demo),
    /// Re-execute a record offline and stop at the first value that differs
    Replay(Replay),
    /// The ways things break that theories are made from
    #[command(subcommand)]
    Mechanisms(Mechanisms),
    /// Directories that hold an incident's files
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Kubernetes clusters
    #[command(subcommand)]
    K8s(K8s),
    /// Systems that can be read, and those that are configured
    #[command(subcommand)]
    Connectors(Connectors),
    /// Print a completion script for a shell
    Completions {
        /// The shell to write it for
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Asked are the systems of midwatch.toml (docs/guide/live.md), or with --snapshot the files of a directory. The alert \
    comes from --alert, else from those; without either, --ask says what to look at.\n\n\
    Examples:\n  \
    midwatch investigate\n  \
    midwatch investigate --alert alert.json --source prod-metrics\n  \
    midwatch investigate --snapshot ./incident\n  \
    midwatch investigate ./incident --detail brief\n  \
    midwatch investigate --snapshot ./incident --alert alert.json -o md > report.md\n  \
    midwatch investigate --snapshot ./incident -o html > report.html\n  \
    midwatch investigate --snapshot ./incident --ask 'why is checkout slow?' --since 6h\n  \
    midwatch investigate --snapshot ./incident --record incident.jsonl"
)]
pub(crate) struct Investigate {
    /// The same as --snapshot DIR
    #[arg(value_name = "DIR", conflicts_with = "snapshot")]
    pub(crate) directory: Option<PathBuf>,
    /// Directory that holds the incident's files (docs/guide/snapshots.md)
    #[arg(long, value_name = "DIR")]
    pub(crate) snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) systems: Systems,
    /// Alert payload, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) alert: Option<PathBuf>,
    /// Question in words
    #[arg(long, value_name = "TEXT")]
    pub(crate) ask: Option<String>,
    /// Time that counts as now, such as 2026-03-01T10:00:00Z [default: the alert's, else the last sample's]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<Timestamp>,
    /// How far back to look, such as 90m or 6h [default: found by looking further back until it is normal]
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<SignedDuration>,
    /// Write every value to this file; one that an interrupted run left behind is continued
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) record: Option<PathBuf>,
    /// Continue the record that an interrupted run left behind
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: Engine,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which live systems.
#[derive(Debug, Args)]
pub(crate) struct Systems {
    /// Configuration [default: $MIDWATCH_CONFIG, ./midwatch.toml, ~/.config/midwatch/, /etc/midwatch/]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["directory", "snapshot"])]
    pub(crate) config: Option<PathBuf>,
    /// Ask this source of the configuration only; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["directory", "snapshot"])]
    pub(crate) source: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Number or id of the incident [default: the first]
    #[arg(value_name = "N")]
    pub(crate) incident: Option<String>,
    /// List the incidents and what their alerts say instead
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The record
    #[arg(value_name = "FILE")]
    pub(crate) record: PathBuf,
    /// Run to the end with today's engine, list what differs and show the new verdict
    #[arg(long)]
    pub(crate) fresh_engine: bool,
    /// Directory with mechanisms of your own, as when it was recorded
    #[arg(long, value_name = "DIR")]
    pub(crate) mechanisms: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mechanisms {
    /// List the mechanisms
    List(MechanismFiles),
    /// Check mechanism files and name every mistake
    Check {
        /// The same as --mechanisms DIR
        #[arg(value_name = "DIR", conflicts_with = "mechanisms")]
        directory: Option<PathBuf>,
        #[command(flatten)]
        files: MechanismFiles,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MechanismFiles {
    /// Directory with mechanisms of your own
    #[arg(long, value_name = "DIR")]
    pub(crate) mechanisms: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// Say what can be read from a directory, and what is damaged
    Check {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connectors {
    /// List the connectors: what each can serve and how far it is proven
    List {
        /// Form of the list
        #[arg(short = 'o', long = "output", value_name = "FORM", value_enum, default_value_t = CheckForm::Text)]
        form: CheckForm,
    },
    /// Ask the configured systems whether they can be used, and which permissions are missing
    #[command(visible_alias = "doctor")]
    Check {
        /// Only these sources of the configuration
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Configuration [default: $MIDWATCH_CONFIG, ./midwatch.toml, ~/.config/midwatch/, /etc/midwatch/]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Form of the answer
        #[arg(short = 'o', long = "output", value_name = "FORM", value_enum, default_value_t = CheckForm::Text)]
        form: CheckForm,
    },
    /// Print the page of a connector: set-up, permissions, limits
    Docs {
        /// Id of the connector
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum K8s {
    /// Say what is wrong in a cluster, live or captured
    #[command(
        after_help = "Input is what `kubectl` printed (get, describe, -o yaml or json, events, top, logs), with or without \
        the commands, or a snapshot directory; with --live the cluster itself is asked (deploy/kubernetes/ has the roles).\n\n\
        Examples:\n  \
        midwatch k8s check --live\n  \
        kubectl get all,events,nodes,pvc,quota -A -o json | midwatch k8s check\n  \
        midwatch k8s check session.txt manifests/*.yaml\n  \
        midwatch k8s check ./incident -o json"
    )]
    Check(Box<K8sCheck>),
}

#[derive(Debug, Args)]
pub(crate) struct K8sCheck {
    /// Files, snapshot directories, or - for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Ask the live cluster of the kubeconfig instead; nothing but reads is sent
    #[arg(long, conflicts_with = "inputs")]
    pub(crate) live: bool,
    /// Context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME", requires = "live")]
    pub(crate) context: Option<String>,
    /// Form of the report
    #[arg(short = 'o', long = "output", value_name = "FORM", value_enum, default_value_t = CheckForm::Text)]
    pub(crate) form: CheckForm,
    /// Also show what is there without doing harm now, and what has recovered
    #[arg(long)]
    pub(crate) all: bool,
    /// Columns of the text [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) width: Option<u16>,
    /// No colours (as with NO_COLOR in the environment)
    #[arg(long, alias = "no-color")]
    pub(crate) no_colour: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckForm {
    /// For the terminal
    Text,
    /// For programs (docs/guide/kubernetes.md)
    Json,
}

/// What shapes the run.
#[derive(Debug, Args)]
pub(crate) struct Engine {
    /// Directory with mechanisms of your own; they replace built-in ones of the same id
    #[arg(long, value_name = "DIR")]
    pub(crate) mechanisms: Option<PathBuf>,
    /// Leave an agent out; may be repeated
    #[arg(long, value_name = "AGENT")]
    pub(crate) without: Vec<String>,
}

/// How the report is printed.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Form of the report
    #[arg(short = 'o', long = "output", value_name = "FORM", value_enum, default_value_t = Form::Text)]
    pub(crate) form: Form,
    /// How much of it is shown as text
    #[arg(long, value_enum, default_value_t = Detail::Normal)]
    pub(crate) detail: Detail,
    /// Add facts of the run to the report (they differ from run to run)
    #[arg(long)]
    pub(crate) with_run: bool,
    /// Columns of the text [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) width: Option<u16>,
    /// No colours (as with NO_COLOR in the environment)
    #[arg(long, alias = "no-color")]
    pub(crate) no_colour: bool,
    /// No progress and no footer on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

fn time(written: &str) -> Result<Timestamp, String> {
    written.parse().map_err(|_| "not a time with its zone, such as 2026-05-07T02:10:00Z".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For the terminal
    Text,
    /// For programs (docs/guide/report-json.md)
    Json,
    /// Markdown
    Md,
    /// One self-contained page for a browser
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Detail {
    /// Verdict, actions, the strongest reasons, gaps
    Brief,
    /// All sections, long lists shortened
    Normal,
    /// Everything
    Full,
}
