//! The shapes of an outline. All texts in it are single visible lines already.

use midwatch_model::{EvidenceId, VerdictKind};

use crate::chart::ChartView;

/// Chips behind the verdict's sentence in a face that is not asked for everything; more are counted.
pub(crate) const VERDICT_CHIPS_MAX: usize = 3;
/// Theories in one list of a face that cannot fold; more are counted.
pub(crate) const THEORIES_MAX: usize = 4;

/// A report as sections in reading order, with its evidence numbered in order of first mention.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Which of the six verdicts: faces colour by it.
    pub verdict: VerdictKind,
    /// Sections in reading order; an empty one is left out.
    pub sections: Vec<Section>,
    /// Evidence by number: `chips[0]` is e1.
    pub chips: Vec<Chip>,
    /// Evidence the report holds and no sentence cites.
    pub uncited: usize,
}

/// A number that stands for one piece of evidence, written `[e3]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// From 1, in order of first mention.
    pub number: usize,
    /// The evidence it stands for.
    pub evidence: EvidenceId,
}

/// Which part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SectionKind {
    /// The conclusion and how sure we are.
    Verdict,
    /// Actions, safest first.
    DoNow,
    /// Terms and tests of the leading theory.
    Why,
    /// What speaks against it.
    Against,
    /// Theories a test refuted.
    RuledOut,
    /// Theories still possible.
    Competing,
    /// What was found normal.
    Fine,
    /// What is sick and has nothing to do with it.
    Elsewhere,
    /// Documents that name something involved.
    Documents,
    /// Origin and victims.
    Spread,
    /// What users felt.
    Impact,
    /// Moments on one axis.
    Timeline,
    /// What was not looked at.
    Gaps,
    /// Rows that could not be read, and what the sources say of their input.
    Damage,
    /// Every step.
    Trail,
    /// The chips and what is behind them.
    Evidence,
}

/// One part of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Which part.
    pub kind: SectionKind,
    /// Heading; for the verdict its name and how sure we are.
    pub title: String,
    /// Groups in reading order, at least one.
    pub groups: Vec<Group>,
}

/// Items under one sub-heading.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Sub-heading, when the section has several parts.
    pub title: Option<String>,
    /// Items in reading order.
    pub items: Vec<Item>,
}

/// How an item is meant, for its colour; the words say the same without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// The sentence to read first.
    Strong,
    /// Speaks for the theory, or is fine.
    Good,
    /// Speaks against, failed or was refuted.
    Bad,
    /// Background.
    Muted,
}

/// One line of the report with what hangs on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// First column: a weight, a time, a number; may be empty.
    pub lead: String,
    /// Second column: what sort of thing this is; may be empty.
    pub label: String,
    /// The sentence.
    pub text: String,
    /// Muted words behind the sentence; may be empty.
    pub aside: String,
    /// How it is meant.
    pub tone: Tone,
    /// Whether it belongs to the leading theory (timeline).
    pub marked: bool,
    /// Place in a tree: per level whether more siblings follow; empty for a root. At most 8 levels are kept.
    pub branch: Vec<bool>,
    /// Numbers of the chips behind the sentence.
    pub chips: Vec<usize>,
    /// What hangs on it.
    pub notes: Vec<Note>,
    /// The chip this item explains (evidence list only).
    pub anchor: Option<usize>,
}

/// Something below an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// A further sentence.
    Text {
        /// The sentence.
        text: String,
        /// Numbers of the chips behind it.
        chips: Vec<usize>,
    },
    /// A named detail such as `query`.
    Field {
        /// Its name.
        name: &'static str,
        /// Its value.
        text: String,
    },
    /// A query of the trail: shown when there is room for all detail.
    Query(String),
    /// A command, line by line, to be copied unbroken.
    Command(Vec<String>),
    /// Where a person can open it: an address, or a file with its line.
    Link(String),
    /// Rows as the source gave them.
    Quote {
        /// The first rows.
        rows: Vec<String>,
        /// Rows the report holds beyond `rows`.
        more: u64,
        /// What a row is called, in the plural.
        noun: &'static str,
    },
    /// A small chart.
    Chart(ChartView),
}

impl Item {
    /// An item that is one plain sentence.
    pub(crate) fn text(text: impl Into<String>) -> Item {
        Item { text: text.into(), ..Item::default() }
    }

    /// The same with a second column.
    pub(crate) fn labelled(label: impl Into<String>, text: impl Into<String>) -> Item {
        Item { label: label.into(), text: text.into(), ..Item::default() }
    }
}

impl Note {
    /// A sentence without chips.
    pub(crate) fn text(text: impl Into<String>) -> Note {
        Note::Text { text: text.into(), chips: Vec::new() }
    }
}
