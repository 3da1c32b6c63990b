//! What a cluster's tools printed: files of terminal sessions, and of objects in YAML and JSON.

use std::sync::LazyLock;

use midwatch_cluster::Capture;
use midwatch_model::Timestamp;
use midwatch_sources::Printout;
use regex::Regex;

use super::classify::FileKind;
use super::damage::DamageLog;
use super::read::{head_of, text_of};
use super::scan::SnapshotFile;

/// Bytes kept over all such files.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Reads every such file, in file order: a session becomes one printout for each of its commands, another file is one
/// printout under its own path.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Vec<Printout> {
    let mut printouts = Vec::new();
    let mut room = BYTES_MAX;
    for file in files.iter().filter(|file| file.kind == FileKind::Cluster) {
        if file.bytes > room {
            damage.file(
                &file.relative,
                "the cluster's files are larger than 512 MiB together; this one was left out",
            );
            continue;
        }
        room -= file.bytes;
        match head_of(&file.path, file.bytes) {
            Err(error) => damage.file(&file.relative, &format!("cannot be read: {error}")),
            Ok(bytes) => {
                let (text, _) = text_of(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes));
                let capture = Capture::from_transcript(&file.relative, &text);
                let printout = |document: midwatch_cluster::Document| Printout {
                    command: document.command,
                    text: document.text,
                };
                printouts.extend(capture.documents.into_iter().map(printout));
            }
        }
    }
    printouts
}

/// Times of things that have happened, where the texts state them: the start of a log line, `creationTimestamp`,
/// `lastTransitionTime`, `startedAt` and their like in objects, `Started:` and `Start Time:` in descriptions. Times in
/// messages may lie in the future (a certificate's end) and are left alone.
static STATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let iso = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)";
    let written = r"\d{1,2} [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d [+-]\d{4}";
    let before_iso = "(?m)(?:^|(?:creationTimestamp|firstTimestamp|lastTimestamp|lastTransitionTime|lastUpdateTime|\
                      lastHeartbeatTime|startTime|completionTime|eventTime|startedAt|finishedAt)\"?: \"?)";
    let before_written = r"(?:Started|Finished|Start Time|CreationTimestamp):\s+[A-Z][a-z]{2}, ";
    Regex::new(&format!("{before_iso}({iso})|{before_written}({written})")).ok()
});

/// First and last time that the printouts state, in nanoseconds: a capture cannot be older than the last.
pub(super) fn ends_ns(printouts: &[Printout]) -> Option<(i64, i64)> {
    let mut ends: Option<(i64, i64)> = None;
    let stated = STATED.as_ref()?;
    for found in printouts.iter().flat_map(|printout| stated.captures_iter(&printout.text)) {
        let at = found
            .get(1)
            .and_then(|iso| iso.as_str().parse::<Timestamp>().ok())
            .or_else(|| Timestamp::strptime("%d %b %Y %H:%M:%S %z", found.get(2)?.as_str()).ok());
        let Some(ns) = at.and_then(|at| i64::try_from(at.as_nanosecond()).ok()) else { continue };
        ends = Some(ends.map_or((ns, ns), |(first, last)| (first.min(ns), last.max(ns))));
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_as_old_as_the_last_thing_it_tells_of() {
        let text = "2026-03-01T10:00:00.5Z started\n  creationTimestamp: \"2026-02-01T00:00:00Z\"\n      Started:      Sun, \
                    01 Mar 2026 18:30:00 +0800\ncertificate ends 2031-01-01T00:00:00Z\n  renewalTime: \
                    \"2030-01-01T00:00:00Z\"\n";
        let printout = Printout { command: String::new(), text: text.to_owned() };
        let ns = |time: &str| i64::try_from(time.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap();
        let expected = (ns("2026-02-01T00:00:00Z"), ns("2026-03-01T10:30:00Z"));
        assert_eq!(ends_ns(&[printout]), Some(expected));
        assert_eq!(ends_ns(&[]), None);
    }
}
