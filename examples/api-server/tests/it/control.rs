//! Health, alerts, housekeeping, and the traffic the server sends itself.

use std::time::{Duration, Instant};

use api_server::demo;
use serde_json::json;

use crate::support::{Host, PATIENCE};

#[tokio::test]
async fn health_is_about_the_database_and_answers_at_once() {
    let host = Host::start().await;
    let health = host.get("/health").await;
    assert_eq!(
        health.status,
        200,
        "from the first question on: {}",
        health.text()
    );
    assert!(
        health.text().contains(r#""status": "healthy""#),
        "{}",
        health.text()
    );

    host.fault(r#"{"pool_exhausted":true}"#).await;
    let began = Instant::now();
    while host.get("/health").await.status == 200 {
        assert!(
            began.elapsed() < PATIENCE,
            "a database that is gone goes unnoticed"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let began = Instant::now();
    let health = host.get("/health").await;
    assert!(
        began.elapsed() < Duration::from_millis(150),
        "it does not wait for the database"
    );
    assert_eq!(
        (
            health.status.as_u16(),
            health.json()["checks"]["database"]["status"].as_str()
        ),
        (503, Some("unhealthy"))
    );

    host.delete("/faults").await;
    let began = Instant::now();
    while host.get("/health").await.status != 200 {
        assert!(
            began.elapsed() < PATIENCE,
            "a database that is back goes unnoticed"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn alertmanager_is_answered_with_what_its_notification_changed() {
    let host = Host::start().await;
    // As Alertmanager 0.27 sends it, with the fields that nobody here reads.
    let notification = |status: &str, ends_at: &str| {
        json!({
            "version": "4",
            "groupKey": "{}:{alertname=\"SlowDatabaseQueries\"}",
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "api-server",
            "groupLabels": { "alertname": "SlowDatabaseQueries" },
            "commonLabels": { "severity": "warning" },
            "commonAnnotations": {},
            "externalURL": "http://localhost:9093",
            "alerts": [{
                "status": status,
                "labels": {
                    "alertname": "SlowDatabaseQueries",
                    "severity": "warning",
                    "component": "database",
                },
                "annotations": { "summary": "Slow database queries" },
                "startsAt": "2030-01-01T12:00:00.123456789Z",
                "endsAt": ends_at,
                "generatorURL": "http://localhost:9090/graph",
                "fingerprint": "c1b0ff23d7a1e5a8",
            }],
        })
        .to_string()
    };
    let answer = host
        .post("/alerts", &notification("firing", "0001-01-01T00:00:00Z"))
        .await;
    assert_eq!(
        answer.json(),
        json!({ "received": 1, "fired": 1, "resolved": 0, "active": 1 })
    );
    let answer = host
        .post("/alerts", &notification("resolved", "2030-01-01T12:05:00Z"))
        .await;
    assert_eq!(
        answer.json(),
        json!({ "received": 1, "fired": 0, "resolved": 1, "active": 0 })
    );

    let message = host
        .post("/alerts", r#"{"version":"4"}"#)
        .await
        .refused(400, "bad_request");
    assert!(message.contains("`alerts`"), "{message}");
    let message = host
        .post("/alerts", &notification("asleep", "2030-01-01T12:05:00Z"))
        .await
        .refused(400, "bad_request");
    assert!(message.contains("`alerts[0].status`"), "{message}");
    let message = host
        .post("/alerts", r#"{"version":"3","alerts":[]}"#)
        .await
        .refused(422, "unprocessable");
    assert!(message.contains("`version`"), "{message}");
}

#[tokio::test]
async fn alerts_get_through_while_the_server_is_down() {
    let host = Host::start().await;
    host.fault(r#"{"down":true,"error_ratio":1,"panic_ratio":1,"pool_exhausted":true}"#)
        .await;
    assert_eq!(
        host.post("/alerts", r#"{"version":"4","alerts":[]}"#)
            .await
            .status,
        200
    );
    assert_eq!(host.get("/faults").await.status, 200);
}

#[tokio::test]
async fn the_demo_is_a_mixed_load_with_an_upper_bound() {
    let host = Host::start().await;
    let traffic = tokio::spawn(demo::run(host.address));
    let began = Instant::now();
    loop {
        let vms = host.get("/api/v1/vms?limit=1000").await.json();
        let vms = vms["vms"].as_array().expect("VMs");
        assert!(vms.len() <= demo::NAMES as usize);
        if vms.len() >= 5 && vms.iter().any(|vm| vm["state"] == "running") {
            break;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "after {PATIENCE:?} only {vms:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    traffic.abort();
    assert!(
        traffic
            .await
            .expect_err("it has no end of its own")
            .is_cancelled()
    );
}
