//! Collector `edac`: memory errors, as the memory controllers report them.
//!
//! | source, in `/sys/devices/system/edac/mc/mc*` | family |
//! |---|---|
//! | `ce_count` | `novacron_hardware_memory_errors_total{kind="corrected"}`, `…_memory_controller_errors_total` |
//! | `ue_count` | the same with `kind="uncorrected"` |
//!
//! The family without a controller is the sum. It is left out while a controller cannot be read:
//! a sum that lacks one would fall, and look like counters that began anew.
//!
//! **Privileges:** none. **Failure:** a machine without ECC memory, or without a driver for it, is
//! *absent*.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::hardware::EdacCollector;
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut edac = EdacCollector::new(Root::new("/"));
//! match edac.read(&mut Run::within(Duration::from_secs(5))) {
//!     Ok(reading) => println!("{} controllers", reading.controllers.len()),
//!     Err(absent) => println!("{absent}"),
//! }
//! ```

use std::time::Duration;

use novacron_telemetry::catalog::HardwareMetrics;
use novacron_telemetry::catalog::hardware::{ControllerLabelsRef, MemoryErrorLabels};
use novacron_telemetry::catalog::labels::EccKind;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use crate::{Root, text};

const FOLDER: &str = "sys/devices/system/edac/mc";

/// Reads memory errors.
#[derive(Debug)]
pub struct EdacCollector {
    root: Root,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdacReading {
    /// The memory controllers.
    pub controllers: Vec<Controller>,
}

/// One memory controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its name, such as `mc0`.
    pub name: String,
    /// Errors that were corrected.
    pub corrected: Option<u64>,
    /// Errors that were not.
    pub uncorrected: Option<u64>,
}

impl EdacCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self { root }
    }
}

impl EdacReading {
    /// The sum over all controllers, if each of them is known.
    fn sum(&self, of: Errors) -> Option<f64> {
        let errors = self.controllers.iter().map(|one| Some(of(one)? as f64));
        let sum = errors.sum::<Option<f64>>()?;
        (!self.controllers.is_empty()).then_some(sum)
    }
}

/// A number of errors of a controller.
type Errors = fn(&Controller) -> Option<u64>;

/// The kinds of errors, and where a controller has their number.
const KINDS: [(EccKind, Errors); 2] = [
    (EccKind::Corrected, |controller| controller.corrected),
    (EccKind::Uncorrected, |controller| controller.uncorrected),
];

impl Collector for EdacCollector {
    type Metrics = HardwareMetrics;
    type Reading = EdacReading;

    const NAME: &'static str = "edac";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(30)).deadline(Duration::from_secs(10));

    fn read(&mut self, run: &mut Run) -> Result<EdacReading, CollectError> {
        let names = self
            .root
            .list(FOLDER)
            .map_err(|error| CollectError::from(error).of("/sys/devices/system/edac/mc"))?;
        let mut reading = EdacReading::default();
        for name in names {
            // `power` and `uevent` stand beside them.
            let Some(number) = name.strip_prefix("mc") else {
                continue;
            };
            if text::number::<u32>(number).is_none() {
                continue;
            }
            let count = |file: &str| {
                let path = format!("{FOLDER}/{name}/{file}");
                self.root.number(path)
            };
            let (corrected, uncorrected) = (count("ce_count"), count("ue_count"));
            if corrected.is_none() || uncorrected.is_none() {
                run.skip(&name, "its error counts cannot be read");
            }
            reading.controllers.push(Controller {
                name,
                corrected,
                uncorrected,
            });
        }
        match reading.controllers.is_empty() {
            true => Err(CollectError::absent("no memory controller reports errors")),
            false => Ok(reading),
        }
    }

    fn publish(reading: &EdacReading, hardware: &HardwareMetrics) {
        hardware.memory_errors_total.replace_all(
            KINDS
                .into_iter()
                .filter_map(|(kind, of)| Some((MemoryErrorLabels { kind }, reading.sum(of)?))),
        );
        hardware
            .memory_controller_errors_total
            .replace_all(reading.controllers.iter().flat_map(|controller| {
                KINDS.into_iter().filter_map(|(kind, of)| {
                    let labels = ControllerLabelsRef {
                        controller: &controller.name,
                        kind,
                    };
                    Some((labels, of(controller)? as f64))
                })
            }));
    }
}
