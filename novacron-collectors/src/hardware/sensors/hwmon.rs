//! `/sys/class/hwmon`: chips and their channels.
//!
//! A chip is named after its driver and the device it is on, since several chips have one driver and
//! the numbers of the folders change from boot to boot: `coretemp/coretemp.0`, `nvme/nvme1`.

use std::collections::HashMap;
use std::io;
use std::time::Instant;

use super::{Measured, Quantity};
use crate::{Root, text};

const FOLDER: &str = "sys/class/hwmon";
/// Drivers of power supplies that speak PMBus. Other PMBus chips are regulators on the board.
const SUPPLIES: &[&str] = &[
    "bpa-rs600",
    "bpd-rs600",
    "cffps",
    "cffps1",
    "cffps2",
    "crps185",
    "dps460",
    "dps650ab",
    "dps800",
    "dps920ab",
    "fsg032",
    "ipsps1",
    "pfe1100",
    "pfe3000",
    "sgd009",
    "yh5151e",
    "ym2151e",
];
/// Above this a critical temperature is a register that was never set.
const HIGHEST_CRITICAL: f64 = 250.0;

/// One chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Its driver and device, or its driver and folder where it is on none.
    pub name: String,
    driver: String,
    folder: String,
}

/// The chips of this machine, each with a name of its own.
///
/// # Errors
///
/// If `/sys/class/hwmon` cannot be listed.
pub fn chips(root: &Root) -> io::Result<Vec<Chip>> {
    let entries = root.list(FOLDER)?;
    let mut found: Vec<(&String, Chip)> = entries
        .iter()
        .filter_map(|entry| Some((entry, chip(root, entry)?)))
        .collect();
    let mut times = HashMap::<String, usize>::new();
    for (_, chip) in &found {
        *times.entry(chip.name.clone()).or_default() += 1;
    }
    for (entry, chip) in &mut found {
        if times.get(&chip.name).is_some_and(|times| *times > 1) {
            chip.name = format!("{}/{entry}", chip.name);
        }
    }
    Ok(found.into_iter().map(|(_, chip)| chip).collect())
}

fn chip(root: &Root, entry: &str) -> Option<Chip> {
    // Old drivers have their files in `device`, not in the chip's own folder.
    let own = format!("{FOLDER}/{entry}");
    let folders = [own.clone(), format!("{own}/device")];
    let (folder, driver) = folders.into_iter().find_map(|folder| {
        let driver = root.line(format!("{folder}/name"))?;
        Some((folder, driver))
    })?;
    let device = root.link_name(format!("{own}/device"));
    let device = device.as_deref().unwrap_or(entry);
    Some(Chip {
        name: format!("{driver}/{device}"),
        driver,
        folder,
    })
}

/// What the chip measures, and whether there was time for all of it. A channel that does not answer
/// (`EAGAIN`, `EIO`, `ENODATA`: a part that sleeps or is broken) has no value.
#[must_use]
pub fn read(root: &Root, chip: &Chip, until: Instant) -> (Vec<Measured>, bool) {
    let files = root.list(&chip.folder).unwrap_or_default();
    let mut measured = Vec::new();
    let mut in_time = true;
    for channel in channels(&files) {
        // Each reading may take a transfer over a slow bus.
        if Instant::now() >= until {
            in_time = false;
            break;
        }
        channel_values(root, chip, &channel, &files, &mut measured);
    }
    if in_time && SUPPLIES.contains(&chip.driver.as_str()) {
        measured.extend(supply(root, chip, &files));
    }
    name_apart(&mut measured);
    (measured, in_time)
}

/// A channel, such as `temp1`, and the file that has its value.
#[derive(Debug)]
struct Channel<'a> {
    name: &'a str,
    file: &'a str,
}

/// The channels that are shown. A meter of power may have an average in place of a reading.
fn channels(files: &[String]) -> impl Iterator<Item = Channel<'_>> {
    files.iter().filter_map(move |file| {
        let (name, what) = file.split_once('_')?;
        let number = ["temp", "fan", "power"]
            .iter()
            .find_map(|kind| name.strip_prefix(kind))?;
        text::number::<u32>(number)?;
        let shown = match what {
            "input" => true,
            "average" => name.starts_with("power") && !has(files, &format!("{name}_input")),
            _ => false,
        };
        shown.then_some(Channel { name, file })
    })
}

/// Whether there is a file of this name; `files` is sorted.
fn has(files: &[String], file: &str) -> bool {
    files
        .binary_search_by(|have| have.as_str().cmp(file))
        .is_ok()
}

fn channel_values(
    root: &Root,
    chip: &Chip,
    channel: &Channel<'_>,
    files: &[String],
    measured: &mut Vec<Measured>,
) {
    let number = |file: &str| {
        let line = root.line(format!("{}/{file}", chip.folder))?;
        text::number::<i64>(&line).map(|number| number as f64)
    };
    let of = |what: &str| {
        let file = format!("{}_{what}", channel.name);
        has(files, &file).then(|| number(&file)).flatten()
    };
    if of("fault") == Some(1.0) {
        return;
    }
    let Some(value) = number(channel.file) else {
        return;
    };
    let label = format!("{}_label", channel.name);
    let label = has(files, &label)
        .then(|| root.line(format!("{}/{label}", chip.folder)))
        .flatten();
    let sensor = format!("{}/{}", chip.name, label.as_deref().unwrap_or(channel.name));
    let mut found = |quantity, value| {
        measured.push(Measured {
            sensor: sensor.clone(),
            channel: channel.name.to_owned(),
            quantity,
            value,
        });
    };
    match channel.name.as_bytes().first() {
        Some(b't') => {
            found(Quantity::Temperature, value / 1e3);
            let critical = of("crit").map(|critical| critical / 1e3);
            if let Some(critical) = critical.filter(|it| *it > 0.0 && *it <= HIGHEST_CRITICAL) {
                found(Quantity::CriticalTemperature, critical);
            }
        }
        Some(b'f') => found(Quantity::Fan, value),
        _ => found(Quantity::Power, value / 1e6),
    }
}

/// Whether a power supply is good: what goes in and what comes out are above zero, and neither has
/// set off its alarm. Unknown if it does not say both.
fn supply(root: &Root, chip: &Chip, files: &[String]) -> Option<Measured> {
    let line = |file: &str| root.line(format!("{}/{file}", chip.folder));
    let good = |label: &str| {
        let mut labels = files.iter().filter_map(|file| file.strip_suffix("_label"));
        let channel =
            labels.find(|channel| line(&format!("{channel}_label")).as_deref() == Some(label))?;
        let volts: i64 = text::number(&line(&format!("{channel}_input"))?)?;
        let alarm = line(&format!("{channel}_lcrit_alarm")).as_deref() == Some("1");
        Some(volts > 0 && !alarm)
    };
    let (input, output) = (good("vin")?, good("vout1")?);
    Some(Measured {
        sensor: chip.name.clone(),
        channel: String::new(),
        quantity: Quantity::Supply,
        value: f64::from(input && output),
    })
}

/// Adds the channel to the names of sensors that would otherwise be one.
fn name_apart(measured: &mut [Measured]) {
    let mut times = HashMap::<(Quantity, String), usize>::new();
    for one in &*measured {
        *times.entry((one.quantity, one.sensor.clone())).or_default() += 1;
    }
    // A limit is named as the value it is a limit of, also where only one of two has a limit.
    for one in measured {
        let value = match one.quantity {
            Quantity::CriticalTemperature => Quantity::Temperature,
            quantity => quantity,
        };
        let key = (value, one.sensor.clone());
        if times.get(&key).is_some_and(|times| *times > 1) {
            one.sensor = format!("{} {}", one.sensor, one.channel);
        }
    }
}
