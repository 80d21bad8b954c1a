//! `/sys/class/hwmon`: chips and their channels.
//!
//! A chip is named after its driver and the device it is on, since several chips have one driver
//! and the numbers of the folders change from boot to boot: `coretemp/coretemp.0`, `nvme/nvme1`.

use std::collections::HashMap;
use std::io;
use std::time::Instant;

use super::super::optional;
use super::{Measured, Quantity};
use crate::Root;

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
        let driver = root.attribute(format!("{folder}/name"))?;
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
    // Without all of its labels a chip's sensors would have other names than they had.
    let Some(channels) = channels(root, chip, &files) else {
        return (measured, true);
    };
    for channel in channels {
        // Each reading may take a transfer over a slow bus.
        if Instant::now() >= until {
            return (measured, false);
        }
        channel_values(root, chip, &channel, &files, &mut measured);
    }
    if SUPPLIES.contains(&chip.driver.as_str()) {
        measured.extend(supply(root, chip, &files));
    }
    (measured, true)
}

/// A channel, such as `temp1`.
#[derive(Debug)]
struct Channel<'a> {
    name: &'a str,
    kind: &'a str,
    /// The file that has its value.
    file: &'a str,
    /// What it is called: its label, its name, or both where several have the label.
    called: String,
}

/// The channels that are shown; `None` if there is a label that cannot be read. A meter of power
/// may have an average in place of a reading.
fn channels<'a>(root: &Root, chip: &Chip, files: &'a [String]) -> Option<Vec<Channel<'a>>> {
    let mut channels = Vec::new();
    for file in files {
        let Some((name, what)) = file.split_once('_') else {
            continue;
        };
        let kind = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let shown = match what {
            "input" => ["temp", "fan", "power"].contains(&kind),
            "average" => kind == "power" && !has(files, &format!("{name}_input")),
            _ => false,
        };
        if shown && name != kind {
            let label = format!("{name}_label");
            let called = match has(files, &label) {
                true => root.attribute(format!("{}/{label}", chip.folder))?,
                false => name.to_owned(),
            };
            channels.push(Channel {
                name,
                kind,
                file,
                called,
            });
        }
    }
    name_apart(&mut channels);
    Some(channels)
}

/// Adds their names to channels of one kind that have one label. It goes by labels and not by
/// values, so no sensor is called otherwise while another one does not answer.
fn name_apart(channels: &mut [Channel<'_>]) {
    let mut times = HashMap::<(&str, String), usize>::new();
    for channel in &*channels {
        *times
            .entry((channel.kind, channel.called.clone()))
            .or_default() += 1;
    }
    for channel in channels {
        let key = (channel.kind, channel.called.clone());
        if times.get(&key).is_some_and(|times| *times > 1) {
            channel.called = format!("{} {}", channel.called, channel.name);
        }
    }
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
        let number: i64 = root.number(format!("{}/{file}", chip.folder))?;
        Some(number as f64)
    };
    let of = |what: &str| {
        let file = format!("{}_{what}", channel.name);
        has(files, &file).then(|| number(&file))
    };
    // Where there is a fault, or nobody knows, the value is none.
    if of("fault").is_some_and(|fault| fault != Some(0.0)) {
        return;
    }
    let Some(value) = number(channel.file) else {
        return;
    };
    let sensor = format!("{}/{}", chip.name, channel.called);
    let mut found = |quantity, value| {
        measured.push(Measured {
            sensor: sensor.clone(),
            quantity,
            value,
        });
    };
    match channel.kind {
        "temp" => {
            found(Quantity::Temperature, value / 1e3);
            let critical = of("crit").flatten().map(|critical| critical / 1e3);
            if let Some(critical) = critical.filter(|it| *it > 0.0 && *it <= HIGHEST_CRITICAL) {
                found(Quantity::CriticalTemperature, critical);
            }
        }
        "fan" => found(Quantity::Fan, value),
        _ => found(Quantity::Power, value / 1e6),
    }
}

/// Whether a power supply is good: what goes in and what comes out are above zero, and neither has
/// set off its alarm. Unknown if it does not say both.
fn supply(root: &Root, chip: &Chip, files: &[String]) -> Option<Measured> {
    let line = |file: &str| root.attribute(format!("{}/{file}", chip.folder));
    let good = |label: &str| {
        let mut labels = files.iter().filter_map(|file| file.strip_suffix("_label"));
        let channel =
            labels.find(|channel| line(&format!("{channel}_label")).as_deref() == Some(label))?;
        let volts: i64 = root.number(format!("{}/{channel}_input", chip.folder))?;
        let alarm = match optional(root, &format!("{}/{channel}_lcrit_alarm", chip.folder)) {
            Some(alarm) => alarm? != "0",
            None => false,
        };
        Some(volts > 0 && !alarm)
    };
    let (input, output) = (good("vin")?, good("vout1")?);
    Some(Measured {
        sensor: chip.name.clone(),
        quantity: Quantity::Supply,
        value: f64::from(input && output),
    })
}
