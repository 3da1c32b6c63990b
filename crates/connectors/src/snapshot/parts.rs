//! The smallest decoders by themselves, on texts in memory: what fuzzing and tools need of them without a file around.

use midwatch_model::{Change, Unit};

use super::scan::SnapshotFile;
use super::{changes, metrics, time};

/// Nanoseconds since the epoch of the instant that `text` states as a whole, in any spelling of
/// `docs/guide/snapshots.md`. `None` when it is no time or not of the years 1990 to 2200.
pub fn instant(text: &str) -> Option<i64> {
    time::parse(text).map(|read| read.ns)
}

/// The instant at the start of `text`, as a log line has it, and how many bytes belong to it. Epochs are not looked for.
pub fn leading_instant(text: &str) -> Option<(i64, usize)> {
    time::leading(text).map(|read| (read.ns, read.length))
}

/// The unit of a metric called `metric` for which a file states `stated`, and the factor that brings its values there.
pub fn unit(metric: &str, stated: &str) -> (Unit, f64) {
    metrics::unit_of(metric, stated)
}

/// The commits in what `git log` prints for a repository; entries that break the format are left out.
pub fn history(output: &[u8]) -> Vec<Change> {
    changes::history(output, &SnapshotFile::default())
}
