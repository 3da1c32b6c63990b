//! The metrics of a snapshot as a history in the OpenMetrics text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use futures_util::FutureExt;
use midwatch_analysis::series::{Series, is_counter};
use midwatch_app::snapshot_sources;
use midwatch_model::{EntityKind, Timestamp, Window};
use midwatch_sources::{Ask, MetricQuery};

/// Every series of the snapshot in `directory`, under names that the format allows.
pub(crate) fn of(directory: &Path) -> String {
    moved(directory, 0)
}

/// The same, later by so many nanoseconds.
pub(crate) fn moved(directory: &Path, later_ns: i64) -> String {
    let sources = snapshot_sources(directory).unwrap();
    let window = Window::new(Timestamp::UNIX_EPOCH, "2200-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let ask = Ask::new(MetricQuery::default(), window);
    let asked = sources[0].metrics().unwrap().series(&ask);
    let set =
        asked.now_or_never().expect("files answer at once").unwrap().data().cloned().unwrap_or_default();
    let mut families: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
    for series in &set.series {
        families.entry(name(&series.key.metric)).or_default().push(series);
    }
    let mut text = String::new();
    for (family, all) in families {
        let counts = all.iter().all(|series| is_counter(series));
        let stem = family.strip_suffix("_total").unwrap_or(&family);
        let (kind, stem) =
            if counts && family.ends_with("_total") { ("counter", stem) } else { ("gauge", family.as_str()) };
        let _ = writeln!(text, "# TYPE {stem} {kind}");
        for series in all {
            let labels = labels(series);
            for (at, value) in
                series.times_ns.iter().zip(&series.values).filter(|(_, value)| value.is_finite())
            {
                let at = at + later_ns;
                let _ = writeln!(
                    text,
                    "{family}{{{labels}}} {value} {}.{:03}",
                    at / 1_000_000_000,
                    at / 1_000_000 % 1_000
                );
            }
        }
    }
    text
}

fn name(metric: &str) -> String {
    metric
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' })
        .collect()
}

fn labels(series: &Series) -> String {
    let subject = match series.key.entity.kind {
        EntityKind::Pod => "pod",
        EntityKind::Node => "node",
        EntityKind::Queue => "queue",
        EntityKind::Workload => "workload",
        _ => "service",
    };
    let mut labels = vec![(subject.to_owned(), series.key.entity.name.clone())];
    labels.extend(series.key.labels.iter().map(|(key, value)| (name(key), value.clone())));
    let written: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    written.join(",")
}
