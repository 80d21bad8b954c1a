//! The ids of traces and spans, and where new ones come from.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

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

/// What the last byte of a `traceparent` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags(pub(super) u8);

impl Flags {
    pub(super) const SAMPLED: u8 = 1;
    /// The last seven bytes of the trace id are random: who samples by them samples fairly.
    pub(super) const RANDOM: u8 = 2;
}

impl TraceIds {
    /// Reads a `traceparent` header. What breaks the grammar is `None`: a stranger's header must
    /// not break a request.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        parse(traceparent.as_bytes()).map(|(ids, _)| ids)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Option<(TraceIds, Flags)> {
    let (version, rest) = bytes.split_first_chunk::<2>()?;
    let (trace, rest) = dashed(rest)?.split_first_chunk::<32>()?;
    let (span, rest) = dashed(rest)?.split_first_chunk::<16>()?;
    let (flags, rest) = dashed(rest)?.split_first_chunk::<2>()?;
    // Later versions may append fields; version 00 may not, and ff does not exist.
    let version = hex(version)?;
    if version == 0xff || !(rest.is_empty() || (version > 0 && rest[0] == b'-')) {
        return None;
    }
    let flags = Flags(u8::try_from(hex(flags)?).ok()?);
    let ids = TraceIds {
        trace_id: hex(trace)?,
        span_id: u64::try_from(hex(span)?).ok()?,
        sampled: flags.0 & Flags::SAMPLED != 0,
    };
    (ids.trace_id != 0 && ids.span_id != 0).then_some((ids, flags))
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

/// A trace id that nobody has had.
pub(super) fn new_trace_id() -> u128 {
    loop {
        let id = (u128::from(random()) << 64) | u128::from(random());
        if id != 0 {
            return id;
        }
    }
}

/// A span id that this trace has not had.
pub(super) fn new_span_id() -> u64 {
    loop {
        let id = random();
        if id != 0 {
            return id;
        }
    }
}

/// A number to spread things in time with.
#[cfg(feature = "otlp")]
pub(crate) fn random_u32() -> u32 {
    (random() >> 32) as u32
}

/// xoshiro256++, one state per thread, seeded from the keys that `std` draws for hash maps. Ids
/// have to differ, not to be secret; with 256 bits of state two threads of a fleet do not meet.
fn random() -> u64 {
    thread_local! {
        static STATE: Cell<[u64; 4]> = const { Cell::new([0; 4]) };
    }
    // A thread that is ending has no state left; it gets a number of its own all the same.
    STATE.try_with(next).unwrap_or_else(|_| seed()[0])
}

fn next(state: &Cell<[u64; 4]>) -> u64 {
    let mut s = state.get();
    if s == [0; 4] {
        s = seed();
    }
    let number = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3].rotate_left(45);
    state.set(s);
    number
}

#[cold]
fn seed() -> [u64; 4] {
    [1u64, 2, 3, 4].map(|word| RandomState::new().hash_one(word))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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

    #[test]
    fn flags_that_nobody_knows_are_no_error() {
        let ids = TraceIds::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff");
        assert!(ids.unwrap().sampled);
    }

    #[test]
    fn ids_differ_from_thread_to_thread() {
        let ids: HashSet<u128> = (0..8)
            .map(|_| std::thread::spawn(|| (0..1000).map(|_| new_trace_id()).collect::<Vec<_>>()))
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 8 * 1000);
        assert!(ids.iter().any(|id| id >> 64 != 0), "the upper half is used");
    }

    /// Each of the 56 bits that sampling looks at is set about half the time.
    #[test]
    fn the_bits_that_sampling_reads_are_fair() {
        const DRAWS: u32 = 20_000;
        let mut set = [0u32; 56];
        for _ in 0..DRAWS {
            let id = new_trace_id();
            for (bit, count) in set.iter_mut().enumerate() {
                *count += u32::from(id >> bit & 1 == 1);
            }
        }
        // Five standard deviations of a fair coin.
        let allowed = 5.0 * (f64::from(DRAWS) * 0.25).sqrt();
        for count in set {
            assert!(
                (f64::from(count) - f64::from(DRAWS) / 2.0).abs() < allowed,
                "{set:?}"
            );
        }
    }
}
