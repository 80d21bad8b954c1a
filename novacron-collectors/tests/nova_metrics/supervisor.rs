//! systemd, as far as it can be heard over a socket.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::process::Signal;

use super::support::{Exporter, command};

fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

/// The next message of this kind; those of the watchdog come in between.
fn next_but_alive(socket: &UnixDatagram) -> String {
    loop {
        let message = next(socket);
        if message != "WATCHDOG=1" {
            return message;
        }
    }
}

fn told(socket: &UnixDatagram, name: &str) {
    socket
        .set_read_timeout(Some(super::support::PATIENCE))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["--listen", "127.0.0.1:0"]);
    command
        .env("NOTIFY_SOCKET", name)
        .env("WATCHDOG_USEC", "200000");
    let mut exporter = Exporter::run(folder, command);

    let ready = next_but_alive(socket);
    assert!(ready.starts_with("READY=1\n"), "{ready}");
    assert_eq!(exporter.get("/readyz").status, 200);
    for _ in 0..3 {
        assert_eq!(next(socket), "WATCHDOG=1");
    }

    exporter.signal(Signal::HUP);
    let reloading = next_but_alive(socket);
    let (first, clock) = reloading.split_once('\n').unwrap();
    assert_eq!(first, "RELOADING=1");
    let clock: u64 = clock
        .strip_prefix("MONOTONIC_USEC=")
        .unwrap()
        .parse()
        .unwrap();
    assert!(clock > 0);
    assert!(next_but_alive(socket).starts_with("READY=1\n"));

    exporter.signal(Signal::TERM);
    assert!(next_but_alive(socket).starts_with("STOPPING=1"));
    assert!(exporter.ended().success());
}

#[test]
fn it_says_how_it_goes_over_a_socket_with_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    told(&UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap());
}

#[test]
fn it_says_how_it_goes_over_a_socket_without_one() {
    let name = format!("novacron-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    told(
        &UnixDatagram::bind_addr(&address).unwrap(),
        &format!("@{name}"),
    );
}

#[test]
fn nobody_who_listens_is_no_reason_not_to_run() {
    for name in ["/nothing/there", "@", "", "relative"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path(), &["--listen", "127.0.0.1:0"]);
        command.env("NOTIFY_SOCKET", name);
        let exporter = Exporter::run(folder, command);
        assert_eq!(exporter.get("/livez").status, 200, "{name}");
    }
    // A supervisor that does not read is not waited for.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let deaf = UnixDatagram::bind(&path).unwrap();
    let mut command = command(folder.path(), &["--listen", "127.0.0.1:0"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "2000");
    let exporter = Exporter::run(folder, command);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(exporter.get("/livez").status, 200);
    drop(deaf);
    assert_eq!(exporter.get("/livez").status, 200);
}
