//! One file for each command.

mod connectors;
mod demo;
mod investigate;
mod k8s;
mod mechanisms;
mod replay;
mod snapshot;

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{Cli, Command, K8s, Snapshot};
use crate::output::{Ending, print};

/// Does what `cli` asks.
pub(crate) fn run(cli: Cli) -> Result<Ending> {
    match cli.command {
        Command::Investigate(arguments) => investigate::run(*arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Mechanisms(command) => mechanisms::run(&command),
        Command::K8s(K8s::Check(arguments)) => k8s::check(&arguments),
        Command::Connectors(command) => connectors::run(&command),
        Command::Snapshot(Snapshot::Check { directory }) => snapshot::check(&directory),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "midwatch", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(Ending::Done)
        }
    }
}
