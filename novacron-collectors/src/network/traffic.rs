//! `/proc/net/dev`: what passed through each interface.
//!
//! ```
//! use novacron_collectors::network::traffic;
//!
//! let text = "Inter-|   Receive\n face |bytes ...\n  eth0: 114 1 0 2 0 0 0 1 630 7 0 0 0 0 0 0\n";
//! let eth0 = &traffic::parse(text)[0];
//! assert_eq!((eth0.interface.as_str(), eth0.received.drops), ("eth0", 2));
//! ```

use crate::text;

/// What passed through an interface since it was made, as the kernel counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Its name.
    pub interface: String,
    /// What came in.
    pub received: Flow,
    /// What went out.
    pub sent: Flow,
}

/// What passed in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Bytes, without what the driver strips.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Packets that were damaged or could not be sent.
    pub errors: u64,
    /// Packets dropped, by the card or for want of a buffer.
    pub drops: u64,
}

/// The interfaces of `/proc/net/dev`, in its order. A line of which any number is missing or broken
/// is left out: half of an interface would look like one that fell silent.
#[must_use]
pub fn parse(text: &str) -> Vec<Traffic> {
    text::lines(text).filter_map(line).collect()
}

fn line(line: &str) -> Option<Traffic> {
    let (interface, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers
        .split_ascii_whitespace()
        .map(text::number)
        .collect::<Option<_>>()?;
    // Eight columns each way since Linux 2.2; others would be a format that we do not know.
    let [
        rx_bytes,
        rx_packets,
        rx_errors,
        rx_drops,
        _,
        _,
        _,
        _,
        tx_bytes,
        tx_packets,
        tx_errors,
        tx_drops,
        ..,
    ] = numbers[..]
    else {
        return None;
    };
    let interface = interface.trim();
    (numbers.len() == 16 && !interface.is_empty()).then(|| Traffic {
        interface: interface.to_owned(),
        received: Flow {
            bytes: rx_bytes,
            packets: rx_packets,
            errors: rx_errors,
            drops: rx_drops,
        },
        sent: Flow {
            bytes: tx_bytes,
            packets: tx_packets,
            errors: tx_errors,
            drops: tx_drops,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "  eth1:114       1    2    3    4     5          6         7      630       7    8    9    10     11       12          13\n";

    #[test]
    fn a_line_is_an_interface() {
        let [eth1] = &parse(LINE)[..] else {
            panic!("one interface")
        };
        assert_eq!(eth1.interface, "eth1");
        assert_eq!(
            eth1.received,
            Flow {
                bytes: 114,
                packets: 1,
                errors: 2,
                drops: 3
            }
        );
        assert_eq!(
            eth1.sent,
            Flow {
                bytes: 630,
                packets: 7,
                errors: 8,
                drops: 9
            }
        );
    }

    #[test]
    fn no_beginning_of_a_line_is_an_interface() {
        for end in 0..LINE.len() {
            assert_eq!(parse(&LINE[..end]), [], "{end}");
        }
        assert_eq!(parse(&LINE.replace("630", "6x0")), []);
        assert_eq!(parse(&LINE.replace("eth1", "")), []);
        assert_eq!(parse(&LINE.replace("13\n", "13 14\n")), []);
    }
}
