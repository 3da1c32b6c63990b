//! One pass over all log files, line by line.

use std::collections::BTreeSet;

use super::super::classify::FileKind;
use super::super::damage::DamageLog;
use super::super::read::{LINE_BYTES_MAX, Line, Lines, json_text_of, text_of};
use super::super::scan::SnapshotFile;
use super::line::LogLine;
use super::text::Block;
use super::{document, json, text};

/// Lines joined to one record.
const JOINED_LINES_MAX: u32 = 256;
/// Entities remembered by name.
const ENTITIES_MAX: usize = 10_000;

/// What a pass over all lines tells beside the lines.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct LogFacts {
    /// Earliest time.
    pub(in crate::snapshot) first_ns: Option<i64>,
    /// Latest time.
    pub(in crate::snapshot) last_ns: Option<i64>,
    /// Lines.
    pub(in crate::snapshot) lines: u64,
    /// Lines without a time.
    pub(in crate::snapshot) untimed: u64,
    /// Names of those that write.
    pub(in crate::snapshot) entities: BTreeSet<String>,
    naive: bool,
}

impl LogFacts {
    /// Takes one line into account.
    pub(in crate::snapshot) fn observe(&mut self, line: &LogLine<'_>) {
        self.lines += 1;
        self.naive |= line.naive;
        match line.time_ns {
            Some(at) => {
                self.first_ns = Some(self.first_ns.map_or(at, |known| known.min(at)));
                self.last_ns = Some(self.last_ns.map_or(at, |known| known.max(at)));
            }
            None => self.untimed += 1,
        }
        if !line.entity.is_empty()
            && !self.entities.contains(&*line.entity)
            && self.entities.len() < ENTITIES_MAX
        {
            self.entities.insert(line.entity.as_ref().to_owned());
        }
    }

    /// Whether the lines' times and a window share some time; yes when no line has one. Lines without a time, and counts
    /// that the snapshot states, belong to such windows and to no others.
    pub(in crate::snapshot) fn overlap(&self, window_ns: (i64, i64)) -> bool {
        let ends = self.first_ns.zip(self.last_ns);
        ends.is_none_or(|(first, last)| window_ns.0 <= last && first < window_ns.1)
    }

    /// Says what was assumed.
    pub(in crate::snapshot) fn remark(&self, damage: &mut DamageLog) {
        if self.naive {
            damage.note("logs: some times name no zone and were read as UTC");
        }
        if self.untimed > 0 {
            damage.note(format!(
                "logs: {} of {} lines state no time that can be read",
                self.untimed, self.lines
            ));
        }
    }
}

/// Whether a file holds log lines.
pub(in crate::snapshot) fn is_log(kind: FileKind) -> bool {
    matches!(kind, FileKind::LogLines | FileKind::LogDocument | FileKind::LogCsv)
}

/// Hands over every line of every log file, file by file, in file order.
pub(in crate::snapshot) fn for_each(
    files: &[SnapshotFile],
    damage: &mut DamageLog,
    visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>),
) {
    for file in files {
        match file.kind {
            FileKind::LogLines => {
                let mut stream = Stream::new(file);
                if let Err(error) = stream.run(damage, visit) {
                    damage.file(&file.relative, &format!("cannot be read further: {error}"));
                }
            }
            FileKind::LogDocument | FileKind::LogCsv => document::for_each(file, damage, visit),
            _ => {}
        }
    }
}

/// The entity of a file whose lines name none: its stem, or its folder when the stem says nothing.
fn entity_of_file(file: &SnapshotFile) -> &str {
    const GENERIC: [&str; 14] = [
        "log",
        "logs",
        "app",
        "application",
        "output",
        "stdout",
        "stderr",
        "messages",
        "console",
        "syslog",
        "container",
        "combined",
        "all",
        "service",
    ];
    let stem = file.stem();
    if !GENERIC.contains(&stem.to_ascii_lowercase().as_str()) {
        return stem;
    }
    let folder = file.relative.rsplit('/').nth(1).unwrap_or("");
    let says_nothing = GENERIC.contains(&folder.to_ascii_lowercase().as_str()) || folder == "context";
    if says_nothing { "" } else { folder }
}

/// A record of plain text that further lines may continue.
#[derive(Default)]
struct Pending {
    number: u64,
    text: String,
    lines: u32,
}

struct Stream<'f> {
    file: &'f SnapshotFile,
    entity: &'f str,
    pending: Pending,
    block: Block,
    escaped: bool,
}

impl<'f> Stream<'f> {
    fn new(file: &'f SnapshotFile) -> Stream<'f> {
        let entity = entity_of_file(file);
        Stream { file, entity, pending: Pending::default(), block: Block::None, escaped: false }
    }

    fn run(
        &mut self,
        damage: &mut DamageLog,
        visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>),
    ) -> std::io::Result<()> {
        let json_only = self.file.relative.ends_with(".ndjson") || self.file.relative.ends_with(".jsonl");
        let mut lines = Lines::open(&self.file.path)?;
        while let Some(line) = lines.next()? {
            self.line(&line, json_only, damage, visit);
        }
        self.flush(visit);
        if self.escaped {
            damage.note(format!(
                "{} holds bytes that are not UTF-8; they were kept as \\xNN",
                self.file.relative
            ));
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &Line<'_>,
        json_only: bool,
        damage: &mut DamageLog,
        visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>),
    ) {
        if line.cut {
            damage.row(
                &self.file.relative,
                line.number,
                "the line is longer than 64 KiB; the rest was left out",
            );
        }
        if line.bytes.trim_ascii_start().starts_with(b"{") {
            let (text, escaped) = json_text_of(line.bytes);
            self.escaped |= escaped;
            match json::decode(&text) {
                Ok(mut decoded) => {
                    self.flush(visit);
                    self.block = Block::None;
                    if decoded.bad_time {
                        let reason = "a time that cannot be read or lies outside the years 1990 to 2200";
                        damage.row(&self.file.relative, line.number, reason);
                    }
                    decoded.number = line.number;
                    self.hand_over(decoded, visit);
                    return;
                }
                Err(error) if json_only => {
                    if !line.cut {
                        let reason = format!("not a JSON object: {}", super::super::records::short(&error));
                        damage.row(&self.file.relative, line.number, &reason);
                    }
                    return;
                }
                Err(_) => {}
            }
        } else if json_only {
            if !line.bytes.trim_ascii().is_empty() {
                damage.row(&self.file.relative, line.number, "not a JSON object");
            }
            return;
        }
        let (text, escaped) = text_of(line.bytes);
        self.escaped |= escaped;
        self.text(line.number, &text, visit);
    }

    fn text(&mut self, number: u64, text: &str, visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>)) {
        let (continues, block) = text::continues(text, self.block);
        self.block = block;
        let room =
            self.pending.lines < JOINED_LINES_MAX && self.pending.text.len() + text.len() < LINE_BYTES_MAX;
        if continues && self.pending.lines > 0 && room {
            self.pending.text.push('\n');
            self.pending.text.push_str(text.trim_end());
            self.pending.lines += 1;
            return;
        }
        self.flush(visit);
        if text.trim().is_empty() {
            return;
        }
        self.pending.number = number;
        self.pending.text.push_str(text.trim_end());
        self.pending.lines = 1;
    }

    /// Hands over the record that was waiting for further lines.
    fn flush(&mut self, visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>)) {
        if self.pending.lines == 0 {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut decoded = text::decode(&pending.text);
        decoded.number = pending.number;
        self.hand_over(decoded, visit);
        pending.text.clear();
        pending.lines = 0;
        self.pending = pending;
    }

    fn hand_over<'l>(&self, mut line: LogLine<'l>, visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>))
    where
        'f: 'l,
    {
        if line.entity.is_empty() {
            line.entity = std::borrow::Cow::Borrowed(self.entity);
        }
        visit(self.file, &line);
    }
}
