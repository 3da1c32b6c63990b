//! Every colour of the terminal in one place. Only the 16 named colours, so the reader's own palette applies.

use midwatch_model::VerdictKind;

use crate::outline::Tone;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ordinary text.
    Plain,
    /// A section's heading.
    Heading,
    /// The heading of a conclusion that names a cause or a place.
    VerdictSure,
    /// The heading of a healthy or recovered system.
    VerdictFine,
    /// The heading of a conclusion that names no cause.
    VerdictUnsure,
    /// A heading inside a section.
    Subheading,
    /// The sentence to read first.
    Strong,
    /// Speaks for, or is fine.
    Good,
    /// Speaks against, failed.
    Bad,
    /// Background.
    Muted,
    /// The second column.
    Label,
    /// `[e3]`.
    Chip,
    /// A command to copy.
    Command,
    /// An address.
    Link,
    /// Rows as the source gave them.
    Quote,
    /// The onset in a chart, the mark in the timeline.
    Mark,
}

/// Ends every colour.
pub(crate) const RESET: &str = "\x1b[0m";

impl Role {
    /// The code that starts this role's colour; `None` for ordinary text.
    pub(crate) fn code(self) -> Option<&'static str> {
        match self {
            Role::Plain => None,
            Role::Heading | Role::Strong => Some("\x1b[1m"),
            Role::VerdictSure => Some("\x1b[1;31m"),
            Role::VerdictFine => Some("\x1b[1;32m"),
            Role::VerdictUnsure => Some("\x1b[1;33m"),
            Role::Subheading => Some("\x1b[4m"),
            Role::Good => Some("\x1b[32m"),
            Role::Bad => Some("\x1b[31m"),
            Role::Muted | Role::Label | Role::Quote => Some("\x1b[2m"),
            Role::Chip | Role::Link => Some("\x1b[36m"),
            Role::Command => Some("\x1b[1;36m"),
            Role::Mark => Some("\x1b[33m"),
        }
    }

    /// The heading's role for a verdict.
    pub(crate) fn of_verdict(kind: VerdictKind) -> Role {
        match kind {
            VerdictKind::CauseFound | VerdictKind::Located | VerdictKind::CausedOutside => Role::VerdictSure,
            VerdictKind::HealthyOrRecovered => Role::VerdictFine,
            VerdictKind::NotProven | VerdictKind::CannotTell => Role::VerdictUnsure,
        }
    }

    /// The role of an item's first column: green for, red against.
    pub(crate) fn of_lead(tone: Tone) -> Role {
        match tone {
            Tone::Plain => Role::Plain,
            Tone::Strong => Role::Strong,
            Tone::Good => Role::Good,
            Tone::Bad => Role::Bad,
            Tone::Muted => Role::Muted,
        }
    }

    /// The role of an item's sentence: only what must stand out or stand back differs from ordinary text.
    pub(crate) fn of_text(tone: Tone) -> Role {
        match tone {
            Tone::Plain | Tone::Good | Tone::Bad => Role::Plain,
            Tone::Strong => Role::Strong,
            Tone::Muted => Role::Muted,
        }
    }
}
