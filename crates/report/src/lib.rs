//! Renders a report for people and for programs: terminal, Markdown, one HTML page, JSON, one line.
//!
//! Pure functions from [`midwatch_model::Report`] to text: no IO, no clock, no randomness, so the same report gives
//! the same bytes. Terminal, Markdown and page are drawn from one [`Outline`], so that words, order and chip numbers are
//! the same everywhere. Telemetry is hostile input: every text from outside is made a single visible line first
//! ([`text`]), and nothing from outside can start a heading, a colour or a link.

mod chart;
mod cluster;
mod html;
mod json;
mod markdown;
mod markup;
mod outline;
mod summary;
mod svg;
mod terminal;
pub mod text;
mod theme;
mod wrap;

pub use chart::{ChartView, Sparkline};
pub use cluster::{cluster_json, cluster_terminal};
pub use html::html;
pub use json::{json, json_with_run};
pub use markdown::markdown;
pub use outline::{Chip, Group, Item, Note, Outline, Section, SectionKind, Tone, outline};
pub use summary::{run_footer, summary_line};
pub use terminal::{Detail, TerminalOptions, terminal};

#[cfg(test)]
mod tests;
