//! Reads a snapshot directory and says what it holds, how long that took and how much memory.
//!
//! `cargo run --release -p midwatch-connectors --example read_snapshot -- DIR`

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use futures_util::FutureExt;
use midwatch_analysis::logs::LogBatch;
use midwatch_connectors::snapshot;
use midwatch_model::{SignedDuration, Window};
use midwatch_sources::{Ask, LogQuery, MetricQuery, SampleQuery, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: read_snapshot DIR")?;
    let mut out = std::io::stdout().lock();
    let started = Instant::now();
    let source = snapshot::open(Path::new(&directory))?;
    let coverage = source.coverage().now_or_never().ok_or("not ready")??;
    writeln!(out, "coverage in {:.2} s: {coverage:#?}", started.elapsed().as_secs_f64())?;
    if let (Some(first), Some(last)) = (coverage.first, coverage.last)
        && let Some(window) = Window::new(first, last + SignedDuration::from_secs(1))
    {
        if let Some(logs) = source.logs() {
            let ask = Ask::new(LogQuery::default(), window);
            let answer = logs.patterns(&ask).now_or_never().ok_or("not ready")??;
            if let Some(patterns) = answer.data() {
                let stated = patterns.patterns.iter().filter(|pattern| pattern.stated.is_some()).count();
                let without_lines = patterns.patterns.iter().filter(|pattern| pattern.total == 0).count();
                writeln!(
                    out,
                    "{} lines, {} patterns; {stated} with stated counts, {without_lines} without lines",
                    patterns.lines,
                    patterns.patterns.len()
                )?;
            }
            let before = started.elapsed();
            let ask = Ask::new(SampleQuery { rows: 10, ..SampleQuery::default() }, window);
            let answer = logs.sample(&ask).now_or_never().ok_or("not ready")??;
            let kept = answer.data().map_or(0, LogBatch::len);
            let seconds = (started.elapsed() - before).as_secs_f64();
            writeln!(out, "a sample of {kept} lines in {seconds:.2} s")?;
        }
        if let Some(metrics) = source.metrics() {
            let ask = Ask::new(MetricQuery::default(), window);
            let answer = metrics.series(&ask).now_or_never().ok_or("not ready")??;
            writeln!(out, "{} series", answer.data().map_or(0, |set| set.series.len()))?;
        }
    }
    writeln!(out, "all in {:.2} s", started.elapsed().as_secs_f64())?;
    // The peak is only known where the kernel says it.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM"))
    {
        writeln!(out, "{peak}")?;
    }
    Ok(())
}
