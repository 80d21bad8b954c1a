//! Moves a memory image between two threads over a loopback connection, and shows what telemetry
//! says about it.
//!
//! `cargo run -p dwcp -- 64` moves 64 MiB; the receiver checks every page. Phases, several streams
//! and two processes are not in it yet.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::prelude::*;

const PAGE: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mebibytes: usize = match std::env::args().nth(1) {
        Some(text) => text
            .parse()
            .map_err(|_| format!("`{text}` is no number of MiB; try `dwcp 64`"))?,
        None => 16,
    };
    let telemetry = Telemetry::builder("dwcp", env!("CARGO_PKG_VERSION")).install()?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let destination = listener.local_addr()?;
    let receiver = thread::spawn(move || receive(&listener));
    let moved = migrate(destination, mebibytes << 20)?;
    let checked = receiver.join().map_err(|_| "the receiver panicked")??;

    let mut out = io::stdout().lock();
    writeln!(out, "{} bytes sent, {checked} pages checked\n", moved.bytes)?;
    for line in telemetry.render().lines() {
        if line.starts_with("novacron_dwcp_") && !line.ends_with(" 0") {
            writeln!(out, "{line}")?;
        }
    }
    telemetry.shutdown_blocking(Duration::from_secs(1))?;
    Ok(())
}

struct Moved {
    bytes: u64,
}

/// Sends every page with its checksum in front.
#[instrument_migration(
    source = "node-1",
    destination = "node-2",
    mode = DwcpMode::Datacenter,
    bytes = |moved| moved.bytes,
)]
fn migrate(destination: SocketAddr, memory: usize) -> io::Result<Moved> {
    let mut stream = TcpStream::connect(destination)?;
    let mut bytes = 0;
    for page in 0..memory / PAGE {
        let content = content_of(page);
        stream.write_all(&checksum(&content).to_le_bytes())?;
        stream.write_all(&content)?;
        bytes += PAGE as u64;
    }
    Ok(Moved { bytes })
}

/// Reads pages until the sender is done; returns how many were right.
fn receive(listener: &TcpListener) -> io::Result<usize> {
    let (mut stream, _) = listener.accept()?;
    let mut page = [0; PAGE];
    let mut sum = [0; 8];
    let mut pages = 0;
    while stream.read(&mut sum[..1])? == 1 {
        stream.read_exact(&mut sum[1..])?;
        stream.read_exact(&mut page)?;
        if checksum(&page) != u64::from_le_bytes(sum) {
            return Err(io::Error::other(format!("page {pages} arrived damaged")));
        }
        pages += 1;
    }
    Ok(pages)
}

/// A page that differs from its neighbours.
fn content_of(page: usize) -> [u8; PAGE] {
    std::array::from_fn(|at| (page.wrapping_mul(31) ^ at.wrapping_mul(17)) as u8)
}

/// FNV-1a.
fn checksum(page: &[u8]) -> u64 {
    page.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_is_sent_is_checked_at_the_other_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let destination = listener.local_addr().unwrap();
        let receiver = thread::spawn(move || receive(&listener));
        let moved = migrate(destination, 1 << 20).unwrap();
        assert_eq!(moved.bytes, 1 << 20);
        assert_eq!(receiver.join().unwrap().unwrap(), 256);
    }
}
