//! Display controllers on the PCI bus, and who drives them.

use crate::root::Root;

/// A display controller: its address, and whether it is bound for a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) address: String,
    pub(super) passthrough: bool,
}

/// The display controllers of the host, by address; none if there is no PCI bus.
pub(super) fn cards(root: &Root) -> Vec<Card> {
    const DEVICES: &str = "sys/bus/pci/devices";
    // The first byte of a device's class.
    const DISPLAY: u32 = 0x03;
    const MOST: usize = 256;

    let devices = root.list(DEVICES).unwrap_or_default();
    let display = |address: &String| {
        let class = root.line(format!("{DEVICES}/{address}/class"));
        let class = class.as_deref().and_then(|class| class.strip_prefix("0x"));
        let whole = class.filter(|class| class.len() == 6);
        whole
            .and_then(|class| u32::from_str_radix(class, 16).ok())
            .is_some_and(|class| class >> 16 == DISPLAY)
    };
    devices
        .into_iter()
        .filter(display)
        .take(MOST)
        .map(|address| {
            let driver = root.link_name(format!("{DEVICES}/{address}/driver"));
            Card {
                passthrough: driver.as_deref() == Some("vfio-pci"),
                address,
            }
        })
        .collect()
}
