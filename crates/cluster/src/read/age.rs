//! Ages as `kubectl` prints them.

/// Seconds of an age such as `45s`, `2m1s`, `43h`, `110d`, `3y20d`; `None` for anything else (`<unknown>`, `<invalid>`).
pub(crate) fn age_s(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut number: Option<i64> = None;
    let mut any = false;
    for c in text.trim().chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'y' => 365 * 86_400,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
        any = true;
    }
    (any && number.is_none()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::age_s;

    #[test]
    fn printed_ages_are_read() {
        for (text, seconds) in [
            ("45s", Some(45)),
            ("2m1s", Some(121)),
            ("5h", Some(18_000)),
            ("3y20d", Some((3 * 365 + 20) * 86_400)),
            ("<unknown>", None),
            ("", None),
            ("12", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(age_s(text), seconds, "{text}");
        }
    }
}
