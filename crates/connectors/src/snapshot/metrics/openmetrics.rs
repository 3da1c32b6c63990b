//! The OpenMetrics 1.0 and Prometheus 0.0.4 text formats with timestamps.

use std::collections::BTreeMap;

use super::super::damage::DamageLog;
use super::super::read::{Lines, text_of};
use super::super::scan::SnapshotFile;
use super::super::time;
use super::store::{MetricStore, SeriesName};
use crate::naming;
use midwatch_analysis::intern::Symbol;

const LABELS_MAX: usize = 64;

/// Reads one file.
pub(super) fn read(file: &SnapshotFile, store: &mut MetricStore, damage: &mut DamageLog) {
    let mut families = Families::default();
    let outcome = Lines::open(&file.path).and_then(|mut lines| {
        while let Some(line) = lines.next()? {
            let (text, _) = text_of(line.bytes);
            let text = text.trim();
            if line.cut {
                damage.row(&file.relative, line.number, "the line is longer than 64 KiB");
            } else if let Some(comment) = text.strip_prefix('#') {
                families.comment(comment);
            } else if !text.is_empty()
                && let Err(reason) = sample(text, file, &families, store)
            {
                damage.row(&file.relative, line.number, reason);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        damage.file(&file.relative, &format!("cannot be read: {error}"));
    }
}

/// Types and units of metric families, from `# TYPE` and `# UNIT` lines.
#[derive(Default)]
struct Families {
    types: BTreeMap<String, String>,
    units: BTreeMap<String, String>,
}

impl Families {
    fn comment(&mut self, comment: &str) {
        let mut words = comment.split_whitespace();
        let (Some(what), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let table = match what {
            "TYPE" => &mut self.types,
            "UNIT" => &mut self.units,
            _ => return,
        };
        if table.len() < 100_000 {
            table.insert(name.to_owned(), value.to_ascii_lowercase());
        }
    }

    /// Whether a sample grows only, by the type of its family.
    fn counter(&self, name: &str) -> Option<bool> {
        const SUFFIXES: [&str; 6] = ["", "_total", "_count", "_sum", "_bucket", "_created"];
        for suffix in SUFFIXES {
            let Some(family) = name.strip_suffix(suffix) else { continue };
            let Some(kind) = self.types.get(family) else { continue };
            return match (kind.as_str(), suffix) {
                (_, "_created") => Some(false),
                ("counter", _) | ("histogram", "_count" | "_sum" | "_bucket") => Some(true),
                ("summary", "_count" | "_sum") => Some(true),
                ("gauge" | "summary" | "gaugehistogram" | "info" | "stateset", _) => Some(false),
                _ => None,
            };
        }
        None
    }

    fn unit(&self, name: &str) -> &str {
        let family = |suffix: &str| name.strip_suffix(suffix).and_then(|family| self.units.get(family));
        ["", "_total", "_sum"].iter().find_map(|suffix| family(suffix)).map_or("", String::as_str)
    }
}

/// Reads `name{label="value",…} value timestamp`; what follows a ` # ` is an exemplar.
fn sample(
    text: &str,
    file: &SnapshotFile,
    families: &Families,
    store: &mut MetricStore,
) -> Result<(), &'static str> {
    let name_end = text.find(|letter: char| letter == '{' || letter.is_whitespace()).ok_or(MALFORMED)?;
    let (name, mut rest) = text.split_at(name_end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = read_labels(inner, &mut labels).ok_or(MALFORMED)?;
    }
    let rest = rest.split(" # ").next().unwrap_or(rest);
    let mut words = rest.split_whitespace();
    let value = words.next().and_then(number).ok_or("a value that is no number")?;
    let written = words.next().ok_or("a sample without a timestamp")?;
    let at = time::epoch_text(written)
        .ok_or("a time that cannot be read or lies outside the years 1990 to 2200")?;
    let found = naming::subject(|key| {
        labels.iter().find(|(label, _): &&(&str, String)| *label == key).map(|(_, value)| value.as_str())
    });
    let found =
        found.and_then(|(key, kind)| Some((labels.iter().position(|(label, _)| *label == key)?, kind)));
    let (entity, kind) = match found {
        Some((position, kind)) => (labels.remove(position).1, kind),
        None => (file.stem().to_owned(), None),
    };
    labels.sort();
    let labels: Vec<(Symbol, Symbol)> =
        labels.iter().map(|(key, value)| (store.symbol(key), store.symbol(value))).collect();
    let name_symbol = store.symbol(name);
    let key = SeriesName {
        entity: store.symbol(&entity),
        metric: name_symbol,
        unit: store.symbol(families.unit(name)),
        labels: labels.into_boxed_slice(),
    };
    let series = store.series(key, kind, families.counter(name)).ok_or("more series than the limit")?;
    store.push(series, at, value).then_some(()).ok_or("more points than the limit")
}

const MALFORMED: &str = "not a sample of the OpenMetrics text format";

fn number(word: &str) -> Option<f64> {
    match word {
        "+Inf" | "Inf" | "-Inf" | "NaN" => Some(f64::NAN),
        other => other.parse().ok(),
    }
}

/// Reads labels up to the closing brace; returns what follows it.
fn read_labels<'t>(mut rest: &'t str, labels: &mut Vec<(&'t str, String)>) -> Option<&'t str> {
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        let (key, after) = rest.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"')?;
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') => break at + 1,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, letter) => value.push(letter),
            }
        };
        if labels.len() >= LABELS_MAX {
            return None;
        }
        labels.push((key.trim(), value));
        rest = quoted.get(end..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_escapes() {
        let mut labels = Vec::new();
        let rest = read_labels(r#"a="x\"y",b="1,2"} 5 6"#, &mut labels);
        assert_eq!(rest, Some(" 5 6"));
        assert_eq!(labels, [("a", "x\"y".to_owned()), ("b", "1,2".to_owned())]);
        assert_eq!(read_labels("a=\"open", &mut Vec::new()), None);
    }

    #[test]
    fn types_say_what_only_grows() {
        let mut families = Families::default();
        families.comment(" TYPE http_requests counter");
        families.comment(" TYPE latency_seconds histogram");
        families.comment(" TYPE temperature gauge");
        assert_eq!(families.counter("http_requests_total"), Some(true));
        assert_eq!(families.counter("latency_seconds_bucket"), Some(true));
        assert_eq!(families.counter("temperature"), Some(false));
        assert_eq!(families.counter("other"), None);
    }
}
