//! Collector `sensors`: temperatures, fans, power meters and supplies, and the links of network
//! cards.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/sys/class/hwmon/*/temp*_input` | `novacron_hardware_temperature_celsius` | ÷ 1000 |
//! | `…/temp*_crit` | `novacron_hardware_temperature_critical_celsius` | ÷ 1000; left out if never set |
//! | `…/fan*_input` | `novacron_hardware_fan_rpm` | |
//! | `…/power*_input`, else `_average` | `novacron_hardware_power_watts` | ÷ 10⁶ |
//! | `…/in*` of power supplies on PMBus | `novacron_hardware_power_supply_up` | 1 if input and output have voltage and no alarm |
//! | `/sys/class/power_supply/*` | `novacron_hardware_power_supply_up` | mains and UPS: `online`; batteries: `health` |
//! | `/sys/class/thermal/thermal_zone*/temp` | `novacron_hardware_temperature_celsius` | ÷ 1000; those that hwmon has, too, only there |
//! | `/sys/class/net/*/carrier` of devices | `novacron_hardware_nic_up` | switched off = 0; no virtual functions |
//!
//! **Names.** `sensor` is chip, device and label: `coretemp/coretemp.0/Core 0`,
//! `nvme/nvme0/Composite`. Where a chip calls two channels the same, each has its channel added.
//!
//! **Slow chips.** Behind an I²C or 1-Wire bus a reading may take a second. A chip that needs more
//! than 2 s for all of its channels is left alone for half a minute, then for a whole one, at most
//! for five; its last values are shown while they are younger than 90 s. The others are read
//! meanwhile, and the run is *partial*.
//!
//! **Privileges:** none. **Failure:** a channel that does not answer has no value; a machine
//! without any of this is *absent*.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::hardware::SensorsCollector;
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut sensors = SensorsCollector::new(Root::new("/"));
//! match sensors.read(&mut Run::within(Duration::from_secs(20))) {
//!     Ok(reading) => println!("{} values", reading.measured.len()),
//!     Err(absent) => println!("{absent}"),
//! }
//! ```

use std::collections::HashMap;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::HardwareMetrics;
use novacron_telemetry::catalog::hardware::{InterfaceLabelsRef, SensorLabelsRef};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use crate::Root;
use crate::circuit::Circuits;

mod board;
pub mod hwmon;

/// How long one chip may take.
const CHIP: Duration = Duration::from_secs(2);
/// How long the last values of a chip that is left alone are shown.
const KEPT: Duration = Duration::from_secs(90);

/// Reads sensors.
#[derive(Debug)]
pub struct SensorsCollector {
    root: Root,
    budget: Duration,
    circuits: Circuits<String>,
    last: HashMap<String, (Instant, Vec<Measured>)>,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorsReading {
    /// What sensors measured.
    pub measured: Vec<Measured>,
    /// Network cards, and whether they have link.
    pub links: Vec<(String, bool)>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Chip, device and label.
    pub sensor: String,
    /// What was measured.
    pub quantity: Quantity,
    /// Degrees Celsius, turns per minute, watts, or 1 for good.
    pub value: f64,
}

/// What a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// A temperature.
    Temperature,
    /// The temperature at which the part is in danger.
    CriticalTemperature,
    /// The speed of a fan.
    Fan,
    /// Power that is drawn.
    Power,
    /// Whether a power supply is good.
    Supply,
}

impl SensorsCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self::with_budget(root, CHIP)
    }

    /// Reads below this root; a chip that needs longer than this is left alone for a while.
    #[must_use]
    pub fn with_budget(root: Root, budget: Duration) -> Self {
        Self {
            root,
            budget,
            circuits: Circuits::new(Duration::from_secs(30)),
            last: HashMap::new(),
        }
    }

    fn chips(&mut self, run: &mut Run) -> Vec<Measured> {
        let chips = hwmon::chips(&self.root).unwrap_or_default();
        let exists = |name: &String| chips.iter().any(|chip| chip.name == *name);
        self.circuits.retain(exists);
        self.last.retain(|name, _| exists(name));
        let mut measured = Vec::new();
        for chip in &chips {
            let now = Instant::now();
            let left_alone = if !self.circuits.allows(chip.name.as_str(), now) {
                Some("too slow the last time, left alone for a while")
            } else if run.expired() {
                Some("no time left")
            } else {
                None
            };
            if let Some(why) = left_alone {
                run.skip(&chip.name, why);
                let last = self.last.get(&chip.name);
                let young = last.filter(|(at, _)| now.saturating_duration_since(*at) < KEPT);
                measured.extend(young.into_iter().flat_map(|(_, values)| values.clone()));
                continue;
            }
            let until = run.deadline().min(now + self.budget);
            let (values, in_time) = hwmon::read(&self.root, chip, until);
            // The last channel may have been the slow one.
            if in_time && now.elapsed() <= self.budget {
                self.circuits.worked(chip.name.as_str());
            } else {
                self.circuits.failed(chip.name.clone(), Instant::now());
                run.skip(&chip.name, "too slow");
            }
            measured.extend(values.iter().cloned());
            self.last
                .insert(chip.name.clone(), (Instant::now(), values));
        }
        measured
    }
}

impl Collector for SensorsCollector {
    type Metrics = HardwareMetrics;
    type Reading = SensorsReading;

    const NAME: &'static str = "sensors";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(30)).deadline(Duration::from_secs(25));

    fn read(&mut self, run: &mut Run) -> Result<SensorsReading, CollectError> {
        // What is never slow comes first: it must not wait for the chips.
        let mut measured = board::zones(&self.root);
        measured.extend(board::supplies(&self.root));
        let links = board::links(&self.root);
        measured.extend(self.chips(run));
        let reading = SensorsReading { measured, links };
        match reading == SensorsReading::default() && run.skipped() == 0 {
            true => Err(CollectError::absent(
                "no sensor, power supply or network card",
            )),
            false => Ok(reading),
        }
    }

    fn publish(reading: &SensorsReading, hardware: &HardwareMetrics) {
        for (quantity, family) in [
            (Quantity::Temperature, &hardware.temperature_celsius),
            (
                Quantity::CriticalTemperature,
                &hardware.temperature_critical_celsius,
            ),
            (Quantity::Fan, &hardware.fan_rpm),
            (Quantity::Power, &hardware.power_watts),
            (Quantity::Supply, &hardware.power_supply_up),
        ] {
            let measured = reading.measured.iter();
            let of = measured.filter(|one| one.quantity == quantity);
            family.replace_all(of.map(|one| {
                let sensor = one.sensor.as_str();
                (SensorLabelsRef { sensor }, one.value)
            }));
        }
        let links = reading.links.iter();
        hardware.nic_up.replace_all(
            links.map(|(interface, up)| (InterfaceLabelsRef { interface }, f64::from(*up))),
        );
    }
}
