//! From a reading to the catalog.

use novacron_telemetry::catalog::labels::Flow as Way;
use novacron_telemetry::catalog::network::{
    FlowLabels, OverlayLabels, OverlayType, PortLabelsRef, SocketLabels, SocketProtocol,
    SwitchLabelsRef, TcpEvent, TcpEventLabels,
};
use novacron_telemetry::catalog::system::{CpuLabelsRef, InterfaceLabelsRef};
use novacron_telemetry::catalog::{NetworkMetrics, SystemMetrics};
use novacron_telemetry::metric::{Absolute, Collected, Gauge};

use super::link::{Link, Overlay};
use super::softnet::Softnet;
use super::traffic::Traffic;
use super::{EVENTS, Interface, NetworkReading, PROTOCOLS};

/// A total of an interface.
type Total = fn(&Traffic) -> u64;
/// A state of an interface, if it is known.
type State = fn(&Link) -> Option<f64>;
/// A total of a core.
type Core = fn(&Softnet) -> u64;

pub(super) fn interfaces(
    reading: &NetworkReading,
    network: &NetworkMetrics,
    system: &SystemMetrics,
) {
    let totals: [(&Collected<_, Absolute>, Total); 8] = [
        (&network.rx_bytes_total, |port| port.received.bytes),
        (&network.tx_bytes_total, |port| port.sent.bytes),
        (&network.rx_packets_total, |port| port.received.packets),
        (&network.tx_packets_total, |port| port.sent.packets),
        (&network.rx_errors_total, |port| port.received.errors),
        (&network.tx_errors_total, |port| port.sent.errors),
        (&network.rx_drops_total, |port| port.received.drops),
        (&network.tx_drops_total, |port| port.sent.drops),
    ];
    for (family, value) in totals {
        let rows = reading.interfaces.iter();
        family.replace_all(rows.map(|row| (port(row), value(&row.traffic) as f64)));
    }
    let states: [(&Collected<_, Gauge>, State); 2] = [
        (&network.interface_up, |link| link.carrier.map(f64::from)),
        (&network.interface_speed_bytes_per_second, |link| {
            link.speed.map(|bits| bits / 8.0)
        }),
    ];
    for (family, value) in states {
        let rows = reading.interfaces.iter();
        family.replace_all(rows.filter_map(|row| Some((port(row), value(&row.link)?))));
    }
    let rows = reading.interfaces.iter();
    network
        .interface_carrier_changes_total
        .replace_all(rows.filter_map(|row| Some((port(row), row.link.carrier_changes? as f64))));

    let totals: [(&Collected<_, Absolute>, [Total; 2]); 3] = [
        (
            &system.network_bytes_total,
            [|port| port.received.bytes, |port| port.sent.bytes],
        ),
        (
            &system.network_errors_total,
            [|port| port.received.errors, |port| port.sent.errors],
        ),
        (
            &system.network_drops_total,
            [|port| port.received.drops, |port| port.sent.drops],
        ),
    ];
    for (family, values) in totals {
        let own = reading.interfaces.iter().filter(|row| row.own);
        family.replace_all(own.flat_map(|row| {
            [Way::Receive, Way::Transmit]
                .into_iter()
                .zip(values)
                .map(|(direction, value)| {
                    let interface = row.traffic.interface.as_str();
                    let labels = InterfaceLabelsRef {
                        interface,
                        direction,
                    };
                    (labels, value(&row.traffic) as f64)
                })
        }));
    }
}

fn port(row: &Interface) -> PortLabelsRef<'_> {
    PortLabelsRef {
        switch: row.link.switch.as_deref().unwrap_or_default(),
        interface: &row.traffic.interface,
    }
}

pub(super) fn switches(reading: &NetworkReading, network: &NetworkMetrics) {
    let named = || {
        reading.switches.iter().map(|switch| {
            let labels = SwitchLabelsRef {
                switch: &switch.name,
            };
            (labels, switch)
        })
    };
    network
        .switch_up
        .replace_all(named().filter_map(|(labels, switch)| Some((labels, f64::from(switch.up?)))));
    network
        .switch_ports
        .replace_all(named().filter_map(|(labels, switch)| Some((labels, switch.ports? as f64))));
    let overlays = reading.overlays.into_iter().flatten();
    network
        .overlay_connections
        .replace_all(overlays.map(|(overlay, tunnels)| {
            let overlay_type = match overlay {
                Overlay::Vxlan => OverlayType::Vxlan,
                Overlay::Geneve => OverlayType::Geneve,
                Overlay::Gre => OverlayType::Gre,
            };
            (OverlayLabels { overlay_type }, tunnels as f64)
        }));
}

pub(super) fn host(reading: &NetworkReading, network: &NetworkMetrics) {
    for (gauge, value) in [
        (&network.connections_active, reading.connections),
        (&network.connections_limit, reading.connections_limit),
        (&network.tcp_connections, reading.tcp.connections),
    ] {
        gauge.set_or_clear(value.map(|value| value as f64));
    }
    let cores: [(&Collected<_, Absolute>, Core); 3] = [
        (&network.softnet_packets_total, |core| core.processed),
        (&network.softnet_drops_total, |core| core.dropped),
        (&network.softnet_squeezes_total, |core| core.squeezed),
    ];
    let cpus: Vec<String> = reading
        .softnet
        .iter()
        .map(|core| core.cpu.to_string())
        .collect();
    for (family, value) in cores {
        let rows = reading.softnet.iter().zip(&cpus);
        family.replace_all(rows.map(|(core, cpu)| (CpuLabelsRef { cpu }, value(core) as f64)));
    }
    let ways = [Way::Receive, Way::Transmit]
        .into_iter()
        .zip(reading.tcp.segments);
    network.tcp_segments_total.replace_all(
        ways.filter_map(|(direction, value)| Some((FlowLabels { direction }, value? as f64))),
    );
    let events = TCP_EVENTS.into_iter().zip(reading.tcp.events);
    network.tcp_events_total.replace_all(
        events.filter_map(|(event, value)| Some((TcpEventLabels { event }, value? as f64))),
    );
    let sockets = SOCKETS.into_iter().zip(reading.tcp.sockets);
    network.sockets.replace_all(
        sockets.filter_map(|(protocol, value)| Some((SocketLabels { protocol }, value? as f64))),
    );
}

/// What [`EVENTS`] are called here.
const TCP_EVENTS: [TcpEvent; EVENTS.len()] = [
    TcpEvent::Retransmit,
    TcpEvent::SynRetransmit,
    TcpEvent::Timeout,
    TcpEvent::ListenOverflow,
    TcpEvent::ListenDrop,
    TcpEvent::ReceiveError,
    TcpEvent::ResetSent,
    TcpEvent::AbortOnMemory,
];

/// What [`PROTOCOLS`] are called here.
const SOCKETS: [SocketProtocol; PROTOCOLS.len()] = [
    SocketProtocol::Tcp,
    SocketProtocol::Udp,
    SocketProtocol::Udplite,
    SocketProtocol::Raw,
];
