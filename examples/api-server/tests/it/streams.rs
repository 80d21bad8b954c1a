//! Answers that take their time: the export and the events.

use std::time::{Duration, Instant};

use api_server::Stopped;
use axum::{body::Bytes, http::Method};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use crate::support::{Host, PATIENCE};

/// The next piece of a body; `None` at its end.
async fn next(body: &mut Incoming) -> Option<Bytes> {
    let frame = timeout(PATIENCE, body.frame())
        .await
        .expect("a frame in time")?;
    Some(frame.expect("a whole body").into_data().expect("data"))
}

/// The next `count` changes of an event stream.
async fn changes(body: &mut Incoming, count: usize) -> Vec<Value> {
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        text.push_str(
            std::str::from_utf8(&next(body).await.expect("an open stream")).expect("text"),
        );
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn an_export_has_every_vm_on_a_line_of_its_own() {
    let host = Host::start().await;
    assert_eq!(
        host.get("/api/v1/vms/export").await.text(),
        "",
        "an empty table is an empty file"
    );
    // More than fit on one page of the table.
    for n in 0..300 {
        host.vm(&format!("vm-{n}")).await;
    }
    let export = host.get("/api/v1/vms/export").await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let names: Vec<_> = export
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["name"].clone())
        .collect();
    assert_eq!(
        names,
        (0..300)
            .map(|n| json!(format!("vm-{n}")))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn under_delay_ms_an_export_pauses_between_rows() {
    let host = Host::start().await;
    for n in 0..4 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.fault(r#"{"delay_ms":150}"#).await;
    let mut body = host
        .open(Method::GET, "/api/v1/vms/export", "")
        .await
        .into_body();
    let (mut rows, mut began) = (0, Instant::now());
    while let Some(line) = next(&mut body).await {
        assert_eq!(
            line.iter().filter(|byte| **byte == b'\n').count(),
            1,
            "one row at a time"
        );
        if rows > 0 {
            assert!(
                began.elapsed() >= Duration::from_millis(100),
                "row {rows} came at once"
            );
        }
        (rows, began) = (rows + 1, Instant::now());
    }
    assert_eq!(rows, 4);
}

#[tokio::test]
async fn a_reader_who_dawdles_holds_no_connection() {
    let host = Host::start_with(|options| options.connections = 1).await;
    for n in 0..4 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.fault(r#"{"delay_ms":500}"#).await;
    let mut body = host
        .open(Method::GET, "/api/v1/vms/export", "")
        .await
        .into_body();
    next(&mut body).await.expect("a row");
    assert_eq!(
        host.get("/api/v1/vms").await.status,
        200,
        "the only connection is free"
    );
}

#[tokio::test]
async fn a_database_that_fails_half_way_breaks_the_body_off() {
    let host = Host::start().await;
    for n in 0..257 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.fault(r#"{"delay_ms":5}"#).await;
    let mut body = host
        .open(Method::GET, "/api/v1/vms/export", "")
        .await
        .into_body();
    next(&mut body).await.expect("a row");
    host.fault(r#"{"query_error_ratio":1,"delay_ms":0}"#).await;
    let error = timeout(PATIENCE, body.collect())
        .await
        .expect("an end in time");
    assert!(error.is_err(), "half a file must not look whole");
    host.get("/api/v1/vms/export")
        .await
        .refused(500, "internal");
}

#[tokio::test]
async fn listeners_hear_every_step_of_every_vm() {
    let host = Host::start().await;
    let response = host.open(Method::GET, "/api/v1/events", "").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let path = host.vm("web-1").await;
    for action in ["start", "restart", "stop"] {
        host.post(&format!("{path}/{action}"), "").await;
    }
    host.delete(&path).await;

    let heard = changes(&mut body, 9).await;
    let steps: Vec<_> = heard
        .iter()
        .map(|change| (change["from"].as_str(), change["to"].as_str()))
        .collect();
    let names = [
        None,
        Some("stopped"),
        Some("starting"),
        Some("running"),
        Some("stopping"),
        Some("starting"),
        Some("running"),
        Some("stopping"),
        Some("stopped"),
        None,
    ];
    assert_eq!(
        steps,
        names
            .windows(2)
            .map(|pair| (pair[0], pair[1]))
            .collect::<Vec<_>>()
    );
    assert!(heard.iter().all(|change| change["name"] == "web-1"));
}

#[tokio::test]
async fn a_vm_whose_client_left_half_way_is_settled() {
    let host = Host::start_with(|options| options.abandoned = Duration::from_millis(300)).await;
    let path = host.vm("web-1").await;
    host.post(&format!("{path}/start"), "").await;
    let mut events = host
        .open(Method::GET, "/api/v1/events", "")
        .await
        .into_body();

    host.fault(r#"{"slow_query_ms":1500}"#).await;
    let mut client = TcpStream::connect(host.address)
        .await
        .expect("a connection");
    let request = format!("POST {path}/restart HTTP/1.1\r\nhost: test\r\n\r\n");
    client.write_all(request.as_bytes()).await.expect("written");
    assert_eq!(changes(&mut events, 1).await[0]["to"], "stopping");
    drop(client);
    host.delete("/faults").await;

    // The request would have started it again.
    assert_eq!(changes(&mut events, 1).await[0]["to"], "stopped");
    assert_eq!(host.get(&path).await.json()["state"], "stopped");
    assert_eq!(host.metric("fleet_settled_total", &[]), 1.0);
}

#[tokio::test]
async fn a_stopping_server_ends_its_event_streams_and_finishes_its_work() {
    let host = Host::start().await;
    for n in 0..3 {
        host.vm(&format!("vm-{n}")).await;
    }
    let mut events = host
        .open(Method::GET, "/api/v1/events", "")
        .await
        .into_body();
    host.fault(r#"{"delay_ms":200}"#).await;
    let mut export = host
        .open(Method::GET, "/api/v1/vms/export", "")
        .await
        .into_body();
    next(&mut export).await.expect("a row");

    let began = Instant::now();
    let stopped = tokio::spawn(host.stop());
    assert_eq!(next(&mut events).await, None);
    let rest = timeout(PATIENCE, export.collect())
        .await
        .expect("an end in time")
        .expect("a whole body");
    assert_eq!(
        rest.to_bytes()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        2,
        "the export was finished"
    );
    assert_eq!(stopped.await.expect("no panic"), Stopped::Drained);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "it took {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let host = Host::start_with(|options| options.drain = Duration::from_millis(300)).await;
    host.vm("web-1").await;
    host.fault(r#"{"delay_ms":60000}"#).await;
    let address = host.address;
    let stuck = tokio::spawn(async move {
        let mut client = TcpStream::connect(address).await.expect("a connection");
        let request = "GET /api/v1/vms HTTP/1.1\r\nhost: test\r\n\r\n";
        client.write_all(request.as_bytes()).await.expect("written");
        client.readable().await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopped = timeout(PATIENCE, host.stop())
        .await
        .expect("a stop in time");
    assert_eq!(stopped, Stopped::TimeUp);
    stuck.abort();
}
