//! What the host is made of: sensors, energy, memory errors, disks.
//!
//! | collector | reads | runs |
//! |---|---|---|
//! | [`sensors`] | temperatures, fans, power supplies, links of network cards | every 30 s |
//! | [`power`] | energy used by the processors | every 10 s |
//! | [`edac`] | memory errors | every 30 s |
//! | [`smart`] | what disks say of themselves | every 10 min |
//!
//! Each writes its part of one group,
//! [`HardwareMetrics`](novacron_telemetry::catalog::HardwareMetrics). A machine that has none of
//! it, such as a guest, is *absent*: no series, and no failure.

pub mod edac;
pub mod power;
pub mod sensors;
pub mod smart;

pub use self::edac::EdacCollector;
pub use self::power::PowerCollector;
pub use self::sensors::SensorsCollector;
pub use self::smart::SmartCollector;

use crate::Root;

/// An attribute that not every device has: `None` if there is none, `Some(None)` if there is one
/// that cannot be read. The two are not the same: a fault that is unknown is not the absence of
/// one.
fn optional(root: &Root, path: &str) -> Option<Option<String>> {
    root.exists(path).then(|| root.attribute(path))
}
