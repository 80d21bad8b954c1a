//! The machine itself, from `/proc` and `/sys`: [`cpu`], [`memory`], [`disk`] and [`filesystem`].
//!
//! Each reads plain files of the kernel, needs no privileges beyond reading them, and leaves out
//! what this kernel does not have. A number is taken only if its token was read completely, on a
//! line that was read completely; what cannot be read is absent, never 0.

use std::io;

use novacron_telemetry::collect::Run;
use novacron_telemetry::metric::{Absolute, Gauge};
use rustix::io::Errno;

use crate::{Root, text};

pub mod cpu;
pub mod disk;
pub mod filesystem;
pub mod memory;

/// Ticks per second in which the kernel gives CPU time to user space, on every architecture.
const USER_HZ: f64 = 100.0;

/// A text that may be missing: what does not exist is silently left out, anything else is said.
fn optional(root: &Root, run: &mut Run, path: &str) -> Option<String> {
    match root.text(path) {
        Ok(text) => Some(text),
        Err(error) => {
            if !is_absent(&error) {
                run.skip(path, error);
            }
            None
        }
    }
}

/// Whether the kernel says that it does not have this: no such file, device, data or operation.
/// Pressure files answer the last one where the kernel was booted with `psi=0`.
fn is_absent(error: &io::Error) -> bool {
    const ABSENT: [Errno; 5] = [
        Errno::NOENT,
        Errno::NODEV,
        Errno::NXIO,
        Errno::NODATA,
        Errno::OPNOTSUPP,
    ];
    ABSENT
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
        || error.kind() == io::ErrorKind::NotFound
}

/// Shows a value, or that it is not known.
fn show(gauge: &Gauge, value: Option<impl Into<Value>>) {
    gauge.set_or_clear(value.map(|value| value.into().0));
}

/// Shows a total, or that it is not known.
fn show_total(total: &Absolute, value: Option<u64>) {
    match value {
        Some(value) => {
            total.set(value as f64);
        }
        None => total.clear(),
    }
}

/// A number as the exposition has it. Whole numbers beyond 2⁵³ lose their last digits there.
struct Value(f64);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self(value as f64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

/// The members of a list such as `0-3,8`, as the kernel writes sets of CPUs and nodes.
fn members(list: &str) -> Option<Vec<u32>> {
    /// No machine has more CPUs; a longer range is a broken text.
    const MOST: usize = 1 << 16;
    let mut members = Vec::new();
    for range in list.trim().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (text::number(first)?, text::number(last)?);
        if last < first || members.len() + (last - first) as usize >= MOST {
            return None;
        }
        members.extend(first..=last);
    }
    Some(members)
}

/// The index in a name such as `cpu12` or `node0`.
fn indexed(name: &str, prefix: &str) -> Option<u32> {
    let index = name.strip_prefix(prefix)?;
    index
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| index.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_lists_of_ranges() {
        assert_eq!(members("0-3,8\n"), Some(vec![0, 1, 2, 3, 8]));
        assert_eq!(members("\n"), Some(vec![]), "a node without CPUs");
        for broken in ["0-", "-1", "3-1", "a", "0-4294967295", "0-3,x"] {
            assert_eq!(members(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_digits_are_an_index() {
        assert_eq!(indexed("cpu12", "cpu"), Some(12));
        for other in ["cpu", "cpufreq", "cpu+1", "node1", "cpu99999999999"] {
            assert_eq!(indexed(other, "cpu"), None, "{other}");
        }
    }
}
