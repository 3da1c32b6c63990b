//! Reading times the way files write them: RFC 3339 and its relatives, epochs by magnitude, common log formats.

/// First instant taken for a time: 1990-01-01, in nanoseconds since the epoch.
const EARLIEST_NS: i64 = 631_152_000 * SECOND;
/// First instant no longer taken for a time: 2201-01-01.
const LATEST_NS: i64 = 7_289_654_400 * SECOND;
const SECOND: i64 = 1_000_000_000;

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadTime {
    /// Nanoseconds since the epoch.
    pub(super) ns: i64,
    /// Whether the text named no zone, so that UTC was assumed.
    pub(super) naive: bool,
    /// Bytes of the text that belong to the time.
    pub(super) length: usize,
}

/// Whether `ns` lies in the years 1990 to 2200.
pub(super) fn plausible(ns: i64) -> bool {
    (EARLIEST_NS..LATEST_NS).contains(&ns)
}

/// The time `text` states as a whole, surrounding blanks aside. `None` when it is no time or not of the years 1990 to
/// 2200.
pub(super) fn parse(text: &str) -> Option<ReadTime> {
    let text = text.trim();
    let read = leading(text).filter(|read| read.length == text.len());
    read.or_else(|| {
        let ns = epoch_text(text)?;
        Some(ReadTime { ns, naive: false, length: text.len() })
    })
}

/// The time at the start of `text`, such as a log line's; epochs are not looked for.
pub(super) fn leading(text: &str) -> Option<ReadTime> {
    let bytes = text.as_bytes();
    let read = match bytes.first()? {
        b'0'..=b'9' => year_first(bytes).or_else(|| day_first(bytes)),
        b'A'..=b'Z' | b'a'..=b'z' => weekday_first(bytes),
        _ => None,
    };
    read.filter(|read| plausible(read.ns))
}

/// Nanoseconds of an epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.
pub(super) fn epoch(value: f64) -> Option<i64> {
    if !value.is_finite() {
        return None;
    }
    // A double of 1.7e9 seconds is exact to a quarter of a microsecond: nothing finer is claimed.
    let (per_unit, step_ns) = match value.abs() {
        size if size < 1e11 => (1e6, 1_000),
        size if size < 1e14 => (1e3, 1_000),
        size if size < 1e17 => (1.0, 1_000),
        _ => (1.0, 1),
    };
    let steps = (value * per_unit).round();
    if steps.abs() > 9e18 {
        return None;
    }
    (steps as i64).checked_mul(step_ns).filter(|ns| plausible(*ns))
}

/// Nanoseconds of an epoch written as digits, exact for whole numbers.
pub(super) fn epoch_text(text: &str) -> Option<i64> {
    if let Ok(whole) = text.parse::<i64>() {
        let scale = match whole.unsigned_abs() {
            0..100_000_000_000 => SECOND,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        return whole.checked_mul(scale).filter(|ns| plausible(*ns));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    epoch(text.parse::<f64>().ok()?)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, allowed: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| allowed.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let from = self.at;
        let mut value: i64 = 0;
        while self.at - from < most
            && let Some(digit @ b'0'..=b'9') = self.peek()
        {
            value = value * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        (self.at - from >= least).then_some(value)
    }

    fn month_name(&mut self) -> Option<i64> {
        let word = self.bytes.get(self.at..self.at + 3)?;
        let months =
            [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
        let month = months.iter().position(|name| word.eq_ignore_ascii_case(&name[..]))?;
        self.at += 3;
        Some(month as i64 + 1)
    }

    /// `HH:MM[:SS[.fraction]]`, in nanoseconds of the day.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.digits(1, 2)?;
        self.eat(b":")?;
        let minute = self.digits(2, 2)?;
        let second = if self.eat(b":").is_some() { self.digits(2, 2)? } else { 0 };
        let fraction = self.fraction();
        in_day(hour, minute, second, fraction)
    }

    fn fraction(&mut self) -> i64 {
        let before = self.at;
        if self.eat(b".,").is_none() {
            return 0;
        }
        let from = self.at;
        let mut value = 0;
        let mut scale = SECOND;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if scale > 1 {
                scale /= 10;
                value += i64::from(digit - b'0') * scale;
            }
            self.at += 1;
        }
        if self.at == from {
            self.at = before;
        }
        value
    }

    /// `Z`, `UTC`, `GMT`, `+HH:MM`, `-HHMM`, after at most one blank: nanoseconds east of UTC.
    fn zone(&mut self) -> Option<i64> {
        let before = self.at;
        self.eat(b" ");
        let zone = self.zone_name().or_else(|| self.zone_offset());
        if zone.is_none() {
            self.at = before;
        }
        zone
    }

    fn zone_name(&mut self) -> Option<i64> {
        for name in [&b"UTC"[..], b"GMT", b"Z", b"z"] {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let ends = !rest.get(name.len()).is_some_and(u8::is_ascii_alphanumeric);
            if rest.starts_with(name) && ends {
                self.at += name.len();
                return Some(0);
            }
        }
        None
    }

    fn zone_offset(&mut self) -> Option<i64> {
        let sign = if self.eat(b"+-")? == b'+' { 1 } else { -1 };
        let hours = self.digits(2, 2)?;
        let minutes = match self.eat(b":") {
            Some(_) => self.digits(2, 2)?,
            None => self.digits(2, 2).unwrap_or(0),
        };
        let stands_alone = !self.peek().is_some_and(|byte| byte.is_ascii_digit());
        (hours <= 18 && minutes < 60 && stands_alone).then_some(sign * (hours * 3600 + minutes * 60) * SECOND)
    }

    fn finish(&mut self, date: (i64, i64, i64), of_day: i64) -> Option<ReadTime> {
        let zone = self.zone();
        let day = days_from_civil(date)?;
        let local = day.checked_mul(86_400 * SECOND)?.checked_add(of_day)?;
        let ns = local.checked_sub(zone.unwrap_or(0))?;
        Some(ReadTime { ns, naive: zone.is_none(), length: self.at })
    }
}

fn in_day(hour: i64, minute: i64, second: i64, fraction: i64) -> Option<i64> {
    // A leap second reads as the second before it.
    let valid = hour < 24 && minute < 60 && second <= 60;
    valid.then(|| (hour * 3600 + minute * 60 + second.min(59)) * SECOND + fraction)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, chrono-compatible date algorithms).
fn days_from_civil((year, month, day): (i64, i64, i64)) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `2026-06-18T15:06:00.123Z`, `2026/06/18 15:06:00`, `20260618T150600`, `2026-06-18`.
fn year_first(bytes: &[u8]) -> Option<ReadTime> {
    let mut cursor = Cursor { bytes, at: 0 };
    let year = cursor.digits(4, 4)?;
    let Some(separator) = cursor.eat(b"-/.") else {
        let month = cursor.digits(2, 2)?;
        let day = cursor.digits(2, 2)?;
        cursor.eat(b"T_-")?;
        let (hour, minute, second) = (cursor.digits(2, 2)?, cursor.digits(2, 2)?, cursor.digits(2, 2)?);
        let fraction = cursor.fraction();
        return cursor.finish((year, month, day), in_day(hour, minute, second, fraction)?);
    };
    let month = cursor.digits(1, 2)?;
    cursor.eat(&[separator])?;
    let day = cursor.digits(1, 2)?;
    let date_end = cursor.at;
    if cursor.eat(b"Tt _").is_none() {
        if cursor.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        return cursor.finish((year, month, day), 0);
    }
    cursor.eat(b" ");
    match cursor.clock() {
        Some(of_day) => cursor.finish((year, month, day), of_day),
        None => {
            let day = days_from_civil((year, month, day))?;
            Some(ReadTime { ns: day.checked_mul(86_400 * SECOND)?, naive: true, length: date_end })
        }
    }
}

/// `18/Jun/2026:15:06:00 +0000`, `18 Jun 2026 15:06:00`, `18-Jun-2026 15:06:00`.
fn day_first(bytes: &[u8]) -> Option<ReadTime> {
    let mut cursor = Cursor { bytes, at: 0 };
    let day = cursor.digits(1, 2)?;
    let separator = cursor.eat(b"/ -")?;
    let month = cursor.month_name()?;
    cursor.eat(&[separator])?;
    let year = cursor.digits(4, 4)?;
    cursor.eat(b": ,")?;
    cursor.eat(b" ");
    let of_day = cursor.clock()?;
    cursor.finish((year, month, day), of_day)
}

/// `Thu, 18 Jun 2026 15:06:00 GMT`, `Thu Jun 18 15:06:00 2026`, `Jun 18, 2026 15:06:00`.
fn weekday_first(bytes: &[u8]) -> Option<ReadTime> {
    let mut cursor = Cursor { bytes, at: 0 };
    let weekdays = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
    if weekdays.iter().any(|name| bytes.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(&name[..]))) {
        cursor.at = 3;
        cursor.eat(b",");
        cursor.eat(b" ")?;
        if cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let read = day_first(bytes.get(cursor.at..)?)?;
            return Some(ReadTime { length: read.length + cursor.at, ..read });
        }
    }
    let month = cursor.month_name()?;
    cursor.eat(b" ")?;
    cursor.eat(b" ");
    let day = cursor.digits(1, 2)?;
    cursor.eat(b",");
    cursor.eat(b" ")?;
    let before = cursor.at;
    if let Some(year) = cursor.digits(4, 4)
        && cursor.eat(b" ,").is_some()
    {
        let of_day = cursor.clock()?;
        return cursor.finish((year, month, day), of_day);
    }
    cursor.at = before;
    let of_day = cursor.clock()?;
    let zone = cursor.zone();
    cursor.eat(b" ")?;
    let year = cursor.digits(4, 4)?;
    let mut read = cursor.finish((year, month, day), of_day)?;
    if let Some(zone) = zone {
        read = ReadTime { ns: read.ns.checked_sub(zone)?, naive: false, ..read };
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_781_795_160 * SECOND;

    #[test]
    fn the_formats_people_write() {
        let table = [
            ("2026-06-18T15:06:00Z", AT, false),
            ("2026-06-18t15:06:00z", AT, false),
            ("2026-06-18T17:06:00+02:00", AT, false),
            ("2026-06-18 09:06:00 -0600", AT, false),
            ("2026-06-18 15:06:00 UTC", AT, false),
            ("2026-06-18 15:06:00,250", AT + 250_000_000, true),
            ("2026-06-18T15:06:00.123456789Z", AT + 123_456_789, false),
            ("2026/06/18 15:06:00", AT, true),
            ("2026-06-18 15:06", AT, true),
            ("20260618T150600Z", AT, false),
            ("18/Jun/2026:15:06:00 +0000", AT, false),
            ("18 Jun 2026 15:06:00", AT, true),
            ("Thu, 18 Jun 2026 15:06:00 GMT", AT, false),
            ("Thu Jun 18 15:06:00 2026", AT, true),
            ("Thu Jun 18 15:06:00 UTC 2026", AT, false),
            ("Jun 18, 2026 15:06:00", AT, true),
            ("1781795160", AT, false),
            ("1781795160.25", AT + 250_000_000, false),
            ("1781795160000", AT, false),
            ("1781795160000000", AT, false),
            ("1781795160000000001", AT + 1, false),
            ("2026-06-18", AT - 54_360 * SECOND, true),
        ];
        for (text, ns, naive) in table {
            assert_eq!(parse(text), Some(ReadTime { ns, naive, length: text.len() }), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        let texts = [
            "",
            "hello",
            "1989-12-31T23:59:59Z",
            "2201-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-13-01",
            "2026-06-18T25:00:00Z",
            "12",
            "-5",
            "9e99",
            "NaN",
            "10.0.0.1",
            "2026-06-18T15:06:00+99:00",
        ];
        for text in texts {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(epoch(f64::NAN), None);
        assert_eq!(epoch(1e300), None);
    }

    #[test]
    fn a_line_starts_with_its_time() {
        let line = "2026-06-18 15:06:00.5 ERROR x";
        assert_eq!(leading(line).map(|read| (read.ns, read.length)), Some((AT + 500_000_000, 21)));
        assert_eq!(leading("2026 things"), None);
    }
}
