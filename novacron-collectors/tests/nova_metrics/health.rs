//! What probes are told.

use std::os::unix::net::UnixListener;

use rustix::process::Signal;

use super::support::{Exporter, small_root};

#[test]
fn a_host_without_hardware_is_healthy() {
    let root = small_root();
    let exporter = Exporter::start(&["--root", root.path().to_str().unwrap()]);
    for path in ["/livez", "/readyz", "/health", "/healthz"] {
        let answer = exporter.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let health = exporter.get("/health").body;
    assert!(health.contains("\"status\": \"healthy\""), "{health}");
    assert!(health.contains("\"checks\": {}"), "{health}");
}

#[test]
fn a_collector_that_fails_makes_it_degraded_and_no_more() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("libvirt-sock-ro");
    // A daemon that was there, and whose socket still is: that is no absence.
    drop(UnixListener::bind(&socket).unwrap());
    let table = format!("socket = {socket:?}\ninterval = \"200ms\"\n");
    let file = format!("[collectors.libvirt]\n{table}[collectors.libvirt_jobs]\nenabled = false\n");
    std::fs::write(folder.path().join("NovaFile"), file).unwrap();
    let exporter = Exporter::start_in(folder, &["--root", root]);
    let health = "novacron_health_check_status{component=\"libvirt\"";
    exporter.scrape_until("degraded", |text| text.contains(health));
    let answer = exporter.get("/health");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains("\"status\": \"degraded\""),
        "{answer:?}"
    );
    assert!(answer.body.contains("\"libvirt\""), "{answer:?}");
    assert_eq!(exporter.get("/readyz").status, 200);

    std::fs::remove_file(&socket).unwrap();
    exporter.write("NovaFile", "[metrics]\ncollect_libvirt_stats = false\n");
    exporter.signal(Signal::HUP);
    exporter.scrape_until("well", |_| {
        exporter
            .get("/health")
            .body
            .contains("\"status\": \"healthy\"")
    });
}

#[test]
fn it_says_what_ended_it() {
    let mut exporter = Exporter::start(&[]);
    exporter.signal(Signal::TERM);
    assert!(exporter.ended().success());
    let line = exporter.logged("a second signal");
    assert!(line.contains("SIGTERM"), "{line}");
}
