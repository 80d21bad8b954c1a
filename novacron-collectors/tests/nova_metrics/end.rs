//! Its end, and the start of the next one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::support::Exporter;

#[test]
fn a_port_is_free_again_at_once_twenty_times() {
    let mut exporter = Exporter::start(&[]);
    let address = exporter.address.to_string();
    for restart in 0..20 {
        // A connection that the server closes first is what keeps a port busy.
        assert_eq!(exporter.get("/metrics").status, 200, "{restart}");
        let mut kept = TcpStream::connect(exporter.address).unwrap();
        kept.write_all(b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n")
            .unwrap();
        let mut byte = [0];
        kept.read_exact(&mut byte).unwrap();
        let folder = exporter.stop();
        exporter = Exporter::start_in(folder, &["--listen", &address]);
        assert_eq!(exporter.address.to_string(), address);
    }
}

#[test]
fn a_scrape_that_is_under_way_is_finished() {
    let mut exporter = Exporter::start(&[]);
    let mut slow = TcpStream::connect(exporter.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n")
        .unwrap();
    let mut text = vec![0; 512];
    slow.read_exact(&mut text).unwrap();
    exporter.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    slow.read_to_end(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text);
    let ended = text.ends_with("0\r\n\r\n") || text.ends_with('\n');
    assert!(
        ended && text.contains("novacron_exporter_build_info{"),
        "it was cut"
    );
    assert!(exporter.ended().success());
}

#[test]
fn both_signals_end_it_and_nothing_is_answered_afterwards() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut exporter = Exporter::start(&[]);
        let address = exporter.address;
        let begun = Instant::now();
        exporter.signal(signal);
        assert!(exporter.ended().success());
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut exporter = Exporter::start(&[]);
    // Somebody who asked and does not read, so that there is something to wait for.
    let mut stalled = TcpStream::connect(exporter.address).unwrap();
    stalled
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    exporter.signal(Signal::INT);
    exporter.logged("a second signal");
    let begun = Instant::now();
    exporter.signal(Signal::INT);
    exporter.ended();
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
