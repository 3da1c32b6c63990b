//! `midwatch mechanisms`

use std::path::Path;

use anyhow::Result;
use midwatch_app::mechanisms;

use crate::args::{MechanismFiles, Mechanisms};
use crate::output::{Ending, print};

pub(crate) fn run(command: &Mechanisms) -> Result<Ending> {
    match command {
        Mechanisms::List(files) => list(files),
        Mechanisms::Check { directory, files } => check(directory.as_deref().or(files.mechanisms.as_deref())),
    }
}

fn list(files: &MechanismFiles) -> Result<Ending> {
    let set = mechanisms(files.mechanisms.as_deref())?;
    let id_columns = set.iter().map(|mechanism| mechanism.id.len()).max().unwrap_or(0);
    let category_columns = set.iter().map(|mechanism| mechanism.category.len()).max().unwrap_or(0);
    let lines: String = set
        .iter()
        .map(|mechanism| {
            format!(
                "{:id_columns$}  {:category_columns$}  {}\n",
                mechanism.id, mechanism.category, mechanism.title
            )
        })
        .collect();
    print(&lines)?;
    Ok(Ending::Done)
}

fn check(directory: Option<&Path>) -> Result<Ending> {
    let set = mechanisms(directory)?;
    print(&format!("{} mechanisms, no mistakes\n", set.len()))?;
    Ok(Ending::Done)
}
