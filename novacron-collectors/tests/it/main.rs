//! Collectors, read from trees that stand for hosts.

#[cfg(feature = "exporter")]
mod document;
#[cfg(feature = "exporter")]
mod goldens;
#[cfg(all(target_os = "linux", feature = "hardware"))]
mod hardware;
#[cfg(all(target_os = "linux", feature = "host"))]
mod host;
#[cfg(all(
    target_os = "linux",
    any(
        feature = "containers",
        feature = "gpu",
        feature = "hardware",
        feature = "host",
    ),
))]
mod mutations;
#[cfg(all(target_os = "linux", feature = "host"))]
mod network;
#[cfg(all(target_os = "linux", feature = "host"))]
mod platform;
#[cfg(all(target_os = "linux", feature = "host"))]
mod rdma;
#[cfg(all(target_os = "linux", feature = "hardware"))]
mod smart;
mod support;
#[cfg(any(
    feature = "containers",
    feature = "gpu",
    feature = "hardware",
    feature = "host",
    feature = "libvirt",
    feature = "ml",
))]
mod written;
