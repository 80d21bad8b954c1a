//! The time of a line: RFC 3339 in UTC, with milliseconds and `Z`.

use std::time::{SystemTime, UNIX_EPOCH};

/// `2026-01-27T10:30:45.123Z`.
const LENGTH: usize = 24;

/// Makes time stamps; all that changes within one second is the last digits.
#[derive(Debug)]
pub(super) struct Stamps {
    second: u64,
    text: [u8; LENGTH],
}

impl Default for Stamps {
    fn default() -> Self {
        Self {
            second: u64::MAX,
            text: *b"1970-01-01T00:00:00.000Z",
        }
    }
}

impl Stamps {
    /// The stamp of a time. Times before 1970 and after 9999 are shown as the nearest there is: the
    /// format has four digits for a year.
    pub(super) fn at(&mut self, time: SystemTime) -> &str {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(LAST_SECOND);
        if second != self.second {
            self.second = second;
            let (year, month, day) = date(second / DAY);
            let of_day = second % DAY;
            self.digits(0, 4, year);
            self.digits(5, 2, month);
            self.digits(8, 2, day);
            self.digits(11, 2, of_day / 3600);
            self.digits(14, 2, of_day / 60 % 60);
            self.digits(17, 2, of_day % 60);
        }
        self.digits(20, 3, u64::from(since.subsec_millis()));
        // Only ASCII is ever written into it.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    fn digits(&mut self, at: usize, count: usize, mut number: u64) {
        for place in self.text[at..at + count].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
}

/// The date of a day since 1970-01-01 in the Gregorian calendar. Years are taken to begin in March:
/// the leap day is then the last one.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + DAYS_TO_1970;
    let era = day / DAYS_OF_400_YEARS;
    let of_era = day % DAYS_OF_400_YEARS;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

const DAY: u64 = 86_400;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;
/// From 0000-03-01.
const DAYS_TO_1970: u64 = 719_468;
const DAYS_OF_400_YEARS: u64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn stamps_are_those_of_the_calendar() {
        let mut stamps = Stamps::default();
        // From `date -u -d @… +%FT%TZ`.
        for (second, expected) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_799, "2000-02-29T23:59:59.007Z"),
            (951_868_800, "2000-03-01T00:00:00.007Z"),
            (1_769_509_845, "2026-01-27T10:30:45.007Z"),
            (4_107_542_399, "2100-02-28T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
            (LAST_SECOND, "9999-12-31T23:59:59.007Z"),
            (LAST_SECOND + 1, "9999-12-31T23:59:59.007Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(second) + Duration::from_millis(7);
            assert_eq!(stamps.at(time), expected);
        }
        assert_eq!(
            stamps.at(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00.000Z"
        );
    }
}
