//! `midwatch k8s check`

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, Result};
use midwatch_app::{ClusterInput, check_cluster, check_live_cluster};
use midwatch_model::ClusterCheck;
use midwatch_report::{cluster_json, cluster_terminal};

use crate::args::{CheckForm, K8sCheck};
use crate::output::{Ending, options_of, print, say};

pub(crate) fn check(arguments: &K8sCheck) -> Result<Ending> {
    let check =
        if arguments.live { check_live_cluster(arguments.context.as_deref())? } else { captured(arguments)? };
    let text = match arguments.form {
        CheckForm::Json => cluster_json(&check),
        CheckForm::Text => {
            cluster_terminal(&check, arguments.all, &options_of(arguments.width, arguments.no_colour))
        }
    };
    print(&text)?;
    Ok(if check.counts.is_empty() && check.problems.is_empty() { Ending::CannotTell } else { Ending::Done })
}

fn captured(arguments: &K8sCheck) -> Result<ClusterCheck> {
    let from_input =
        arguments.inputs.is_empty() || arguments.inputs.iter().any(|path| path == Path::new("-"));
    let mut piped = String::new();
    if from_input {
        if std::io::stdin().is_terminal() {
            say("reading standard input: paste what kubectl printed, then press Ctrl-D");
        }
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("could not read standard input")?;
        piped = String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut inputs: Vec<ClusterInput<'_>> = Vec::new();
    if from_input {
        inputs.push(ClusterInput::Text(&piped));
    }
    inputs.extend(
        arguments.inputs.iter().filter(|path| *path != Path::new("-")).map(|path| ClusterInput::Path(path)),
    );
    Ok(check_cluster(&inputs)?)
}
