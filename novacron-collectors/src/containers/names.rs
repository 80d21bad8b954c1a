//! Which control groups are containers, told by their names.
//!
//! Every runtime names the group of a container after the container's id, in one of two styles:
//! systemd's (`docker-<id>.scope`) or the file system's (`docker/<id>`). What is in between, slices
//! and pods, is no container, and neither is a runtime's helper process (`libpod-conmon-<id>`).

use novacron_telemetry::catalog::container::ContainerRuntime;

/// A container as its group names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(Box<str>);

impl Id {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits of an id of 64; any other name as it is.
    pub(super) fn short(&self) -> &str {
        match is_long_id(&self.0) {
            true => &self.0[..12],
            false => &self.0,
        }
    }
}

/// The container that the group `name` below `parent` is, if it is one.
pub(super) fn container(parent: &str, name: &str) -> Option<(ContainerRuntime, Id)> {
    use ContainerRuntime::{Containerd, Crio, Docker, Lxc, Podman, Unknown};

    // systemd's style.
    const SCOPES: [(&str, ContainerRuntime); 6] = [
        ("docker-", Docker),
        ("libpod-", Podman),
        ("cri-containerd-", Containerd),
        ("nerdctl-", Containerd),
        ("containerd-", Containerd),
        ("crio-", Crio),
    ];
    // podman's own groups carry no `.scope`.
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    for (prefix, runtime) in SCOPES {
        if let Some(id) = stem.strip_prefix(prefix) {
            return is_long_id(id).then(|| (runtime, Id::new(id)));
        }
    }
    if let Some(name) = stem.strip_prefix("lxc.payload.") {
        return (!name.is_empty()).then(|| (Lxc, Id::new(name)));
    }

    // What containerd makes of systemd's style when it was set up for the other: `…:cri-containerd:<id>`.
    if let Some((before, id)) = name.rsplit_once(':')
        && is_long_id(id)
    {
        let runtime = match before.rsplit(':').next() {
            Some("cri-containerd" | "nerdctl") => Containerd,
            Some("docker") => Docker,
            Some("crio") => Crio,
            _ => Unknown,
        };
        return Some((runtime, Id::new(id)));
    }

    // The file system's style.
    match parent {
        "lxc" | "lxc.payload" => Some((Lxc, Id::new(name))),
        _ if !is_long_id(name) => None,
        "docker" => Some((Docker, Id::new(name))),
        "default" | "k8s.io" | "moby" => Some((Containerd, Id::new(name))),
        _ => Some((Unknown, Id::new(name))),
    }
}

fn is_long_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_is_told_by_its_names() {
        use ContainerRuntime::{Containerd, Crio, Docker, Lxc, Podman, Unknown};

        let id = "1cdf60949032a70fcc8c6ec62c5da17ba7d88d443e39ad17ce44a957c1f21aab";
        let table = [
            ("system.slice", "docker-ID.scope", Some(Docker)),
            ("docker", "ID", Some(Docker)),
            ("machine.slice", "libpod-ID.scope", Some(Podman)),
            ("libpod_parent", "libpod-ID", Some(Podman)),
            ("libpod_parent", "libpod-conmon-ID", None),
            ("machine.slice", "libpod-conmon-ID.scope", None),
            (
                "kubepods-pod1.slice",
                "cri-containerd-ID.scope",
                Some(Containerd),
            ),
            (
                "system.slice",
                "kubepods-besteffort-pod1.slice:cri-containerd:ID",
                Some(Containerd),
            ),
            ("system.slice", "nerdctl-ID.scope", Some(Containerd)),
            ("default", "ID", Some(Containerd)),
            ("kubepods-pod1.slice", "crio-ID.scope", Some(Crio)),
            ("kubepods-pod1.slice", "crio-conmon-ID.scope", None),
            ("pod0ecbd6a0", "ID", Some(Unknown)),
            ("docker", "buildkit", None),
            ("system.slice", "docker.service", None),
            ("system.slice", "docker-1cdf60949032.scope", None),
            ("machine.slice", "vm1", None),
            ("", "ID0", None),
        ];
        for (parent, name, expected) in table {
            let found = container(parent, &name.replace("ID", id));
            assert_eq!(
                found,
                expected.map(|runtime| (runtime, Id::new(id))),
                "{name}"
            );
        }
        for (parent, name) in [
            ("lxc", "web"),
            ("lxc.payload", "web"),
            ("", "lxc.payload.web"),
        ] {
            assert_eq!(container(parent, name), Some((Lxc, Id::new("web"))));
        }
        assert_eq!(container("", "lxc.monitor.web"), None);
        assert_eq!(container("", "lxc.payload."), None);
        assert_eq!(Id::new(id).short(), "1cdf60949032");
        assert_eq!(Id::new("web").short(), "web");
    }
}
