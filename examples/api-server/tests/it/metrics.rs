//! What the server counts is what happened.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Host, PATIENCE};

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

#[tokio::test]
async fn every_statement_is_counted_by_what_it_does_and_how_it_ended() {
    // Housekeeping's own statements would be counted, too.
    let host = Host::start_with(|options| options.housekeeping = Duration::from_secs(3600)).await;
    let count = |operation: &'static str, status: &'static str| {
        let labels = [
            ("operation", operation),
            ("table", "vms"),
            ("status", status),
        ];
        host.metric("novacron_database_queries_total", &labels)
    };
    assert_eq!(
        count("DDL", "success"),
        1.0,
        "the table is made by a statement like any other"
    );
    let path = host.vm("web-1").await;
    host.post("/api/v1/vms", r#"{"name":"web-1"}"#)
        .await
        .refused(409, "conflict");
    host.post(&format!("{path}/start"), "").await;
    host.post(&format!("{path}/stop"), "").await;
    assert_eq!(
        (count("INSERT", "success"), count("INSERT", "error")),
        (2.0, 0.0)
    );
    assert_eq!(
        (count("UPDATE", "success"), count("UPDATE", "error")),
        (4.0, 0.0)
    );
    host.fault(r#"{"query_error_ratio":1}"#).await;
    host.delete(&path).await.refused(500, "internal");
    host.delete("/faults").await;
    host.delete(&path).await;
    assert_eq!(
        (count("DELETE", "success"), count("DELETE", "error")),
        (1.0, 1.0)
    );

    let affected = host.metric("novacron_database_rows_affected_total", &[("table", "vms")]);
    assert_eq!(
        affected,
        1.0 + 4.0 + 1.0,
        "a refused name is a statement that changes no row"
    );
    let timed = [("operation", "UPDATE"), ("table", "vms")];
    assert_eq!(
        host.metric("novacron_database_query_duration_seconds", &timed),
        4.0
    );
}

#[tokio::test]
async fn slow_statements_and_vain_waits_are_told_apart() {
    let host = Host::start().await;
    let slow = [("operation", "SELECT"), ("table", "vms")];
    host.fault(r#"{"slow_query_ms":80}"#).await;
    host.get("/api/v1/vms").await;
    assert!(host.metric("novacron_database_slow_queries_total", &slow) >= 1.0);

    let pool = [("pool", "default")];
    assert_eq!(
        host.metric("novacron_database_connection_timeouts_total", &pool),
        0.0
    );
    assert_eq!(
        host.metric("novacron_database_connection_pool_size", &pool),
        5.0
    );
    host.fault(r#"{"slow_query_ms":0,"pool_exhausted":true}"#)
        .await;
    assert_eq!(
        host.metric("novacron_database_connections_active", &pool),
        5.0
    );
    assert_eq!(
        host.metric("novacron_database_connections_idle", &pool),
        0.0
    );
    host.get("/api/v1/vms").await.refused(503, "unavailable");
    assert!(host.metric("novacron_database_connection_timeouts_total", &pool) >= 1.0);
    host.until("novacron_database_up", &pool, 0.0).await;
    host.delete("/faults").await;
    host.until("novacron_database_up", &pool, 1.0).await;
    host.until("novacron_database_connections_active", &pool, 0.0)
        .await;
}

#[tokio::test]
async fn operations_on_vms_are_counted_by_how_they_ended() {
    let host = Host::start_with(|options| options.connections = 1).await;
    let count = |operation: &'static str, status: &'static str| {
        let labels = [("operation", operation), ("status", status)];
        host.metric("novacron_vm_operations_total", &labels)
    };
    let path = host.vm("web-1").await;
    for (action, status) in [
        ("start", 200),
        ("start", 409),
        ("restart", 200),
        ("stop", 200),
    ] {
        assert_eq!(
            host.post(&format!("{path}/{action}"), "").await.status,
            status
        );
    }
    host.post("/api/v1/vms", r#"{"name":"web-1"}"#).await;
    host.delete(&path).await;
    assert_eq!(
        (count("create", "success"), count("create", "failure")),
        (1.0, 1.0)
    );
    assert_eq!(
        (count("start", "success"), count("start", "failure")),
        (1.0, 1.0)
    );
    assert_eq!(
        (count("restart", "success"), count("stop", "success")),
        (1.0, 1.0)
    );
    assert_eq!(
        (count("delete", "success"), count("delete", "failure")),
        (1.0, 0.0)
    );
    let conflict = [("reason", "Conflict")];
    assert_eq!(
        host.metric("novacron_vm_creation_failures_total", &conflict),
        1.0
    );
    let step = [("from_state", "stopping"), ("to_state", "starting")];
    assert_eq!(
        host.metric("novacron_vm_state_transitions_total", &step),
        1.0
    );
    assert_eq!(
        host.metric("novacron_vm_events_total", &[("event", "started")]),
        2.0
    );
    host.until("novacron_vms_total", &[("state", "stopped")], 0.0)
        .await;
}

#[tokio::test]
async fn vms_are_shown_by_state_soon_after_a_change() {
    let host = Host::start_with(|options| options.housekeeping = Duration::from_secs(3600)).await;
    let path = host.vm("web-1").await;
    host.vm("web-2").await;
    host.post(&format!("{path}/start"), "").await;
    host.until("novacron_vms_total", &[("state", "running")], 1.0)
        .await;
    host.until("novacron_vms_total", &[("state", "stopped")], 1.0)
        .await;
}

#[tokio::test]
async fn housekeeping_is_a_job_that_completes_or_fails() {
    let host = Host::start().await;
    let runs = |status: &'static str| {
        let labels = [("job_name", "housekeeping"), ("status", status)];
        host.metric("novacron_background_job_runs_total", &labels)
    };
    assert!(runs("completed") >= 1.0);
    assert_eq!(runs("failed"), 0.0);
    host.fault(r#"{"query_error_ratio":1}"#).await;
    let began = Instant::now();
    while runs("failed") == 0.0 {
        assert!(began.elapsed() < PATIENCE, "it does not fail");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_does_not_validate_is_counted_wherever_it_was_noticed() {
    let host = Host::start().await;
    for (body, status) in [
        ("{", 400),
        (r#"{"name":"!"}"#, 422),
        (r#"{"name":"web-1"}"#, 201),
    ] {
        assert_eq!(host.post("/api/v1/vms", body).await.status, status);
    }
    let endpoint = [("endpoint", "/api/v1/vms")];
    assert_eq!(
        host.metric("novacron_api_validation_failures_total", &endpoint),
        2.0
    );
}

#[tokio::test]
async fn a_service_that_goes_down_is_unavailable_at_once() {
    let host = Host::start().await;
    let service = [("service", "api-server")];
    assert!(host.metric("novacron_service_start_time_seconds", &service) > 1.7e9);
    assert_eq!(host.total("novacron_service_restarts_total", &service), 0.0);
    assert_eq!(host.metric("novacron_service_availability", &service), 1.0);
    host.fault(r#"{"down":true}"#).await;
    assert_eq!(host.metric("novacron_service_availability", &service), 0.0);
    host.delete("/faults").await;
    assert_eq!(host.metric("novacron_service_availability", &service), 1.0);
    assert_eq!(
        host.metric("novacron_service_availability_changes_total", &service),
        2.0
    );
}

#[tokio::test]
async fn alerts_are_counted_as_sent_and_shown_as_long_as_they_fire() {
    let host = Host::start().await;
    let alert = |fingerprint: &str, severity: &str, status: &str| {
        let ends_at = match status {
            "firing" => "0001-01-01T00:00:00Z",
            _ => "2030-01-01T12:05:00Z",
        };
        json!({
            "status": status,
            "labels": { "severity": severity, "component": "database" },
            "startsAt": "2030-01-01T12:00:00Z",
            "endsAt": ends_at,
            "fingerprint": fingerprint,
        })
    };
    let send = async |alerts: Value| {
        let body = json!({ "version": "4", "alerts": alerts }).to_string();
        assert_eq!(host.post("/alerts", &body).await.status, 200);
    };
    let active = |severity: &'static str| {
        let labels = [("severity", severity), ("component", "database")];
        host.metric("novacron_alerts_active", &labels)
    };
    let firing = json!([
        alert("a", "warning", "firing"),
        alert("b", "critical", "firing")
    ]);
    send(firing.clone()).await;
    send(firing).await;
    assert_eq!((active("warning"), active("critical")), (1.0, 1.0));
    send(json!([alert("a", "warning", "resolved")])).await;
    send(json!([alert("a", "warning", "resolved")])).await;
    assert_eq!((active("warning"), active("critical")), (0.0, 1.0));
    // Its severity was edited while it fired: it is not counted under both.
    send(
        json!([{ "status": "firing", "labels": { "severity": "low", "component": "database" },
        "startsAt": "2030-01-01T12:01:00Z", "fingerprint": "b" }]),
    )
    .await;
    assert_eq!((active("low"), active("critical")), (1.0, 0.0));

    let received = |status: &'static str| {
        let labels = [
            ("severity", "warning"),
            ("component", "database"),
            ("status", status),
        ];
        host.metric("novacron_alerts_received_total", &labels)
    };
    assert_eq!((received("firing"), received("resolved")), (2.0, 2.0));
    let lasted = host.histogram(
        "novacron_alert_resolution_seconds",
        &[("severity", "warning")],
    );
    assert_eq!(lasted, (1, 300.0), "timed once, however often it is sent");
}

#[tokio::test]
async fn a_scrape_shows_the_catalog_the_fleet_and_no_scrape() {
    let host = Host::start().await;
    let path = host.vm("web-1").await;
    host.get(&path).await;
    host.fault(r#"{"down":true,"panic_ratio":1}"#).await;
    let scrape = host.get("/metrics").await;
    assert_eq!(scrape.status, 200, "faults are for the API");
    assert!(
        scrape.headers["content-type"]
            .to_str()
            .is_ok_and(|t| t.starts_with("text/plain"))
    );
    let families = |prefix: &str| {
        let begins = format!("# TYPE {prefix}");
        scrape
            .text()
            .lines()
            .filter(|line| line.starts_with(&begins))
            .count()
    };
    assert!(families("novacron_") >= 100, "{}", families("novacron_"));
    assert!(
        families("novacron_api_") >= 20,
        "{}",
        families("novacron_api_")
    );
    assert!(
        families("novacron_dwcp_") >= 15,
        "{}",
        families("novacron_dwcp_")
    );
    for line in [
        r#"novacron_api_requests_total{method="GET",endpoint="/api/v1/vms/{id}",status="200"} 1"#,
        r#"fleet_state_changes_total{state="stopped"} 1"#,
    ] {
        assert!(scrape.text().lines().any(|shown| shown == line), "{line}");
    }
    assert!(
        !scrape.text().contains("/metrics"),
        "a scrape is no API request"
    );
    assert_eq!(host.post("/metrics", "").await.status, 405);
}
