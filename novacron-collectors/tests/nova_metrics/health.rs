//! What probes are told.

use rustix::process::Signal;

use super::support::{Exporter, samples, small_root};

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
    let stat = root.path().join("proc/stat");
    let good = std::fs::read_to_string(&stat).unwrap();
    // It is there, and is no plain file: that is no absence.
    std::fs::remove_file(&stat).unwrap();
    std::fs::create_dir(&stat).unwrap();
    let root_path = root.path().to_str().unwrap();
    let file = "[collectors.cpu]\ninterval = \"200ms\"\n";
    let exporter = Exporter::with_file(file, &["--root", root_path]);
    let health = "novacron_health_check_status{component=\"cpu\"";
    exporter.scrape_until("degraded", |text| text.contains(health));
    let answer = exporter.get("/health");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains("\"status\": \"degraded\""),
        "{answer:?}"
    );
    assert!(answer.body.contains("\"cpu\""), "{answer:?}");
    assert_eq!(exporter.get("/readyz").status, 200);

    std::fs::remove_dir(&stat).unwrap();
    std::fs::write(&stat, good).unwrap();
    exporter.scrape_until("well", |_| {
        exporter
            .get("/health")
            .body
            .contains("\"status\": \"healthy\"")
    });
}

#[test]
fn it_is_alive_while_it_ends_and_not_ready() {
    let mut exporter = Exporter::start(&[]);
    assert_eq!(exporter.get("/livez").status, 200);
    exporter.signal(Signal::TERM);
    assert!(exporter.ended().success());
    let line = exporter.logged("a second signal");
    assert!(line.contains("SIGTERM"), "{line}");
    let _ = samples;
}
