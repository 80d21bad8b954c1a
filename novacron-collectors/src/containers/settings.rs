//! What can be set.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the collector of containers: the table `[collectors.containers]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ContainersSettings {
    /// Sockets of Docker's API. Those that are not there are left out. Being able to read one is as
    /// good as being root.
    pub sockets: Vec<PathBuf>,
    /// Whether each container has series of its own; if not, only their numbers by state are shown.
    pub per_container: bool,
    /// How often runtimes are asked for their containers.
    #[cfg_attr(feature = "exporter", serde(with = "crate::duration"))]
    pub list_interval: Duration,
    /// How often the writable layer of each container is measured; zero for never. The runtime goes
    /// through all files of the container for it.
    #[cfg_attr(feature = "exporter", serde(with = "crate::duration"))]
    pub size_interval: Duration,
}

impl Default for ContainersSettings {
    fn default() -> Self {
        Self {
            sockets: vec!["/run/docker.sock".into(), "/run/podman/podman.sock".into()],
            per_container: true,
            list_interval: Duration::from_secs(15),
            size_interval: Duration::from_secs(600),
        }
    }
}
