//! Times as runtimes write them.

/// Unix seconds of `2026-11-21T03:04:08.067447802Z`, or with an offset such as `+01:00`.
pub(super) fn parse(text: &str) -> Option<f64> {
    let number = |at: usize, len: usize| -> Option<i64> {
        let digits = text.get(at..at + len)?;
        let good = digits.bytes().all(|b| b.is_ascii_digit());
        good.then(|| digits.parse().ok())?
    };
    let is = |at: usize, what: u8| text.as_bytes().get(at) == Some(&what);
    if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let good = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !good {
        return None;
    }
    let (fraction, zone) = match text.get(19..)?.strip_prefix('.') {
        None => (0.0, text.get(19..)?),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            (format!("0.{}", &rest[..end]).parse().ok()?, &rest[end..])
        }
    };
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some((seconds - offset(zone)?) as f64 + fraction)
}

fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes() {
        [b'Z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |text: &str| {
        let good = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse::<i64>().ok())?
    };
    Some(sign * (two(hours)? * 3600 + two(minutes)? * 60))
}

/// Days since 1970 of a date of the Gregorian calendar, counted in years that begin in March, so
/// that the odd day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_seconds() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2000-02-29T12:00:00Z", 951_825_600.0),
            ("2026-11-21T03:04:08.5Z", 1_795_230_248.5),
            ("2026-11-21T04:04:08.500000000+01:00", 1_795_230_248.5),
            ("2026-11-20T21:34:08-05:30", 1_795_230_248.0),
            ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T03:04:08",
            "2026-13-21T03:04:08Z",
            "2026-11-21T24:04:08Z",
            "2026-11-21T03:04:08.5",
            "2026-11-21T03:04:08+1:00",
            "2026-11-21T03:04:08Zulu",
            "+026-11-21T03:04:08Z",
            "2026-11-21T03:04:0\u{e9}Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
