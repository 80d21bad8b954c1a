//! Virtual switches and their ports, the host's own interfaces, its sockets, and RDMA ports.

use std::sync::Arc;

use super::labels::{Device, Flow, Interface};
use super::system::CpuLabels;
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

    /// Connections that the host can track at most.
    #[metric(unit = "connections")]
    pub connections_limit: Gauge,

    /// Packets a core took from its interfaces.
    #[metric(unit = "packets")]
    pub softnet_packets_total: Collected<CpuLabels, Absolute>,

    /// Packets dropped because a core's input queue was full.
    #[metric(unit = "packets")]
    pub softnet_drops_total: Collected<CpuLabels, Absolute>,

    /// Times a core ran out of budget with packets left.
    #[metric(unit = "events")]
    pub softnet_squeezes_total: Collected<CpuLabels, Absolute>,

    /// TCP connections that are established.
    #[metric(unit = "connections")]
    pub tcp_connections: Gauge,

    /// TCP segments passed by the host.
    #[metric(unit = "segments")]
    pub tcp_segments_total: Collected<FlowLabels, Absolute>,

    /// What went wrong between the host and its TCP peers.
    #[metric(unit = "events")]
    pub tcp_events_total: Collected<TcpEventLabels, Absolute>,

    /// Sockets in use, by protocol.
    #[metric(unit = "sockets")]
    pub sockets: Collected<SocketLabels, Gauge>,

    /// 1 while an RDMA port is active.
    #[metric(writer = Collector("rdma"))]
    pub rdma_port_up: Collected<RdmaPortLabels, Gauge>,

    /// Signalling rate of an RDMA port.
    #[metric(writer = Collector("rdma"), unit = BytesPerSecond)]
    pub rdma_port_speed_bytes_per_second: Collected<RdmaPortLabels, Gauge>,

    /// Bytes passed by an RDMA port.
    #[metric(writer = Collector("rdma"), unit = Bytes)]
    pub rdma_port_bytes_total: Collected<RdmaFlowLabels, Absolute>,

    /// Packets passed by an RDMA port.
    #[metric(writer = Collector("rdma"), unit = "packets")]
    pub rdma_port_packets_total: Collected<RdmaFlowLabels, Absolute>,

    /// Errors that an RDMA port counts.
    #[metric(writer = Collector("rdma"), unit = "errors")]
    pub rdma_port_errors_total: Collected<RdmaErrorLabels, Absolute>,

    /// What an RDMA device reports of its transport: retries, congestion, order.
    #[metric(writer = Collector("rdma"), unit = "events")]
    pub rdma_events_total: Collected<RdmaEventLabels, Absolute>,
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

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct FlowLabels {
    pub direction: Flow,
}

/// What happened to TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TcpEventLabels {
    pub event: TcpEvent,
}

/// Sockets of which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SocketLabels {
    pub protocol: SocketProtocol,
}

/// Which port of which RDMA device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RdmaPortLabels {
    pub device: Device,
    pub port: RdmaPort,
}

/// Which port of which RDMA device, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RdmaFlowLabels {
    pub device: Device,
    pub port: RdmaPort,
    pub direction: Flow,
}

/// Which errors of which port of which RDMA device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RdmaErrorLabels {
    pub device: Device,
    pub port: RdmaPort,
    pub error: RdmaError,
}

/// Which events of which port of which RDMA device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RdmaEventLabels {
    pub device: Device,
    pub port: RdmaPort,
    pub event: RdmaEvent,
}

/// Number of a port of an RDMA device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 256)]
pub struct RdmaPort(Arc<str>);

/// What happened to TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum TcpEvent {
    /// A segment was sent again.
    Retransmit,
    /// A SYN was sent again.
    SynRetransmit,
    /// A retransmission timer ran out.
    Timeout,
    /// A connection found the accept queue full.
    ListenOverflow,
    /// A SYN was dropped at a listening socket.
    ListenDrop,
    /// A segment that came in was damaged.
    ReceiveError,
    /// A reset was sent.
    ResetSent,
    /// A connection was cut for want of memory.
    AbortOnMemory,
}

/// Protocol of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SocketProtocol {
    Tcp,
    Udp,
    Udplite,
    Raw,
}

/// What an RDMA port counts as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RdmaError {
    SymbolError,
    LinkErrorRecovery,
    LinkDowned,
    PortRcvErrors,
    PortRcvRemotePhysicalErrors,
    PortRcvSwitchRelayErrors,
    PortRcvConstraintErrors,
    PortXmitDiscards,
    PortXmitConstraintErrors,
    LocalLinkIntegrityErrors,
    ExcessiveBufferOverrunErrors,
    Vl15Dropped,
}

/// What an RDMA device reports of its transport, as its driver spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RdmaEvent {
    AckDeferred,
    CompleterRetryErr,
    DuplicateRequest,
    ImpliedNakSeqErr,
    LinkDowned,
    LocalAckTimeoutErr,
    NpCnpSent,
    NpEcnMarkedRocePackets,
    OutOfBuffer,
    OutOfSeqRequest,
    OutOfSequence,
    PacketSeqErr,
    RcvdRnrErr,
    RcvdSeqErr,
    ReqCqeError,
    ReqRemoteAccessErrors,
    RespCqeError,
    RespLocalLengthError,
    RespRemoteAccessErrors,
    RetryExceededErr,
    RetryRnrExceededErr,
    RnrNakRetryErr,
    RoceAdpRetrans,
    RoceSlowRestart,
    RpCnpHandled,
    RpCnpIgnored,
    RxIcrcEncapsulated,
    SendErr,
    SendRnrErr,
}
