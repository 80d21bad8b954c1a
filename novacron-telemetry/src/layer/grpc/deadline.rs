//! How long a caller waits: the header `grpc-timeout`.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// A name that is not read anew for each call.
static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The time that a caller gives a call; `None` if it does not say, or cannot be read.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(&GRPC_TIMEOUT)?.as_bytes())
}

fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(digit - b'0'))
    })?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// From what age on a call that nobody waits for any more ran out of time.
///
/// The caller's clock started before the request arrived, so it gives up a little before that much
/// time went by here: up to a tenth of the time, and no more than 100 ms.
pub(crate) fn patience(timeout: Duration) -> Duration {
    timeout - (timeout / 10).min(Duration::from_millis(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_nothing_else_is() {
        for (text, nanoseconds) in [
            ("1H", 3_600_000_000_000),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("4m", 4_000_000),
            ("5u", 5_000),
            ("99999999n", 99_999_999),
            ("0m", 0),
        ] {
            let expected = Duration::from_nanos(nanoseconds);
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
        for odd in ["", "m", "5", "-5m", "5 m", "123456789m", "5s", "5mm", "٣m"] {
            assert_eq!(parse(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn the_longest_time_is_no_overflow() {
        assert_eq!(
            parse(b"99999999H").map(patience),
            Some(Duration::from_secs(99_999_999 * 3600) - Duration::from_millis(100))
        );
    }
}
