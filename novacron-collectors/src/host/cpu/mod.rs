//! CPU: time by core and mode, load, pressure, tasks, clocks and throttling.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/proc/stat` `cpuN` | `novacron_system_cpu_seconds_total` | ÷ 100 (USER_HZ); time of guests is in `user` and `nice` too, as the kernel has it |
//! | the same, between two readings | `novacron_system_cpu_usage_percent` | 100 × (all − idle − iowait) ÷ all; absent at first |
//! | `/proc/stat` `intr`, `softirq` | `novacron_system_interrupts_total`, `novacron_system_soft_interrupts_total` | the first column |
//! | `/proc/stat` `ctxt`, `processes` | `novacron_system_context_switches_total`, `novacron_system_tasks_created_total` | |
//! | `/proc/stat` `procs_running`, `procs_blocked` | `novacron_system_tasks_runnable`, `novacron_system_tasks_blocked` | |
//! | `/proc/stat` `btime` | `novacron_system_boot_time_seconds` | |
//! | `/proc/loadavg` | `novacron_system_load_average` | |
//! | `/proc/pressure/{cpu,memory,io,irq}` | `novacron_system_pressure_stall_seconds_total` | µs ÷ 10⁶; `full` of `cpu` is left out, since the kernel writes a 0 there that means nothing |
//! | `/proc/sys/fs/file-nr` | `novacron_system_open_file_descriptors`, `novacron_system_file_descriptors_limit` | allocated − free; the third column |
//! | `/proc/[pid]/stat` | `novacron_system_processes` | counted, every 30 s |
//! | `/sys/devices/system/cpu/online` | `novacron_system_cpu_cores` | members of the set |
//! | `…/cpuN/cpufreq/scaling_cur_freq` | `novacron_system_cpu_frequency_hertz` | kHz × 1000, every 30 s |
//! | `…/cpuN/thermal_throttle/core_throttle_count` | `novacron_system_thermal_throttle_total` | every 30 s |
//! | `…/package_throttle_count` | `novacron_system_thermal_package_throttle_total` | of the first core of each package, every 30 s |
//!
//! **Privileges:** none. With `/proc` mounted `hidepid`, processes by state are absent.
//!
//! **Failure:** each source stands for itself. One that this kernel does not have is left out; one
//! that cannot be read is left out and named in the run. Two things are not as the kernel has them:
//! idle and iowait that step back by less than 3 s are held ([`stat::Before::settle`]), and the
//! share of busy time counts only cores of which both readings are whole.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::host::cpu::{CpuCollector, CpuSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! telemetry.collect(CpuCollector::new(Root::new("/"), CpuSettings::default()))?;
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use self::pressure::Stalls;
use self::processes::Processes;
use self::stat::{Before, Stat};
use super::{indexed, members, optional};
use crate::{Root, text};

pub mod pressure;
pub mod processes;
mod publish;
pub mod stat;

/// How often what is slow to read is read: clocks, which some drivers ask each core for, throttling
/// and processes.
const SLOW: Duration = Duration::from_secs(30);

/// What the CPU collector reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct CpuSettings {
    /// Time of each core; without it the cores' sum under `cpu="all"`. Default: yes.
    pub per_cpu: bool,
    /// Processes by state: one small file per process, every 30 s. Default: yes.
    pub processes: bool,
    /// Clock of each core, every 30 s. Default: yes.
    pub frequency: bool,
}

impl Default for CpuSettings {
    fn default() -> Self {
        Self {
            per_cpu: true,
            processes: true,
            frequency: true,
        }
    }
}

/// Reads the host's CPUs.
#[derive(Debug)]
pub struct CpuCollector {
    root: Root,
    settings: CpuSettings,
    before: Before,
    slow: Slow,
    slow_since: Option<Instant>,
}

/// What one reading found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CpuReading {
    /// `/proc/stat`.
    pub stat: Stat,
    /// Whether time is shown for each core.
    pub per_cpu: bool,
    /// Share of the time since the last reading in which cores were busy, 0 to 100.
    pub busy_percent: Option<f64>,
    /// Cores that are online.
    pub online: Option<usize>,
    /// Averages over 1, 5 and 15 minutes.
    pub load: [Option<f64>; 3],
    /// Pressure of cpu, memory, io and irq.
    pub stalls: [Stalls; 4],
    /// File handles: open, and the limit.
    pub files: Option<(u64, u64)>,
    /// What is read less often.
    pub slow: Slow,
}

/// What is read every 30 s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slow {
    /// Processes by state.
    pub processes: Option<Processes>,
    /// Clock of each core, in kHz.
    pub kilohertz: BTreeMap<u32, u64>,
    /// Throttling events of each core.
    pub throttles: BTreeMap<u32, u64>,
    /// Throttling events of each package.
    pub package_throttles: BTreeMap<u32, u64>,
}

impl CpuCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root, settings: CpuSettings) -> Self {
        Self {
            root,
            settings,
            before: Before::default(),
            slow: Slow::default(),
            slow_since: None,
        }
    }

    fn slow(&self, run: &mut Run) -> Slow {
        const CPUS: &str = "sys/devices/system/cpu";
        let mut slow = Slow::default();
        if self.settings.processes {
            slow.processes = Processes::read(&self.root, run);
        }
        let names = self.root.list(CPUS).unwrap_or_default();
        let mut cpus: Vec<u32> = names
            .iter()
            .filter_map(|name| indexed(name, "cpu"))
            .collect();
        cpus.sort_unstable();
        for cpu in cpus {
            if run.expired() {
                run.skip("clocks and throttling", "no time was left");
                break;
            }
            let of = |file: &str| self.root.number::<u64>(format!("{CPUS}/cpu{cpu}/{file}"));
            if self.settings.frequency
                && let Some(kilohertz) = of("cpufreq/scaling_cur_freq")
            {
                slow.kilohertz.insert(cpu, kilohertz);
            }
            if let Some(events) = of("thermal_throttle/core_throttle_count") {
                slow.throttles.insert(cpu, events);
            }
            // Each core of a package has the same count of it.
            if let Some(events) = of("thermal_throttle/package_throttle_count")
                && let Some(package) = of("topology/physical_package_id")
                && let Ok(package) = u32::try_from(package)
            {
                slow.package_throttles.entry(package).or_insert(events);
            }
        }
        slow
    }
}

impl Collector for CpuCollector {
    type Metrics = SystemMetrics;
    type Reading = CpuReading;

    const NAME: &'static str = "cpu";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(5));

    fn read(&mut self, run: &mut Run) -> Result<CpuReading, CollectError> {
        let root = &self.root;
        if !root.exists("proc/stat") && !root.exists("sys/devices/system/cpu") {
            return Err(CollectError::absent("there is no /proc/stat"));
        }
        let mut stat =
            optional(root, run, "proc/stat").map_or_else(Stat::default, |text| Stat::parse(&text));
        self.before.settle(&mut stat.cores);
        let mut reading = CpuReading {
            busy_percent: self.before.percent(&stat.cores),
            stat,
            per_cpu: self.settings.per_cpu,
            online: optional(root, run, "sys/devices/system/cpu/online")
                .and_then(|text| Some(members(text::lines(&text).next()?)?.len()))
                .filter(|cores| *cores > 0),
            load: optional(root, run, "proc/loadavg").map_or([None; 3], |text| load(&text)),
            files: optional(root, run, "proc/sys/fs/file-nr").and_then(|text| files(&text)),
            ..CpuReading::default()
        };
        for (stalls, resource) in reading
            .stalls
            .iter_mut()
            .zip(["cpu", "memory", "io", "irq"])
        {
            if let Some(text) = optional(root, run, &format!("proc/pressure/{resource}")) {
                *stalls = Stalls::parse(&text);
            }
        }
        if self.slow_since.is_none_or(|since| since.elapsed() >= SLOW) {
            self.slow = self.slow(run);
            self.slow_since = Some(Instant::now());
        }
        reading.slow = self.slow.clone();
        Ok(reading)
    }

    fn publish(reading: &CpuReading, metrics: &SystemMetrics) {
        publish::publish(reading, metrics);
    }
}

/// `1.07 0.28 0.10 1/95 4608`
fn load(text: &str) -> [Option<f64>; 3] {
    let mut tokens = text::lines(text)
        .next()
        .unwrap_or("")
        .split_ascii_whitespace();
    [(); 3].map(|()| text::number(tokens.next()?))
}

/// `1024 0 9223372036854775807`: allocated, of those free, the limit.
fn files(text: &str) -> Option<(u64, u64)> {
    let mut tokens = text::lines(text).next()?.split_ascii_whitespace();
    let mut next = || text::number::<u64>(tokens.next()?);
    let (allocated, free, limit) = (next()?, next()?, next()?);
    Some((allocated.checked_sub(free)?, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_not_shown() {
        assert_eq!(
            load("1.07 0.28 0.10 1/95 4608\n"),
            [Some(1.07), Some(0.28), Some(0.1)]
        );
        assert_eq!(load("1.07 0.28 0.1"), [None; 3]);
        assert_eq!(files("32\t2\t96198\n"), Some((30, 96_198)));
        assert_eq!(files("2\t32\t96198\n"), None);
        assert_eq!(files("32\t2\t96"), None);
    }
}
