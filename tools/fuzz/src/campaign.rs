//! All decoders, each in a process of its own: one that runs out of stack or memory ends alone, and its input is kept.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::decoders::Decoder;
use crate::generate::Generator;
use crate::worker::{Failure, Outcome, progress_file};

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Campaign<'p> {
    /// Inputs for each decoder.
    pub(crate) inputs: u64,
    /// Which inputs.
    pub(crate) seed: u64,
    /// Decoders at a time.
    pub(crate) jobs: usize,
    /// Where failing inputs go.
    pub(crate) findings: &'p Path,
}

/// Tries all of `decoders` and prints a row for each as it ends; whether every one bore everything.
///
/// # Errors
/// When a process cannot be started.
pub(crate) fn run(campaign: Campaign<'_>, decoders: &[Decoder], out: &mut dyn Write) -> Result<bool> {
    writeln!(
        out,
        "| decoder | inputs | accepted | refused | slowest | its size | inputs per second | memory |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let mut waiting: VecDeque<&Decoder> = decoders.iter().collect();
    let mut running: Vec<(&Decoder, Child)> = Vec::new();
    let mut failures = Vec::new();
    let mut vacuous = Vec::new();
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < campaign.jobs.max(1)
            && let Some(decoder) = waiting.pop_front()
        {
            running.push((decoder, start(campaign, &decoder.name)?));
        }
        let ended = running.iter_mut().position(|(_, child)| !matches!(child.try_wait(), Ok(None)));
        let Some(ended) = ended else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let (decoder, child) = running.swap_remove(ended);
        let output = child.wait_with_output()?;
        match serde_json::from_slice::<Outcome>(&output.stdout) {
            Ok(outcome) => {
                row(&outcome, out)?;
                if outcome.accepted * 20 < outcome.inputs {
                    vacuous.push(outcome.decoder.clone());
                }
                failures.extend(outcome.failures.into_iter().map(|failure| (decoder.name.clone(), failure)));
            }
            Err(_) => failures.push((decoder.name.clone(), killed(campaign, decoder, &output)?)),
        }
        let _ = std::fs::remove_file(progress_file(campaign.findings, &decoder.name));
    }
    for (name, failure) in &failures {
        writeln!(out, "\n{name}, case {} of seed {}, {} times:", failure.case, campaign.seed, failure.times)?;
        writeln!(out, "    {}\n    input: {}", failure.reason, failure.file.display())?;
        writeln!(out, "    again: make fuzz FUZZ_DECODER={name} FUZZ_INPUT={}", failure.file.display())?;
    }
    for name in &vacuous {
        writeln!(out, "\n{name}: fewer than one input in twenty was accepted, so hardly anything was tried")?;
    }
    Ok(failures.is_empty() && vacuous.is_empty())
}

fn start(campaign: Campaign<'_>, name: &str) -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["--worker", "--decoder", name])
        .args(["--inputs", &campaign.inputs.to_string(), "--seed", &campaign.seed.to_string()])
        .arg("--findings")
        .arg(campaign.findings)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start a worker")
}

fn row(outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    let share = 100.0 * outcome.accepted as f64 / outcome.inputs.max(1) as f64;
    let slowest = outcome.slowest_us as f64 / 1_000.0;
    writeln!(
        out,
        "| {} | {} | {} ({share:.0} %) | {} | {slowest:.2} ms | {:.1} KiB | {:.0} | {} |",
        outcome.decoder,
        outcome.inputs,
        outcome.accepted,
        outcome.inputs - outcome.accepted,
        outcome.slowest_bytes as f64 / 1024.0,
        outcome.inputs as f64 / outcome.seconds.max(1e-9),
        outcome.peak_mib.map_or("?".to_owned(), |mib| format!("{mib} MiB")),
    )?;
    Ok(out.flush()?)
}

/// The case at which a worker ended without a word, with its input.
fn killed(campaign: Campaign<'_>, decoder: &Decoder, output: &std::process::Output) -> Result<Failure> {
    let at = std::fs::read(progress_file(campaign.findings, &decoder.name)).unwrap_or_default();
    let case = at.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let generator = Generator::new(&decoder.name, campaign.seed, decoder.seeds.clone());
    let input = generator.case(case).context("the generator gave up")?.input();
    let file = campaign.findings.join(format!("{}-{case}.bin", decoder.name));
    std::fs::write(&file, input).with_context(|| file.display().to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let reason = format!("the process ended ({}) {said}", output.status);
    Ok(Failure { reason, case, times: 1, file })
}
