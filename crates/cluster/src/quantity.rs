//! Amounts of processor time, memory and countable things, exact.

use std::fmt;

/// An amount in thousandths of its unit (cores, bytes, pieces), so that sums and comparisons are exact.
///
/// Source: the `resource.Quantity` serialisation of the Kubernetes API (suffixes n, u, m, k, M, G, T, P, E, Ki, Mi,
/// Gi, Ti, Pi, Ei, and decimal exponents). Finer parts than a thousandth are rounded up, as the API server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity {
    milli: i128,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { milli: 0 };

    /// Reads `250m`, `1.5`, `300Mi`, `1e3`, `12`; `None` for text that is no quantity.
    pub fn parse(text: &str) -> Option<Quantity> {
        let text = text.trim();
        let end = text
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '-' | '+'))))
            .map_or(text.len(), |(at, _)| at);
        let (number, suffix) = text.split_at(end);
        let (multiplier, divisor) = scale(suffix)?;
        let negative = number.starts_with('-');
        let number = number.trim_start_matches(['-', '+']);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || whole.len() > 19 || fraction.len() > 12 {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let denominator = divisor.checked_mul(10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)?;
        let numerator = digits.checked_mul(multiplier)?.checked_mul(1000)?;
        let milli = numerator.checked_add(denominator - 1)? / denominator;
        Some(Quantity { milli: if negative { -milli } else { milli } })
    }

    /// A whole number of units.
    pub fn units(count: i64) -> Quantity {
        Quantity { milli: i128::from(count) * 1000 }
    }

    /// Thousandths of the unit.
    pub fn milli(self) -> i128 {
        self.milli
    }

    /// The sum, at most what fits.
    #[must_use]
    pub fn plus(self, other: Quantity) -> Quantity {
        Quantity { milli: self.milli.saturating_add(other.milli) }
    }

    /// The difference, at least what fits.
    #[must_use]
    pub fn minus(self, other: Quantity) -> Quantity {
        Quantity { milli: self.milli.saturating_sub(other.milli) }
    }

    /// As memory and storage are written: `512Mi`, `1.5Gi`.
    pub fn to_bytes_text(self) -> String {
        let bytes = self.milli / 1000;
        for (suffix, shift) in [("Gi", 30_u32), ("Mi", 20), ("Ki", 10)] {
            let unit = 1_i128 << shift;
            if bytes.abs() >= unit {
                let tenths = bytes * 10 / unit;
                return match tenths % 10 {
                    0 => format!("{}{suffix}", tenths / 10),
                    tenth => format!("{}.{}{suffix}", tenths / 10, tenth.abs()),
                };
            }
        }
        bytes.to_string()
    }
}

/// Multiplier and divisor of a suffix.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1000),
        "k" => (1000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power =
                10_i128.checked_pow(exponent.unsigned_abs()).filter(|_| exponent.unsigned_abs() <= 18)?;
            if exponent < 0 { (1, power) } else { (power, 1) }
        }
    })
}

impl fmt::Display for Quantity {
    /// As processor time and counts are written: `250m`, `2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milli % 1000 == 0 { write!(f, "{}", self.milli / 1000) } else { write!(f, "{}m", self.milli) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_api_reference_are_read_exactly() {
        for (text, milli) in [
            ("250m", 250),
            ("1", 1000),
            ("1.5", 1500),
            ("0.1", 100),
            ("128974848", 128_974_848_000),
            ("129e6", 129_000_000_000),
            ("129M", 129_000_000_000),
            ("123Mi", 128_974_848_000),
            ("-2", -2000),
            ("1u", 1),
            ("1500n", 1),
        ] {
            assert_eq!(Quantity::parse(text).map(Quantity::milli), Some(milli), "{text}");
        }
        for text in ["", "Mi", "1Zi", "1.2.3", "ten", "99999999999999999999999", "1e99"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(Quantity::parse("1500m").unwrap().to_string(), "1500m");
        assert_eq!(Quantity::parse("3").unwrap().to_string(), "3");
        assert_eq!(Quantity::parse("1536Mi").unwrap().to_bytes_text(), "1.5Gi");
        assert_eq!(Quantity::parse("5Mi").unwrap().to_bytes_text(), "5Mi");
    }
}
