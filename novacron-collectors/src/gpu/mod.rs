//! GPUs: what the driver says about those that it drives, and which are handed to guests.
//!
//! NVIDIA's management library, NVML, is opened while running (`libnvidia-ml.so.1`, where the driver
//! puts it) and is needed neither to build nor to start. A host without it has no values of the first
//! part and is nothing amiss; a host without any GPU is *absent*.
//!
//! | source | family (`novacron_gpu_…`) | conversion |
//! |---|---|---|
//! | `nvmlDeviceGetUtilizationRates` | `utilization_ratio` | % → 0 to 1 |
//! | `nvmlDeviceGetMemoryInfo_v2` | `memory_used_bytes`, `memory_size_bytes` | |
//! | `nvmlDeviceGetTemperature` | `temperature_celsius` | |
//! | `nvmlDeviceGetPowerUsage` | `power_watts` | mW → W |
//! | `nvmlDeviceGetTotalEnergyConsumption` | `energy_joules_total` | mJ → J |
//! | `nvmlDeviceGetFanSpeed_v2` | `fan_speed_ratio` | first fan, % → 0 to 1 |
//! | `nvmlDeviceGetClockInfo` | `clock_hertz` | MHz → Hz |
//! | `nvmlDeviceGetTotalEccErrors` | `ecc_errors_total` | since the card was made |
//! | `nvmlDeviceGetFieldValues`, fields 197 and 198 | `pcie_bytes_total` | bytes |
//! | `nvmlDeviceGet{Compute,Graphics}RunningProcesses_v3` | `processes` | processes in either list |
//! | `nvmlDeviceGetName`, `nvmlSystemGetDriverVersion` | `info` | |
//! | `/sys/bus/pci/devices/*/{class,driver}` | `passthrough` | display controllers, 1 if `vfio-pci` |
//!
//! **Traffic.** NVML's better known `nvmlDeviceGetPcieThroughput` is no counter: it watches for 20 ms
//! and tells a rate. What is shown are the byte counters of newer drivers; where a driver has none,
//! there is none.
//!
//! **Labels.** `gpu_id` is the UUID; the index where the driver tells none; the PCI address for what
//! NVML does not drive. Model and driver are labels of `info` alone.
//!
//! **MIG.** A GPU that is split into instances is shown as a whole. The driver does not tell its
//! utilization then, so that family has no series for it; memory, power, temperature and errors are
//! the card's.
//!
//! **Failure.** What a GPU does not support is left out. A GPU that fell off the bus is left out as a
//! whole, the others stay, and the run is *partial*. A call that hangs in the driver holds this
//! collector's thread and nothing else, and no second one is made. The library runs inside this
//! process, so one that crashes ends it: who does not trust a driver that far runs this collector in a
//! `nova-metrics` of its own.
//!
//! **Privileges.** None; in a container the driver's library and devices must be there. A library
//! that is [named](GpuSettings::library) runs as this process: name none that others may write.
//!
//! ```no_run
//! use novacron_collectors::Root;
//! use novacron_collectors::gpu::{GpuCollector, GpuSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! telemetry.collect(GpuCollector::new(Root::default(), GpuSettings::default()))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

mod collector;
mod nvml;
mod pci;
mod source;

pub use collector::{GpuCollector, GpuReading, GpuSettings};
pub use source::{Gpu, GpuSource};
