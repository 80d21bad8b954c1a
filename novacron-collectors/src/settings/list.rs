//! The collectors there are.

use std::fmt;

use novacron_telemetry::collect::{Collector, Schedule};
use novacron_telemetry::{Result, Telemetry};
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::hint;
use super::start::Start;
use super::table::{COMMON, Table, TableOf, keys_of};
use crate::Root;
use crate::containers::{ContainersCollector, ContainersSettings};
use crate::gpu::{GpuCollector, GpuSettings};
use crate::hardware::smart::{SmartCollector, SmartSettings};
use crate::hardware::{EdacCollector, PowerCollector, SensorsCollector};
use crate::host::cpu::{CpuCollector, CpuSettings};
use crate::host::disk::{DiskCollector, DiskSettings};
use crate::host::filesystem::{FilesystemCollector, FilesystemSettings};
use crate::host::memory::{MemoryCollector, MemorySettings};
use crate::libvirt::{JobsCollector, LibvirtCollector, LibvirtSettings};
use crate::ml::{MlCollector, MlSettings};
use crate::network::{NetworkCollector, NetworkSettings};
use crate::platform::PlatformCollector;
use crate::rdma::RdmaCollector;

/// One line for each collector: its name, what it is, its settings, how it is made.
macro_rules! collectors {
    ($($name:ident: $collector:ty, $settings:ty, $new:expr;)*) => {
        /// What a `NovaFile` says about collectors.
        ///
        /// See the [module](super) for an example.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct Settings {
            $(
                #[doc = concat!("The table `[collectors.", stringify!($name), "]`.")]
                pub $name: Table<$settings>,
            )*
        }

        /// The names of all collectors.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(const _: () = assert!(
            same(<$collector as Collector>::NAME, stringify!($name)),
            "a collector's table is called like the collector"
        );)*

        impl Settings {
            /// The table of the collector of this name, to be switched on or off.
            pub fn enabled_mut(&mut self, name: &str) -> Option<&mut bool> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name.enabled),)*
                    _ => None,
                }
            }

            /// The keys that the table of the collector of this name may have.
            #[must_use]
            pub fn keys(name: &str) -> Option<Vec<&'static str>> {
                let own = match name {
                    $(stringify!($name) => keys_of::<$settings>(),)*
                    _ => return None,
                };
                Some(COMMON.iter().chain(own).copied().collect())
            }

            /// When each collector runs with these settings, whether or not it is switched on.
            #[must_use]
            pub fn schedules(&self) -> Vec<(&'static str, Schedule)> {
                vec![$((
                    stringify!($name),
                    self.$name.schedule(<$collector as Collector>::SCHEDULE),
                )),*]
            }

            /// Brings what runs to these settings, from those that it runs with.
            pub(super) fn each(
                &self,
                now: Option<&Settings>,
                telemetry: &Telemetry,
                root: &Root,
            ) -> Vec<(&'static str, Result<bool>)> {
                let start = Start { telemetry, root };
                vec![$((
                    stringify!($name),
                    start.collector(&self.$name, now.map(|now| &now.$name), $new),
                )),*]
            }
        }

        impl<'de> Visitor<'de> for Tables {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tables such as `[collectors.cpu]`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = Settings::default();
                while let Some(name) = map.next_key_seed(Name)? {
                    match name {
                        $(stringify!($name) => {
                            settings.$name = map.next_value_seed(TableOf::new(name))?;
                        })*
                        _ => unreachable!("`Name` refuses what is not in `NAMES`"),
                    }
                }
                Ok(settings)
            }
        }
    };
}

collectors! {
    cpu: CpuCollector, CpuSettings, CpuCollector::new;
    memory: MemoryCollector, MemorySettings, MemoryCollector::new;
    disk: DiskCollector, DiskSettings, DiskCollector::new;
    filesystem: FilesystemCollector, FilesystemSettings, FilesystemCollector::new;
    network: NetworkCollector, NetworkSettings, NetworkCollector::new;
    rdma: RdmaCollector, Nothing, |root, _| RdmaCollector::new(root);
    platform: PlatformCollector, Nothing, |root, _| PlatformCollector::new(root);
    sensors: SensorsCollector, Nothing, |root, _| SensorsCollector::new(root);
    power: PowerCollector, Nothing, |root, _| PowerCollector::new(root);
    edac: EdacCollector, Nothing, |root, _| EdacCollector::new(root);
    smart: SmartCollector, SmartSettings, SmartCollector::new;
    libvirt: LibvirtCollector, LibvirtSettings, LibvirtCollector::new;
    libvirt_jobs: JobsCollector, LibvirtSettings, JobsCollector::new;
    containers: ContainersCollector, ContainersSettings, ContainersCollector::new;
    gpu: GpuCollector, GpuSettings, GpuCollector::new;
    ml: MlCollector, MlSettings, |_, settings| MlCollector::new(settings);
}

/// Settings of a collector that needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Nothing {}

impl Settings {
    /// What `[metrics]` says.
    pub(super) fn switch(&mut self, libvirt: bool, containers: bool, per_vm: bool) {
        // It is the same daemon: what is said of it once holds for both.
        if self.libvirt_jobs.own == LibvirtSettings::default() {
            self.libvirt_jobs.own = self.libvirt.own.clone();
        }
        self.libvirt.enabled &= libvirt;
        self.libvirt_jobs.enabled &= libvirt;
        self.containers.enabled &= containers;
        self.libvirt.own.per_vm &= per_vm;
        self.libvirt_jobs.own.per_vm &= per_vm;
        self.containers.own.per_container &= per_vm;
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(tables: D) -> Result<Self, D::Error> {
        tables.deserialize_map(Tables)
    }
}

struct Tables;

/// Reads a collector's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<&'static str, D::Error> {
        let name = String::deserialize(name)?;
        let known = NAMES.iter().copied().find(|known| *known == name);
        known.ok_or_else(|| de::Error::custom(hint::unknown("collector", &name, NAMES)))
    }
}

/// Whether two texts are the same, at compile time.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
