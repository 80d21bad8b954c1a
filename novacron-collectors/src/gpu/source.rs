//! What a driver says about its GPUs.

use novacron_telemetry::collect::{CollectError, Run};

/// A driver that knows its GPUs.
pub trait GpuSource: Send + 'static {
    /// The GPUs as they are now. One that cannot be read is left out with
    /// [`Run::skip`](novacron_telemetry::collect::Run::skip).
    ///
    /// # Errors
    ///
    /// [`CollectError::absent`] if there is no such driver on this machine, another one if there is
    /// and it does not answer.
    fn gpus(&mut self, run: &mut Run) -> Result<Vec<Gpu>, CollectError>;
}

/// One GPU. What it does not support is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpu {
    /// What tells it from others for as long as it exists: its UUID.
    pub id: String,
    /// Where it is plugged in, as in `/sys/bus/pci/devices`: `0000:3b:00.0`.
    pub pci_address: Option<String>,
    /// The product's name.
    pub model: Option<String>,
    /// The driver's version.
    pub driver_version: Option<String>,
    /// The share of time in which it was busy, 0 to 1.
    pub utilization_ratio: Option<f64>,
    /// Memory in use, in bytes.
    pub memory_used_bytes: Option<u64>,
    /// Memory installed, in bytes.
    pub memory_size_bytes: Option<u64>,
    /// The core's temperature, in degrees Celsius.
    pub temperature_celsius: Option<f64>,
    /// What it draws, in watts.
    pub power_watts: Option<f64>,
    /// What it has used since the driver was loaded, in joules.
    pub energy_joules: Option<f64>,
    /// Speed of its fan, as a share of the highest.
    pub fan_speed_ratio: Option<f64>,
    /// Clocks in hertz: graphics, SM, memory, video.
    pub clocks_hertz: [Option<f64>; 4],
    /// Memory errors that were corrected.
    pub ecc_corrected: Option<u64>,
    /// Memory errors that could not be corrected.
    pub ecc_uncorrected: Option<u64>,
    /// Bytes that it received over PCIe. The counter may wrap.
    pub pcie_received_bytes: Option<u64>,
    /// Bytes that it sent over PCIe. The counter may wrap.
    pub pcie_sent_bytes: Option<u64>,
    /// Processes that use it.
    pub processes: Option<u64>,
}
