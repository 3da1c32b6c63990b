//! Columnar log lines.

use serde::{Deserialize, Serialize};

use crate::intern::{Interner, Symbol};

/// How loud a line is, whatever its source calls it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// The line does not say.
    #[default]
    Unknown,
    /// Trace or debug.
    Debug,
    /// Info or notice.
    Info,
    /// Warning.
    Warn,
    /// Error.
    Error,
    /// Critical, fatal, panic, emergency.
    Fatal,
}

impl LogLevel {
    /// The level a word or number names (`WARN`, `warning`, `W`, syslog and OpenTelemetry severity numbers excluded).
    pub fn parse(word: &str) -> LogLevel {
        match word.trim().to_ascii_lowercase().as_str() {
            "trace" | "debug" | "fine" | "finer" | "finest" | "verbose" | "d" | "v" => LogLevel::Debug,
            "info" | "information" | "informational" | "notice" | "log" | "i" => LogLevel::Info,
            "warn" | "warning" | "w" => LogLevel::Warn,
            "err" | "error" | "severe" | "e" | "failure" => LogLevel::Error,
            "fatal" | "critical" | "crit" | "panic" | "alert" | "emerg" | "emergency" | "f" => {
                LogLevel::Fatal
            }
            _ => LogLevel::Unknown,
        }
    }
}

/// Many log lines, one column a field, sorted by time where the source could.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogBatch {
    /// Distinct texts of entities, attribute keys and values.
    pub symbols: Interner,
    /// Nanoseconds since the epoch; `None` when the line has no time.
    pub times_ns: Vec<Option<i64>>,
    /// Name of the entity that wrote it; empty when unknown.
    pub entities: Vec<Symbol>,
    /// How loud.
    pub levels: Vec<LogLevel>,
    /// The message, without the fields that have columns of their own.
    pub bodies: Vec<String>,
    /// Further fields: `(row, key, value)`, sorted by row.
    pub attributes: Vec<(u32, Symbol, Symbol)>,
}

/// One line of a batch.
#[derive(Debug, Clone, Copy)]
pub struct LogRow<'a> {
    /// Nanoseconds since the epoch.
    pub time_ns: Option<i64>,
    /// Name of the entity.
    pub entity: &'a str,
    /// How loud.
    pub level: LogLevel,
    /// The message.
    pub body: &'a str,
}

impl LogBatch {
    /// How many lines.
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// Adds a line with its further fields.
    pub fn push<'f>(&mut self, row: LogRow<'_>, fields: impl IntoIterator<Item = (&'f str, &'f str)>) {
        let number = u32::try_from(self.bodies.len()).unwrap_or(u32::MAX);
        self.times_ns.push(row.time_ns);
        let entity = self.symbols.intern(row.entity);
        self.entities.push(entity);
        self.levels.push(row.level);
        self.bodies.push(row.body.to_owned());
        for (key, value) in fields {
            let (key, value) = (self.symbols.intern(key), self.symbols.intern(value));
            self.attributes.push((number, key, value));
        }
    }

    /// Line number `row`, if there is one.
    pub fn row(&self, row: usize) -> Option<LogRow<'_>> {
        Some(LogRow {
            time_ns: *self.times_ns.get(row)?,
            entity: self.symbols.text(*self.entities.get(row)?),
            level: *self.levels.get(row)?,
            body: self.bodies.get(row)?,
        })
    }

    /// Further fields of line `row`, in the order they were given.
    pub fn fields(&self, row: usize) -> impl Iterator<Item = (&str, &str)> {
        let wanted = u32::try_from(row).unwrap_or(u32::MAX);
        let from = self.attributes.partition_point(|&(at, _, _)| at < wanted);
        self.attributes[from..]
            .iter()
            .take_while(move |&&(at, _, _)| at == wanted)
            .map(|&(_, key, value)| (self.symbols.text(key), self.symbols.text(value)))
    }
}
