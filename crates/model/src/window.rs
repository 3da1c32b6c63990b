//! Time ranges. Every instant is UTC; a source that speaks another zone converts at its edge.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A closed-open time range `[start, end)` with `start < end`, by construction and on deserialisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawWindow")]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Deserialize)]
struct RawWindow {
    start: Timestamp,
    end: Timestamp,
}

impl TryFrom<RawWindow> for Window {
    type Error = String;

    fn try_from(raw: RawWindow) -> Result<Self, String> {
        Window::new(raw.start, raw.end)
            .ok_or_else(|| format!("a window must start before it ends: {} .. {}", raw.start, raw.end))
    }
}

impl Window {
    /// The range from `start` to just before `end`, or `None` unless `start < end`.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Window> {
        (start < end).then_some(Window { start, end })
    }

    /// The range of `length` that ends just before `end`, clipped to the earliest representable time.
    /// `None` unless `length` is positive.
    pub fn ending(end: Timestamp, length: SignedDuration) -> Option<Window> {
        Window::new(end.checked_sub(length).unwrap_or(Timestamp::MIN), end)
    }

    /// First instant inside the range.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// First instant after the range.
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// Length of the range; always positive.
    pub fn duration(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// Whether `at` lies in `[start, end)`.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Start in nanoseconds since the epoch, saturating at the limits of `i64` (years 1677 and 2262).
    pub fn start_ns(&self) -> i64 {
        to_ns(self.start)
    }

    /// End in nanoseconds since the epoch, saturating at the limits of `i64`.
    pub fn end_ns(&self) -> i64 {
        to_ns(self.end)
    }

    /// The smallest window that holds both.
    pub fn union(&self, other: &Window) -> Window {
        Window { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

fn to_ns(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn start_must_precede_end() {
        assert!(Window::new(at(1), at(1)).is_none());
        assert!(Window::new(at(2), at(1)).is_none());
        let window = Window::new(at(1), at(3)).unwrap();
        assert!(window.contains(at(1)) && window.contains(at(2)) && !window.contains(at(3)));
    }

    #[test]
    fn a_stored_window_is_checked_again() {
        let bad = r#"{"start":"2026-01-01T00:00:02Z","end":"2026-01-01T00:00:01Z"}"#;
        assert!(serde_json::from_str::<Window>(bad).is_err());
    }
}
