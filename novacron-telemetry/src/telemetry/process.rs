//! This process, from `/proc/self`, read before each scrape.
//!
//! A number is shown only if its text was read completely; where there is no `/proc`, the series
//! are absent.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::catalog::ProcessMetrics;
use crate::registry::Registry;

/// Keeps the process's numbers up to date.
pub(super) fn refresh(
    registry: &Registry,
    metrics: &ProcessMetrics,
    allocated: Option<fn() -> u64>,
) {
    let metrics = metrics.clone();
    if let Some(start) = start_time() {
        metrics.process_start_time_seconds.set(start);
    }
    registry.before_scrape(move || {
        if let Some(Stat {
            cpu_seconds,
            threads,
            resident_pages,
        }) = Stat::read()
        {
            metrics.process_cpu_seconds_total.set(cpu_seconds);
            metrics.process_threads.set(threads);
            metrics
                .process_resident_memory_bytes
                .set(resident_pages * PAGE_BYTES);
        }
        if let Some(fds) = fs::read_dir("/proc/self/fd").ok().map(Iterator::count) {
            // The directory itself was open while it was counted.
            metrics.process_open_fds.set(fds.saturating_sub(1) as f64);
        }
        if let Some(limit) = fd_limit() {
            metrics.process_max_fds.set(limit);
        }
        if let Some(ask) = allocated {
            metrics.runtime_allocated_bytes.set(ask() as f64);
        }
    });
}

/// Linux counts CPU time in hundredths of a second for user space, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// The page size that `/proc` counts in. Every platform this runs on has 4 KiB pages but some on
/// arm64 and powerpc64; there `smaps_rollup`, which counts in KiB, would be the better source.
const PAGE_BYTES: f64 = 4096.0;

#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    threads: f64,
    resident_pages: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn parse(line: &str) -> Option<Self> {
        // The name in parentheses may hold anything, parentheses and spaces too.
        let (_, fields) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Field 3 of proc(5) is the first one here.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) as f64 / TICKS_PER_SECOND,
            threads: field(20)? as f64,
            resident_pages: field(24)? as f64,
        })
    }
}

fn fd_limit() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    match line.split_ascii_whitespace().nth(3)? {
        "unlimited" => Some(f64::INFINITY),
        soft => soft.parse::<u64>().ok().map(|soft| soft as f64),
    }
}

/// When the process began: the boot time and its age since then.
fn start_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 = fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_secs_f64();
    let age = uptime - ticks as f64 / TICKS_PER_SECOND;
    (age >= 0.0).then_some(now - age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_have_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 7 0 1000 2048 300 18446744073709551615";
        let stat = Stat {
            cpu_seconds: 2.0,
            threads: 7.0,
            resident_pages: 300.0,
        };
        assert_eq!(Stat::parse(&format!("12 (a) S (b) {rest}")), Some(stat));
    }

    #[test]
    fn a_line_that_is_cut_short_is_no_reading() {
        for bad in [
            "",
            "12",
            "12 (a) S 1 2",
            "12 (a) S 1 2 3 4 5 6 7 8 9 10 x 50 0 0 20 0 7 0 1 2 3",
        ] {
            assert_eq!(Stat::parse(bad), None, "{bad}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_a_stat_a_limit_and_a_start() {
        assert!(Stat::read().is_some_and(|stat| stat.threads >= 1.0 && stat.resident_pages > 0.0));
        assert!(fd_limit().is_some_and(|limit| limit > 2.0));
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        assert!(start_time().is_some_and(|start| start <= now && start > now - 3600.0 * 24.0));
    }
}
