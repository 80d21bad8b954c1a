//! What the server counts is what happened.

use axum::http::Method;

use crate::support::Host;

#[tokio::test]
async fn the_fleet_counts_states_and_what_they_hold() {
    let host = Host::start().await;
    assert_eq!(
        host.metric("fleet_state_changes_total", &[("state", "stopping")]),
        0.0
    );
    let path = host.vm("web-1").await;
    host.vm("web-2").await;
    host.post(&format!("{path}/start"), "").await;
    host.post(&format!("{path}/restart"), "").await;

    for (state, times) in [
        ("stopped", 2.0),
        ("starting", 2.0),
        ("running", 2.0),
        ("stopping", 1.0),
    ] {
        assert_eq!(
            host.metric("fleet_state_changes_total", &[("state", state)]),
            times,
            "{state}"
        );
    }
    host.until("fleet_vcpus", &[("state", "running")], 2.0)
        .await;
    host.until(
        "fleet_memory_bytes",
        &[("state", "stopped")],
        2048.0 * 1024.0 * 1024.0,
    )
    .await;
    assert_eq!(host.metric("fleet_vcpus", &[("state", "starting")]), 0.0);
}

#[tokio::test]
async fn a_listener_is_counted_while_it_listens() {
    let host = Host::start().await;
    let events = host.open(Method::GET, "/api/v1/events", "").await;
    assert_eq!(host.metric("fleet_listeners", &[]), 1.0);
    drop(events);
    // The server learns that it left when it next writes to it.
    host.vm("web-1").await;
    host.until("fleet_listeners", &[], 0.0).await;
}

#[tokio::test]
async fn rows_of_an_export_are_counted_as_they_are_written() {
    let host = Host::start().await;
    for n in 0..3 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.get("/api/v1/vms/export").await;
    assert_eq!(host.metric("fleet_exported_rows_total", &[]), 3.0);
}
