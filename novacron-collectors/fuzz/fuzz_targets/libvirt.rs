//! Everything that reads what a libvirt daemon sends: frames, answers, events, definitions.
//!
//! Nothing may panic, and nothing that is decoded may be larger than what it was decoded from allows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use novacron_collectors::libvirt::frame::{Header, read_frame};
use novacron_collectors::libvirt::protocol::{self, RemoteError};
use novacron_collectors::libvirt::xdr::Decoder;
use novacron_collectors::libvirt::{domain, job, xml};

/// Room that one byte of a message may take once it is decoded: the smallest parameter, of twelve
/// bytes, can make a disk.
const ROOM: usize = 64;

fuzz_target!(|data: &[u8]| {
    // As a stream: whole frames, one after the other, until one is not.
    let mut stream = data;
    let mut frame = Vec::new();
    while read_frame(&mut stream, &mut frame).is_ok() {
        assert!(frame.len() <= data.len());
        if let Ok((_, payload)) = Header::split(&frame) {
            answers(payload);
        }
    }
    // And as a payload, so that nothing has to be guessed before it gets interesting.
    answers(data);
    let _ = Header::split(data);
});

fn answers(payload: &[u8]) {
    if let Ok(domains) = protocol::domains(payload) {
        assert!(domains.len() * 24 <= payload.len());
    }
    if let Ok(stats) = domain::decode(payload) {
        let parts = |stats: &domain::DomainStats| {
            stats.vcpu.len() + stats.disks.len() + stats.interfaces.len()
        };
        let room = size_of::<domain::DomainStats>() * stats.len()
            + size_of::<domain::Disk>() * stats.iter().map(parts).sum::<usize>();
        assert!(room <= ROOM * payload.len(), "{room} bytes of {}", payload.len());
    }
    if let Ok(job) = job::decode(payload) {
        // What was not measured has no value, whatever was sent.
        assert!(job.iterations >= Some(2) || job.dirty_bytes_per_second().is_none());
    }
    let _ = job::decode_event(payload);
    let _ = protocol::control_info(payload);
    let _ = protocol::auth_is_open(payload);
    let _ = protocol::flag(payload);
    let _ = RemoteError::decode(payload);
    let mut decoder = Decoder::new(payload);
    while decoder.optional_text().is_ok() {}
    if let Ok(text) = protocol::text(payload).or(Ok::<_, ()>(payload)) {
        let _ = xml::definition(&String::from_utf8_lossy(text));
    }
}
