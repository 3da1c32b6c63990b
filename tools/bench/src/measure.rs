//! What a run costs, as the kernel counts it.

use std::fs;

/// CPU seconds of all threads that live, from `/proc/self/task/*/schedstat`; 0 where the kernel does not say.
pub(crate) fn cpu_seconds() -> f64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds: u64 = tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e9
}

/// Peak resident memory of this process in MiB (`VmHWM`); `None` where the kernel does not say.
pub(crate) fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_time_and_memory() {
        let before = cpu_seconds();
        let mut sum = 0_u64;
        while cpu_seconds() - before < 0.01 {
            sum = (0..100_000_u64).fold(sum, |sum, value| sum.wrapping_mul(31).wrapping_add(value));
        }
        assert!(cpu_seconds() > before && peak_mib().is_some_and(|mib| mib > 0), "{sum}");
    }
}
