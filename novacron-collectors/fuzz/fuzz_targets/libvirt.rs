//! Everything that reads what a libvirt daemon sends: frames, answers, events, definitions.
//!
//! Nothing may panic, and nothing that is decoded may be larger than what it was decoded from allows.
//! The files are compiled here as they are, without the library around them: the decoder needs
//! nothing of it, and so the fuzzer sees the decoder's branches only.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// The decoder.
#[allow(dead_code, reason = "the client's side of it is not fuzzed")]
#[path = "../../src/libvirt"]
mod libvirt {
    pub mod domain;
    pub mod frame;
    pub mod job;
    pub mod protocol;
    mod remote_error;
    pub mod xdr;
    pub mod xml;
}

use libvirt::frame::{Header, read_frame};
use libvirt::protocol::{self, RemoteError};
use libvirt::{domain, job, xml};

/// Room that one byte of a message may take once it is decoded: the smallest parameter, of twenty
/// bytes, can make a disk.
const ROOM: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    match choice % 8 {
        0 => stream(data),
        1 => statistics(data),
        2 => jobs(data),
        3 => {
            let _ = job::decode_event(data);
        }
        4 => {
            if let Ok(domains) = protocol::domains(data) {
                assert!(domains.len() * 24 <= data.len());
            }
        }
        5 => {
            let _ = RemoteError::decode(data);
            let _ = protocol::auth_is_open(data);
        }
        6 => {
            let _ = protocol::control_info(data);
            let _ = protocol::flag(data);
            let _ = protocol::text(data);
        }
        _ => {
            let _ = xml::definition(&String::from_utf8_lossy(data));
        }
    }
});

/// Whole frames, one after the other, until one is not.
fn stream(mut rest: &[u8]) {
    let length = rest.len();
    let mut frame = Vec::new();
    while read_frame(&mut rest, &mut frame).is_ok() {
        assert!(frame.len() <= length);
        if let Ok((_, payload)) = Header::split(&frame) {
            statistics(payload);
            jobs(payload);
        }
    }
}

fn statistics(payload: &[u8]) {
    let Ok(stats) = domain::decode(payload) else {
        return;
    };
    let devices = |stats: &domain::DomainStats| {
        stats.vcpu.len() + stats.disks.len() + stats.interfaces.len()
    };
    let room = size_of::<domain::DomainStats>() * stats.len()
        + size_of::<domain::Disk>() * stats.iter().map(devices).sum::<usize>();
    assert!(room <= ROOM * payload.len(), "{room} bytes of {}", payload.len());
}

fn jobs(payload: &[u8]) {
    if let Ok(job) = job::decode(payload) {
        // What was not measured has no value, whatever was sent.
        assert!(job.iterations >= Some(2) || job.dirty_bytes_per_second().is_none());
    }
}
