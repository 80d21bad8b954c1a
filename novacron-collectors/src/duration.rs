//! How long something takes, as settings say it: `"10s"`, `"250ms"`, `"5m"`, `"1h"`.
//!
//! For a field of one's own settings: `#[serde(with = "crate::duration")]`.

use std::fmt;
use std::time::Duration;

use serde::Deserializer;
use serde::de::{self, Visitor};

/// What a duration looks like, for those who wrote something else.
const EXPECTED: &str = "a duration such as \"10s\", \"250ms\", \"5m\" or \"1h\"";

/// The duration that this text says: a whole number and its unit.
///
/// # Errors
///
/// What a duration looks like.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{}` is not {EXPECTED}", text.escape_debug());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return Err(wrong()),
    };
    Ok(unit * number)
}

/// Reads a duration from a text in that form.
///
/// # Errors
///
/// What a duration looks like.
pub fn deserialize<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    value.deserialize_any(Text)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_its_unit() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("250ms", 250),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "10 s",
            "10S",
            "4294967296s",
            "1d",
            "10s ",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
