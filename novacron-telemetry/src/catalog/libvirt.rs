//! Libvirt and the domains behind it, as a collector sees them.

use super::labels::Host;
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Collected, Gauge};
use crate::registry::MetricGroup;

/// Libvirt and the domains behind it.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_libvirt", writer = Collector("libvirt"))]
pub struct LibvirtMetrics {
    /// Domains by state.
    #[metric(
        literal = "novacron_libvirt_domains_total",
        reason = "the prefixed form of a name that is promised literally",
        unit = "domains"
    )]
    pub domains_total: Collected<DomainLabels, Gauge>,

    /// 1 while the libvirt socket answers.
    pub up: Collected<HostLabels, Gauge>,
}

/// Which host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HostLabels {
    pub host: Host,
}

/// In which state, by host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DomainLabels {
    pub host: Host,
    pub state: DomainState,
}

/// State of a libvirt domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DomainState {
    Nostate,
    Running,
    Blocked,
    Paused,
    Shutdown,
    Shutoff,
    Crashed,
    Pmsuspended,
}
