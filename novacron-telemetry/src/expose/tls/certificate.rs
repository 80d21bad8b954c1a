//! When a certificate is valid: the little of X.509 that rustls does not tell.

/// A certificate's dates, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) not_before: i64,
    pub(super) not_after: i64,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which a certificate of the first version leaves out.
const VERSION: u8 = 0xa0;

impl Certificate {
    /// Reads the dates; `None` if this is no certificate.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Reader(der);
        let mut certificate = Reader(outer.take(SEQUENCE)?);
        let mut signed = Reader(certificate.take(SEQUENCE)?);
        if signed.tag() == Some(VERSION) {
            signed.take(VERSION)?;
        }
        // Serial number, algorithm, issuer.
        signed.take(INTEGER)?;
        signed.take(SEQUENCE)?;
        signed.take(SEQUENCE)?;
        let mut validity = Reader(signed.take(SEQUENCE)?);
        let not_before = validity.time()?;
        let not_after = validity.time()?;
        Some(Self {
            not_before,
            not_after,
        })
    }
}

/// What is left of a piece of DER.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next element, if it is one of these.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // At most four bytes of length; none at all is not DER.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(content)
    }

    fn time(&mut self) -> Option<i64> {
        match self.tag()? {
            UTC_TIME => {
                let text = self.take(UTC_TIME)?;
                let (year, rest) = text.split_at_checked(2)?;
                let year = number(year)?;
                // As RFC 5280 reads two digits.
                unix(if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            _ => {
                let text = self.take(GENERALIZED_TIME)?;
                let (year, rest) = text.split_at_checked(4)?;
                unix(number(year)?, rest)
            }
        }
    }
}

/// Unix seconds of a year and `MMDDHHMMSSZ`.
fn unix(year: i64, rest: &[u8]) -> Option<i64> {
    let digits = rest
        .strip_suffix(b"Z")
        .filter(|digits| digits.len() == 10)?;
    let mut pairs = digits.chunks(2).map(number);
    let mut next = || pairs.next().flatten();
    let (month, day) = (next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let plausible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    plausible.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that the
/// day that some have more is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let in_year = (153 * since_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year
        - 719_468
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some(number * 10 + i64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, expected) in [
            ((1970, 1, 1), 0),
            ((1999, 12, 31), 10_956),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2024, 2, 29), 19_782),
            ((2038, 1, 19), 24_855),
            ((2100, 3, 1), 47_541),
        ] {
            assert_eq!(days(date.0, date.1, date.2), expected, "{date:?}");
        }
    }

    #[test]
    fn both_spellings_of_a_time_are_read_and_nothing_else() {
        let time = |tag: u8, text: &str| {
            let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
            der.extend(text.as_bytes());
            Reader(&der).time()
        };
        assert_eq!(time(UTC_TIME, "261121193000Z"), Some(1_795_289_400));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(time(GENERALIZED_TIME, "20380119031408Z"), Some(1 << 31));
        for (tag, text) in [
            (UTC_TIME, "2611211930Z"),
            (UTC_TIME, "261321193000Z"),
            (UTC_TIME, "2611211930000"),
            (GENERALIZED_TIME, "2038011903140+Z"),
            (INTEGER, "261121193000Z"),
        ] {
            assert_eq!(time(tag, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x02, 0x30, 0x00],
        ] {
            assert_eq!(Certificate::read(der), None, "{der:?}");
        }
    }
}
