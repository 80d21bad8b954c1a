//! GPUs, driven here or by a guest.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use novacron_telemetry::catalog::gpu::{
    GpuClock, GpuClockLabelsRef, GpuEccLabelsRef, GpuInfoLabelsRef, GpuLabels, GpuLabelsRef,
    GpuTrafficLabelsRef,
};
use novacron_telemetry::catalog::{EccKind, Flow, GpuMetrics};
use novacron_telemetry::collect::{CollectError, CollectErrorKind, Collector, Run, Schedule};
use novacron_telemetry::metric::{Collected, CollectedKind};

use super::nvml::NvmlSource;
use super::pci;
use super::source::{Gpu, GpuSource};
use crate::root::Root;

/// Settings of the collector of GPUs: the table `[collectors.gpu]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct GpuSettings {
    /// NVIDIA's management library, if not where the driver puts it. It runs as this process does.
    pub library: Option<PathBuf>,
}

/// Reads GPUs; see the [module](super).
pub struct GpuCollector {
    root: Root,
    source: Box<dyn GpuSource>,
}

/// What one tick found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuReading {
    gpus: Vec<Gpu>,
    /// By id: whether a guest has it.
    passthrough: Vec<(String, bool)>,
}

impl GpuCollector {
    /// GPUs of the host whose root this is, through NVML.
    #[must_use]
    pub fn new(root: Root, settings: GpuSettings) -> Self {
        Self::with_source(root, NvmlSource::new(settings.library))
    }

    /// GPUs as another driver knows them.
    #[must_use]
    pub fn with_source(root: Root, source: impl GpuSource) -> Self {
        Self {
            root,
            source: Box::new(source),
        }
    }
}

impl Collector for GpuCollector {
    type Metrics = GpuMetrics;
    type Reading = GpuReading;

    const NAME: &'static str = "gpu";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(10));

    fn read(&mut self, run: &mut Run) -> Result<GpuReading, CollectError> {
        // The bus first: it cannot hang.
        let cards = pci::cards(&self.root);
        let gpus = match self.source.gpus(run) {
            Ok(gpus) => gpus,
            // All may be handed to guests, and no driver loaded.
            Err(error) if cards.is_empty() => return Err(error),
            Err(error) => {
                if error.kind() != CollectErrorKind::Absent {
                    run.skip("NVML", error);
                }
                Vec::new()
            }
        };
        if gpus.is_empty() && cards.is_empty() {
            return Err(match run.skipped() {
                0 => CollectError::absent("there is no GPU"),
                _ => CollectError::failed("no GPU answers"),
            });
        }
        let id_at = |address: &str| {
            let at = |gpu: &&Gpu| gpu.pci_address.as_deref() == Some(address);
            gpus.iter().find(at).map(|gpu| gpu.id.clone())
        };
        let passthrough = cards
            .into_iter()
            .map(|card| {
                let id = id_at(&card.address).unwrap_or(card.address);
                (id, card.passthrough)
            })
            .collect();
        Ok(GpuReading { gpus, passthrough })
    }

    fn publish(reading: &GpuReading, metrics: &GpuMetrics) {
        let GpuReading { gpus, passthrough } = reading;
        let labels = |id| GpuLabelsRef { gpu_id: id };
        metrics.passthrough.replace_all(
            passthrough
                .iter()
                .map(|(id, passthrough)| (labels(id.as_str()), f64::from(u8::from(*passthrough)))),
        );
        metrics.info.replace_all(gpus.iter().map(|gpu| {
            let labels = GpuInfoLabelsRef {
                gpu_id: &gpu.id,
                model: gpu.model.as_deref().unwrap_or_default(),
                driver_version: gpu.driver_version.as_deref().unwrap_or_default(),
            };
            (labels, 1.0)
        }));
        let whole = |value: Option<u64>| value.map(|value| value as f64);
        show(&metrics.utilization_ratio, gpus, |g| g.utilization_ratio);
        show(&metrics.memory_used_bytes, gpus, |g| {
            whole(g.memory_used_bytes)
        });
        show(&metrics.memory_size_bytes, gpus, |g| {
            whole(g.memory_size_bytes)
        });
        show(&metrics.temperature_celsius, gpus, |g| {
            g.temperature_celsius
        });
        show(&metrics.power_watts, gpus, |g| g.power_watts);
        show(&metrics.energy_joules_total, gpus, |g| g.energy_joules);
        show(&metrics.fan_speed_ratio, gpus, |g| g.fan_speed_ratio);
        show(&metrics.processes, gpus, |g| whole(g.processes));
        metrics.clock_hertz.replace_all(gpus.iter().flat_map(|gpu| {
            let clocks = GpuClock::ALL.iter().zip(gpu.clocks_hertz);
            clocks.filter_map(|(clock, hertz)| {
                let labels = GpuClockLabelsRef {
                    gpu_id: &gpu.id,
                    clock: *clock,
                };
                Some((labels, hertz?))
            })
        }));
        metrics
            .ecc_errors_total
            .replace_all(gpus.iter().flat_map(|gpu| {
                let errors = [
                    (EccKind::Corrected, gpu.ecc_corrected),
                    (EccKind::Uncorrected, gpu.ecc_uncorrected),
                ];
                errors.into_iter().filter_map(|(kind, errors)| {
                    let gpu_id = &gpu.id;
                    Some((GpuEccLabelsRef { gpu_id, kind }, errors? as f64))
                })
            }));
        metrics
            .pcie_bytes_total
            .replace_all(gpus.iter().flat_map(|gpu| {
                let bytes = [
                    (Flow::Receive, gpu.pcie_received_bytes),
                    (Flow::Transmit, gpu.pcie_sent_bytes),
                ];
                bytes.into_iter().filter_map(|(direction, bytes)| {
                    let gpu_id = &gpu.id;
                    Some((GpuTrafficLabelsRef { gpu_id, direction }, bytes? as f64))
                })
            }));
    }
}

/// Shows the value that each GPU has of something, if it has one.
fn show<M: CollectedKind>(
    family: &Collected<GpuLabels, M>,
    gpus: &[Gpu],
    value: impl Fn(&Gpu) -> Option<f64>,
) {
    family.replace_all(gpus.iter().filter_map(|gpu| {
        let labels = GpuLabelsRef { gpu_id: &gpu.id };
        Some((labels, value(gpu)?))
    }));
}

impl fmt::Debug for GpuCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, source: _ } = self;
        f.debug_struct("GpuCollector")
            .field("root", root)
            .finish_non_exhaustive()
    }
}
