//! File systems: how full they are, whether they can be written to, and whether they answer.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/proc/self/mountinfo`, below another root `/proc/1/mountinfo` | `novacron_system_filesystem_info`, `…_filesystem_source_info` | escapes (`\040`) undone |
//! | the same | `novacron_system_filesystem_read_only` | `ro`, of the mount or of the file system |
//! | `statfs(2)` | `novacron_system_disk_size_bytes`, `…_filesystem_available_bytes` | blocks × their size |
//! | | `novacron_system_disk_usage_bytes` | (blocks − free) × their size |
//! | | `novacron_system_filesystem_inodes`, `novacron_system_disk_inodes_free` | absent where inodes are made as needed |
//! | | `novacron_system_filesystem_device_error` | 1 if it answers with an error |
//! | | `novacron_system_filesystem_stuck` | 1 if it does not answer |
//!
//! **Which:** file systems that hold files; those of the kernel, of containers and of sessions are
//! left out unless the settings say otherwise. Of several at one mount point the last one is shown,
//! as programs see it.
//!
//! **Privileges:** none; a file system that this process may not ask is shown with an error.
//!
//! **Failure:** a mount that does not answer is asked on a thread of its own that is left waiting,
//! and not asked again until that came back; the others are not delayed after the first run. At most 8
//! threads wait; mounts beyond that are left out and named in the run. A mount with an error is
//! asked again after a pause that doubles up to five minutes.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::host::filesystem::{FilesystemCollector, FilesystemSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! let settings = FilesystemSettings {
//!     exclude_mount_points: ["/scratch/*"].into(),
//!     ..Default::default()
//! };
//! telemetry.collect(FilesystemCollector::new(Root::new("/"), settings))?;
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

pub use self::ask::Space;
use self::ask::{Answer, Helpers, Target};
use self::mountinfo::Mount;
use crate::Root;
use crate::circuit::Circuits;
use crate::pattern::Patterns;

mod ask;
pub mod mountinfo;
mod publish;

/// Which file systems the file system collector reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct FilesystemSettings {
    /// Types that are left out. Default: those of the kernel, and `overlay`, `squashfs` and the
    /// like, which show another file system's space again.
    pub exclude_types: Patterns,
    /// Mount points that are left out. Default: below `/dev`, `/proc` and `/sys`, and those of
    /// containers, pods, snaps and sessions.
    pub exclude_mount_points: Patterns,
    /// After which time a file system that does not answer is stuck. Default: 2 s.
    #[cfg_attr(feature = "exporter", serde(with = "crate::duration"))]
    pub mount_timeout: Duration,
}

impl Default for FilesystemSettings {
    fn default() -> Self {
        Self {
            exclude_types: [
                "autofs",
                "binfmt_misc",
                "bpf",
                "cgroup",
                "cgroup2",
                "configfs",
                "debugfs",
                "devpts",
                "devtmpfs",
                "efivarfs",
                "erofs",
                "fuse.gvfsd-fuse",
                "fuse.lxcfs",
                "fuse.portal",
                "fusectl",
                "hugetlbfs",
                "iso9660",
                "mqueue",
                "nsfs",
                "overlay",
                "proc",
                "pstore",
                "ramfs",
                "rootfs",
                "rpc_pipefs",
                "securityfs",
                "selinuxfs",
                "squashfs",
                "sysfs",
                "tracefs",
            ]
            .into(),
            exclude_mount_points: [
                "/dev",
                "/dev/*",
                "/proc",
                "/proc/*",
                "/sys",
                "/sys/*",
                "/run/credentials/*",
                "/run/user/*",
                "/snap/*",
                "/var/lib/containers/*",
                "/var/lib/docker/*",
                "/var/lib/kubelet/pods/*",
            ]
            .into(),
            mount_timeout: Duration::from_secs(2),
        }
    }
}

/// Reads the host's file systems.
pub struct FilesystemCollector {
    root: Root,
    settings: FilesystemSettings,
    helpers: Helpers,
    /// Mounts that answer with an error.
    broken: Circuits<String>,
    /// Mounts that answered in the last run.
    answered: HashSet<String>,
}

impl fmt::Debug for FilesystemCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesystemCollector")
            .field("root", &self.root)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What one reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesystemReading {
    /// Each mount, and what it said.
    pub mounts: Vec<(Mount, State)>,
}

/// What a mount said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// How full it is.
    Answers(Space),
    /// An error, when it was asked last.
    Error,
    /// Nothing.
    Stuck,
    /// It was not asked.
    Unknown,
}

/// The most mounts that are asked in a run.
const MOST: usize = 1024;
/// Time that is kept of a run for what comes after asking.
const REST: Duration = Duration::from_millis(200);

impl FilesystemCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root, settings: FilesystemSettings) -> Self {
        Self::asking(root, settings, ask::statvfs)
    }

    /// Reads mounts below this root, and asks each of them in another way than by `statfs(2)`: in
    /// tests, whose mounts do not exist.
    #[must_use]
    pub fn asking(
        root: Root,
        settings: FilesystemSettings,
        question: impl Fn(&Path) -> io::Result<Space> + Send + Sync + 'static,
    ) -> Self {
        Self {
            root,
            settings,
            helpers: Helpers::new(Arc::new(question)),
            broken: Circuits::new(Self::SCHEDULE.interval()),
            answered: HashSet::new(),
        }
    }

    fn mounts(&self, run: &mut Run) -> io::Result<Vec<Mount>> {
        // Below another root the mounts are those of its first process, not of this one.
        let bytes = match self.root.path("") == Path::new("/") {
            true => self.root.bytes("proc/self/mountinfo"),
            false => self
                .root
                .bytes("proc/1/mountinfo")
                .or_else(|_| self.root.bytes("proc/self/mountinfo")),
        }?;
        let mut mounts = mountinfo::parse(&bytes);
        mounts.retain(|mount| {
            let plain = |part| matches!(part, Component::Normal(_) | Component::RootDir);
            !self.settings.exclude_types.matches(&mount.kind)
                && !self.settings.exclude_mount_points.matches(&mount.name)
                && mount.point.components().all(plain)
        });
        if mounts.len() > MOST {
            let more = mounts.len() - MOST;
            run.skip(
                format_args!("{more} mounts"),
                format_args!("only {MOST} are read"),
            );
            mounts.truncate(MOST);
        }
        Ok(mounts)
    }
}

impl Collector for FilesystemCollector {
    type Metrics = SystemMetrics;
    type Reading = FilesystemReading;

    const NAME: &'static str = "filesystem";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(30));

    fn read(&mut self, run: &mut Run) -> Result<FilesystemReading, CollectError> {
        let mounts = match self.mounts(run) {
            Ok(mounts) => mounts,
            Err(error) => return Err(CollectError::from(error).of("mountinfo")),
        };
        let now = Instant::now();
        let (asked, left): (Vec<&Mount>, Vec<&Mount>) = mounts
            .iter()
            .partition(|mount| self.broken.allows(&mount.name, now));
        let targets: Vec<Target> = asked
            .iter()
            .map(|mount| Target {
                path: self
                    .root
                    .path(mount.point.strip_prefix("/").unwrap_or(&mount.point)),
                answered: self.answered.contains(&mount.name),
            })
            .collect();
        let end = run.deadline().checked_sub(REST).unwrap_or(now);
        let answers = self.helpers.ask(&targets, self.settings.mount_timeout, end);

        let mut reading = FilesystemReading::default();
        self.broken
            .retain(|name| mounts.iter().any(|mount| mount.name == *name));
        self.answered.clear();
        for (mount, answer) in asked.into_iter().zip(answers) {
            let state = match answer {
                Answer::Given(Ok(space)) => {
                    self.broken.worked(&mount.name);
                    self.answered.insert(mount.name.clone());
                    State::Answers(space)
                }
                Answer::Given(Err(error)) => {
                    self.broken.failed(mount.name.clone(), now);
                    run.skip(&mount.name, error);
                    State::Error
                }
                Answer::Stuck => {
                    run.skip(&mount.name, "it does not answer");
                    State::Stuck
                }
                Answer::Unknown(why) => {
                    run.skip(&mount.name, why);
                    State::Unknown
                }
            };
            reading.mounts.push((mount.clone(), state));
        }
        for mount in left {
            run.skip(&mount.name, "it answered with an error lately");
            reading.mounts.push((mount.clone(), State::Error));
        }
        Ok(reading)
    }

    fn publish(reading: &FilesystemReading, metrics: &SystemMetrics) {
        publish::publish(reading, metrics);
    }
}
