//! Collector `smart`: what disks say of themselves, through `smartctl`.
//!
//! | source: `smartctl -n standby -H -A --json=c /dev/X` | family | conversion |
//! |---|---|---|
//! | `smart_status.passed` | `novacron_hardware_disk_health` | |
//! | `temperature.current` | `novacron_hardware_disk_temperature_celsius` | |
//! | `power_on_time` | `novacron_hardware_disk_power_on_seconds_total` | hours × 3600 |
//! | NVMe `percentage_used`, SCSI and ATA endurance | `novacron_hardware_disk_wear_ratio` | ÷ 100 |
//! | NVMe `media_errors`, ATA attribute 187 | `novacron_hardware_disk_media_errors_total` | |
//! | ATA attribute 5, SCSI grown defects | `novacron_hardware_disk_reallocated_sectors` | |
//!
//! **The program.** It is looked for at fixed places, never in `PATH`, and runs without a shell, in
//! an environment and a process group of its own, for at most 10 s a disk; see [`process`]. Disks
//! that sleep are not woken: while they do, their last values hold, for nothing can change in them.
//!
//! **Privileges:** root, or `CAP_SYS_RAWIO` and access to the devices; otherwise *denied*.
//!
//! **Failure:** without `smartctl`, or without a disk that has anything to say, it is *absent*;
//! virtual disks are asked again every six hours only. A disk that does not answer is left alone
//! for half an hour; one whose `smartctl` cannot even be killed is not asked until it has gone.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::hardware::smart::{SmartCollector, SmartSettings};
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut smart = SmartCollector::new(Root::new("/"), SmartSettings::default());
//! match smart.read(&mut Run::within(Duration::from_secs(30))) {
//!     Ok(reading) => println!("{} disks", reading.disks.len()),
//!     Err(absent) => println!("{absent}"),
//! }
//! ```

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::HardwareMetrics;
use novacron_telemetry::catalog::hardware::DeviceLabelsRef;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use self::process::Failure;
use self::report::{Answer, Report};
use super::optional;
use crate::Root;

pub mod process;
pub mod report;

/// Where distributions put it.
const PLACES: [&str; 4] = [
    "/usr/sbin/smartctl",
    "/usr/local/sbin/smartctl",
    "/sbin/smartctl",
    "/usr/bin/smartctl",
];
/// How long one disk may take.
const DISK: Duration = Duration::from_secs(10);
/// How long a disk that did not answer is left alone: a shelf of them would take all the time there
/// is from those that work.
const LEFT_ALONE: Duration = Duration::from_secs(1800);
/// What is left of a run for killing.
const MOMENT: Duration = Duration::from_secs(1);
/// The most that is read; a report is some 20 KiB.
const LONGEST: usize = 1 << 20;
/// When a disk that had nothing to say is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(6 * 3600);

/// Settings of the collector: the table `[collectors.smart]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct SmartSettings {
    /// Where `smartctl` is, as an absolute path; the usual places by default.
    pub smartctl: Option<PathBuf>,
}

/// Asks disks about themselves.
#[derive(Debug)]
pub struct SmartCollector {
    root: Root,
    settings: SmartSettings,
    timeout: Duration,
    last: HashMap<String, Report>,
    silent: HashMap<String, Instant>,
    broken: HashMap<String, Instant>,
    stuck: HashMap<String, Child>,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmartReading {
    /// Disks by name, such as `sda`, and what they said.
    pub disks: Vec<(String, Report)>,
}

impl SmartCollector {
    /// Asks the disks of this root.
    #[must_use]
    pub fn new(root: Root, settings: SmartSettings) -> Self {
        Self::with_timeout(root, settings, DISK)
    }

    /// Asks the disks of this root, each for at most this long.
    #[must_use]
    pub fn with_timeout(root: Root, settings: SmartSettings, timeout: Duration) -> Self {
        Self {
            root,
            settings,
            timeout,
            last: HashMap::new(),
            silent: HashMap::new(),
            broken: HashMap::new(),
            stuck: HashMap::new(),
        }
    }

    fn smartctl(&self) -> Result<PathBuf, CollectError> {
        match &self.settings.smartctl {
            Some(path) if !path.is_absolute() => {
                let why = "the path of smartctl in the settings is not absolute";
                Err(CollectError::failed(why))
            }
            Some(path) if !path.is_file() => {
                let why = format!("there is no smartctl at {}", path.display());
                Err(CollectError::failed(why))
            }
            Some(path) => Ok(path.clone()),
            None => PLACES
                .iter()
                .map(Path::new)
                .find(|path| path.is_file())
                .map(Path::to_owned)
                .ok_or_else(|| CollectError::absent("smartctl is not installed")),
        }
    }

    /// Whole disks on a bus: not partitions, nor devices made of others, nor optical drives, nor
    /// the hidden paths of a multipath disk.
    fn disks(&self) -> Result<Vec<String>, CollectError> {
        let names = self
            .root
            .list("sys/block")
            .map_err(|error| CollectError::from(error).of("/sys/block"))?;
        let disk = |name: &String| {
            let hidden = optional(&self.root, &format!("sys/block/{name}/hidden"));
            self.root.exists(format!("sys/block/{name}/device"))
                && hidden.is_none_or(|hidden| hidden.as_deref() == Some("0"))
                && !["sr", "fd", "nbd"]
                    .iter()
                    .any(|kind| name.starts_with(kind))
        };
        Ok(names.into_iter().filter(disk).collect())
    }

    fn ask(&mut self, smartctl: &Path, disk: &str, deadline: Instant) -> Answer {
        // `cciss!c0d0` is `/dev/cciss/c0d0`.
        let device = self.root.path(format!("dev/{}", disk.replace('!', "/")));
        let mut arguments: Vec<OsString> = ["-n", "standby", "-H", "-A", "--json=c"]
            .map(OsString::from)
            .into();
        arguments.push(device.into());
        match process::run(smartctl, &arguments, deadline, LONGEST) {
            Ok(output) => report::parse(&output.stdout),
            Err(Failure::TimedOut) => Answer::Failed("no answer in time".to_owned()),
            Err(Failure::TooLong) => Answer::Failed("its output does not end".to_owned()),
            Err(Failure::Io(error)) => Answer::Failed(error.to_string()),
            Err(Failure::Stuck(child)) => {
                self.stuck.insert(disk.to_owned(), child);
                Answer::Failed("no answer, and smartctl cannot be killed".to_owned())
            }
        }
    }
}

impl Collector for SmartCollector {
    type Metrics = HardwareMetrics;
    type Reading = SmartReading;

    const NAME: &'static str = "smart";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(600)).deadline(Duration::from_secs(120));

    fn read(&mut self, run: &mut Run) -> Result<SmartReading, CollectError> {
        let smartctl = self.smartctl()?;
        let disks = self.disks()?;
        self.last.retain(|disk, _| disks.contains(disk));
        self.silent.retain(|disk, _| disks.contains(disk));
        self.broken.retain(|disk, _| disks.contains(disk));
        // What the kernel has let go of since is reaped here.
        self.stuck
            .retain(|_, child| matches!(child.try_wait(), Ok(None)));
        // Killing one that hangs takes a moment, too.
        let last = run.deadline().checked_sub(MOMENT).unwrap_or(run.deadline());
        let mut reading = SmartReading::default();
        let mut denied = false;
        for disk in disks {
            let now = Instant::now();
            if self.silent.get(&disk).is_some_and(|until| now < *until) {
                continue;
            }
            if self.stuck.contains_key(&disk) {
                run.skip(&disk, "an earlier smartctl still waits for it");
                continue;
            }
            if self.broken.get(&disk).is_some_and(|until| now < *until) {
                run.skip(&disk, "no answer the last time, left alone for a while");
                continue;
            }
            if now >= last {
                run.skip(&disk, "no time left");
                continue;
            }
            let deadline = last.min(now + self.timeout);
            match self.ask(&smartctl, &disk, deadline) {
                Answer::Report(report) => {
                    self.last.insert(disk.clone(), report);
                    reading.disks.push((disk, report));
                }
                Answer::Asleep => {
                    let last = self.last.get(&disk).copied();
                    reading.disks.extend(last.map(|report| (disk, report)));
                }
                Answer::Unsupported => {
                    self.silent.insert(disk, now + ASK_AGAIN);
                }
                Answer::Denied => {
                    denied = true;
                    run.skip(&disk, "permission denied");
                }
                Answer::Failed(why) => {
                    run.skip(&disk, why);
                    self.broken.insert(disk, now + LEFT_ALONE);
                }
            }
        }
        match (reading.disks.is_empty(), denied, run.skipped()) {
            (false, ..) => Ok(reading),
            (true, true, _) => Err(CollectError::denied("disks answer root alone")),
            (true, false, 0) => Err(CollectError::absent("no disk says anything of itself")),
            (true, false, _) => {
                let why = run.skipped_targets().join("; ");
                Err(CollectError::failed(why))
            }
        }
    }

    fn publish(reading: &SmartReading, hardware: &HardwareMetrics) {
        let rows = |of: fn(&Report) -> Option<f64>| {
            reading
                .disks
                .iter()
                .filter_map(move |(device, report)| Some((DeviceLabelsRef { device }, of(report)?)))
        };
        hardware
            .disk_health
            .replace_all(rows(|report| report.healthy.map(f64::from)));
        hardware
            .disk_temperature_celsius
            .replace_all(rows(|report| report.temperature));
        hardware
            .disk_power_on_seconds_total
            .replace_all(rows(|report| report.power_on));
        hardware
            .disk_wear_ratio
            .replace_all(rows(|report| report.wear));
        hardware.disk_media_errors_total.replace_all(rows(|report| {
            report.media_errors.map(|errors| errors as f64)
        }));
        hardware
            .disk_reallocated_sectors
            .replace_all(rows(|report| {
                report.reallocated.map(|sectors| sectors as f64)
            }));
    }
}
