//! Collector `power`: energy used by the processors and their memory (RAPL).
//!
//! | source, in `/sys/class/powercap/*` | family | conversion |
//! |---|---|---|
//! | `name` of the zone and of the one it is in | label `zone`, such as `package-0/dram` | |
//! | `energy_uj`, `max_energy_range_uj` | `novacron_hardware_energy_joules_total` | ÷ 10⁶, wraps added up |
//!
//! The hardware's counter begins anew after some minutes of load, at `max_energy_range_uj`. Shown
//! as it is, each wrap would be taken for a reset, and what was used before it be lost; so wraps
//! are added up here, from the first reading on. A fall that would mean more than 20 kW is no wrap
//! but a driver that was loaded anew, and the total begins anew with it.
//!
//! A zone is part of the one it is in: sum over `package-…` zones, not over all. Where two ways
//! lead to the same zone, the second one is named after it: `package-0 (intel-rapl-mmio)`.
//!
//! **Privileges:** `energy_uj` is readable by root alone, since it tells about secrets of others;
//! otherwise the collector is *denied*. **Failure:** a machine without zones is *absent*.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::hardware::PowerCollector;
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut power = PowerCollector::new(Root::new("/"));
//! match power.read(&mut Run::within(Duration::from_secs(5))) {
//!     Ok(reading) => println!("{} zones", reading.zones.len()),
//!     Err(absent) => println!("{absent}"),
//! }
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::HardwareMetrics;
use novacron_telemetry::catalog::hardware::ZoneLabelsRef;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use crate::{Root, text};

const FOLDER: &str = "sys/class/powercap";
/// The way to zones that all machines have; those of others are named after theirs.
const USUAL: &str = "intel-rapl";
/// More than any processor package draws, so no wrap.
const IMPLAUSIBLE_WATTS: f64 = 20_000.0;

/// Reads energy counters, and adds up their wraps.
#[derive(Debug)]
pub struct PowerCollector {
    root: Root,
    totals: HashMap<String, Total>,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PowerReading {
    /// Energy in joules, by zone.
    pub zones: Vec<(String, f64)>,
}

/// One zone, over time; energies are in microjoules.
#[derive(Clone, Copy, Debug)]
struct Total {
    last: u64,
    at: Instant,
    total: u64,
}

impl Total {
    fn begin(energy: u64, at: Instant) -> Self {
        Self {
            last: energy,
            at,
            total: energy,
        }
    }

    /// Adds what was used since the last reading; `range` is where the counter begins anew.
    fn advance(&mut self, energy: u64, range: Option<u64>, at: Instant) {
        let used = match energy.checked_sub(self.last) {
            Some(used) => Some(used),
            None => range
                .and_then(|range| range.checked_sub(self.last)?.checked_add(energy))
                .filter(|used| {
                    let seconds = at.saturating_duration_since(self.at).as_secs_f64();
                    *used as f64 / 1e6 <= IMPLAUSIBLE_WATTS * seconds.max(1.0)
                }),
        };
        *self = match used.and_then(|used| self.total.checked_add(used)) {
            Some(total) => Self {
                last: energy,
                at,
                total,
            },
            None => Self::begin(energy, at),
        };
    }
}

impl PowerCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self {
            root,
            totals: HashMap::new(),
        }
    }

    /// The zones, by the name of their folder: what they are called.
    fn zones(&self) -> io::Result<BTreeMap<String, String>> {
        let folders = self.root.list(FOLDER)?;
        let name = |folder: &str| self.root.attribute(format!("{FOLDER}/{folder}/name"));
        let zones = folders
            .iter()
            .filter(|folder| self.root.exists(format!("{FOLDER}/{folder}/energy_uj")));
        let mut named: BTreeMap<String, String> = zones
            .filter_map(|folder| {
                let own = name(folder)?;
                let (way, _) = folder.split_once(':')?;
                // `intel-rapl:0:1` is in `intel-rapl:0`, and that in `intel-rapl`, which is no zone.
                let called = match folder.rsplit_once(':') {
                    Some((outer, _)) if outer != way => format!("{}/{own}", name(outer)?),
                    _ => own,
                };
                let called = match way {
                    USUAL => called,
                    way => format!("{called} ({way})"),
                };
                Some((folder.clone(), called))
            })
            .collect();
        // Two zones of one name are not known of; should there be any, they are two series.
        let mut times = HashMap::<String, usize>::new();
        for called in named.values() {
            *times.entry(called.clone()).or_default() += 1;
        }
        for (folder, called) in &mut named {
            if times.get(called).is_some_and(|times| *times > 1) {
                *called = format!("{called} {folder}");
            }
        }
        Ok(named)
    }

    fn energy(&self, folder: &str) -> io::Result<Option<u64>> {
        let text = self.root.text(format!("{FOLDER}/{folder}/energy_uj"))?;
        Ok(text::lines(&text).next().and_then(text::number))
    }
}

impl Collector for PowerCollector {
    type Metrics = HardwareMetrics;
    type Reading = PowerReading;

    const NAME: &'static str = "power";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(10)).deadline(Duration::from_secs(8));

    fn read(&mut self, run: &mut Run) -> Result<PowerReading, CollectError> {
        let zones = self
            .zones()
            .map_err(|error| CollectError::from(error).of("/sys/class/powercap"))?;
        if zones.is_empty() {
            return Err(CollectError::absent("no zone of energy"));
        }
        let mut reading = PowerReading::default();
        let mut denied = false;
        for (folder, called) in &zones {
            let energy = match self.energy(folder) {
                Ok(Some(energy)) => energy,
                Ok(None) => {
                    run.skip(called, "its energy is no number");
                    continue;
                }
                Err(error) => {
                    denied |= error.kind() == io::ErrorKind::PermissionDenied;
                    run.skip(called, error);
                    continue;
                }
            };
            let range = self
                .root
                .number(format!("{FOLDER}/{folder}/max_energy_range_uj"));
            let now = Instant::now();
            let total = self
                .totals
                .entry(called.clone())
                .and_modify(|total| total.advance(energy, range, now))
                .or_insert_with(|| Total::begin(energy, now));
            let joules = total.total as f64 / 1e6;
            reading.zones.push((called.clone(), joules));
        }
        self.totals
            .retain(|called, _| zones.values().any(|zone| zone == called));
        match (reading.zones.is_empty(), denied) {
            (false, _) => Ok(reading),
            (true, true) => Err(CollectError::denied("energy_uj is readable by root alone")),
            (true, false) => Err(CollectError::failed("no zone has a number")),
        }
    }

    fn publish(reading: &PowerReading, hardware: &HardwareMetrics) {
        let zones = reading.zones.iter();
        hardware
            .energy_joules_total
            .replace_all(zones.map(|(zone, joules)| (ZoneLabelsRef { zone }, *joules)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Option<u64> = Some(262_143_328_850);

    fn after(last: u64, energy: u64, range: Option<u64>, seconds: u64) -> u64 {
        let start = Instant::now();
        let mut total = Total::begin(last, start);
        total.advance(energy, range, start + Duration::from_secs(seconds));
        total.total - last
    }

    #[test]
    fn what_was_used_across_a_wrap_is_added() {
        assert_eq!(after(1_000, 5_000, RANGE, 10), 4_000);
        assert_eq!(after(262_143_000_000, 671_150, RANGE, 10), 1_000_000);
    }

    #[test]
    fn a_fall_that_is_no_wrap_begins_anew() {
        let start = Instant::now();
        let later = start + Duration::from_secs(10);
        // 262 kJ in 10 s, a counter without a range, a counter beyond its range.
        for (last, energy, range) in [
            (5_000, 0, RANGE),
            (5_000, 70, None),
            (5_000, 70, Some(4_000)),
        ] {
            let mut total = Total::begin(last, start);
            total.advance(energy, range, later);
            assert_eq!(total.total, energy);
        }
    }

    #[test]
    fn totals_grow_over_many_wraps() {
        let start = Instant::now();
        let (range, step) = (1_000_000_u64, 300_000_u64);
        let mut total = Total::begin(0, start);
        for n in 1..=1_000 {
            total.advance(
                n * step % range,
                Some(range),
                start + Duration::from_secs(n),
            );
            assert_eq!(total.total, n * step);
        }
    }
}
