//! A reading as families of the catalog.

use novacron_telemetry::catalog::guest::{
    GuestDiskLabelsRef, GuestInfoLabelsRef, GuestInterfaceLabelsRef, GuestLabels, GuestLabelsRef,
    GuestResourceLabelsRef, GuestStateLabelsRef, HostLabelsRef,
};
use novacron_telemetry::catalog::libvirt::{
    DomainLabelsRef, HostLabelsRef as DaemonLabelsRef, InfoLabelsRef,
};
use novacron_telemetry::catalog::{Flow, GuestMetrics, LibvirtMetrics, Resource, VmState};
use novacron_telemetry::metric::{Absolute, Collected, Gauge};

use super::collector::LibvirtReading;
use super::domain::{Disk, GuestMemory, Interface, State, Traffic, Vcpu};
use super::guest::Guest;
use super::words::{domain_state, vm_state};

/// What the collector writes.
pub(crate) type Metrics = (GuestMetrics, LibvirtMetrics);

pub(crate) fn publish(reading: &LibvirtReading, (guest, libvirt): &Metrics) {
    daemon(reading, libvirt);
    promised(reading, guest);
    let none = LibvirtReading::default();
    // Without series for each VM, those that were there before go.
    let own = match reading.per_vm {
        true => reading,
        false => &none,
    };
    let rows = Rows(own);
    states(rows, guest);
    processor(rows, guest);
    memory(rows, guest);
    disks(rows, guest);
    network(rows, guest);
}

/// One value of something, if it is known.
type Value<T, N> = fn(&T) -> Option<N>;

/// The guests of a reading that have series of their own.
#[derive(Clone, Copy)]
struct Rows<'a>(&'a LibvirtReading);

impl<'a> Rows<'a> {
    fn guests(self) -> impl Iterator<Item = (GuestLabelsRef<'a>, &'a Guest)> {
        let host = self.0.host.as_str();
        let guests = self.0.guests.iter().flatten();
        guests.map(move |guest| {
            (
                GuestLabelsRef {
                    name: &guest.name,
                    host,
                },
                guest,
            )
        })
    }

    /// One value of each guest that has it.
    fn gauge(self, family: &Collected<GuestLabels, Gauge>, value: impl Fn(&Guest) -> Option<f64>) {
        let values = self.guests();
        family.replace_all(values.filter_map(|(labels, guest)| Some((labels, value(guest)?))));
    }

    fn total(
        self,
        family: &Collected<GuestLabels, Absolute>,
        value: impl Fn(&Guest) -> Option<f64>,
    ) {
        let values = self.guests();
        family.replace_all(values.filter_map(|(labels, guest)| Some((labels, value(guest)?))));
    }

    fn disks(self) -> impl Iterator<Item = (GuestDiskLabelsRef<'a>, &'a Disk)> {
        self.guests()
            .flat_map(|(GuestLabelsRef { name, host }, guest)| {
                let disks = guest.stats.disks.values();
                disks.filter_map(move |disk| {
                    let device = disk.target.as_deref()?;
                    Some((GuestDiskLabelsRef { name, host, device }, disk))
                })
            })
    }

    fn interfaces(self) -> impl Iterator<Item = (GuestInterfaceLabelsRef<'a>, &'a Traffic)> {
        self.guests()
            .flat_map(|(GuestLabelsRef { name, host }, guest)| {
                let interfaces = guest.stats.interfaces.values();
                interfaces.flat_map(
                    move |Interface {
                              name: own,
                              received,
                              sent,
                          }| {
                        let ways = [(Flow::Receive, received), (Flow::Transmit, sent)];
                        own.iter().flat_map(move |interface| {
                            ways.map(|(direction, traffic)| {
                                let labels = GuestInterfaceLabelsRef {
                                    name,
                                    host,
                                    interface,
                                    direction,
                                };
                                (labels, traffic)
                            })
                        })
                    },
                )
            })
    }
}

fn daemon(reading: &LibvirtReading, metrics: &LibvirtMetrics) {
    let host = reading.host.as_str();
    let labels = DaemonLabelsRef { host };
    let flag = |up: bool| f64::from(u8::from(up));
    metrics
        .up
        .replace_all(reading.up.map(|up| (labels, flag(up))));
    let version = reading.version.as_deref();
    let info = version.map(|version| (InfoLabelsRef { host, version }, 1.0));
    metrics.info.replace_all(info);
    // While the daemon does not answer nobody knows who else does not.
    let asked = reading.up == Some(true);
    let blocked = asked.then_some((labels, reading.blocked as f64));
    metrics.blocked_domains.replace_all(blocked);
    let guests = reading.guests.as_deref();
    let count = |guests: &[Guest], state: State| {
        let alike = guests
            .iter()
            .filter(|guest| guest.stats.state == Some(state));
        alike.count() as f64
    };
    metrics
        .domains_total
        .replace_all(guests.into_iter().flat_map(|guests| {
            State::ALL.map(|state| {
                let labels = DomainLabelsRef {
                    host,
                    state: domain_state(state),
                };
                (labels, count(guests, state))
            })
        }));
}

/// What was promised to all guests that run or are paused. A sum without one of them would be wrong,
/// so there is none as long as one of them is not known.
fn promised(reading: &LibvirtReading, metrics: &GuestMetrics) {
    let labels = HostLabelsRef {
        host: &reading.host,
    };
    let sum = |of: &dyn Fn(&Guest) -> Option<f64>| {
        let active = reading
            .guests
            .as_ref()?
            .iter()
            .filter(|guest| guest.is_active());
        Some((labels, active.map(of).sum::<Option<f64>>()?))
    };
    metrics
        .allocated_vcpus
        .replace_all(sum(&|guest| number(guest.stats.vcpus)));
    let memory = |guest: &Guest| number(guest.stats.memory.maximum);
    metrics.allocated_memory_bytes.replace_all(sum(&memory));
    metrics.allocated_disk_bytes.replace_all(sum(&capacity));
}

/// The size of all disks of a guest, if the size of each is known. A drive without a medium tells
/// nothing about sizes, and has none.
fn capacity(guest: &Guest) -> Option<f64> {
    let disks = &guest.stats.disks;
    // Without disks it may have none, or they were not read.
    if disks.is_empty() && guest.stats.memory.resident.is_none() {
        return None;
    }
    let holding = disks
        .values()
        .filter(|disk| disk.physical.is_some() || disk.capacity.is_some());
    total(holding.map(|disk| disk.capacity))
}

fn states(rows: Rows<'_>, metrics: &GuestMetrics) {
    let state_labels =
        |GuestLabelsRef { name, host }, state| GuestStateLabelsRef { name, host, state };
    metrics
        .status
        .replace_all(rows.guests().flat_map(|(labels, guest)| {
            let state = guest
                .stats
                .state
                .map(|state| vm_state(state, guest.stats.state_reason));
            let running = state.map(|state| {
                let runs = f64::from(u8::from(state == VmState::Running));
                (state_labels(labels, VmState::Running), runs)
            });
            let other = state.filter(|state| *state != VmState::Running);
            running
                .into_iter()
                .chain(other.map(|state| (state_labels(labels, state), 1.0)))
        }));
    // What is not started with its host is started by somebody, of whose wish nothing is known here.
    let wanted = rows
        .guests()
        .filter(|(_, guest)| guest.autostart == Some(true));
    metrics
        .desired_state
        .replace_all(wanted.map(|(labels, _)| (state_labels(labels, VmState::Running), 1.0)));
    metrics
        .info
        .replace_all(rows.guests().map(|(GuestLabelsRef { name, host }, guest)| {
            let uuid = guest.uuid.as_str();
            (GuestInfoLabelsRef { name, host, uuid }, 1.0)
        }));
    rows.gauge(&metrics.last_seen_timestamp_seconds, |guest| guest.seen);
    rows.gauge(&metrics.boot_time_seconds, |guest| guest.booted);
    rows.gauge(&metrics.guest_agent_up, |guest| {
        guest.agent_connected.map(|up| f64::from(u8::from(up)))
    });
}

fn processor(rows: Rows<'_>, metrics: &GuestMetrics) {
    rows.total(&metrics.cpu_seconds_total, |guest| {
        seconds(guest.stats.cpu_ns)
    });
    rows.total(&metrics.cpu_user_seconds_total, |guest| {
        seconds(guest.stats.cpu_user_ns)
    });
    rows.total(&metrics.cpu_system_seconds_total, |guest| {
        seconds(guest.stats.cpu_system_ns)
    });
    rows.total(&metrics.vcpu_seconds_total, |guest| {
        all(guest, |vcpu| vcpu.time_ns)
    });
    rows.total(&metrics.cpu_wait_seconds_total, |guest| {
        all(guest, |vcpu| vcpu.wait_ns)
    });
    rows.total(&metrics.cpu_steal_seconds_total, |guest| {
        all(guest, |vcpu| vcpu.delay_ns)
    });
    rows.gauge(&metrics.cpu_usage_ratio, |guest| guest.cpu_usage);
    rows.gauge(&metrics.vcpus, |guest| number(guest.stats.vcpus));
}

/// The sum over all virtual CPUs, if each tells.
fn all(guest: &Guest, of: impl Fn(&Vcpu) -> Option<u64>) -> Option<f64> {
    let vcpus = &guest.stats.vcpu;
    if vcpus.is_empty() {
        return None;
    }
    vcpus.values().map(|vcpu| seconds(of(vcpu))).sum()
}

fn memory(rows: Rows<'_>, metrics: &GuestMetrics) {
    rows.gauge(&metrics.memory_bytes, |guest| {
        number(guest.stats.memory.maximum)
    });
    rows.gauge(&metrics.memory_balloon_bytes, |guest| {
        number(guest.stats.memory.balloon)
    });
    rows.gauge(&metrics.memory_resident_bytes, |guest| {
        number(guest.stats.memory.resident)
    });
    rows.gauge(&metrics.memory_used_bytes, used_memory);
    let told: [(_, Value<GuestMemory, u64>); 5] = [
        (&metrics.memory_available_bytes, |memory| memory.available),
        (&metrics.memory_unused_bytes, |memory| memory.unused),
        (&metrics.memory_usable_bytes, |memory| memory.usable),
        (&metrics.memory_disk_caches_bytes, |memory| {
            memory.disk_caches
        }),
        (&metrics.memory_report_timestamp_seconds, |memory| {
            Some(memory.updated)
        }),
    ];
    for (family, value) in told {
        rows.gauge(family, |guest| {
            number(guest.stats.memory.guest.as_ref().and_then(value))
        });
    }
    let counted: [(_, Value<GuestMemory, u64>); 4] = [
        (&metrics.memory_swap_in_bytes_total, |memory| {
            memory.swapped_in
        }),
        (&metrics.memory_swap_out_bytes_total, |memory| {
            memory.swapped_out
        }),
        (&metrics.memory_major_faults_total, |memory| {
            memory.major_faults
        }),
        (&metrics.memory_minor_faults_total, |memory| {
            memory.minor_faults
        }),
    ];
    for (family, value) in counted {
        rows.total(family, |guest| {
            number(guest.stats.memory.guest.as_ref().and_then(value))
        });
    }
    metrics
        .resource_usage
        .replace_all(rows.guests().flat_map(|(labels, guest)| {
            let values = [
                (Resource::Cpu, guest.cpu_usage.map(|ratio| ratio * 100.0)),
                (Resource::Memory, used_memory(guest)),
                (Resource::Disk, occupied(guest)),
            ];
            values.into_iter().filter_map(move |(resource, value)| {
                let vm_id = labels.name;
                Some((GuestResourceLabelsRef { vm_id, resource }, value?))
            })
        }));
}

/// What the guest sees and could not hand out at once. Only the guest itself knows.
fn used_memory(guest: &Guest) -> Option<f64> {
    let memory = guest.stats.memory.guest?;
    let free = memory.usable.or(memory.unused)?;
    number(memory.available?.checked_sub(free))
}

fn disks(rows: Rows<'_>, metrics: &GuestMetrics) {
    rows.gauge(&metrics.disk_used_bytes, occupied);
    let counted: [(_, Value<Disk, f64>); 8] = [
        (&metrics.disk_read_bytes_total, |disk| {
            number(disk.read_bytes)
        }),
        (&metrics.disk_written_bytes_total, |disk| {
            number(disk.written_bytes)
        }),
        (&metrics.disk_reads_total, |disk| number(disk.reads)),
        (&metrics.disk_writes_total, |disk| number(disk.writes)),
        (&metrics.disk_flushes_total, |disk| number(disk.flushes)),
        (&metrics.disk_read_seconds_total, |disk| {
            seconds(disk.read_ns)
        }),
        (&metrics.disk_write_seconds_total, |disk| {
            seconds(disk.write_ns)
        }),
        (&metrics.disk_flush_seconds_total, |disk| {
            seconds(disk.flush_ns)
        }),
    ];
    for (family, value) in counted {
        let disks = rows.disks();
        family.replace_all(disks.filter_map(|(labels, disk)| Some((labels, value(disk)?))));
    }
    let sizes: [(_, Value<Disk, u64>); 2] = [
        (&metrics.disk_capacity_bytes, |disk| disk.capacity),
        (&metrics.disk_physical_bytes, |disk| disk.physical),
    ];
    for (family, value) in sizes {
        let disks = rows.disks();
        family.replace_all(disks.filter_map(|(labels, disk)| Some((labels, number(value(disk))?))));
    }
}

/// The storage that all disks of a guest occupy. What libvirt calls allocation is, of a guest that
/// runs, only how far it has written since it was started.
fn occupied(guest: &Guest) -> Option<f64> {
    let disks = guest.stats.disks.values();
    let holding = disks.filter(|disk| disk.capacity.is_some() || disk.physical.is_some());
    let mut holding = holding.peekable();
    holding.peek()?;
    total(holding.map(|disk| disk.physical))
}

fn network(rows: Rows<'_>, metrics: &GuestMetrics) {
    let counted: [(_, Value<Traffic, u64>); 4] = [
        (&metrics.network_bytes_total, |traffic| traffic.bytes),
        (&metrics.network_packets_total, |traffic| traffic.packets),
        (&metrics.network_errors_total, |traffic| traffic.errors),
        (&metrics.network_drops_total, |traffic| traffic.drops),
    ];
    for (family, value) in counted {
        let traffic = rows.interfaces();
        family.replace_all(traffic.filter_map(|(labels, way)| Some((labels, number(value(way))?))));
    }
}

/// The sum, if every part of it is known. In floating point, since it cannot overflow there.
fn total(values: impl Iterator<Item = Option<u64>>) -> Option<f64> {
    values.map(number).sum()
}

fn number(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn seconds(nanoseconds: Option<u64>) -> Option<f64> {
    nanoseconds.map(|ns| ns as f64 / 1e9)
}
