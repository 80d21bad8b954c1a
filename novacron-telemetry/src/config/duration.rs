//! How long something takes, as a file says it: `"10s"`, `"250ms"`, `"5m"`, `"1h"`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// Reads a whole number and its unit.
pub(super) fn read<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(value)?;
    parse(&text).map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "`{}` is not a duration such as \"10s\", \"250ms\", \"5m\" or \"1h\"",
            text.escape_debug()
        ))
    })
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return None,
    };
    Some(unit * number.parse::<u32>().ok()?)
}
