//! `midwatch demo`

use anyhow::Result;
use midwatch_app::{Asked, RecordTo, Work, incidents, mechanisms, opening, snapshot_sources};

use crate::args::Demo;
use crate::output::{Ending, print, print_outcome, say};
use crate::progress::ProgressLines;

pub(crate) fn run(arguments: &Demo) -> Result<Ending> {
    let ids = incidents::ids();
    if arguments.list {
        let lines: String =
            ids.iter().enumerate().map(|(index, id)| format!("{:>3}  {id}\n", index + 1)).collect();
        print(&lines)?;
        return Ok(Ending::Done);
    }
    let incident = incidents::unpack(arguments.incident.as_deref())?;
    if !arguments.output.quiet {
        say(&format!(
            "incident {} of {} ({}); `midwatch demo --list` shows all",
            incident.number,
            ids.len(),
            incident.id
        ));
    }
    let sources = snapshot_sources(&incident.snapshot())?;
    let opening = opening(&sources, &Asked::default())?;
    let work = Work { opening, sources, mechanisms: mechanisms(None)? };
    let outcome = midwatch_app::run(&work, &RecordTo::Nowhere, &ProgressLines::new(arguments.output.quiet))?;
    Ok(print_outcome(&outcome, &arguments.output)?)
}
