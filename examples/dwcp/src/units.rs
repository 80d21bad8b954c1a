//! Sizes, rates and times as people write them.

use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use novacron_telemetry::catalog::dwcp::DwcpMode;

use crate::memory::PAGE;

/// `64MiB`; whole pages, at least one.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    let page = PAGE as u64;
    if bytes == 0 || !bytes.is_multiple_of(page) {
        return Err(format!("memory comes in pages of {page} bytes; try 64MiB"));
    }
    if bytes > MOST_MEMORY {
        return Err("more than this example handles; 16GiB is the most".to_owned());
    }
    Ok(bytes)
}

/// `1GiB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let size: Result<ByteSize, _> = text.parse();
    size.map(|size| size.as_u64())
        .map_err(|_| "no size; try 64MiB".to_owned())
}

/// `8MiB` or `8MiB/s`.
pub(crate) fn rate(text: &str) -> Result<u64, String> {
    size(text.strip_suffix("/s").unwrap_or(text)).map_err(|_| "no rate; try 8MiB/s".to_owned())
}

/// A rate that is not too small to end, or `unlimited`.
pub(crate) fn bandwidth(text: &str) -> Result<Bandwidth, String> {
    if text == "unlimited" {
        return Ok(Bandwidth(None));
    }
    let bytes = rate(text).map_err(|_| "no rate; try 64MiB/s, or unlimited".to_owned())?;
    if bytes < LEAST_BANDWIDTH {
        return Err("a link this slow is not worth waiting for; 64KiB/s is the least".to_owned());
    }
    Ok(Bandwidth(Some(bytes)))
}

/// Bytes per second; `None` for as fast as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bandwidth(pub(crate) Option<u64>);

/// `300ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "no time; try 300ms".to_owned())
}

/// `hybrid` and so on, listed in the help.
pub(crate) fn mode() -> impl TypedValueParser<Value = DwcpMode> {
    PossibleValuesParser::new(DwcpMode::ALL.iter().map(|mode| mode.as_str()))
        .try_map(|text| DwcpMode::parse(&text).ok_or("no network mode"))
}

const MOST_MEMORY: u64 = 16 << 30;
const LEAST_BANDWIDTH: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        assert_eq!(memory("64MiB"), Ok(64 << 20));
        assert_eq!(memory("64 MiB"), Ok(64 << 20));
        assert_eq!(memory("4096"), Ok(4096));
        assert_eq!(rate("8MiB/s"), Ok(8 << 20));
        assert_eq!(rate("0"), Ok(0));
        assert_eq!(bandwidth("1GB"), Ok(Bandwidth(Some(1_000_000_000))));
        assert_eq!(bandwidth("unlimited"), Ok(Bandwidth(None)));
        assert_eq!(duration("300ms"), Ok(Duration::from_millis(300)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "0", "-1", "5000", "lots", "1TiB", "64MiB/s"] {
            assert!(memory(text).is_err(), "{text}");
        }
        for text in ["", "fast", "1KiB/s", "-8MiB"] {
            assert!(bandwidth(text).is_err(), "{text}");
        }
        assert!(duration("3").is_err());
    }
}
