//! `midwatch demo`

use anyhow::Result;
use midwatch_app::{AppError, Asked, RecordTo, Work, incidents, mechanisms, opening, snapshot_sources};
use midwatch_report::text;

use crate::args::Demo;
use crate::output::{Ending, print, print_outcome, say};
use crate::progress::ProgressLines;

pub(crate) fn run(arguments: &Demo) -> Result<Ending> {
    if arguments.list {
        let mut lines = String::new();
        for incident in incidents::listed() {
            let title = incident.title.map_or_else(|| "no alert".to_owned(), |title| text::line(&title));
            lines.push_str(&format!("{:>3}  {}  {title}\n", incident.number, incident.id));
        }
        print(&lines)?;
        return Ok(Ending::Done);
    }
    let incident = match incidents::unpack(arguments.incident.as_deref()) {
        Err(error @ AppError::UnknownIncident { .. }) => {
            say(&format!("error: {error}"));
            return Ok(Ending::Usage);
        }
        unpacked => unpacked?,
    };
    if !arguments.output.quiet {
        say(&format!(
            "incident {} of {} ({}); `midwatch demo --list` shows all",
            incident.number,
            incidents::ids().len(),
            incident.id
        ));
    }
    let sources = snapshot_sources(&incident.snapshot())?;
    let opening = opening(&sources, &Asked::default())?;
    let work = Work { opening, sources, mechanisms: mechanisms(None)? };
    let outcome = midwatch_app::run(&work, &RecordTo::Nowhere, &ProgressLines::new(arguments.output.quiet))?;
    Ok(print_outcome(&outcome, &arguments.output)?)
}
