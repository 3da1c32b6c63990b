//! Where text goes and what the receiving end can show.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use midwatch_app::Outcome;
use midwatch_model::{Report, VerdictKind};
use midwatch_report::{TerminalOptions, html, json, json_with_run, markdown, run_footer, terminal};

use crate::args::{Detail, Form, Output};

/// Columns when nobody says how many there are.
const WIDTH_DEFAULT: u16 = 100;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Error,
    /// What was asked for does not exist.
    Usage,
    CannotTell,
}

impl Ending {
    /// How an investigation with this report ended.
    pub(crate) fn of(report: &Report) -> Ending {
        if report.verdict.kind == VerdictKind::CannotTell { Ending::CannotTell } else { Ending::Done }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Done => 0,
            Ending::Error => 1,
            Ending::Usage => 2,
            Ending::CannotTell => 3,
        })
    }
}

/// Writes `text` to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a line to standard error. Whether anybody reads it is not our concern.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Rows under headings, each column as wide as its widest text.
pub(crate) struct Columns<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Columns<N> {
    /// No rows yet.
    pub(crate) fn new(headings: &[&str; N]) -> Columns<N> {
        Columns { rows: vec![headings.map(str::to_owned)] }
    }

    /// Adds a row. Texts from outside become one visible line.
    pub(crate) fn push(&mut self, row: [&str; N]) {
        self.rows.push(row.map(midwatch_report::text::line));
    }

    /// The rows, one a line.
    pub(crate) fn text(&self) -> String {
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|text| console::measure_text_width(text))
                .max()
        };
        let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let padding = width.saturating_sub(console::measure_text_width(cell)) + 2;
                line.push_str(cell);
                line.push_str(&" ".repeat(padding));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Prints the report to standard output and the footer to standard error.
pub(crate) fn print_outcome(outcome: &Outcome, output: &Output) -> io::Result<Ending> {
    let Outcome { report, run_facts, .. } = outcome;
    let footer = run_footer(run_facts);
    let mut text = match output.form {
        Form::Json if output.with_run => json_with_run(report, run_facts),
        Form::Json => json(report),
        Form::Md => markdown(report),
        Form::Html => html(report, output.with_run.then_some(run_facts)),
        Form::Text => terminal(report, &terminal_options(output)),
    };
    if output.with_run && matches!(output.form, Form::Text | Form::Md) {
        text.push_str(&format!("\n{footer}\n"));
    }
    print(&text)?;
    if !output.quiet {
        say(&footer);
    }
    Ok(Ending::of(report))
}

fn terminal_options(output: &Output) -> TerminalOptions {
    let detail = match output.detail {
        Detail::Brief => midwatch_report::Detail::Brief,
        Detail::Normal => midwatch_report::Detail::Normal,
        Detail::Full => midwatch_report::Detail::Full,
    };
    TerminalOptions { detail, ..options_of(output.width, output.no_colour) }
}

/// What standard output can show, with what the arguments say about it.
pub(crate) fn options_of(asked_width: Option<u16>, no_colour: bool) -> TerminalOptions {
    TerminalOptions {
        width: asked_width.or_else(width).unwrap_or(WIDTH_DEFAULT),
        colour: colour(no_colour),
        unicode: unicode(),
        detail: midwatch_report::Detail::Normal,
    }
}

/// `COLUMNS`, else what the terminal says.
fn width() -> Option<u16> {
    let columns =
        env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    columns.or_else(|| console::Term::stdout().size_checked().map(|(_, columns)| columns))
}

/// Colours on a terminal, unless `--no-colour`, `NO_COLOR` (no-color.org), `CLICOLOR=0` or a dumb terminal forbid
/// them; `CLICOLOR_FORCE` (bixense.com/clicolors) allows them in pipes too.
fn colour(no_colour: bool) -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is = |name: &str, wanted: &str| env::var_os(name).is_some_and(|value| value == wanted);
    if no_colour || set("NO_COLOR") {
        return false;
    }
    if set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    io::stdout().is_terminal() && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

/// UTF-8 in files and pipes; on a terminal unless the locale says otherwise.
fn unicode() -> bool {
    if !io::stdout().is_terminal() {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
