//! What the statistics of one domain say, in base units.
//!
//! Everything is optional: a daemon leaves out what the hypervisor does not tell, what an older
//! release does not know, and what would have to wait for a monitor that is not free.

use std::collections::BTreeMap;

use super::protocol::{self, Domain, Value};
use super::xdr::{XdrError, display};

/// State of a domain, as libvirt names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// None that is known.
    Nostate,
    /// It runs.
    Running,
    /// It waits for a resource.
    Blocked,
    /// It was halted and can go on.
    Paused,
    /// It is being shut down.
    Shutdown,
    /// It has no process.
    Shutoff,
    /// It crashed.
    Crashed,
    /// It sleeps, by its own will.
    Pmsuspended,
}

impl State {
    /// All states, in the order of libvirt's numbers.
    pub const ALL: [Self; 8] = [
        Self::Nostate,
        Self::Running,
        Self::Blocked,
        Self::Paused,
        Self::Shutdown,
        Self::Shutoff,
        Self::Crashed,
        Self::Pmsuspended,
    ];

    fn from_number(number: u64) -> Self {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Self::ALL.get(index).copied().unwrap_or(Self::Nostate)
    }
}

/// The statistics of one domain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DomainStats {
    /// Whose.
    pub domain: Domain,
    /// Its state.
    pub state: Option<State>,
    /// Why it is in that state, by number; the numbers mean something else for each state.
    pub state_reason: Option<u64>,
    /// CPU time of the whole process, in nanoseconds.
    pub cpu_ns: Option<u64>,
    /// Of that in user mode.
    pub cpu_user_ns: Option<u64>,
    /// Of that in the kernel.
    pub cpu_system_ns: Option<u64>,
    /// Virtual CPUs that are online.
    pub vcpus: Option<u64>,
    /// Virtual CPUs, by number.
    pub vcpu: BTreeMap<u32, Vcpu>,
    /// Memory.
    pub memory: Memory,
    /// Disks, by their place in the definition.
    pub disks: BTreeMap<u32, Disk>,
    /// Network interfaces, by their place in the definition.
    pub interfaces: BTreeMap<u32, Interface>,
}

/// One virtual CPU. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vcpu {
    /// Time it ran.
    pub time_ns: Option<u64>,
    /// Time it wanted to run while the host ran something else.
    pub wait_ns: Option<u64>,
    /// Time it stood in the host's run queue: the guest sees it as steal.
    pub delay_ns: Option<u64>,
}

/// Memory of a domain, in bytes, as the host and the guest's balloon driver know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What the balloon leaves to the guest now.
    pub balloon: Option<u64>,
    /// What the guest may have at most.
    pub maximum: Option<u64>,
    /// What the host has resident for it.
    pub resident: Option<u64>,
    /// What the guest's driver said last, if it ever said something.
    pub guest: Option<GuestMemory>,
}

/// What the guest's own balloon driver reports. Sizes are in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestMemory {
    /// When it did, in seconds since 1970 by the host's clock.
    pub updated: u64,
    /// Memory the guest sees.
    pub available: Option<u64>,
    /// Memory that holds nothing at all.
    pub unused: Option<u64>,
    /// Memory that can be had without swapping.
    pub usable: Option<u64>,
    /// Caches of disks.
    pub disk_caches: Option<u64>,
    /// Read back from swap.
    pub swapped_in: Option<u64>,
    /// Written to swap.
    pub swapped_out: Option<u64>,
    /// Page faults that waited for a disk.
    pub major_faults: Option<u64>,
    /// Page faults that did not.
    pub minor_faults: Option<u64>,
}

/// One disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// The name the guest's definition gives it, `vda` say.
    pub target: Option<String>,
    /// Bytes read.
    pub read_bytes: Option<u64>,
    /// Requests to read.
    pub reads: Option<u64>,
    /// Time they took, in nanoseconds.
    pub read_ns: Option<u64>,
    /// Bytes written.
    pub written_bytes: Option<u64>,
    /// Requests to write.
    pub writes: Option<u64>,
    /// Time they took, in nanoseconds.
    pub write_ns: Option<u64>,
    /// Requests to flush.
    pub flushes: Option<u64>,
    /// Time they took, in nanoseconds.
    pub flush_ns: Option<u64>,
    /// Bytes of storage it occupies.
    pub allocation: Option<u64>,
    /// Bytes the guest sees.
    pub capacity: Option<u64>,
    /// Bytes of the file or device that holds it.
    pub physical: Option<u64>,
}

/// One network interface; *received* and *sent* as the guest sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The name of the host's side of it, `vnet0` say.
    pub name: Option<String>,
    /// What the guest received.
    pub received: Traffic,
    /// What the guest sent.
    pub sent: Traffic,
}

/// One way through an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes passed.
    pub bytes: Option<u64>,
    /// Packets passed.
    pub packets: Option<u64>,
    /// Packets in error.
    pub errors: Option<u64>,
    /// Packets dropped.
    pub drops: Option<u64>,
}

/// The records in a bulk answer.
///
/// # Errors
///
/// If the payload is not such an answer, or a domain claims more devices than one can have.
pub fn decode(payload: &[u8]) -> Result<Vec<DomainStats>, XdrError> {
    let begin = |domain| Draft {
        stats: DomainStats {
            domain,
            ..DomainStats::default()
        },
        guest: GuestMemory::default(),
    };
    let records = protocol::each_record(payload, begin, Draft::param)?;
    Ok(records.into_iter().map(Draft::finish).collect())
}

/// A record that is still being read: whether the guest's memory means anything is known last.
struct Draft {
    stats: DomainStats,
    guest: GuestMemory,
}

impl Draft {
    fn finish(mut self) -> DomainStats {
        // 0 is what the hypervisor shows until the guest's driver has spoken.
        self.stats.memory.guest = (self.guest.updated != 0).then_some(self.guest);
        self.stats
    }

    /// Fields that are not known are passed over: each release brings new ones.
    fn param(&mut self, field: &[u8], value: Value<'_>) -> Result<(), XdrError> {
        let (group, rest) = split(field);
        match group {
            b"state" => self.state(rest, value),
            b"cpu" => self.cpu(rest, value),
            b"balloon" => self.balloon(rest, value),
            b"vcpu" => return self.vcpu(rest, value),
            b"net" => return self.interface(rest, value),
            b"block" => return self.disk(rest, value),
            _ => {}
        }
        Ok(())
    }

    fn state(&mut self, field: &[u8], value: Value<'_>) {
        match field {
            b"state" => self.stats.state = value.count().map(State::from_number),
            b"reason" => self.stats.state_reason = value.count(),
            _ => {}
        }
    }

    fn cpu(&mut self, field: &[u8], value: Value<'_>) {
        match field {
            b"time" => self.stats.cpu_ns = value.count(),
            b"user" => self.stats.cpu_user_ns = value.count(),
            b"system" => self.stats.cpu_system_ns = value.count(),
            _ => {}
        }
    }

    fn balloon(&mut self, field: &[u8], value: Value<'_>) {
        let memory = &mut self.stats.memory;
        let guest = &mut self.guest;
        match field {
            b"current" => memory.balloon = kibibytes(value),
            b"maximum" => memory.maximum = kibibytes(value),
            b"rss" => memory.resident = kibibytes(value),
            b"last-update" => guest.updated = value.count().unwrap_or(0),
            b"available" => guest.available = kibibytes(value),
            b"unused" => guest.unused = kibibytes(value),
            b"usable" => guest.usable = kibibytes(value),
            b"disk_caches" => guest.disk_caches = kibibytes(value),
            b"swap_in" => guest.swapped_in = kibibytes(value),
            b"swap_out" => guest.swapped_out = kibibytes(value),
            b"major_fault" => guest.major_faults = value.count(),
            b"minor_fault" => guest.minor_faults = value.count(),
            _ => {}
        }
    }

    fn vcpu(&mut self, field: &[u8], value: Value<'_>) -> Result<(), XdrError> {
        if field == b"current" {
            self.stats.vcpus = value.count();
        }
        let Some((number, field)) = numbered(field) else {
            return Ok(());
        };
        let vcpu = device(&mut self.stats.vcpu, number, MAX_VCPUS)?;
        match field {
            b"time" => vcpu.time_ns = value.count(),
            b"wait" => vcpu.wait_ns = value.count(),
            b"delay" => vcpu.delay_ns = value.count(),
            _ => {}
        }
        Ok(())
    }

    fn interface(&mut self, field: &[u8], value: Value<'_>) -> Result<(), XdrError> {
        let Some((number, field)) = numbered(field) else {
            return Ok(());
        };
        let interface = device(&mut self.stats.interfaces, number, MAX_DEVICES)?;
        let (way, field) = split(field);
        let traffic = match way {
            b"name" => {
                interface.name = text(value);
                return Ok(());
            }
            b"rx" => &mut interface.received,
            b"tx" => &mut interface.sent,
            _ => return Ok(()),
        };
        match field {
            b"bytes" => traffic.bytes = value.count(),
            b"pkts" => traffic.packets = value.count(),
            b"errs" => traffic.errors = value.count(),
            b"drop" => traffic.drops = value.count(),
            _ => {}
        }
        Ok(())
    }

    fn disk(&mut self, field: &[u8], value: Value<'_>) -> Result<(), XdrError> {
        let Some((number, field)) = numbered(field) else {
            return Ok(());
        };
        let disk = device(&mut self.stats.disks, number, MAX_DEVICES)?;
        match field {
            b"name" => disk.target = text(value),
            b"rd.bytes" => disk.read_bytes = value.count(),
            b"rd.reqs" => disk.reads = value.count(),
            b"rd.times" => disk.read_ns = value.count(),
            b"wr.bytes" => disk.written_bytes = value.count(),
            b"wr.reqs" => disk.writes = value.count(),
            b"wr.times" => disk.write_ns = value.count(),
            b"fl.reqs" => disk.flushes = value.count(),
            b"fl.times" => disk.flush_ns = value.count(),
            b"allocation" => disk.allocation = value.count(),
            b"capacity" => disk.capacity = value.count(),
            b"physical" => disk.physical = value.count(),
            _ => {}
        }
        Ok(())
    }
}

/// The device of this number; how many there are is capped, since each takes more room here than in
/// the message.
fn device<T: Default>(
    devices: &mut BTreeMap<u32, T>,
    number: u32,
    most: usize,
) -> Result<&mut T, XdrError> {
    if devices.len() >= most && !devices.contains_key(&number) {
        return Err(XdrError::TooLong);
    }
    Ok(devices.entry(number).or_default())
}

/// `state.reason` is `reason` of the group `state`.
fn split(field: &[u8]) -> (&[u8], &[u8]) {
    match field.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&field[..dot], &field[dot + 1..]),
        None => (field, &[]),
    }
}

/// `3.rd.bytes` is `rd.bytes` of number 3.
fn numbered(field: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = split(field);
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, rest))
}

/// A count of KiB as bytes; none if that is more than can be.
fn kibibytes(value: Value<'_>) -> Option<u64> {
    value.count()?.checked_mul(1024)
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => {
            let text = &text[..text.len().min(MAX_NAME_BYTES)];
            Some(display(text).into_owned())
        }
        Value::Signed(_) | Value::Unsigned(_) | Value::Double(_) | Value::Bool(_) => None,
    }
}

const MAX_VCPUS: usize = 8192;
const MAX_DEVICES: usize = 1024;
/// Longer than any name of a device that a label would show whole.
const MAX_NAME_BYTES: usize = 1024;
