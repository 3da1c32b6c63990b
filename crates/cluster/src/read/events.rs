//! Ages and counts of events.

use super::age::age_s;

/// A message that was printed on several lines is put together up to this length.
pub(super) const REPEATED_MESSAGE_BYTES_MAX: usize = 4096;

/// When and how often something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub count: u32,
    pub first_s_ago: Option<i64>,
    pub last_s_ago: Option<i64>,
}

impl Times {
    /// Reads `85s` or `3s (x9 over 82s)`: last time, count and first time.
    pub fn of(cell: &str) -> Times {
        let (last, repeated) = cell.split_once(" (x").unwrap_or((cell, ""));
        let (count, first) = repeated.trim_end_matches(')').split_once(" over ").unwrap_or((repeated, ""));
        let last_s_ago = age_s(last);
        Times {
            count: count.trim().trim_end_matches(')').parse().unwrap_or(1).max(1),
            first_s_ago: age_s(first).or(last_s_ago),
            last_s_ago,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn repeated_events_are_counted() {
        for (cell, count, first_s_ago, last_s_ago) in [
            ("85s", 1, Some(85), Some(85)),
            ("3s (x9 over 82s)", 9, Some(82), Some(3)),
            ("2m1s (x12 over 3y20d)", 12, Some((3 * 365 + 20) * 86_400), Some(121)),
            ("<unknown>", 1, None, None),
            ("5s (x", 1, Some(5), Some(5)),
        ] {
            assert_eq!(Times::of(cell), Times { count, first_s_ago, last_s_ago }, "{cell}");
        }
    }
}
