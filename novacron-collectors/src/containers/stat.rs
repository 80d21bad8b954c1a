//! The text of control group files.
//!
//! A number that is not completely one is no number: a file that was cut off says less, never
//! something else.

use crate::text::{self, lines};

/// The whole number that a token is.
pub(super) fn whole(token: &str) -> Option<u64> {
    text::number(token)
}

/// `12345\n`.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('\n')?;
    whole(digits)
}

/// A limit: a number, or `max`, which is none.
pub(super) fn limit(text: &str) -> Option<f64> {
    match text {
        "max\n" => Some(f64::INFINITY),
        text => number(text).map(|limit| limit as f64),
    }
}

/// The value of `key` in lines of `key value`.
pub(super) fn keyed(text: &str, key: &str) -> Option<u64> {
    lines(text)
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        .and_then(whole)
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12`: the total, in microseconds.
pub(super) fn pressure(text: &str, line: &str) -> Option<u64> {
    let rest = lines(text).find_map(|text| text.strip_prefix(line)?.strip_prefix(' '))?;
    whole(
        rest.split(' ')
            .find_map(|word| word.strip_prefix("total="))?,
    )
}

/// The quota and period of `cpu.max`: processors' worth of time, or infinitely much.
pub(super) fn cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.strip_suffix('\n')?.split_once(' ')?;
    let period = whole(period).filter(|period| *period > 0)?;
    match quota {
        "max" => Some(f64::INFINITY),
        quota => whole(quota).map(|quota| quota as f64 / period as f64),
    }
}

/// The same of version 1: a quota of -1 is none.
pub(super) fn cfs_quota(quota: &str, period: &str) -> Option<f64> {
    let period = number(period).filter(|period| *period > 0)?;
    match quota {
        "-1\n" => Some(f64::INFINITY),
        quota => number(quota).map(|quota| quota as f64 / period as f64),
    }
}

/// The limit of memory in version 1, where none is the largest multiple of a page.
pub(super) fn memory_limit(text: &str) -> Option<f64> {
    const NONE: u64 = 1 << 62;
    number(text).map(|limit| match limit {
        NONE.. => f64::INFINITY,
        limit => limit as f64,
    })
}

/// What went through block devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Io {
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// `io.stat`, over the devices that `counts`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
///
/// A line without a complete device or number makes the whole file unknown: a sum that lacks a
/// device would look like a counter that began anew. An empty file says nothing: the kernel lists a
/// device once something went through it.
pub(super) fn io_stat(text: &str, mut counts: impl FnMut(&str) -> bool) -> Option<Io> {
    let mut sum = Io::default();
    if !text.ends_with('\n') {
        return None;
    }
    for line in lines(text) {
        // A group that did nothing on a device has the device and no numbers.
        let mut words = line.split_ascii_whitespace();
        let device = words.next()?;
        if !is_device(device) {
            return None;
        }
        let mut io = Io::default();
        let mut known = 0;
        for word in words {
            let (key, value) = word.split_once('=')?;
            let into = match key {
                "rbytes" => &mut io.read_bytes,
                "wbytes" => &mut io.written_bytes,
                "rios" => &mut io.reads,
                "wios" => &mut io.writes,
                _ => continue,
            };
            *into = whole(value)?;
            known += 1;
        }
        if known != 0 && known != 4 {
            return None;
        }
        if counts(device) {
            sum.add(io);
        }
    }
    Some(sum)
}

/// `blkio.throttle.io_service_bytes_recursive` and `…io_serviced_recursive`:
/// `8:0 Read 1`, `8:0 Write 2`, …, `Total 3`.
pub(super) fn blkio(
    bytes: &str,
    serviced: &str,
    mut counts: impl FnMut(&str) -> bool,
) -> Option<Io> {
    let (read_bytes, written_bytes) = blkio_file(bytes, &mut counts)?;
    let (reads, writes) = blkio_file(serviced, &mut counts)?;
    Some(Io {
        read_bytes,
        written_bytes,
        reads,
        writes,
    })
}

fn blkio_file(text: &str, counts: &mut impl FnMut(&str) -> bool) -> Option<(u64, u64)> {
    let (mut read, mut written, mut whole_file) = (0u64, 0u64, false);
    for line in lines(text) {
        let mut words = line.split_ascii_whitespace();
        let device = words.next()?;
        if device == "Total" {
            whole(words.next()?)?;
            whole_file = true;
            continue;
        }
        if !is_device(device) {
            return None;
        }
        let (direction, value) = (words.next()?, whole(words.next()?)?);
        if counts(device) {
            match direction {
                "Read" => read = read.wrapping_add(value),
                "Write" => written = written.wrapping_add(value),
                _ => {}
            }
        }
    }
    whole_file.then_some((read, written))
}

impl Io {
    fn add(&mut self, other: Io) {
        for (sum, other) in [
            (&mut self.read_bytes, other.read_bytes),
            (&mut self.written_bytes, other.written_bytes),
            (&mut self.reads, other.reads),
            (&mut self.writes, other.writes),
        ] {
            *sum = sum.wrapping_add(other);
        }
    }
}

fn is_device(word: &str) -> bool {
    word.split_once(':')
        .is_some_and(|(major, minor)| whole(major).is_some() && whole(minor).is_some())
}

#[cfg(test)]
mod tests;
