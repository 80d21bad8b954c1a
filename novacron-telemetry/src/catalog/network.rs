//! Virtual switches and their ports.

use std::sync::Arc;

use super::labels::Interface;
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// Virtual switches and their ports.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_network", writer = Collector("network"))]
pub struct NetworkMetrics {
    /// Bytes received per virtual switch port.
    #[metric(unit = Bytes)]
    pub rx_bytes_total: Collected<PortLabels, Absolute>,

    /// Bytes sent per virtual switch port.
    #[metric(unit = Bytes)]
    pub tx_bytes_total: Collected<PortLabels, Absolute>,

    /// Received packets dropped per port.
    #[metric(unit = "packets")]
    pub rx_drops_total: Collected<PortLabels, Absolute>,

    /// Outgoing packets dropped per port.
    #[metric(unit = "packets")]
    pub tx_drops_total: Collected<PortLabels, Absolute>,

    /// Receive errors per port.
    #[metric(unit = "packets")]
    pub rx_errors_total: Collected<PortLabels, Absolute>,

    /// Transmit errors per port.
    #[metric(unit = "packets")]
    pub tx_errors_total: Collected<PortLabels, Absolute>,

    /// Packets received per port.
    #[metric(unit = "packets")]
    pub rx_packets_total: Collected<PortLabels, Absolute>,

    /// Packets sent per port.
    #[metric(unit = "packets")]
    pub tx_packets_total: Collected<PortLabels, Absolute>,

    /// 1 while the port has carrier.
    pub interface_up: Collected<PortLabels, Gauge>,

    /// Link flaps per port.
    #[metric(unit = "changes")]
    pub interface_carrier_changes_total: Collected<PortLabels, Absolute>,

    /// Nominal port speed.
    #[metric(unit = BytesPerSecond)]
    pub interface_speed_bytes_per_second: Collected<PortLabels, Gauge>,

    /// 1 while the switch or bridge is up.
    pub switch_up: Collected<SwitchLabels, Gauge>,

    /// Ports attached to a switch.
    #[metric(unit = "ports")]
    pub switch_ports: Collected<SwitchLabels, Gauge>,

    /// Tracked connections on the host.
    #[metric(unit = "connections")]
    pub connections_active: Gauge,

    /// Overlay tunnels up.
    #[metric(unit = "connections")]
    pub overlay_connections: Collected<OverlayLabels, Gauge>,
}

/// Which port of which switch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PortLabels {
    pub switch: Switch,
    pub interface: Interface,
}

/// Which switch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SwitchLabels {
    pub switch: Switch,
}

/// Which kind of overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct OverlayLabels {
    pub overlay_type: OverlayType,
}

/// Name of a virtual switch or bridge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 128)]
pub struct Switch(Arc<str>);

/// Encapsulation of an overlay tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum OverlayType {
    Vxlan,
    Geneve,
    Gre,
}
