//! Collector `network`: interfaces, bridges and their ports, tunnels, queues, connections and TCP.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/proc/net/dev` | `novacron_network_{rx,tx}_{bytes,packets,errors,drops}_total`, `novacron_system_network_{bytes,errors,drops}_total` | |
//! | `/sys/class/net/*/carrier`, `operstate` | `novacron_network_interface_up` | switched off = 0 |
//! | `…/carrier_changes` | `novacron_network_interface_carrier_changes_total` | |
//! | `…/speed` | `novacron_network_interface_speed_bytes_per_second` | megabits × 125 000; absent if unknown |
//! | `…/operstate`, `…/brif` of bridges | `novacron_network_switch_up`, `novacron_network_switch_ports` | |
//! | `…/uevent`, `…/type` of tunnels | `novacron_network_overlay_connections` | those that are not down |
//! | `/proc/net/softnet_stat` | `novacron_network_softnet_{packets,drops,squeezes}_total` | hexadecimal, per core |
//! | `/proc/sys/net/netfilter/nf_conntrack_{count,max}` | `novacron_network_connections_active`, `…_limit` | absent without connection tracking |
//! | `/proc/net/snmp`, `netstat` | `novacron_network_tcp_*` | |
//! | `/proc/net/sockstat` | `novacron_network_sockets` | |
//!
//! **Which interfaces.** The `novacron_system_network_*` families show the host's own interfaces:
//! all but those that fit [`NetworkSettings::exclude`]. The `novacron_network_*` families show
//! these, and every port of a bridge or of Open vSwitch whatever it is called, since traffic per
//! port of a switch is what they are for; [`NetworkSettings::switch_ports`] turns the excluded ones
//! off there, too. `switch` is the name of the bridge (`ovs-system` for Open vSwitch, whose own
//! bridges only its daemon knows), and empty for an interface that is a port of none. Ports of a
//! bond are not ports of a switch.
//!
//! **Counters** are the kernel's, unchanged. A driver that counts in 32 bits wraps, and an
//! interface that was made anew begins at 0: `rate()` takes both for a reset.
//!
//! **Privileges:** none. In a container the host's `/proc` and `/sys` must be mounted below the
//! [`Root`]; the numbers are then of the network namespace of the host's process 1.
//!
//! **Failure:** without `/proc/net/dev` the run fails. Everything else is left out where it is
//! missing or broken; an interface that vanishes between the list and the reading is left out
//! silently.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::network::{NetworkCollector, NetworkSettings};
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut network = NetworkCollector::new(Root::new("/"), NetworkSettings::default());
//! let reading = network.read(&mut Run::within(Duration::from_secs(5)))?;
//! for interface in &reading.interfaces {
//!     println!("{} received {} bytes", interface.traffic.interface, interface.traffic.received.bytes);
//! }
//! # Ok::<(), novacron_telemetry::collect::CollectError>(())
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use novacron_telemetry::catalog::{NetworkMetrics, SystemMetrics};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use self::link::{Kind, Link, Overlay};
use self::softnet::Softnet;
use self::traffic::Traffic;
use crate::Root;
use crate::pattern::Patterns;

pub mod link;
mod publish;
pub mod sockets;
pub mod softnet;
pub mod traffic;

/// The interfaces that are left out unless the settings say otherwise: the loopback, and those that
/// come and go with guests and containers, whose traffic is shown with them.
pub const EXCLUDED: [&str; 8] = [
    "lo",
    "veth*",
    "tap*",
    "vnet*",
    "macvtap*",
    "cali*",
    "docker*",
    "ovs-system",
];

/// How much of a run is left for what is read after the interfaces.
const RESERVE: Duration = Duration::from_millis(500);

/// Settings of the collector: the table `[collectors.network]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct NetworkSettings {
    /// Interfaces to leave out. The default is [`EXCLUDED`].
    pub exclude: Patterns,
    /// Whether ports of switches are shown although `exclude` names them.
    pub switch_ports: bool,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            exclude: EXCLUDED.into(),
            switch_ports: true,
        }
    }
}

/// Reads interfaces, switches, tunnels, queues, connections and TCP.
#[derive(Debug)]
pub struct NetworkCollector {
    root: Root,
    settings: NetworkSettings,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkReading {
    /// The interfaces that are shown: the host's own first, so that a limit on series meets the
    /// ports of guests.
    pub interfaces: Vec<Interface>,
    /// Bridges, and Open vSwitch.
    pub switches: Vec<Switch>,
    /// Tunnels that are not down, by kind; `None` if `/sys/class/net` could not be read.
    pub overlays: Option<[(Overlay, usize); 3]>,
    /// What each core did with what came in.
    pub softnet: Vec<Softnet>,
    /// Connections that are tracked.
    pub connections: Option<u64>,
    /// Connections that can be tracked at most.
    pub connections_limit: Option<u64>,
    /// TCP and sockets.
    pub tcp: Tcp,
}

/// One interface, with all that is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Whether it is the host's own, so not one of those that settings exclude.
    pub own: bool,
    /// What passed through it.
    pub traffic: Traffic,
    /// What it is; the default where `/sys` does not have it.
    pub link: Link,
}

/// One bridge, or Open vSwitch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// Whether it is up; `None` for Open vSwitch, whose device is always down.
    pub up: Option<bool>,
    /// How many ports it has.
    pub ports: Option<usize>,
}

/// The host's TCP and sockets; `None` where the kernel does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tcp {
    /// Established connections.
    pub connections: Option<u64>,
    /// Segments received, sent.
    pub segments: [Option<u64>; 2],
    /// Events, in the order of [`EVENTS`].
    pub events: [Option<u64>; EVENTS.len()],
    /// Sockets in use, in the order of [`PROTOCOLS`].
    pub sockets: [Option<u64>; PROTOCOLS.len()],
}

/// Where the events of [`Tcp`] stand: in `snmp` (`Tcp`) or `netstat` (`TcpExt`), by name.
pub const EVENTS: [(&str, &str); 8] = [
    ("Tcp", "RetransSegs"),
    ("TcpExt", "TCPSynRetrans"),
    ("TcpExt", "TCPTimeouts"),
    ("TcpExt", "ListenOverflows"),
    ("TcpExt", "ListenDrops"),
    ("Tcp", "InErrs"),
    ("Tcp", "OutRsts"),
    ("TcpExt", "TCPAbortOnMemory"),
];

/// The protocols of [`Tcp::sockets`], as `sockstat` names them.
pub const PROTOCOLS: [&str; 4] = ["TCP", "UDP", "UDPLITE", "RAW"];

impl NetworkCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root, settings: NetworkSettings) -> Self {
        Self { root, settings }
    }

    /// A file of `/proc/net`. That leads to the reader's own network, as `/sys/class/net` does;
    /// where another host's `/proc` is mounted, that host's is asked for, and process 1 has it.
    fn proc_net(&self, file: &str) -> std::io::Result<String> {
        let own = || self.root.text(format!("proc/net/{file}"));
        match self.root == Root::default() {
            true => own(),
            false => self
                .root
                .text(format!("proc/1/net/{file}"))
                .or_else(|_| own()),
        }
    }

    /// The links of all interfaces by name; `None` if they cannot be listed.
    fn links(&self, run: &mut Run) -> Option<BTreeMap<String, Link>> {
        let names = match link::names(&self.root) {
            Ok(names) => names,
            Err(error) => {
                run.skip("/sys/class/net", error);
                return None;
            }
        };
        let mut links = BTreeMap::new();
        for name in names {
            if run.remaining() < RESERVE {
                run.skip(&name, "no time left");
                continue;
            }
            links.extend(link::read(&self.root, &name).map(|link| (name, link)));
        }
        Some(links)
    }

    fn interfaces(&self, traffic: Vec<Traffic>, links: &BTreeMap<String, Link>) -> Vec<Interface> {
        let mut interfaces: Vec<Interface> = traffic
            .into_iter()
            .map(|traffic| Interface {
                own: !self.settings.exclude.matches(&traffic.interface),
                link: links.get(&traffic.interface).cloned().unwrap_or_default(),
                traffic,
            })
            .filter(|shown| {
                shown.own || (self.settings.switch_ports && shown.link.switch.is_some())
            })
            .collect();
        interfaces.sort_by_key(|interface| !interface.own);
        interfaces
    }

    fn tcp(&self) -> Tcp {
        let snmp = self.proc_net("snmp").unwrap_or_default();
        let netstat = self.proc_net("netstat").unwrap_or_default();
        let sockstat = self.proc_net("sockstat").unwrap_or_default();
        let (snmp, netstat) = (
            sockets::Pairs::parse(&snmp),
            sockets::Pairs::parse(&netstat),
        );
        Tcp {
            connections: snmp.get("Tcp", "CurrEstab"),
            segments: ["InSegs", "OutSegs"].map(|name| snmp.get("Tcp", name)),
            events: EVENTS.map(|(protocol, name)| {
                let pairs = if protocol == "Tcp" { &snmp } else { &netstat };
                pairs.get(protocol, name)
            }),
            sockets: PROTOCOLS.map(|protocol| sockets::in_use(&sockstat, protocol)),
        }
    }
}

impl Collector for NetworkCollector {
    type Metrics = (NetworkMetrics, SystemMetrics);
    type Reading = NetworkReading;

    const NAME: &'static str = "network";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(5)).deadline(Duration::from_secs(4));

    fn read(&mut self, run: &mut Run) -> Result<NetworkReading, CollectError> {
        let dev = self
            .proc_net("dev")
            .map_err(|error| CollectError::from(error).of("/proc/net/dev"))?;
        let traffic = traffic::parse(&dev);
        if traffic.is_empty() {
            return Err(CollectError::failed("/proc/net/dev names no interface"));
        }
        let links = self.links(run);
        let (switches, overlays) = match &links {
            Some(links) => (switches(links), Some(overlays(links))),
            None => (Vec::new(), None),
        };
        let tracking = |file: &str| {
            let path = format!("proc/sys/net/netfilter/{file}");
            self.root.number(path)
        };
        Ok(NetworkReading {
            interfaces: self.interfaces(traffic, &links.unwrap_or_default()),
            switches,
            overlays,
            softnet: softnet::parse(&self.proc_net("softnet_stat").unwrap_or_default()),
            connections: tracking("nf_conntrack_count"),
            connections_limit: tracking("nf_conntrack_max"),
            tcp: self.tcp(),
        })
    }

    fn publish(reading: &NetworkReading, (network, system): &Self::Metrics) {
        publish::interfaces(reading, network, system);
        publish::switches(reading, network);
        publish::host(reading, network);
    }
}

fn switches(links: &BTreeMap<String, Link>) -> Vec<Switch> {
    let ports_of = |name: &str| {
        let ports = links.values();
        ports
            .filter(|port| port.switch.as_deref() == Some(name))
            .count()
    };
    let switch = |link: &Link| match link.kind {
        Kind::Bridge => Some(Switch {
            name: link.interface.clone(),
            up: link.up,
            ports: link.ports,
        }),
        Kind::OpenVswitch => Some(Switch {
            name: link.interface.clone(),
            up: None,
            ports: Some(ports_of(&link.interface)),
        }),
        Kind::Plain | Kind::Overlay(_) | Kind::Tap => None,
    };
    links.values().filter_map(switch).collect()
}

/// Tunnels rarely say whether they are up (`unknown`): they have no carrier to lose.
fn overlays(links: &BTreeMap<String, Link>) -> [(Overlay, usize); 3] {
    [Overlay::Vxlan, Overlay::Geneve, Overlay::Gre].map(|overlay| {
        let up = links
            .values()
            .filter(|link| link.kind == Kind::Overlay(overlay) && link.up != Some(false));
        (overlay, up.count())
    })
}
