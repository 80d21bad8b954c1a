//! Collectors: what is read from hosts, hypervisors, containers and devices, for the families of the
//! [catalog](novacron_telemetry::catalog) whose writer is a collector.
//!
//! Each is a [`Collector`](novacron_telemetry::collect::Collector), to be handed to
//! [`Telemetry::collect`](novacron_telemetry::Telemetry::collect). All read below a [`Root`], so the
//! same code reads a host, a host that is mounted into a container, and the fixtures of its tests.

#[cfg(target_os = "linux")]
pub mod circuit;
#[cfg(all(target_os = "linux", feature = "containers"))]
pub mod containers;
#[cfg(feature = "exporter")]
pub mod duration;
#[cfg(all(target_os = "linux", feature = "gpu"))]
pub mod gpu;
#[cfg(all(target_os = "linux", feature = "hardware"))]
pub mod hardware;
#[cfg(all(target_os = "linux", feature = "host"))]
pub mod host;
#[cfg(all(target_os = "linux", any(feature = "containers", feature = "ml")))]
mod http;
#[cfg(all(target_os = "linux", feature = "libvirt"))]
pub mod libvirt;
#[cfg(all(target_os = "linux", feature = "ml"))]
pub mod ml;
#[cfg(all(target_os = "linux", feature = "host"))]
pub mod network;
#[cfg(target_os = "linux")]
pub mod pattern;
#[cfg(all(target_os = "linux", feature = "host"))]
pub mod platform;
#[cfg(all(target_os = "linux", feature = "host"))]
pub mod rdma;
#[cfg(target_os = "linux")]
pub mod root;
#[cfg(all(target_os = "linux", feature = "exporter"))]
pub mod settings;
#[cfg(target_os = "linux")]
pub mod text;

#[cfg(target_os = "linux")]
pub use root::Root;
