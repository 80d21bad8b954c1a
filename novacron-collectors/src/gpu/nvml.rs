//! NVIDIA's management library.

use std::collections::HashSet;
use std::path::PathBuf;

use novacron_telemetry::collect::{CollectError, Run};
use nvml_wrapper::enum_wrappers::device::{Clock, EccCounter, MemoryError, TemperatureSensor};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::{
    NVML_FI_DEV_PCIE_COUNT_RX_BYTES, NVML_FI_DEV_PCIE_COUNT_TX_BYTES,
};
use nvml_wrapper::{Device, Nvml};

use super::source::{Gpu, GpuSource};

/// The library, opened when it is first needed, and again after the driver went away.
#[derive(Debug)]
pub(super) struct NvmlSource {
    library: Option<PathBuf>,
    nvml: Option<Nvml>,
}

/// More than there ever were in one machine: a driver that says so is not to be believed.
const MOST_GPUS: u32 = 256;
const MOST_PROCESSES: u32 = 65_536;

impl NvmlSource {
    pub(super) fn new(library: Option<PathBuf>) -> Self {
        Self {
            library,
            nvml: None,
        }
    }

    fn open(&self) -> Result<Nvml, NvmlError> {
        let mut builder = Nvml::builder();
        if let Some(library) = &self.library {
            builder.lib_path(library.as_os_str());
        }
        builder.init()
    }
}

impl GpuSource for NvmlSource {
    fn gpus(&mut self, run: &mut Run) -> Result<Vec<Gpu>, CollectError> {
        let nvml = match self.nvml.take() {
            Some(nvml) => nvml,
            None => self.open().map_err(|error| why(&error))?,
        };
        let count = nvml.device_count().map_err(|error| why(&error))?;
        if count > MOST_GPUS {
            return Err(CollectError::failed(format!("NVML counts {count} GPUs")));
        }
        let driver = plausible(nvml.sys_driver_version().ok());
        let mut gpus = Vec::new();
        let mut ids = HashSet::new();
        for index in 0..count {
            if run.expired() {
                break;
            }
            match gpu(&nvml, index) {
                Ok(mut gpu) => {
                    // Two of one id would be one series.
                    if !ids.insert(gpu.id.clone()) {
                        gpu.id = index.to_string();
                        ids.insert(gpu.id.clone());
                    }
                    gpu.driver_version.clone_from(&driver);
                    gpus.push(gpu);
                }
                // The driver was unloaded below us: the library is opened anew the next time.
                Err(error @ (NvmlError::Uninitialized | NvmlError::DriverNotLoaded)) => {
                    return Err(why(&error));
                }
                Err(error) => run.skip(format_args!("gpu {index}"), error),
            }
        }
        self.nvml = Some(nvml);
        Ok(gpus)
    }
}

fn why(error: &NvmlError) -> CollectError {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded => {
            CollectError::absent(error.to_string())
        }
        NvmlError::NoPermission | NvmlError::OperatingSystem => {
            CollectError::denied(error.to_string())
        }
        NvmlError::LibRmVersionMismatch => CollectError::failed(
            "the driver was updated and not yet loaded: NVML and kernel module differ",
        ),
        error => CollectError::failed(error.to_string()),
    }
}

/// One GPU, or why it cannot be read at all.
fn gpu(nvml: &Nvml, index: u32) -> Result<Gpu, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let percent = |percent: u32| f64::from(percent) / 100.0;
    let memory = known(device.memory_info())?;
    let utilization = known(device.utilization_rates())?;
    let [pcie_sent_bytes, pcie_received_bytes] = traffic(&device)?;
    let ecc = |kind| known(device.total_ecc_errors(kind, EccCounter::Aggregate));
    let mut clocks_hertz = [None; 4];
    for (hertz, clock) in
        clocks_hertz
            .iter_mut()
            .zip([Clock::Graphics, Clock::SM, Clock::Memory, Clock::Video])
    {
        *hertz = told(known(device.clock_info(clock))?).map(|mhz| f64::from(mhz) * 1e6);
    }
    Ok(Gpu {
        id: plausible(known(device.uuid())?).unwrap_or_else(|| index.to_string()),
        pci_address: known(device.pci_info())?.and_then(|pci| address(&pci.bus_id)),
        model: plausible(known(device.name())?),
        driver_version: None,
        utilization_ratio: utilization
            .map(|utilization| utilization.gpu)
            .filter(|percent| *percent <= 100)
            .map(percent),
        memory_used_bytes: memory.as_ref().and_then(|memory| told_long(memory.used)),
        memory_size_bytes: memory.as_ref().and_then(|memory| told_long(memory.total)),
        temperature_celsius: told(known(device.temperature(TemperatureSensor::Gpu))?)
            .map(f64::from),
        power_watts: told(known(device.power_usage())?).map(|mw| f64::from(mw) / 1e3),
        energy_joules: known(device.total_energy_consumption())?
            .and_then(told_long)
            .map(|mj| mj as f64 / 1e3),
        fan_speed_ratio: told(known(device.fan_speed(0))?).map(percent),
        clocks_hertz,
        ecc_corrected: ecc(MemoryError::Corrected)?.and_then(told_long),
        ecc_uncorrected: ecc(MemoryError::Uncorrected)?.and_then(told_long),
        pcie_received_bytes,
        pcie_sent_bytes,
        processes: processes(&device)?,
    })
}

/// A value that the GPU or the driver does not have is none; an error that concerns all of them
/// remains one.
fn known<T>(result: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
    use NvmlError::{
        DriverNotLoaded, GpuLost, IrqIssue, LibRmVersionMismatch, ResetRequired, Uninitialized,
    };

    match result {
        Ok(value) => Ok(Some(value)),
        Err(
            error @ (GpuLost | ResetRequired | IrqIssue | Uninitialized | DriverNotLoaded
            | LibRmVersionMismatch),
        ) => Err(error),
        Err(_) => Ok(None),
    }
}

/// All ones are how NVML says that it does not know.
fn told(value: Option<u32>) -> Option<u32> {
    value.filter(|value| *value != u32::MAX)
}

fn told_long(value: u64) -> Option<u64> {
    (value != u64::MAX).then_some(value)
}

/// A text that may become a label: not empty, and printable.
fn plausible(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty() && text.chars().all(|c| !c.is_control()))
}

/// `00000000:3B:00.0`, in the kernel's spelling.
fn address(bus_id: &str) -> Option<String> {
    let (domain, rest) = bus_id.split_once(':')?;
    let domain = u32::from_str_radix(domain, 16).ok()?;
    let good = rest.len() == 7
        && rest
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b));
    good.then(|| format!("{domain:04x}:{}", rest.to_ascii_lowercase()))
}

/// Bytes sent and received, where the driver counts them.
fn traffic(device: &Device<'_>) -> Result<[Option<u64>; 2], NvmlError> {
    let fields = [
        NVML_FI_DEV_PCIE_COUNT_TX_BYTES,
        NVML_FI_DEV_PCIE_COUNT_RX_BYTES,
    ];
    let Some(samples) = known(device.field_values_for(&fields.map(FieldId)))? else {
        return Ok([None; 2]);
    };
    let mut bytes = [None; 2];
    for (bytes, sample) in bytes.iter_mut().zip(samples) {
        *bytes = match sample.and_then(|sample| sample.value) {
            Ok(SampleValue::U32(count)) => Some(u64::from(count)),
            Ok(SampleValue::U64(count)) => told_long(count),
            Ok(SampleValue::I64(_) | SampleValue::F64(_)) => None,
            Err(error) => known(Err(error))?,
        };
    }
    Ok(bytes)
}

/// Processes that compute or draw, each once.
fn processes(device: &Device<'_>) -> Result<Option<u64>, NvmlError> {
    let few = |count: Option<u32>| count.is_some_and(|count| count <= MOST_PROCESSES);
    let mut lists = Vec::new();
    // The list makes room for as many as were counted.
    if few(known(device.running_compute_processes_count())?) {
        lists.extend(known(device.running_compute_processes())?);
    }
    if few(known(device.running_graphics_processes_count())?) {
        lists.extend(known(device.running_graphics_processes())?);
    }
    if lists.is_empty() {
        return Ok(None);
    }
    let pids: HashSet<u32> = lists.iter().flatten().map(|process| process.pid).collect();
    Ok(Some(pids.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelt_as_the_kernel_does() {
        assert_eq!(address("00000000:3B:00.0").as_deref(), Some("0000:3b:00.0"));
        assert_eq!(
            address("00010000:0A:1F.0").as_deref(),
            Some("10000:0a:1f.0")
        );
        for bad in ["", "3B:00.0", "zz:3B:00.0", "0:3B:00.0/../x"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
