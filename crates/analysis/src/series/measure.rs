//! What a metric is about, read from its name, its unit and its labels.
//!
//! Names are cut into words at anything that is not a letter or a digit and where camel case turns; the table in
//! `measure_rules` says which words mean what. The rule that matches most words wins.

use std::collections::BTreeMap;

use midwatch_model::{Direction, Measure, Unit};
use serde::{Deserialize, Serialize};

use super::measure_rules::{AGGREGATION_WORDS, RULES};

/// A name is read up to this many bytes.
const NAME_BYTES_MAX: usize = 400;
/// Subject words kept.
const SUBJECT_WORDS_MAX: usize = 12;

/// How the values of a metric were put together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stat {
    /// Arithmetic mean.
    Mean,
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Sum or cumulative total.
    Total,
    /// A quantile, as a share: 0.99 for the 99th percentile.
    Quantile(f64),
}

/// What a metric means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricMeaning {
    /// What it measures.
    pub measure: Measure,
    /// Unit of the values once multiplied by `to_unit`; the given one, unless that was unknown and the name says more.
    pub unit: Unit,
    /// Factor from values to `unit`: 0.001 for a name that says milliseconds when no unit was given; else 1.
    pub to_unit: f64,
    /// Which way is bad; `None` when neither way is by itself.
    pub worse: Option<Direction>,
    /// How the values were put together, when the name or labels say so.
    pub stat: Option<Stat>,
    /// The words of the name that are about its subject, in order, without units and aggregations; at most 12.
    pub subject: Vec<String>,
}

/// What the metric `name` with these labels means. Linear in the name, of which 400 bytes are read; never fails: a name
/// that says nothing is [`Measure::Other`] with the unit given.
pub fn classify(name: &str, unit: Unit, labels: &BTreeMap<String, String>) -> MetricMeaning {
    let words = words_of(name);
    let (unit, to_unit) = if unit == Unit::Unknown { unit_of(&words) } else { (unit, 1.0) };
    let measure = corrected(measure_of(&words, labels, unit), &words, unit);
    let stat = stat_of(&words, labels);
    let mut subject: Vec<String> = Vec::new();
    for word in &words {
        let idle = AGGREGATION_WORDS.contains(&word.as_str()) || word.chars().all(|c| c.is_ascii_digit());
        if !idle && !subject.contains(word) && subject.len() < SUBJECT_WORDS_MAX {
            subject.push(word.clone());
        }
    }
    MetricMeaning { measure, unit, to_unit, worse: worse_of(measure, &words), stat, subject }
}

/// The words of a metric's name: lower case, plurals made singular.
pub fn words_of(name: &str) -> Vec<String> {
    let mut cut = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    let letters: Vec<char> = name[..cut].chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            push_word(&mut words, &mut word);
            if *letter == '%' {
                words.push("percent".to_owned());
            }
            continue;
        }
        let before = index.checked_sub(1).map(|index| letters[index]);
        let after = letters.get(index + 1);
        let turns = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_ascii_digit() && after.is_some_and(|after| after.is_lowercase()))
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if turns {
            push_word(&mut words, &mut word);
        }
        word.extend(letter.to_lowercase());
    }
    push_word(&mut words, &mut word);
    words
}

fn push_word(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(singular(&std::mem::take(word)));
    }
}

fn singular(word: &str) -> String {
    // Three letters are mostly abbreviations (`dns`, `rps`, `cfs`), and these longer ones are not plurals either.
    let kept = ["https", "iops", "status", "errs", "procs"];
    if kept.contains(&word) || (word.len() <= 3 && word != "fds") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() >= 2) {
        return format!("{stem}y");
    }
    if let Some(stem) = word.strip_suffix("es")
        && ["ss", "sh", "ch", "x"].iter().any(|end| stem.ends_with(end))
    {
        return stem.to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && !stem.ends_with("u") && !stem.ends_with("i") => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Whether the labels say that a series counts requests that ended in a server error: `code="503"`, `status="5xx"`.
fn counts_server_errors(labels: &BTreeMap<String, String>) -> bool {
    let keys =
        ["code", "status", "status_code", "http_status", "http_status_code", "response_code", "status_class"];
    let failed = |value: &String| {
        let value = value.to_ascii_lowercase();
        value.len() == 3
            && value.starts_with('5')
            && value[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'x')
    };
    labels.iter().any(|(key, value)| keys.contains(&key.to_ascii_lowercase().as_str()) && failed(value))
}

/// The measure of the rule that matches most. Labels are asked only when the name says nothing.
fn measure_of(words: &[String], labels: &BTreeMap<String, String>, unit: Unit) -> Measure {
    let mut best = best_rule(words);
    // How often something was timed is how often it was asked for: the count of a histogram bears the name of what it times.
    let counts =
        words.last().is_some_and(|last| last == "count") && matches!(unit, Unit::PerSecond | Unit::PerMinute);
    if best == Measure::Latency && counts {
        best = Measure::Load;
    }
    if best == Measure::Load && counts_server_errors(labels) {
        return Measure::Errors;
    }
    if best != Measure::Other {
        return best;
    }
    let from_labels: Vec<String> = ["type", "name", "kind", "state", "resource"]
        .iter()
        .filter_map(|label| labels.get(*label))
        .flat_map(|value| words_of(value))
        .take(SUBJECT_WORDS_MAX)
        .collect();
    best_rule(&from_labels)
}

fn best_rule(words: &[String]) -> Measure {
    let mut best = (0usize, Measure::Other);
    for rule in RULES {
        let mut matched = 0;
        let fits = rule.words.split(' ').all(|word| match word.strip_prefix('^') {
            Some(forbidden) => !words.iter().any(|have| have == forbidden),
            None => {
                matched += 1;
                word.split('|').any(|either| occurs(words, either))
            }
        });
        let score = 2 * matched + usize::from(rule.weight);
        if fits && score > best.0 {
            best = (score, rule.measure);
        }
    }
    best.1
}

/// Whether a word occurs, or for `a+b` the two next to each other.
fn occurs(words: &[String], wanted: &str) -> bool {
    match wanted.split_once('+') {
        Some((first, second)) => words.windows(2).any(|pair| pair[0] == first && pair[1] == second),
        None => words.iter().any(|have| have == wanted),
    }
}

/// What only the unit can tell: a duration of something countable is a latency, a limit stays one.
fn corrected(measure: Measure, words: &[String], unit: Unit) -> Measure {
    let has = |word: &str| words.iter().any(|have| have == word);
    let timed = has("latency") || has("duration");
    match (measure, unit) {
        (Measure::Load | Measure::Throughput, Unit::Seconds) => Measure::Latency,
        (Measure::Latency, Unit::Count | Unit::PerSecond | Unit::PerMinute) if !timed && has("request") => {
            Measure::Load
        }
        (Measure::Load | Measure::Throughput, Unit::Bytes) => Measure::Size,
        (Measure::Disk, Unit::PerSecond) => Measure::StorageLoad,
        // Operations are what is asked of a storage; time and queues are how it copes.
        (Measure::DiskIo, _)
            if ["iops", "ops", "operation", "throughput"].into_iter().any(has)
                && !timed
                && !["time", "wait", "await", "queue"].into_iter().any(has) =>
        {
            Measure::StorageLoad
        }
        (other, _) => other,
    }
}

/// Unit and factor that a name speaks of.
fn unit_of(words: &[String]) -> (Unit, f64) {
    let has = |word: &str| words.iter().any(|have| have == word);
    let ends = |word: &str| words.last().is_some_and(|last| last == word);
    for pair in words.windows(2) {
        match (pair[0].as_str(), pair[1].as_str()) {
            ("per", "second" | "sec" | "s") => return (Unit::PerSecond, 1.0),
            ("per", "minute" | "min" | "m") => return (Unit::PerMinute, 1.0),
            ("per", _) => return (Unit::Unknown, 1.0),
            _ => {}
        }
    }
    if ["rps", "qps", "tps", "iops"].into_iter().any(has) {
        return (Unit::PerSecond, 1.0);
    }
    if has("rpm") {
        return (Unit::PerMinute, 1.0);
    }
    let table: &[(&[&str], Unit, f64)] = &[
        (&["ms", "millisecond", "millis", "msec"], Unit::Seconds, 1e-3),
        (&["us", "microsecond", "usec", "micro"], Unit::Seconds, 1e-6),
        (&["ns", "nanosecond", "nanos", "nano"], Unit::Seconds, 1e-9),
        (&["percent", "pct", "percentage"], Unit::Percent, 1.0),
        (&["ratio", "fraction"], Unit::Ratio, 1.0),
        (&["second", "sec"], Unit::Seconds, 1.0),
        (&["byte"], Unit::Bytes, 1.0),
        (&["kb"], Unit::Bytes, 1e3),
        (&["kib"], Unit::Bytes, 1024.0),
        (&["mb"], Unit::Bytes, 1e6),
        (&["mib"], Unit::Bytes, 1_048_576.0),
        (&["gb"], Unit::Bytes, 1e9),
        (&["gib"], Unit::Bytes, 1_073_741_824.0),
        (&["core"], Unit::Cores, 1.0),
    ];
    for (spellings, unit, factor) in table {
        if spellings.iter().any(|spelling| has(spelling)) {
            return (*unit, *factor);
        }
    }
    if has("cert") || has("certificate") || has("expiry") {
        let length = [("day", 86_400.0), ("hour", 3_600.0)];
        if let Some((_, seconds)) = length.into_iter().find(|(word, _)| has(word)) {
            return (Unit::Seconds, seconds);
        }
    }
    let counted = [
        "count",
        "total",
        "depth",
        "length",
        "thread",
        "goroutine",
        "connection",
        "replica",
        "fd",
        "restart",
    ];
    if counted.into_iter().any(ends) { (Unit::Count, 1.0) } else { (Unit::Unknown, 1.0) }
}

fn stat_of(words: &[String], labels: &BTreeMap<String, String>) -> Option<Stat> {
    if let Some(share) = labels.get("quantile").and_then(|value| value.parse::<f64>().ok())
        && (0.0..=1.0).contains(&share)
    {
        return Some(Stat::Quantile(share));
    }
    for word in words {
        let stat = match word.as_str() {
            "avg" | "average" | "mean" => Some(Stat::Mean),
            "max" | "maximum" | "peak" => Some(Stat::Max),
            "min" | "minimum" if !words.iter().any(|have| have == "per") => Some(Stat::Min),
            "median" => Some(Stat::Quantile(0.5)),
            "total" | "sum" => Some(Stat::Total),
            other => percentile(other).map(Stat::Quantile),
        };
        if stat.is_some() {
            return stat;
        }
    }
    None
}

/// The share of a word such as `p99`, `p999` or `95th`.
fn percentile(word: &str) -> Option<f64> {
    let digits = word.strip_prefix('p').or_else(|| word.strip_suffix("th"))?;
    if !(2..=5).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    Some(number / 10f64.powi(digits.len() as i32))
}

/// Which way is bad, the other way round for what is free, idle or left.
fn worse_of(measure: Measure, words: &[String]) -> Option<Direction> {
    let usual = match measure {
        Measure::Availability | Measure::Throughput | Measure::CacheHits | Measure::Replicas => {
            Direction::Down
        }
        Measure::CertificateTime => return Some(Direction::Down),
        Measure::Load
        | Measure::StorageLoad
        | Measure::Network
        | Measure::Size
        | Measure::Limit
        | Measure::Other => return None,
        _ => Direction::Up,
    };
    let has = |word: &str| words.iter().any(|have| have == word);
    let turned = match measure {
        Measure::Cpu
        | Measure::Memory
        | Measure::Disk
        | Measure::Connections
        | Measure::Threads
        | Measure::FileDescriptors
        | Measure::CapacityUsed => {
            ["free", "avail", "available", "idle", "remaining", "left", "headroom", "balance"]
                .into_iter()
                .any(has)
        }
        Measure::Replicas => {
            ["unavailable", "unhealthy", "unschedulable", "failed", "pending"].into_iter().any(has)
        }
        Measure::Errors => has("budget") && (has("remaining") || has("left")),
        _ => false,
    };
    Some(if !turned {
        usual
    } else if usual == Direction::Up {
        Direction::Down
    } else {
        Direction::Up
    })
}
