//! `/sys/class/net`: what each interface is, what it hangs on, and whether its link is up.
//!
//! Links in that folder are not followed to learn what an interface is; the names in its folder say
//! it: `bridge` and `brif` for a bridge, `upper_ovs-system` for a port of Open vSwitch, `device`
//! for something on a bus.

use std::io;

use crate::{Root, text};

/// Where the interfaces are.
const FOLDER: &str = "sys/class/net";
/// The interface that stands for the kernel half of Open vSwitch. Which of its bridges a port
/// belongs to, only the daemon's database knows.
pub const OPEN_VSWITCH: &str = "ovs-system";

/// One interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Its name.
    pub interface: String,
    /// What carries packets behind it.
    pub kind: Kind,
    /// The bridge or Open vSwitch that it is a port of.
    pub switch: Option<String>,
    /// How many ports it has, if it is a bridge.
    pub ports: Option<usize>,
    /// Whether it has carrier.
    pub carrier: Option<bool>,
    /// Whether the kernel calls it up: `None` where the driver does not say.
    pub up: Option<bool>,
    /// How often its carrier came and went.
    pub carrier_changes: Option<u64>,
    /// Its nominal speed in bits per second.
    pub speed: Option<f64>,
}

/// What carries packets behind an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A physical device, or anything else that is none of these.
    #[default]
    Plain,
    /// A bridge of the kernel.
    Bridge,
    /// The kernel half of Open vSwitch.
    OpenVswitch,
    /// A tunnel.
    Overlay(Overlay),
    /// A TUN or TAP device: a guest's, or a VPN's.
    Tap,
}

/// How an overlay wraps packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overlay {
    /// VXLAN.
    Vxlan,
    /// Geneve.
    Geneve,
    /// GRE, over IPv4 or IPv6, with Ethernet frames in it or without.
    Gre,
}

/// The interfaces of this host, sorted by name.
///
/// # Errors
///
/// If `/sys/class/net` cannot be listed.
pub fn names(root: &Root) -> io::Result<Vec<String>> {
    root.list(FOLDER)
}

/// One interface; `None` if it is gone by now, or is no interface (`bonding_masters` stands among
/// them).
#[must_use]
pub fn read(root: &Root, interface: &str) -> Option<Link> {
    let folder = format!("{FOLDER}/{interface}");
    let names = root.list(&folder).ok()?;
    let has = |name: &str| names.iter().any(|have| have == name);
    let kind = kind(root, &folder, interface, &has);
    let ports = match kind {
        Kind::Bridge => root
            .list(format!("{folder}/brif"))
            .ok()
            .map(|ports| ports.len()),
        _ => None,
    };
    let switch = match has("brport") {
        true => bridge_of(root, &folder, &names),
        false => has(&format!("upper_{OPEN_VSWITCH}")).then(|| OPEN_VSWITCH.to_owned()),
    };
    let up = match root.attribute(format!("{folder}/operstate")).as_deref() {
        Some("up") => Some(true),
        Some("down" | "lowerlayerdown" | "notpresent") => Some(false),
        _ => None,
    };
    // Reading it fails with EINVAL on an interface that is switched off: no carrier, then.
    let carrier = match root.attribute(format!("{folder}/carrier")).as_deref() {
        Some("1") => Some(true),
        Some("0") => Some(false),
        _ => (up == Some(false)).then_some(false),
    };
    // What bridges and taps say is a constant of their drivers, and asking takes a global lock.
    let speed = match kind {
        Kind::Bridge | Kind::Tap | Kind::OpenVswitch => None,
        Kind::Plain | Kind::Overlay(_) => speed(root, &folder),
    };
    Some(Link {
        interface: interface.to_owned(),
        kind,
        switch,
        ports,
        carrier,
        up,
        carrier_changes: root.number(format!("{folder}/carrier_changes")),
        speed,
    })
}

fn kind(root: &Root, folder: &str, interface: &str, has: &impl Fn(&str) -> bool) -> Kind {
    if has("bridge") {
        return Kind::Bridge;
    }
    if has("tun_flags") {
        return Kind::Tap;
    }
    if interface == OPEN_VSWITCH {
        return Kind::OpenVswitch;
    }
    let uevent = root.text(format!("{folder}/uevent")).unwrap_or_default();
    let device = text::pairs(&uevent, '=').find(|(key, _)| *key == "DEVTYPE");
    match device.map(|(_, value)| value) {
        Some("vxlan") => return Kind::Overlay(Overlay::Vxlan),
        Some("geneve") => return Kind::Overlay(Overlay::Geneve),
        Some("gretap" | "ip6gretap" | "gre" | "ip6gre") => return Kind::Overlay(Overlay::Gre),
        _ => {}
    }
    // Tunnels for packets of IP have a hardware type of their own: ARPHRD_IPGRE, ARPHRD_IP6GRE.
    match root.number::<u32>(format!("{folder}/type")) {
        Some(778 | 823) => Kind::Overlay(Overlay::Gre),
        _ => Kind::Plain,
    }
}

/// The bridge that this is a port of. `brport/bridge` and `master` lead to it; where links were not
/// kept, as in a copied tree, the name of the folder's `upper_…` that is a bridge says it, too.
fn bridge_of(root: &Root, folder: &str, names: &[String]) -> Option<String> {
    root.link_name(format!("{folder}/brport/bridge"))
        .or_else(|| root.link_name(format!("{folder}/master")))
        .or_else(|| {
            let mut upper = names.iter().filter_map(|name| name.strip_prefix("upper_"));
            upper
                .find(|name| root.exists(format!("{FOLDER}/{name}/bridge")))
                .map(str::to_owned)
        })
}

/// In bits per second. Absent where a driver does not know it, which is spelled 0, -1 or, by old
/// kernels, 2³² - 1, or EINVAL since the link is down.
fn speed(root: &Root, folder: &str) -> Option<f64> {
    let megabits: i64 = root.number(format!("{folder}/speed"))?;
    let known = megabits > 0 && megabits < i64::from(u32::MAX);
    known.then_some(megabits as f64 * 1e6)
}
