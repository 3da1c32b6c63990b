//! Progress on standard error: a spinner for each running step on a terminal, one plain line for each ended one
//! elsewhere.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use midwatch_app::{Progress, Watcher};
use midwatch_model::StepId;
use midwatch_report::text;

use crate::output::say;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(80);

/// Shows progress.
pub(crate) struct ProgressLines {
    quiet: bool,
    bars: Option<MultiProgress>,
    running: Mutex<BTreeMap<StepId, Running>>,
}

struct Running {
    label: String,
    spinner: Option<ProgressBar>,
}

impl ProgressLines {
    /// Shows nothing at all when `quiet`.
    pub(crate) fn new(quiet: bool) -> ProgressLines {
        let bars = (!quiet && io::stderr().is_terminal()).then(MultiProgress::new);
        ProgressLines { quiet, bars, running: Mutex::new(BTreeMap::new()) }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<StepId, Running>> {
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn line(&self, line: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| say(line)),
            None => say(line),
        }
    }

    fn started(&self, step: StepId, agent: &str, question: &str) {
        let label = format!("{step} {}", text::line(agent));
        let spinner = self.bars.as_ref().map(|bars| {
            let spinner = bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg}") {
                spinner.set_style(style);
            }
            spinner.set_message(format!("{label}: {}", text::line(question)));
            spinner.enable_steady_tick(TICK);
            spinner
        });
        self.running().insert(step, Running { label, spinner });
    }

    fn ended(&self, step: StepId, outcome: &str, failed: bool) {
        let running = self.running().remove(&step);
        let label = running.as_ref().map_or_else(|| step.to_string(), |running| running.label.clone());
        if let Some(spinner) = running.and_then(|running| running.spinner) {
            spinner.finish_and_clear();
        }
        let failed = if failed { " failed" } else { "" };
        self.line(&format!("  {label}{failed}: {}", text::line(outcome)));
    }
}

impl Watcher for ProgressLines {
    fn saw(&self, progress: Progress) {
        if self.quiet {
            return;
        }
        match progress {
            Progress::Round(round) => self.line(round.as_str()),
            Progress::StepStarted(step, agent, question) => self.started(step, &agent, &question),
            Progress::StepEnded(step, outcome, failed) => self.ended(step, &outcome, failed),
            Progress::Preliminary(sentence) => self.line(&format!("  so far: {}", text::line(&sentence))),
        }
    }
}
