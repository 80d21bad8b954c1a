//! Disks: what block devices did, and how RAID arrays are.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/proc/diskstats` | `novacron_system_disk_io_bytes_total` | sectors × 512 |
//! | | `novacron_system_disk_operations_total`, `…_disk_merged_operations_total` | |
//! | | `novacron_system_disk_operation_seconds_total`, `…_disk_io_seconds_total`, `…_disk_io_weighted_seconds_total` | ms ÷ 1000 |
//! | | `novacron_system_disk_discarded_bytes_total` | sectors × 512 |
//! | | `novacron_system_disk_operations_in_flight` | absent where the kernel let it fall below 0 |
//! | `/sys/block/*/size` | `novacron_system_disk_capacity_bytes` | sectors × 512 |
//! | `/sys/block/mdN/md/dev-*/state`, else `/proc/mdstat` | `novacron_system_raid_disks` | counted; absent if one does not say |
//! | `…/md/{raid_disks,degraded,mismatch_cnt}` | `novacron_system_raid_disks_expected`, `…_raid_disks_missing`, `…_raid_mismatched_sectors` | |
//! | `…/md/{array_state,sync_action}` | `novacron_system_raid_state`, `…_raid_sync_action` | 1 for the one it is |
//! | `…/md/sync_completed` | `novacron_system_raid_sync_progress_ratio` | done ÷ all, while it runs |
//!
//! **Which:** whole disks, that is what `/sys/block` has; loop devices, RAM disks, and the paths of
//! one NVMe disk that are shown as the disk already are left out unless the settings say otherwise.
//! Totals are the kernel's own; they wrap where it lets them.
//!
//! **Privileges:** none.
//!
//! **Failure:** a disk without a number is shown without it. A host without block devices is absent.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::host::disk::{DiskCollector, DiskSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! let settings = DiskSettings { exclude: ["loop*", "dm-*"].into(), ..Default::default() };
//! telemetry.collect(DiskCollector::new(Root::new("/"), settings))?;
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use self::diskstats::Disk;
use self::raid::Array;
use crate::Root;
use crate::pattern::Patterns;

pub mod diskstats;
mod publish;
pub mod raid;

/// Which disks the disk collector reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct DiskSettings {
    /// Devices that are left out. Default: `loop*`, `ram*`, `zram*`, `fd*`, `sr*`, `nvme*c*n*`.
    pub exclude: Patterns,
    /// Partitions, too. Default: no, since their sums are those of their disks again.
    pub partitions: bool,
}

impl Default for DiskSettings {
    fn default() -> Self {
        Self {
            exclude: ["loop*", "ram*", "zram*", "fd*", "sr*", "nvme*c*n*"].into(),
            partitions: false,
        }
    }
}

/// Reads the host's block devices.
#[derive(Debug)]
pub struct DiskCollector {
    root: Root,
    settings: DiskSettings,
}

/// What one reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskReading {
    /// Lines of `/proc/diskstats`.
    pub disks: Vec<Disk>,
    /// Sectors of each device, of 512 bytes.
    pub sectors: BTreeMap<String, u64>,
    /// RAID arrays by name.
    pub arrays: BTreeMap<String, Array>,
}

impl DiskCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root, settings: DiskSettings) -> Self {
        Self { root, settings }
    }
}

impl Collector for DiskCollector {
    type Metrics = SystemMetrics;
    type Reading = DiskReading;

    const NAME: &'static str = "disk";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(10));

    fn read(&mut self, run: &mut Run) -> Result<DiskReading, CollectError> {
        let root = &self.root;
        let stats = root.text("proc/diskstats");
        let whole = root.list("sys/block");
        if let (Err(error), Err(_)) = (&stats, &whole) {
            let error = std::io::Error::new(error.kind(), error.to_string());
            return Err(CollectError::from(error).of("/proc/diskstats"));
        }
        let shown = |name: &str| !self.settings.exclude.matches(name);
        let mut disks = match stats {
            Ok(text) => diskstats::parse(&text),
            Err(error) => {
                run.skip("proc/diskstats", error);
                Vec::new()
            }
        };
        disks.retain(|disk| shown(&disk.name));
        let whole = match whole {
            Ok(names) => names,
            // Without it a partition cannot be told from a disk, and both at once count twice.
            Err(error) => {
                run.skip("sys/block", error);
                Vec::new()
            }
        };
        if !self.settings.partitions {
            // Sorted, as `Root::list` has them.
            disks.retain(|disk| whole.binary_search(&kernel_name(&disk.name)).is_ok());
        }
        let mut reading = DiskReading {
            disks,
            arrays: raid::arrays(root, &whole, run),
            ..DiskReading::default()
        };
        for name in whole.iter().filter(|name| shown(name)) {
            if run.expired() {
                run.skip(name, "no time was left");
                continue;
            }
            if let Some(sectors) = root.number(format!("sys/block/{name}/size")) {
                let name = name.replace('!', "/");
                reading.sectors.insert(name, sectors);
            }
        }
        Ok(reading)
    }

    fn publish(reading: &DiskReading, metrics: &SystemMetrics) {
        publish::publish(reading, metrics);
    }
}

/// The name of a device's folder: a `/`, as in `cciss/c0d0`, is spelt `!` there.
fn kernel_name(name: &str) -> String {
    name.replace('/', "!")
}
