//! Collectors: what is read from hosts, hypervisors, containers and devices, for the groups of the
//! [catalog](novacron_telemetry::catalog) whose writer is a collector.
//!
//! None is built yet. The groups they will fill are declared, and switched off or absent until then:
//! [`docs/metrics.md`](https://github.com/KhryptorGraphics/novacron-telemetry/blob/main/docs/metrics.md)
//! names the collector of each family.

#[cfg(feature = "libvirt")]
pub mod libvirt;
