//! What a real daemon answered, whole, cut short and mutated.
//!
//! The frames were recorded from libvirt 9.0 with two guests of QEMU, one of them in a migration.

use std::fs;
use std::path::Path;

use novacron_collectors::libvirt::domain::{self, DomainStats, State};
use novacron_collectors::libvirt::frame::{FrameKind, Header, read_frame};
use novacron_collectors::libvirt::job::{self, JobStats, Operation, Phase};
use novacron_collectors::libvirt::protocol::{self, ControlState, RemoteError};
use novacron_collectors::libvirt::xml;

/// The payload of a recorded frame.
pub(crate) fn recorded(name: &str) -> (Header, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/libvirt");
    let bytes = fs::read(path.join(format!("{name}.bin"))).unwrap();
    let mut stream = bytes.as_slice();
    let mut frame = Vec::new();
    read_frame(&mut stream, &mut frame).unwrap();
    assert!(stream.is_empty(), "{name} is one frame");
    let (header, payload) = Header::split(&frame).unwrap();
    (header, payload.to_vec())
}

fn payload(name: &str) -> Vec<u8> {
    recorded(name).1
}

#[test]
fn statistics_of_a_real_guest_are_read_in_full() {
    let stats = domain::decode(&payload("stats")).unwrap();
    let names: Vec<_> = stats
        .iter()
        .map(|stats| stats.domain.display_name())
        .collect();
    assert_eq!(names, ["lab2", "lab1"], "in the daemon's order");
    for stats in &stats {
        assert_eq!(stats.state, Some(State::Running));
        assert_eq!((stats.vcpus, stats.vcpu.len()), (Some(1), 1));
        assert!(stats.cpu_ns > stats.cpu_user_ns && stats.cpu_user_ns > stats.cpu_system_ns);
        let vcpu = stats.vcpu[&0];
        assert!(vcpu.time_ns > Some(0) && vcpu.delay_ns > Some(0));
        assert_eq!(vcpu.wait_ns, Some(0), "said by the daemon");
        assert_eq!(stats.memory.maximum, Some(256 << 20));
        let guest = stats.memory.guest.expect("its balloon reports");
        assert!(guest.usable < guest.available && guest.available < stats.memory.maximum);
        assert_eq!(stats.disks.len(), 1);
        let disk = &stats.disks[&0];
        assert_eq!(disk.target.as_deref(), Some("vda"));
        assert_eq!(disk.capacity, Some(128 << 20));
        assert!(disk.read_bytes > Some(0) && disk.read_ns > Some(0) && disk.flushes > Some(0));
        assert_eq!(stats.interfaces.len(), 1);
        assert!(stats.interfaces[&0].sent.bytes > Some(0));
    }
    let light = domain::decode(&payload("stats-light")).unwrap();
    for stats in light {
        assert!(stats.state.is_some() && stats.interfaces.len() == 1);
        let heavy = DomainStats {
            domain: stats.domain.clone(),
            state: stats.state,
            state_reason: stats.state_reason,
            interfaces: stats.interfaces.clone(),
            ..DomainStats::default()
        };
        assert_eq!(
            stats, heavy,
            "nothing else was asked, nothing else is known"
        );
    }
}

#[test]
fn the_other_answers_are_read_too() {
    assert_eq!(protocol::auth_is_open(&payload("auth")), Ok(true));
    assert_eq!(protocol::domains(&payload("domains")).unwrap().len(), 2);
    let info = protocol::control_info(&payload("control")).unwrap();
    assert_eq!(info.state, ControlState::Free);
    assert_eq!(protocol::flag(&payload("autostart")), Ok(false));
    assert_eq!(
        job::decode(&payload("job-none")).unwrap(),
        JobStats::default()
    );
    let (header, payload) = recorded("error");
    assert!(header.failed && header.kind == FrameKind::Reply);
    let error = RemoteError::decode(&payload).unwrap();
    assert_eq!(error.code, RemoteError::NO_DOMAIN);
    assert!(
        error.message.contains("Domain not found"),
        "{}",
        error.message
    );
}

#[test]
fn a_real_migration_is_read_from_its_beginning_to_its_end() {
    let early = job::decode(&payload("job-early")).unwrap();
    assert_eq!(
        (early.phase, early.operation),
        (Phase::Running, Operation::MigrationOut)
    );
    assert_eq!(
        (early.memory.total, early.dirty_bytes_per_second()),
        (None, None)
    );

    let running = job::decode(&payload("job-running")).unwrap();
    assert!(running.iterations >= Some(2) && running.memory.remaining > Some(0));
    assert!(
        running
            .dirty_bytes_per_second()
            .is_some_and(|rate| rate > 0.0)
    );
    assert!(running.memory_bps > Some(0) && running.elapsed_ms > early.elapsed_ms);

    let (domain, event) = job::decode_event(&payload("job-event")).unwrap();
    let completed = job::decode(&payload("job-completed")).unwrap();
    assert_eq!(domain.name, b"lab1");
    for end in [event, completed] {
        assert_eq!(
            (end.phase, end.operation),
            (Phase::Completed, Operation::MigrationOut)
        );
        assert!(end.downtime_ms > Some(0) && end.elapsed_ms > running.elapsed_ms);
        assert_eq!(end.memory.remaining, Some(0));
    }
}

/// Everything that can be read from a payload; whether anything could.
fn read_all(payload: &[u8]) -> bool {
    let mut read = protocol::domains(payload).is_ok();
    read |= domain::decode(payload).is_ok();
    read |= job::decode(payload).is_ok();
    read |= job::decode_event(payload).is_ok();
    read |= protocol::control_info(payload).is_ok();
    read |= protocol::auth_is_open(payload).is_ok();
    read |= RemoteError::decode(payload).is_ok();
    if let Ok(text) = protocol::text(payload) {
        let _ = xml::definition(&String::from_utf8_lossy(text));
        read = true;
    }
    read
}

const FRAMES: [&str; 15] = [
    "auth",
    "open",
    "version",
    "domains",
    "stats",
    "stats-light",
    "control",
    "autostart",
    "job-none",
    "job-early",
    "job-running",
    "job-completed",
    "job-event",
    "watch",
    "error",
];

#[test]
fn no_part_of_a_list_is_taken_for_the_whole() {
    for name in FRAMES {
        let payload = payload(name);
        for end in 0..payload.len() {
            let part = &payload[..end];
            read_all(part);
            match name {
                "stats" | "stats-light" => assert!(domain::decode(part).is_err(), "{name}, {end}"),
                "domains" => assert!(protocol::domains(part).is_err(), "{name}, {end}"),
                "control" => assert!(protocol::control_info(part).is_err(), "{name}, {end}"),
                "job-event" => assert!(job::decode_event(part).is_err(), "{name}, {end}"),
                name if name.starts_with("job") => {
                    assert!(job::decode(part).is_err(), "{name}, {end}");
                }
                _ => {}
            }
        }
        let (header, whole) = recorded(name);
        let frame = header.frame(&whole);
        for end in 0..frame.len() {
            let mut read = Vec::new();
            assert!(
                read_frame(&mut &frame[..end], &mut read).is_err(),
                "{name}, {end}"
            );
        }
    }
}

#[test]
fn a_hundred_thousand_mutations_of_each_answer_are_read_or_refused() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for name in FRAMES {
        let original = payload(name);
        if original.is_empty() {
            continue;
        }
        let mut read = 0;
        let mut mutated = original.clone();
        for _ in 0..100_000 {
            mutated.clone_from(&original);
            random.mutate(&mut mutated);
            read += u32::from(read_all(&mutated));
            if name.starts_with("stats")
                && let Ok(stats) = domain::decode(&mutated)
            {
                no_zero_is_invented(&mutated, &stats);
            }
        }
        println!("{name}: {read} of 100000 mutations could be read as something");
    }
}

/// As many zeros as there are among the parameters, or fewer.
fn no_zero_is_invented(payload: &[u8], stats: &[DomainStats]) {
    let shown: usize = stats.iter().map(zeros).sum();
    let sent = parameters(payload).expect("it was decoded");
    let sent = sent.iter().filter(|value| **value == Some(0)).count();
    assert!(shown <= sent, "{shown} zeros of {sent}");
}

fn zeros(stats: &DomainStats) -> usize {
    let DomainStats {
        domain: _,
        state: _,
        state_reason,
        cpu_ns,
        cpu_user_ns,
        cpu_system_ns,
        vcpus,
        vcpu,
        memory,
        disks,
        interfaces,
    } = stats;
    let mut values = vec![state_reason, cpu_ns, cpu_user_ns, cpu_system_ns, vcpus];
    values.extend([&memory.balloon, &memory.maximum, &memory.resident]);
    if let Some(guest) = &memory.guest {
        values.extend([
            &guest.available,
            &guest.unused,
            &guest.usable,
            &guest.disk_caches,
        ]);
        values.extend([&guest.swapped_in, &guest.swapped_out]);
        values.extend([&guest.major_faults, &guest.minor_faults]);
    }
    for vcpu in vcpu.values() {
        values.extend([&vcpu.time_ns, &vcpu.wait_ns, &vcpu.delay_ns]);
    }
    for disk in disks.values() {
        values.extend([
            &disk.read_bytes,
            &disk.reads,
            &disk.read_ns,
            &disk.written_bytes,
        ]);
        values.extend([&disk.writes, &disk.write_ns, &disk.flushes, &disk.flush_ns]);
        values.extend([&disk.allocation, &disk.capacity, &disk.physical]);
    }
    for interface in interfaces.values() {
        for way in [&interface.received, &interface.sent] {
            values.extend([&way.bytes, &way.packets, &way.errors, &way.drops]);
        }
    }
    values.iter().filter(|value| ***value == Some(0)).count()
}

/// The values of all parameters of a bulk answer, read in another way than the library reads them.
fn parameters(payload: &[u8]) -> Option<Vec<Option<u64>>> {
    let word = |at: usize| {
        Some(u32::from_be_bytes(
            payload.get(at..at + 4)?.try_into().ok()?,
        ))
    };
    let text = |at: usize| Some(at + 4 + (word(at)? as usize).div_ceil(4) * 4);
    let mut at = 4;
    let mut values = Vec::new();
    for _ in 0..word(0)? {
        at = text(at)? + 16 + 4;
        let count = word(at)?;
        at += 4;
        for _ in 0..count {
            at = text(at)?;
            let kind = word(at)?;
            at += 4;
            let high = u64::from(word(at)?);
            match kind {
                1 | 2 | 6 => {
                    values.push(Some(high));
                    at += 4;
                }
                3..=5 => {
                    values.push(Some(high << 32 | u64::from(word(at + 4)?)));
                    at += 8;
                }
                7 => {
                    values.push(None);
                    at = text(at)?;
                }
                _ => return None,
            }
        }
    }
    Some(values)
}

/// Enough randomness to break things, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => bytes.insert(at, self.next() as u8),
                4 => {
                    // A word that is a length somewhere.
                    let odd = [0, 1, u32::MAX, 1 << 31, 4 << 20, 262_144][self.below(6)];
                    let at = at / 4 * 4;
                    if let Some(word) = bytes.get_mut(at..at + 4) {
                        word.copy_from_slice(&odd.to_be_bytes());
                    }
                }
                _ => {
                    let end = (at + self.below(32)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.extend(part);
                }
            }
        }
    }
}
