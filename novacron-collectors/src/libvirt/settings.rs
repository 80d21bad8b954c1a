//! What both collectors of libvirt are told.

use std::path::PathBuf;
use std::time::Duration;

use crate::Root;

/// Settings of the collectors `libvirt` and `libvirt_jobs`.
///
/// ```
/// use novacron_collectors::libvirt::LibvirtSettings;
///
/// let settings = LibvirtSettings {
///     per_vm: false,
///     ..LibvirtSettings::default()
/// };
/// assert_eq!(settings.uri, "qemu:///system");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LibvirtSettings {
    /// The socket; without it the read-only ones of `libvirtd` and of `virtqemud` are tried. The
    /// one that may write is never taken unless it is named here.
    pub socket: Option<PathBuf>,
    /// Which hypervisor to open there.
    pub uri: String,
    /// The `host` label; without it the name of the machine.
    pub host: Option<String>,
    /// Whether each VM has series of its own. Without them there is what the host is counted by:
    /// domains by state, what was promised to them, jobs that ended.
    pub per_vm: bool,
    /// How long the daemon may take for one answer. A guest that hangs costs a run this long, once.
    #[cfg_attr(feature = "exporter", serde(with = "crate::duration"))]
    pub call_timeout: Duration,
}

impl Default for LibvirtSettings {
    fn default() -> Self {
        Self {
            socket: None,
            uri: "qemu:///system".to_owned(),
            host: None,
            per_vm: true,
            call_timeout: Duration::from_secs(2),
        }
    }
}

impl LibvirtSettings {
    /// The sockets to try, best first.
    pub(crate) fn sockets(&self, root: &Root) -> Vec<PathBuf> {
        match &self.socket {
            Some(socket) => vec![socket.clone()],
            None => SOCKETS.iter().map(|socket| root.path(socket)).collect(),
        }
    }

    /// The `host` label.
    pub(crate) fn host_label(&self, root: &Root) -> String {
        let names = match *root == Root::new("/") {
            true => ["proc/sys/kernel/hostname", "etc/hostname"],
            // That file in /proc says who reads it, a container perhaps, not where it was read.
            false => ["etc/hostname", "proc/sys/kernel/hostname"],
        };
        let machine = || names.iter().find_map(|name| root.line(name));
        self.host.clone().or_else(machine).unwrap_or_default()
    }
}

const SOCKETS: [&str; 2] = [
    "run/libvirt/libvirt-sock-ro",
    "run/libvirt/virtqemud-sock-ro",
];
