//! One decoder, many inputs: what must hold for each, and what is kept of those that break it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::decoders::Decoder;
use crate::generate::Generator;
use crate::reading::Reading;

/// Bytes that may come out whatever goes in.
const OUTPUT_BYTES_FREE: u64 = 64 * 1024;
/// Bytes that may come out for each byte that goes in: a row of two bytes becomes a series or a pattern, written for
/// debugging. What grows faster than the input is found.
const OUTPUT_BYTES_PER_BYTE: u64 = 1_000;
/// Inputs that are read again at the end to tell which is slowest: on a busy machine any may have waited.
const SLOW_KEPT: usize = 16;
/// An input of some kilobytes that takes longer, or makes the process hold more, is a failure. Both are far above what a busy
/// machine does to a good decoder.
const SLOW_US_MAX: u64 = 5_000_000;
const MEMORY_MIB_MAX: u64 = 1_024;
/// Room of such a size cannot be filled in less time, so only inputs that take it are asked for what they hold.
const LARGE_ROOM_NS: u128 = 20_000_000;
/// Different failures of one decoder that are reported.
const FAILURES_MAX: usize = 20;

/// What came of a decoder's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) decoder: String,
    pub(crate) inputs: u64,
    pub(crate) accepted: u64,
    /// The slowest input: microseconds of the fastest of three further readings, its bytes and its case.
    pub(crate) slowest_us: u64,
    pub(crate) slowest_bytes: usize,
    pub(crate) slowest_case: u64,
    /// Seconds for all inputs, each read twice.
    pub(crate) seconds: f64,
    /// The most memory the process ever held; `None` where the system does not say.
    pub(crate) peak_mib: Option<u64>,
    pub(crate) failures: Vec<Failure>,
}

/// An input that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// What went wrong, and where.
    pub(crate) reason: String,
    /// The first case that did.
    pub(crate) case: u64,
    /// How many did.
    pub(crate) times: u64,
    /// The smallest input that was found for it.
    pub(crate) file: PathBuf,
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the words of panics instead of printing them.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let words = info.payload_as_str().unwrap_or("a panic without words");
        PANIC.with_borrow_mut(|kept| *kept = Some(format!("panicked at {place}: {words}")));
    }));
}

/// Reads `input` twice.
///
/// # Errors
/// When it panics, gives two answers, or gives more than a multiple of the input.
pub(crate) fn check(decoder: &Decoder, input: &[u8]) -> Result<Reading, String> {
    let read = || {
        catch_unwind(AssertUnwindSafe(|| (decoder.decode)(input)))
            .map_err(|_| PANIC.with_borrow_mut(Option::take).unwrap_or_else(|| "panicked".to_owned()))
    };
    let first = read()?;
    if read()? != first {
        return Err("two readings of one input differ".to_owned());
    }
    let most = OUTPUT_BYTES_FREE + OUTPUT_BYTES_PER_BYTE * input.len() as u64;
    if first.bytes > most {
        return Err("more comes out than 64 KiB and 1,000 bytes for each byte of the input".to_owned());
    }
    Ok(first)
}

/// Where a worker says which case it is at, so that one that is killed can be told from one that waits.
pub(crate) fn progress_file(findings: &Path, decoder: &str) -> PathBuf {
    findings.join(format!("{decoder}.case"))
}

/// Tries `inputs` cases of `decoder`. Failing inputs are written below `findings`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn run(decoder: &Decoder, seed: u64, inputs: u64, findings: &Path) -> Result<Outcome> {
    let generator = Generator::new(&decoder.name, seed, decoder.seeds.clone());
    let path = progress_file(findings, &decoder.name);
    let progress = File::create(&path).with_context(|| path.display().to_string())?;
    let started = Instant::now();
    let mut accepted = 0;
    let mut slow: Vec<(u128, u64, Vec<u8>)> = Vec::new();
    let mut failures: BTreeMap<String, Failure> = BTreeMap::new();
    for number in 0..inputs {
        progress.write_all_at(&number.to_le_bytes(), 0)?;
        let case = generator.case(number).context("the generator gave up")?;
        let input = case.input();
        let began = Instant::now();
        let checked = check(decoder, &input);
        let took_ns = began.elapsed().as_nanos();
        if took_ns > LARGE_ROOM_NS
            && let Some(held) = peak_mib().filter(|held| *held > MEMORY_MIB_MAX)
            && !failures.contains_key(HELD)
        {
            let reason = format!("{HELD} {MEMORY_MIB_MAX} MiB: {held} MiB");
            let failure = kept(findings, decoder, number, &input, reason)?;
            failures.insert(HELD.to_owned(), failure);
        }
        match checked {
            Ok(reading) => accepted += u64::from(reading.accepted),
            Err(reason) => {
                if let Some(known) = failures.get_mut(&reason) {
                    known.times += 1;
                } else if failures.len() < FAILURES_MAX {
                    let smallest =
                        case.smallest(|smaller| check(decoder, smaller).err().as_ref() == Some(&reason));
                    let failure = kept(findings, decoder, number, &smallest, reason.clone())?;
                    failures.insert(reason, failure);
                }
                continue;
            }
        }
        if slow.len() < SLOW_KEPT || slow.last().is_some_and(|(least, ..)| *least < took_ns) {
            slow.truncate(SLOW_KEPT - 1);
            let place = slow.partition_point(|(known, ..)| *known >= took_ns);
            slow.insert(place, (took_ns, number, input));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let again = |input: &[u8]| (0..3).map(|_| microseconds(decoder, input)).min().unwrap_or_default();
    let timed = slow.iter().map(|(_, case, input)| (again(input), *case, input));
    let (slowest_us, slowest_case, slowest) =
        timed.max().map_or((0, 0, &[][..]), |(us, case, input)| (us, case, input));
    let slowest_bytes = slowest.len();
    if slowest_us > SLOW_US_MAX {
        let reason = format!("it took {} s", slowest_us / 1_000_000);
        failures.insert(reason.clone(), kept(findings, decoder, slowest_case, slowest, reason)?);
    }
    Ok(Outcome {
        decoder: decoder.name.clone(),
        inputs,
        accepted,
        slowest_us,
        slowest_bytes,
        slowest_case,
        seconds,
        peak_mib: peak_mib(),
        failures: failures.into_values().collect(),
    })
}

/// What a failure by memory begins with.
const HELD: &str = "the process held more than";

/// A failure whose input is kept below `findings`.
fn kept(findings: &Path, decoder: &Decoder, case: u64, input: &[u8], reason: String) -> Result<Failure> {
    let file = findings.join(format!("{}-{case}.bin", decoder.name));
    std::fs::write(&file, input).with_context(|| file.display().to_string())?;
    Ok(Failure { reason, case, times: 1, file })
}

fn microseconds(decoder: &Decoder, input: &[u8]) -> u64 {
    let began = Instant::now();
    let _ = catch_unwind(AssertUnwindSafe(|| (decoder.decode)(input)));
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoders::all;
    use crate::reading::of;

    fn decoder(name: &str, decode: fn(&[u8]) -> Reading) -> Decoder {
        Decoder { name: name.to_owned(), seeds: vec![b"abc 123".to_vec()], decode: Box::new(decode) }
    }

    fn outcome(name: &str, decode: fn(&[u8]) -> Reading) -> Outcome {
        let findings = tempfile::tempdir().unwrap();
        let outcome = run(&decoder(name, decode), 1, 2_000, findings.path()).unwrap();
        for failure in &outcome.failures {
            let input = std::fs::read(&failure.file).unwrap();
            assert_eq!(check(&decoder(name, decode), &input), Err(failure.reason.clone()));
        }
        outcome
    }

    #[test]
    fn every_broken_rule_is_found_and_its_smallest_input_kept() {
        let panics = outcome("panics", |bytes| {
            assert!(!bytes.contains(&0), "a zero");
            of(&Some(bytes.len()))
        });
        assert_eq!(panics.failures.len(), 1);
        let indexes = outcome("indexes", |bytes| of(&Some(bytes[2])));
        assert!(indexes.failures[0].times > 1 && indexes.accepted > 1_500);
        let grows =
            outcome("grows", |bytes| of(&Some("x".repeat(if bytes.len() > 20 { 200_000 } else { 1 }))));
        assert!(grows.failures[0].reason.contains("more comes out"));
        let differs = outcome("differs", |_| of(&Some(std::time::Instant::now())));
        assert_eq!(differs.failures.len(), 1);
        assert!(differs.failures[0].reason.contains("differ"));
        let fine = outcome("fine", |bytes| of(&std::str::from_utf8(bytes).ok()));
        assert_eq!((fine.failures.len(), fine.inputs), (0, 2_000));
        assert!(fine.accepted > 500 && fine.accepted < 2_000, "{}", fine.accepted);
    }

    #[test]
    fn every_decoder_bears_some_inputs_and_takes_its_corpus() {
        let scratch = tempfile::tempdir().unwrap();
        let decoders = all(scratch.path()).unwrap();
        assert!(decoders.len() >= 30, "{} decoders", decoders.len());
        for decoder in &decoders {
            let taken =
                decoder.seeds.iter().filter(|seed| check(decoder, seed).is_ok_and(|read| read.accepted));
            assert!(taken.count() * 2 >= decoder.seeds.len(), "{} refuses its own corpus", decoder.name);
            let outcome = run(decoder, 0, 150, scratch.path()).unwrap();
            assert_eq!(outcome.failures, [], "{}", decoder.name);
            assert!(
                outcome.accepted * 20 >= outcome.inputs,
                "{}: {} accepted",
                decoder.name,
                outcome.accepted
            );
        }
    }
}
