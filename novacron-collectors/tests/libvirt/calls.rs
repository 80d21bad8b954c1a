//! One call on one connection: whatever the other side does, it ends in time.

use std::path::Path;
use std::time::{Duration, Instant};

use novacron_collectors::libvirt::client::{ClientError, Connection};
use novacron_collectors::libvirt::protocol::Procedure;

use crate::server::{Fake, Server, Trick};

const DEADLINE: Duration = Duration::from_millis(300);
/// A machine that is busy with other tests may come late.
const LATE: Duration = Duration::from_secs(2);

fn open(server: &Server) -> Connection {
    let deadline = Instant::now() + LATE;
    Connection::open(&server.socket(), "qemu:///system", deadline).unwrap()
}

#[test]
fn a_call_ends_by_its_deadline_whatever_comes() {
    let server = Server::with((0..3).map(Fake::running).collect());
    for trick in [
        Trick::HalfFrame,
        Trick::HugeLength,
        Trick::LongAndSlow,
        Trick::Silence,
        Trick::OtherSerial,
        Trick::OtherProcedure,
        Trick::Noise,
        Trick::HangUp,
    ] {
        let mut connection = open(&server);
        server.play(Procedure::ConnectListAllDomains, trick);
        let start = Instant::now();
        let answer = connection.domains(start + DEADLINE);
        let took = start.elapsed();
        assert!(took < DEADLINE + LATE, "{trick:?} took {took:?}");
        let error = answer.expect_err("no answer");
        match trick {
            Trick::HalfFrame | Trick::LongAndSlow | Trick::Silence | Trick::OtherSerial => {
                assert!(matches!(error, ClientError::TimedOut), "{trick:?}: {error}");
            }
            Trick::HugeLength | Trick::OtherProcedure | Trick::Noise => {
                assert!(
                    matches!(error, ClientError::Malformed(_)),
                    "{trick:?}: {error}"
                );
            }
            _ => assert!(matches!(error, ClientError::Io(_)), "{trick:?}: {error}"),
        }
        // What was read to its end leaves the connection as it was, even if it meant nothing.
        assert_eq!(connection.is_broken(), trick != Trick::Noise, "{trick:?}");
        if connection.is_broken() {
            server.world().trick = None;
            let again = connection.domains(Instant::now() + DEADLINE);
            assert!(
                matches!(again, Err(ClientError::Io(_))),
                "it must not be used again"
            );
        }
    }
}

#[test]
fn what_nobody_asked_for_is_passed_over() {
    let server = Server::with(vec![Fake::running(0)]);
    for trick in [Trick::Chatter, Trick::ByteByByte] {
        let mut connection = open(&server);
        server.play(Procedure::ConnectListAllDomains, trick);
        for _ in 0..3 {
            let domains = connection.domains(Instant::now() + LATE).unwrap();
            assert_eq!(domains[0].display_name(), "vm0000", "{trick:?}");
        }
    }
}

#[test]
fn an_error_is_an_answer_and_the_connection_goes_on() {
    let server = Server::with(vec![Fake::running(0)]);
    let mut connection = open(&server);
    server.play(Procedure::ConnectListAllDomains, Trick::Error);
    let error = connection.domains(Instant::now() + LATE).unwrap_err();
    assert!(error.to_string().contains("made-up error 1"), "{error}");
    server.world().trick = None;
    assert_eq!(connection.domains(Instant::now() + LATE).unwrap().len(), 1);
}

#[test]
fn a_daemon_that_accepts_nobody_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("full");
    // Nothing is ever accepted, as by a daemon that is stopped: after some the queue is full.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut waiting = Vec::new();
    let mut full = false;
    for _ in 0..10_000 {
        let stream = rustix::net::socket_with(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::STREAM,
            rustix::net::SocketFlags::NONBLOCK | rustix::net::SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let address = rustix::net::SocketAddrUnix::new(&socket).unwrap();
        full = rustix::net::connect(&stream, &address).is_err();
        waiting.push(stream);
        if full {
            break;
        }
    }
    assert!(full, "the queue of a listener ends somewhere");
    let start = Instant::now();
    let error = Connection::open(&socket, "qemu:///system", start + DEADLINE).unwrap_err();
    assert!(matches!(error, ClientError::TimedOut), "{error}");
    assert!(start.elapsed() < DEADLINE + LATE);
}

#[test]
fn no_socket_is_no_daemon() {
    let nowhere = Path::new("/nonexistent/libvirt-sock-ro");
    let error = Connection::open(nowhere, "x", Instant::now() + DEADLINE).unwrap_err();
    assert!(
        matches!(&error, ClientError::Io(io) if io.kind() == std::io::ErrorKind::NotFound),
        "{error}"
    );
}
