//! What the machine says besides its chips: thermal zones, power supplies, network cards.

use super::super::optional;
use super::{Measured, Quantity};
use crate::{Root, text};

const ZONES: &str = "sys/class/thermal";
const SUPPLIES: &str = "sys/class/power_supply";
const NET: &str = "sys/class/net";

/// Thermal zones, without those that are a chip of hwmon as well.
pub(super) fn zones(root: &Root) -> Vec<Measured> {
    let zones = root.list(ZONES).unwrap_or_default();
    let zone = |zone: String| {
        let number = zone.strip_prefix("thermal_zone")?;
        text::number::<u32>(number)?;
        let files = root.list(format!("{ZONES}/{zone}")).ok()?;
        if files.iter().any(|file| file.starts_with("hwmon")) {
            return None;
        }
        let line = |file: &str| root.attribute(format!("{ZONES}/{zone}/{file}"));
        let millis: i64 = text::number(&line("temp")?)?;
        Some(Measured {
            sensor: format!("{zone}/{}", line("type")?),
            quantity: Quantity::Temperature,
            value: millis as f64 / 1e3,
        })
    };
    zones.into_iter().filter_map(zone).collect()
}

/// Power supplies of the machine itself, without those of mice and without USB ports, which are
/// empty more often than not.
pub(super) fn supplies(root: &Root) -> Vec<Measured> {
    let supplies = root.list(SUPPLIES).unwrap_or_default();
    let supply = |supply: String| {
        let line = |file: &str| root.attribute(format!("{SUPPLIES}/{supply}/{file}"));
        let other = |file: &str| optional(root, &format!("{SUPPLIES}/{supply}/{file}"));
        if other("scope").is_some_and(|scope| scope.is_none_or(|scope| scope == "Device")) {
            return None;
        }
        let flag = |file: &str| match line(file)?.as_str() {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        };
        let good = match line("type")?.as_str() {
            "Mains" | "UPS" => flag("online")?,
            "Battery" => match other("health") {
                None => flag("present")?,
                Some(health) => match health?.as_str() {
                    "Good" => true,
                    "Unknown" => flag("present")?,
                    _ => false,
                },
            },
            _ => return None,
        };
        Some(Measured {
            sensor: supply,
            quantity: Quantity::Supply,
            value: f64::from(good),
        })
    };
    supplies.into_iter().filter_map(supply).collect()
}

/// Network cards, and whether they have link. What is on a bus has `device`; a virtual function
/// has `physfn` in it, and the link it shows is its card's.
pub(super) fn links(root: &Root) -> Vec<(String, bool)> {
    let interfaces = root.list(NET).unwrap_or_default();
    let link = |interface: String| {
        let folder = format!("{NET}/{interface}");
        if !root.exists(format!("{folder}/device"))
            || root.exists(format!("{folder}/device/physfn"))
        {
            return None;
        }
        let up = match root.attribute(format!("{folder}/carrier")).as_deref() {
            Some("1") => true,
            Some("0") => false,
            // It cannot be read of a card that is switched off.
            _ => match root.attribute(format!("{folder}/operstate"))?.as_str() {
                "down" => false,
                _ => return None,
            },
        };
        Some((interface, up))
    };
    interfaces.into_iter().filter_map(link).collect()
}
