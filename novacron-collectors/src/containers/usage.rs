//! What a control group says about its container.

use std::collections::HashMap;
use std::io;

use super::mounts::{Tree, Trees};
use super::stat::{self, Io};
use crate::root::Root;

/// What one container uses and may use. What could not be read, or is not kept by the kernel, is
/// `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) cpu_limit_cores: Option<f64>,
    pub(crate) cpu_periods: Option<u64>,
    pub(crate) cpu_throttled_periods: Option<u64>,
    pub(crate) cpu_throttled_seconds: Option<f64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) working_set_bytes: Option<u64>,
    pub(crate) memory_limit_bytes: Option<f64>,
    pub(crate) swap_bytes: Option<u64>,
    /// By event: low, high, max, oom.
    pub(crate) memory_events: [Option<u64>; 4],
    pub(crate) oom_kills: Option<u64>,
    pub(crate) tasks: Option<u64>,
    pub(crate) tasks_limit: Option<f64>,
    pub(crate) io: Option<Io>,
    /// By resource (processors, memory, devices, interrupts): seconds in which some tasks waited,
    /// and in which all did.
    pub(crate) pressure: [[Option<f64>; 2]; 4],
}

/// Reads groups, one after the other.
pub(super) struct Reader<'a> {
    root: &'a Root,
    trees: &'a Trees,
    /// Devices by whether they count.
    disks: HashMap<Box<str>, bool>,
    /// Whether a file of the last group was there.
    there: bool,
    /// Whether a file of any group could not be opened for want of permission.
    pub(super) denied: bool,
}

// Dividing by them is exact where multiplying with their inverse is not.
const MICROSECONDS: f64 = 1e6;
const NANOSECONDS: f64 = 1e9;

impl<'a> Reader<'a> {
    pub(super) fn new(root: &'a Root, trees: &'a Trees) -> Self {
        Self {
            root,
            trees,
            disks: HashMap::new(),
            there: false,
            denied: false,
        }
    }

    /// What the group at this path, below each tree, says; `None` if it is gone.
    pub(super) fn read(&mut self, group: &str) -> Option<Usage> {
        self.there = false;
        let mut usage = Usage::default();
        let trees = self.trees;
        self.cpu(group, &mut usage, trees);
        match &trees.memory {
            Some(Tree::V2(folder)) => self.memory(&mut usage, folder, group),
            Some(Tree::V1(folder)) => self.memory_v1(&mut usage, folder, group),
            None => {}
        }
        if let Some(tree) = &trees.pids {
            // The two files are the same in both versions.
            let folder = tree.folder();
            usage.tasks = self.with(folder, group, "pids.current", stat::number);
            usage.tasks_limit = self.with(folder, group, "pids.max", stat::limit);
        }
        match &trees.io {
            Some(Tree::V2(folder)) => {
                let text = self.text(folder, group, "io.stat");
                usage.io = text.and_then(|text| stat::io_stat(&text, |disk| self.counts(disk)));
            }
            Some(Tree::V1(folder)) => {
                let bytes = self.text(folder, group, "blkio.throttle.io_service_bytes_recursive");
                let serviced = self.text(folder, group, "blkio.throttle.io_serviced_recursive");
                usage.io = bytes.zip(serviced).and_then(|(bytes, serviced)| {
                    stat::blkio(&bytes, &serviced, |disk| self.counts(disk))
                });
            }
            None => {}
        }
        if let Some(folder) = &trees.unified {
            for (at, file) in ["cpu", "memory", "io", "irq"].into_iter().enumerate() {
                if let Some(text) = self.text(folder, group, &format!("{file}.pressure")) {
                    usage.pressure[at] = ["some", "full"].map(|line| {
                        stat::pressure(&text, line).map(|total| total as f64 / MICROSECONDS)
                    });
                }
            }
        }
        self.there.then_some(usage)
    }

    fn cpu(&mut self, group: &str, usage: &mut Usage, trees: &Trees) {
        match &trees.cpu_time {
            Some(Tree::V2(folder)) => {
                let text = self.text(folder, group, "cpu.stat");
                let total = text.and_then(|text| stat::keyed(&text, "usage_usec"));
                usage.cpu_seconds = total.map(|total| total as f64 / MICROSECONDS);
            }
            Some(Tree::V1(folder)) => {
                let total = self.with(folder, group, "cpuacct.usage", stat::number);
                usage.cpu_seconds = total.map(|total| total as f64 / NANOSECONDS);
            }
            None => {}
        }
        let (folder, throttled, unit) = match &trees.cpu {
            Some(Tree::V2(folder)) => {
                usage.cpu_limit_cores = self.with(folder, group, "cpu.max", stat::cpu_max);
                (folder, "throttled_usec", MICROSECONDS)
            }
            Some(Tree::V1(folder)) => {
                let quota = self.text(folder, group, "cpu.cfs_quota_us");
                let period = self.text(folder, group, "cpu.cfs_period_us");
                usage.cpu_limit_cores = quota
                    .zip(period)
                    .and_then(|(quota, period)| stat::cfs_quota(&quota, &period));
                (folder, "throttled_time", NANOSECONDS)
            }
            None => return,
        };
        if let Some(text) = self.text(folder, group, "cpu.stat") {
            usage.cpu_periods = stat::keyed(&text, "nr_periods");
            usage.cpu_throttled_periods = stat::keyed(&text, "nr_throttled");
            usage.cpu_throttled_seconds =
                stat::keyed(&text, throttled).map(|total| total as f64 / unit);
        }
    }

    fn memory(&mut self, usage: &mut Usage, folder: &str, group: &str) {
        usage.memory_bytes = self.with(folder, group, "memory.current", stat::number);
        usage.memory_limit_bytes = self.with(folder, group, "memory.max", stat::limit);
        usage.swap_bytes = self.with(folder, group, "memory.swap.current", stat::number);
        let inactive = self.with(folder, group, "memory.stat", |text| {
            stat::keyed(text, "inactive_file")
        });
        usage.working_set_bytes = working_set(usage.memory_bytes, inactive);
        if let Some(text) = self.text(folder, group, "memory.events") {
            usage.memory_events =
                ["low", "high", "max", "oom"].map(|event| stat::keyed(&text, event));
            usage.oom_kills = stat::keyed(&text, "oom_kill");
        }
    }

    fn memory_v1(&mut self, usage: &mut Usage, folder: &str, group: &str) {
        usage.memory_bytes = self.with(folder, group, "memory.usage_in_bytes", stat::number);
        usage.memory_limit_bytes =
            self.with(folder, group, "memory.limit_in_bytes", stat::memory_limit);
        if let Some(text) = self.text(folder, group, "memory.stat") {
            let inactive = stat::keyed(&text, "total_inactive_file");
            usage.working_set_bytes = working_set(usage.memory_bytes, inactive);
            usage.swap_bytes = stat::keyed(&text, "total_swap");
        }
        // The one event that version 1 counts: how often the limit was in the way.
        usage.memory_events[2] = self.with(folder, group, "memory.failcnt", stat::number);
        usage.oom_kills = self.with(folder, group, "memory.oom_control", |text| {
            stat::keyed(text, "oom_kill")
        });
    }

    fn with<T>(
        &mut self,
        folder: &str,
        group: &str,
        file: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        parse(&self.text(folder, group, file)?)
    }

    fn text(&mut self, folder: &str, group: &str, file: &str) -> Option<String> {
        match self.root.text(format!("{folder}/{group}/{file}")) {
            Ok(text) => {
                self.there = true;
                Some(text)
            }
            Err(error) => {
                self.denied |= error.kind() == io::ErrorKind::PermissionDenied;
                None
            }
        }
    }

    /// Whether what passed a device is counted: not if it lies on others, which see it as well.
    fn counts(&mut self, device: &str) -> bool {
        if let Some(counts) = self.disks.get(device) {
            return *counts;
        }
        let below = self.root.list(format!("sys/dev/block/{device}/slaves"));
        let counts = !below.is_ok_and(|below| !below.is_empty());
        self.disks.insert(device.into(), counts);
        counts
    }
}

/// What the kernel would drop first is not needed. The two are read one after the other, so the
/// second may be ahead.
fn working_set(memory: Option<u64>, inactive: Option<u64>) -> Option<u64> {
    Some(memory?.saturating_sub(inactive?))
}
