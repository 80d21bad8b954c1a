//! What this server counts beside NovaCron's own catalog: a host's own group.
//!
//! Each field is a family, its doc comment the HELP text; a state that nothing has reached yet shows
//! 0, because the compiler knows every state there is.

use novacron_telemetry::{
    label::LabelSet,
    metric::{Counter, Family, Gauge, UpDownGauge},
    registry::MetricGroup,
};

use crate::vm::State;

/// The fleet's own numbers.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "fleet")]
pub struct FleetMetrics {
    /// States that VMs entered.
    #[metric(unit = "changes")]
    pub state_changes_total: Family<StateLabels, Counter>,

    /// Processors promised to VMs.
    #[metric(unit = "processors")]
    pub vcpus: Family<StateLabels, Gauge>,

    /// Memory promised to VMs.
    #[metric(unit = Bytes)]
    pub memory_bytes: Family<StateLabels, Gauge>,

    /// Clients that follow the changes right now.
    #[metric(unit = "clients")]
    pub listeners: UpDownGauge,

    /// VMs written to exports.
    #[metric(unit = "rows")]
    pub exported_rows_total: Counter,

    /// VMs that housekeeping took to a lasting state because their client had left.
    #[metric(unit = "VMs")]
    pub settled_total: Counter,
}

/// Which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StateLabels {
    /// The state a VM is in, or entered.
    pub state: State,
}
