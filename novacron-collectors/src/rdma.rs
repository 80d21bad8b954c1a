//! Collector `rdma`: ports of InfiniBand, RoCE and iWARP devices.
//!
//! | source, in `/sys/class/infiniband/*/ports/*` | family | conversion |
//! |---|---|---|
//! | `state` | `novacron_network_rdma_port_up` | `4: ACTIVE` = 1 |
//! | `rate` | `novacron_network_rdma_port_speed_bytes_per_second` | `100 Gb/sec (4X EDR)`: × 125 000 000 |
//! | `counters/port_{rcv,xmit}_data` | `novacron_network_rdma_port_bytes_total` | words of 4 bytes: × 4 |
//! | `counters/port_{rcv,xmit}_packets` | `novacron_network_rdma_port_packets_total` | |
//! | `counters/*` | `novacron_network_rdma_port_errors_total` | those of the label `error` |
//! | `hw_counters/*` | `novacron_network_rdma_events_total` | those of the label `event`; drivers have hundreds |
//!
//! A soft-RoCE device has no `counters` at all, and an iWARP one answers `N/A (no PMA)`: such ports
//! have no series of bytes, rather than zeros.
//!
//! **Privileges:** none. **Failure:** a machine without such a device is *absent*; what is missing
//! or broken in a port is left out.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::rdma::RdmaCollector;
//! use novacron_telemetry::collect::{Collector, Run};
//! use std::time::Duration;
//!
//! let mut rdma = RdmaCollector::new(Root::new("/"));
//! match rdma.read(&mut Run::within(Duration::from_secs(5))) {
//!     Ok(reading) => println!("{} ports", reading.ports.len()),
//!     Err(absent) => println!("{absent}"),
//! }
//! ```

use std::time::Duration;

use novacron_telemetry::catalog::NetworkMetrics;
use novacron_telemetry::catalog::labels::Flow;
use novacron_telemetry::catalog::network::{
    RdmaError, RdmaErrorLabelsRef, RdmaEvent, RdmaEventLabelsRef, RdmaFlowLabelsRef,
    RdmaPortLabelsRef,
};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};
use novacron_telemetry::metric::{Absolute, Collected};

use crate::{Root, text};

/// Where the devices are.
const FOLDER: &str = "sys/class/infiniband";

/// Reads the ports of RDMA devices.
#[derive(Debug)]
pub struct RdmaCollector {
    root: Root,
}

/// What the collector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RdmaReading {
    /// The ports of all devices.
    pub ports: Vec<Port>,
}

/// One port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Port {
    /// Its device, such as `mlx5_0`.
    pub device: String,
    /// Its number, as the name of its folder.
    pub port: String,
    /// Whether it is active.
    pub active: Option<bool>,
    /// Its signalling rate, in bits per second.
    pub rate: Option<f64>,
    /// Bytes received, sent.
    pub bytes: [Option<u64>; 2],
    /// Packets received, sent.
    pub packets: [Option<u64>; 2],
    /// Errors, by the name of their file.
    pub errors: Vec<(&'static str, u64)>,
    /// Events that its driver counts, by the name of their file.
    pub events: Vec<(&'static str, u64)>,
}

impl RdmaCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self { root }
    }

    fn port(&self, device: &str, port: &str) -> Port {
        let folder = format!("{FOLDER}/{device}/ports/{port}");
        let line = |file: &str| self.root.attribute(format!("{folder}/{file}"));
        let number = |file: &str| text::number::<u64>(&line(file)?);
        // Words of 64 bits wrap after years, as bytes too early for 64 bits: that one is left out.
        let bytes = |file: &str| number(file)?.checked_mul(4);
        let all = |kind: &str, files: &mut dyn Iterator<Item = &'static str>| {
            files
                .filter_map(|file| Some((file, number(&format!("{kind}/{file}"))?)))
                .collect()
        };
        Port {
            active: line("state").as_deref().and_then(active),
            rate: line("rate").as_deref().and_then(rate),
            bytes: ["counters/port_rcv_data", "counters/port_xmit_data"].map(bytes),
            packets: ["counters/port_rcv_packets", "counters/port_xmit_packets"].map(number),
            errors: all(
                "counters",
                &mut RdmaError::ALL.iter().map(|error| file(*error)),
            ),
            events: all(
                "hw_counters",
                &mut RdmaEvent::ALL.iter().map(|event| event.as_str()),
            ),
            device: device.to_owned(),
            port: port.to_owned(),
        }
    }
}

/// The file that counts this error: the one with capitals in its name.
fn file(error: RdmaError) -> &'static str {
    match error {
        RdmaError::Vl15Dropped => "VL15_dropped",
        named => named.as_str(),
    }
}

/// `4: ACTIVE` and `5: ACTIVE_DEFER` carry packets; 0 to 3 do not.
fn active(state: &str) -> Option<bool> {
    match text::number::<u8>(state.split_once(':')?.0)? {
        4 | 5 => Some(true),
        0..=3 => Some(false),
        _ => None,
    }
}

/// `2.5 Gb/sec (1X SDR)`, in bits per second. A port that is down may have a rate of 0, which is
/// none.
fn rate(rate: &str) -> Option<f64> {
    let mut words = rate.split_ascii_whitespace();
    let gigabits: f64 = text::number(words.next()?)?;
    let bits = gigabits * 1e9;
    (words.next()? == "Gb/sec" && bits > 0.0 && bits.is_finite()).then_some(bits)
}

impl Collector for RdmaCollector {
    type Metrics = NetworkMetrics;
    type Reading = RdmaReading;

    const NAME: &'static str = "rdma";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(10)).deadline(Duration::from_secs(8));

    fn read(&mut self, run: &mut Run) -> Result<RdmaReading, CollectError> {
        let devices = self
            .root
            .list(FOLDER)
            .map_err(|error| CollectError::from(error).of("/sys/class/infiniband"))?;
        let mut reading = RdmaReading::default();
        for device in &devices {
            if run.expired() {
                run.skip(device, "no time left");
                continue;
            }
            match self.root.list(format!("{FOLDER}/{device}/ports")) {
                Ok(ports) => {
                    let ports = ports.iter().map(|port| self.port(device, port));
                    reading.ports.extend(ports);
                }
                Err(error) => run.skip(device, error),
            }
        }
        match devices.is_empty() {
            true => Err(CollectError::absent("no RDMA device")),
            false => Ok(reading),
        }
    }

    fn publish(reading: &RdmaReading, network: &NetworkMetrics) {
        let ports = || {
            reading.ports.iter().map(|port| {
                let labels = RdmaPortLabelsRef {
                    device: &port.device,
                    port: &port.port,
                };
                (labels, port)
            })
        };
        network.rdma_port_up.replace_all(
            ports().filter_map(|(labels, port)| Some((labels, f64::from(port.active?)))),
        );
        network
            .rdma_port_speed_bytes_per_second
            .replace_all(ports().filter_map(|(labels, port)| Some((labels, port.rate? / 8.0))));
        let flows: [(&Collected<_, Absolute>, Both); 2] = [
            (&network.rdma_port_bytes_total, |port| port.bytes),
            (&network.rdma_port_packets_total, |port| port.packets),
        ];
        for (family, values) in flows {
            family.replace_all(reading.ports.iter().flat_map(|port| {
                let ways = [Flow::Receive, Flow::Transmit].into_iter();
                ways.zip(values(port)).filter_map(|(direction, value)| {
                    let labels = RdmaFlowLabelsRef {
                        device: &port.device,
                        port: &port.port,
                        direction,
                    };
                    Some((labels, value? as f64))
                })
            }));
        }
        network
            .rdma_port_errors_total
            .replace_all(reading.ports.iter().flat_map(|port| {
                RdmaError::ALL.iter().filter_map(|&error| {
                    let labels = RdmaErrorLabelsRef {
                        device: &port.device,
                        port: &port.port,
                        error,
                    };
                    Some((labels, find(&port.errors, file(error))?))
                })
            }));
        network
            .rdma_events_total
            .replace_all(reading.ports.iter().flat_map(|port| {
                RdmaEvent::ALL.iter().filter_map(|&event| {
                    let labels = RdmaEventLabelsRef {
                        device: &port.device,
                        port: &port.port,
                        event,
                    };
                    Some((labels, find(&port.events, event.as_str())?))
                })
            }));
    }
}

/// What was received and sent.
type Both = fn(&Port) -> [Option<u64>; 2];

fn find(values: &[(&'static str, u64)], name: &str) -> Option<f64> {
    let (_, value) = values.iter().find(|(file, _)| *file == name)?;
    Some(*value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_gigabits() {
        assert_eq!(rate("2.5 Gb/sec (1X SDR)"), Some(2.5e9));
        assert_eq!(rate("100 Gb/sec (4X EDR)"), Some(1e11));
        for bad in [
            "",
            "100",
            "100 Mb/sec",
            "0 Gb/sec (4X SDR)",
            "x Gb/sec",
            "1e3 Gb/sec",
            "9".repeat(400).as_str(),
        ] {
            assert_eq!(rate(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_state_is_its_number() {
        assert_eq!(active("4: ACTIVE"), Some(true));
        assert_eq!(active("1: DOWN"), Some(false));
        for bad in ["", "4", "ACTIVE", "9: NEW", ": ACTIVE"] {
            assert_eq!(active(bad), None, "{bad:?}");
        }
    }
}
