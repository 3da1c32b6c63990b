//! Units that files state in words.

use midwatch_model::Unit;

/// The unit a word names and the factor that brings its values there; `None` for words that name none.
pub(super) fn parse(word: &str) -> Option<(Unit, f64)> {
    let known = match word.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => (Unit::Seconds, 1.0),
        "ms" | "millis" | "millisecond" | "milliseconds" => (Unit::Seconds, 1e-3),
        "us" | "µs" | "μs" | "micros" | "microsecond" | "microseconds" => (Unit::Seconds, 1e-6),
        "ns" | "nanos" | "nanosecond" | "nanoseconds" => (Unit::Seconds, 1e-9),
        "min" | "minute" | "minutes" => (Unit::Seconds, 60.0),
        "h" | "hour" | "hours" => (Unit::Seconds, 3600.0),
        "b" | "by" | "byte" | "bytes" => (Unit::Bytes, 1.0),
        "kb" | "kilobytes" => (Unit::Bytes, 1e3),
        "mb" | "megabytes" => (Unit::Bytes, 1e6),
        "gb" | "gigabytes" => (Unit::Bytes, 1e9),
        "kib" => (Unit::Bytes, 1024.0),
        "mib" => (Unit::Bytes, 1_048_576.0),
        "gib" => (Unit::Bytes, 1_073_741_824.0),
        "ratio" | "fraction" => (Unit::Ratio, 1.0),
        "%" | "percent" | "percentage" | "pct" => (Unit::Percent, 1.0),
        "/s" | "1/s" | "per_second" | "ops" | "rps" | "qps" | "req/s" | "requests/s" | "count/second" => {
            (Unit::PerSecond, 1.0)
        }
        "/min" | "1/min" | "per_minute" | "rpm" | "req/min" => (Unit::PerMinute, 1.0),
        "count" | "1" | "total" | "number" => (Unit::Count, 1.0),
        "cores" | "core" | "cpus" => (Unit::Cores, 1.0),
        "millicores" | "mcores" => (Unit::Cores, 1e-3),
        _ => return None,
    };
    Some(known)
}

/// The unit and factor for a series called `metric` whose file states `stated`. A metric whose own name ends in a unit
/// other than the base one keeps its values, so that name and values agree.
pub(in crate::snapshot) fn of_series(metric: &str, stated: &str) -> (Unit, f64) {
    let Some((unit, factor)) = parse(stated) else { return (Unit::Unknown, 1.0) };
    let last_word = metric.rsplit(['_', '.', '-', ' ']).next().unwrap_or("");
    let named = parse(last_word).is_some_and(|(_, own)| own != 1.0);
    match (factor == 1.0, named) {
        (true, _) => (unit, 1.0),
        (false, true) => (Unit::Unknown, 1.0),
        (false, false) => (unit, factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_units_scale_values_unless_the_name_says_them_too() {
        assert_eq!(of_series("latency", "ms"), (Unit::Seconds, 1e-3));
        assert_eq!(of_series("latency_ms", "ms"), (Unit::Unknown, 1.0));
        assert_eq!(of_series("cpu", "percent"), (Unit::Percent, 1.0));
        assert_eq!(of_series("x", "furlongs"), (Unit::Unknown, 1.0));
    }
}
