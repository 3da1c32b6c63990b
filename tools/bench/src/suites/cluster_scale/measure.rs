//! Writes the captures, reads each in a process of its own, so that one's memory is not counted for another, and
//! compares.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use midwatch_cluster::{Capture, Context, Diagnosis, Picture, Standing, diagnose};
use serde::{Deserialize, Serialize};

use super::json::{KINDS, write as write_json};
use super::made::Cluster;
use super::text::write as write_text;
use crate::measure::{cpu_seconds, peak_mib};
use crate::{Arguments, Measured};

/// Pods of the clusters that are measured.
const SIZES: [usize; 4] = [1_250, 2_500, 5_000, 10_000];

const FORMS: [&str; 2] = ["json", "text"];

/// What one capture came to.
#[derive(Debug, Serialize, Deserialize)]
struct One {
    /// `5000-json`.
    case: String,
    pods: usize,
    events: usize,
    capture_mib: usize,
    read_seconds: f64,
    diagnose_seconds: f64,
    /// Processor time of both, which other programs on the machine do not lengthen.
    cpu_seconds: f64,
    peak_mib: u64,
    /// Planted faults that are among the harmful ones.
    found: usize,
    planted: usize,
    /// Harmful ones that were not planted.
    others: Vec<String>,
    /// Texts that could not be read.
    unread: usize,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    if !arguments.mutate.is_empty() || !arguments.without_agent.is_empty() || arguments.repeat > 1 {
        bail!("cluster-scale knows neither --mutate nor --without-agent nor --repeat");
    }
    if let Some(case) = &arguments.case {
        let one = read(&arguments.directory, case)?;
        let line = serde_json::to_string(&one)?;
        return Ok(Measured { json_lines: format!("{line}\n"), table: String::new(), score: line });
    }
    let mut all = Vec::new();
    for pods in SIZES {
        for form in FORMS {
            let case = format!("{pods}-{form}");
            write(&Cluster::of(pods), form, &arguments.directory.join(&case))
                .with_context(|| format!("could not write {case}"))?;
            let answer = Command::new(std::env::current_exe()?)
                .args(["cluster-scale", "--case", &case])
                .arg(&arguments.directory)
                .output()?;
            let text = String::from_utf8_lossy(&answer.stdout);
            let one: One = serde_json::from_str(text.trim())
                .with_context(|| format!("{case}: {}", String::from_utf8_lossy(&answer.stderr).trim()))?;
            all.push(one);
        }
    }
    summed(&all)
}

fn summed(all: &[One]) -> Result<Measured> {
    let (mut json_lines, mut table) = (String::new(), String::new());
    for one in all {
        json_lines.push_str(&serde_json::to_string(one)?);
        json_lines.push('\n');
        let _ = writeln!(
            table,
            "{:<11} pods={:<6} events={:<7} capture_mib={:<4} read_seconds={:.2} diagnose_seconds={:.2} cpu_seconds={:.2} peak_mib={:<4} \
             found={}/{} others={} unread={}",
            one.case,
            one.pods,
            one.events,
            one.capture_mib,
            one.read_seconds,
            one.diagnose_seconds,
            one.cpu_seconds,
            one.peak_mib,
            one.found,
            one.planted,
            one.others.len(),
            one.unread
        );
        for other in &one.others {
            let _ = writeln!(table, "            not planted: {other}");
        }
    }
    let seconds = |case: &str| {
        let one = all.iter().find(|one| one.case == case);
        one.map_or(0.0, |one| one.cpu_seconds)
    };
    let worst = FORMS.map(|form| seconds(&format!("5000-{form}"))).into_iter().fold(0.0, f64::max);
    // Seconds per pod of the largest cluster over those of one a quarter as large: 1 where growth is linear.
    let growth = FORMS
        .map(|form| seconds(&format!("10000-{form}")) / (4.0 * seconds(&format!("2500-{form}")).max(1e-9)))
        .into_iter()
        .fold(0.0, f64::max);
    let peak =
        all.iter().filter(|one| one.case.starts_with("5000-")).map(|one| one.peak_mib).max().unwrap_or(0);
    let score = format!(
        "score: suite=cluster-scale cases={} cpu_seconds_5000_pods={worst:.2} peak_mib_5000_pods={peak} growth={growth:.2} \
         found={}/{} others={}",
        all.len(),
        all.iter().map(|one| one.found).sum::<usize>(),
        all.iter().map(|one| one.planted).sum::<usize>(),
        all.iter().map(|one| one.others.len()).sum::<usize>(),
    );
    Ok(Measured { json_lines, table, score })
}

/// Writes a capture into a folder: a file for each list, or one session.
fn write(cluster: &Cluster, form: &str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    if form == "text" {
        let mut out = create("session.txt")?;
        write_text(cluster, &mut out)?;
        return Ok(out.flush()?);
    }
    for kind in KINDS.iter().chain(&["events"]) {
        let mut out = create(&format!("{kind}.json"))?;
        write_json(cluster, kind, &mut out)?;
        out.flush()?;
    }
    Ok(())
}

/// Reads one capture and says what is wrong in it.
fn read(directory: &Path, case: &str) -> Result<One> {
    let pods = case.split('-').next().and_then(|pods| pods.parse().ok()).context("no such case")?;
    let folder = directory.join(case);
    let text_of = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("{}: could not read it", path.display()))
    };
    let (started, cpu_before) = (Instant::now(), cpu_seconds());
    let capture = if case.ends_with("-text") {
        Capture::from_transcript("session.txt", &text_of("session.txt")?)
    } else {
        let mut capture = Capture::default();
        for kind in KINDS.iter().chain(&["events"]) {
            capture.push(format!("kubectl get {kind} -A -o json"), text_of(&format!("{kind}.json"))?);
        }
        capture
    };
    let bytes: usize = capture.documents.iter().map(|document| document.text.len()).sum();
    let picture = Picture::read(capture, None);
    let read_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let diagnosis = diagnose(&picture, &Context::default());
    let diagnose_seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = cpu_seconds() - cpu_before;
    let cluster = Cluster::of(pods);
    let (found, others) = judged(&cluster, &diagnosis);
    Ok(One {
        case: case.to_owned(),
        pods: picture.pods.len(),
        events: picture.events.len(),
        capture_mib: bytes >> 20,
        read_seconds,
        diagnose_seconds,
        cpu_seconds,
        peak_mib: peak_mib().unwrap_or(0),
        found,
        planted: cluster.expected().len(),
        others,
        unread: picture.unread.len(),
    })
}

/// How many of the planted faults are found, and which others are called harmful.
fn judged(cluster: &Cluster, diagnosis: &Diagnosis) -> (usize, Vec<String>) {
    let expected = cluster.expected();
    let (mut found, mut others) = (0, Vec::new());
    for fault in diagnosis.faults.iter().filter(|fault| fault.standing == Standing::Active) {
        if expected.contains(&(fault.kind, fault.object.clone())) {
            found += 1;
        } else {
            others.push(format!("{} of {}: {}", fault.kind, fault.object, fault.summary));
        }
    }
    (found, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = Cluster::of(100);
        write(&cluster, form, &folder.path().join(format!("100-{form}"))).expect("it can be written");
        let one = read(folder.path(), &format!("100-{form}")).expect("it can be read");
        let told = format!("{one:?}");
        assert_eq!((one.pods, one.planted, one.unread), (100, 3, 0), "{told}");
        assert_eq!((one.found, one.others.len()), (3, 0), "{told}");
    }

    #[test]
    fn planted_faults_and_nothing_else_are_found_in_lists() {
        check("json");
    }

    #[test]
    fn planted_faults_and_nothing_else_are_found_in_a_session() {
        check("text");
    }
}
