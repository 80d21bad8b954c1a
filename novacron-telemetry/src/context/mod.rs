//! Which trace a piece of work belongs to.
//!
//! Below everything that records, so that exemplars and log lines can name the trace without
//! knowing what a span is.
//!
//! ```
//! use novacron_telemetry::context::TraceIds;
//!
//! let ids = TraceIds::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
//! assert_eq!(ids.span_id, 0x00f0_67aa_0ba9_02b7);
//! assert!(ids.sampled);
//! assert_eq!(TraceIds::parse("00-0-0-01"), None, "a bad header is no header");
//! ```

/// The ids of a trace and of the span in it, as W3C Trace Context has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceIds {
    /// 16 bytes, not all zero.
    pub trace_id: u128,
    /// 8 bytes, not all zero.
    pub span_id: u64,
    /// Whether the trace is recorded: only such a trace makes an exemplar worth following.
    pub sampled: bool,
}

impl TraceIds {
    /// Reads a `traceparent` header. What breaks the grammar is `None`: a stranger's header must
    /// not break a request.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let bytes = traceparent.as_bytes();
        let (version, rest) = bytes.split_first_chunk::<2>()?;
        let (trace, rest) = dashed(rest)?.split_first_chunk::<32>()?;
        let (span, rest) = dashed(rest)?.split_first_chunk::<16>()?;
        let (flags, rest) = dashed(rest)?.split_first_chunk::<2>()?;
        // Later versions may append fields; version 00 may not, and ff does not exist.
        let version = hex(version)?;
        if version == 0xff || !(rest.is_empty() || (version > 0 && rest[0] == b'-')) {
            return None;
        }
        let ids = Self {
            trace_id: hex(trace)?,
            span_id: u64::try_from(hex(span)?).ok()?,
            sampled: hex(flags)? & 1 == 1,
        };
        (ids.trace_id != 0 && ids.span_id != 0).then_some(ids)
    }
}

fn dashed(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(b"-")
}

/// Lower-case hexadecimal, as the standard has it.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((number << 4) | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_break_the_grammar_are_no_headers() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert!(!TraceIds::parse(good).unwrap().sampled);
        assert!(TraceIds::parse(&format!("01{}-more", &good[2..])).is_some());
        for bad in [
            "",
            "00",
            &good[1..],
            &good.to_uppercase(),
            &format!("{good}-more"),
            &format!("ff{}", &good[2..]),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ü0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceIds::parse(bad), None, "{bad}");
        }
    }
}
