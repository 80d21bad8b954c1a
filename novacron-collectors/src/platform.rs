//! Collector `platform`: what this host offers to a hypervisor.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/dev/kvm` | `novacron_system_kvm_available` | 1 if it can be opened; no VM is made |
//! | `/sys/module/kvm_{intel,amd}/parameters/nested` | `novacron_system_kvm_nested` | `Y` or `1` = 1 |
//! | `/sys/kernel/iommu_groups` | `novacron_hardware_iommu_groups` | folders; none if the IOMMU is off |
//! | `/sys/bus/pci/devices/*/sriov_{numvfs,totalvfs}` | `novacron_hardware_sriov_vfs`, `…_limit` | |
//! | `/sys/devices/system/cpu/vulnerabilities/*` | `novacron_hardware_cpu_vulnerable` | `Vulnerable…` = 1; `Unknown…` is left out |
//!
//! **Privileges:** `/dev/kvm` must be open to this process: root, or the group `kvm`. Where it is
//! not, whether it can be used is unknown and the run is *partial*. **Failure:** what is missing or
//! broken is left out.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::platform::PlatformCollector;
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut platform = PlatformCollector::new(Root::new("/"));
//! let reading = platform.read(&mut Run::within(Duration::from_secs(5)))?;
//! println!("KVM: {:?}, IOMMU groups: {:?}", reading.kvm, reading.iommu_groups);
//! # Ok::<(), novacron_telemetry::collect::CollectError>(())
//! ```

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::Duration;

use novacron_telemetry::catalog::hardware::{DeviceLabelsRef, VulnerabilityLabelsRef};
use novacron_telemetry::catalog::{HardwareMetrics, SystemMetrics};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};
use rustix::fs::OFlags;

use crate::Root;

const IOMMU: &str = "sys/kernel/iommu_groups";
const PCI: &str = "sys/bus/pci/devices";
const VULNERABILITIES: &str = "sys/devices/system/cpu/vulnerabilities";

/// Reads what this host offers to a hypervisor.
#[derive(Debug)]
pub struct PlatformCollector {
    root: Root,
}

/// What the collector found; `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformReading {
    /// Whether `/dev/kvm` can be used.
    pub kvm: Option<bool>,
    /// Whether guests can run guests.
    pub nested: Option<bool>,
    /// IOMMU groups.
    pub iommu_groups: Option<usize>,
    /// Devices that can have virtual functions.
    pub sriov: Vec<Sriov>,
    /// CPU vulnerabilities by name, and whether the CPUs are.
    pub vulnerable: Vec<(String, bool)>,
}

/// A device that can have virtual functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sriov {
    /// Its PCI address.
    pub device: String,
    /// Functions that are switched on.
    pub used: Option<u64>,
    /// Functions it can have.
    pub limit: u64,
}

impl PlatformCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self { root }
    }

    /// Opening it shows that the module is loaded and that we may; it makes nothing.
    fn kvm(&self, run: &mut Run) -> Option<bool> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            // Something else of that name, a pipe say, must not be waited for.
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(self.root.path("dev/kvm"));
        match opened.and_then(|device| device.metadata()) {
            Ok(device) => Some(device.file_type().is_char_device()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Without the folder we do not see this host's devices at all.
                self.root.exists("dev").then_some(false)
            }
            // What the driver answers where the CPUs cannot, or another hypervisor holds them.
            Err(error) if is_absent_device(&error) => Some(false),
            Err(error) => {
                run.skip("/dev/kvm", error);
                None
            }
        }
    }

    fn nested(&self) -> Option<bool> {
        ["kvm_intel", "kvm_amd"].iter().find_map(|module| {
            let path = format!("sys/module/{module}/parameters/nested");
            match self.root.attribute(path)?.as_str() {
                "Y" | "1" => Some(true),
                "N" | "0" => Some(false),
                _ => None,
            }
        })
    }

    fn iommu_groups(&self) -> Option<usize> {
        match self.root.list(IOMMU) {
            Ok(groups) => Some(groups.len()),
            // A kernel without support for any; but only where its other folders are to be seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.root.exists("sys/kernel").then_some(0)
            }
            Err(_) => None,
        }
    }

    fn sriov(&self, run: &mut Run) -> Vec<Sriov> {
        let devices = self.root.list(PCI).unwrap_or_default();
        let mut capable = Vec::new();
        for device in devices {
            if run.expired() {
                run.skip(&device, "no time left");
                continue;
            }
            let number = |file: &str| {
                let path = format!("{PCI}/{device}/{file}");
                self.root.number(path)
            };
            if let Some(limit) = number("sriov_totalvfs") {
                let used = number("sriov_numvfs");
                capable.push(Sriov {
                    device,
                    used,
                    limit,
                });
            }
        }
        capable
    }

    fn vulnerable(&self) -> Vec<(String, bool)> {
        let names = self.root.list(VULNERABILITIES).unwrap_or_default();
        let state = |name: String| {
            let says = self.root.attribute(format!("{VULNERABILITIES}/{name}"))?;
            Some((name, vulnerable(&says)?))
        };
        names.into_iter().filter_map(state).collect()
    }
}

/// `ENODEV`, `ENXIO`: there is a node for it, and nothing behind.
fn is_absent_device(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::NODEV, Errno::NXIO]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// What the kernel says of a vulnerability. Some lines begin with whom it is about.
fn vulnerable(says: &str) -> Option<bool> {
    let says = says.strip_prefix("KVM: ").unwrap_or(says);
    if says.starts_with("Vulnerable") || says == "Processor vulnerable" {
        Some(true)
    } else if says.starts_with("Not affected") || says.starts_with("Mitigation") {
        Some(false)
    } else {
        None
    }
}

impl Collector for PlatformCollector {
    type Metrics = (SystemMetrics, HardwareMetrics);
    type Reading = PlatformReading;

    const NAME: &'static str = "platform";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(60)).deadline(Duration::from_secs(20));

    fn read(&mut self, run: &mut Run) -> Result<PlatformReading, CollectError> {
        let reading = PlatformReading {
            kvm: self.kvm(run),
            nested: self.nested(),
            iommu_groups: self.iommu_groups(),
            sriov: self.sriov(run),
            vulnerable: self.vulnerable(),
        };
        match reading == PlatformReading::default() && run.skipped() == 0 {
            true => Err(CollectError::absent("neither /dev nor /sys is to be seen")),
            false => Ok(reading),
        }
    }

    fn publish(reading: &PlatformReading, (system, hardware): &Self::Metrics) {
        system
            .kvm_available
            .set_or_clear(reading.kvm.map(f64::from));
        system
            .kvm_nested
            .set_or_clear(reading.nested.map(f64::from));
        let groups = reading.iommu_groups.map(|groups| groups as f64);
        hardware.iommu_groups.set_or_clear(groups);
        let functions = || {
            reading.sriov.iter().map(|card| {
                let device = card.device.as_str();
                (DeviceLabelsRef { device }, card)
            })
        };
        hardware.sriov_vfs.replace_all(
            functions().filter_map(|(labels, card)| Some((labels, card.used? as f64))),
        );
        hardware
            .sriov_vfs_limit
            .replace_all(functions().map(|(labels, card)| (labels, card.limit as f64)));
        hardware
            .cpu_vulnerable
            .replace_all(reading.vulnerable.iter().map(|(name, vulnerable)| {
                let vulnerability = name.as_str();
                (
                    VulnerabilityLabelsRef { vulnerability },
                    f64::from(*vulnerable),
                )
            }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_whether_a_cpu_is_vulnerable() {
        for (says, is) in [
            ("Not affected", Some(false)),
            ("Mitigation: PTI", Some(false)),
            ("KVM: Mitigation: VMX disabled", Some(false)),
            ("Vulnerable: Safe RET, no microcode", Some(true)),
            ("KVM: Vulnerable", Some(true)),
            ("Processor vulnerable", Some(true)),
            ("Unknown: No mitigations", None),
            ("", None),
        ] {
            assert_eq!(vulnerable(says), is, "{says:?}");
        }
    }
}
