//! Each fault does what its name says, and stops doing it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Host;

const CLEAR: &str = "{\"delay_ms\":0,\"error_ratio\":0.0,\"panic_ratio\":0.0,\
    \"slow_query_ms\":0,\"query_error_ratio\":0.0,\"pool_exhausted\":false,\"down\":false}";

#[tokio::test]
async fn switches_are_shown_changed_one_by_one_and_cleared() {
    let host = Host::start().await;
    assert_eq!(host.get("/faults").await.text(), CLEAR);
    host.fault(r#"{"delay_ms":5}"#).await;
    host.fault(r#"{"error_ratio":0.25}"#).await;
    let now = host.get("/faults").await.json();
    assert_eq!(
        (&now["delay_ms"], &now["error_ratio"], &now["down"]),
        (&json!(5), &json!(0.25), &json!(false))
    );
    assert_eq!(host.delete("/faults").await.text(), CLEAR);
    assert_eq!(host.get("/faults").await.text(), CLEAR);
}

#[tokio::test]
async fn a_switch_that_does_not_exist_is_refused_by_name() {
    let host = Host::start().await;
    for (body, status, class, said) in [
        (
            r#"{"down":true,"dealy_ms":5}"#,
            400,
            "bad_request",
            "`dealy_ms`",
        ),
        (r#"{"down":1}"#, 400, "bad_request", "`down`"),
        (
            r#"{"down":true,"error_ratio":2}"#,
            422,
            "unprocessable",
            "`error_ratio`",
        ),
        (
            r#"{"down":true,"delay_ms":3600000}"#,
            422,
            "unprocessable",
            "`delay_ms`",
        ),
    ] {
        let message = host.put("/faults", body).await.refused(status, class);
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(
        host.get("/faults").await.text(),
        CLEAR,
        "a refused change changes nothing"
    );
}

#[tokio::test]
async fn delay_ms_delays_the_api_and_nothing_else() {
    let host = Host::start().await;
    host.fault(r#"{"delay_ms":300}"#).await;
    let began = Instant::now();
    assert_eq!(host.get("/health").await.status, 200);
    assert!(
        began.elapsed() < Duration::from_millis(300),
        "health is not delayed"
    );
    let began = Instant::now();
    assert_eq!(host.get("/api/v1/vms").await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn error_ratio_and_panic_ratio_keep_their_shares() {
    let host = Host::start().await;
    host.fault(r#"{"error_ratio":1}"#).await;
    let message = host.get("/api/v1/vms").await.refused(500, "internal");
    assert!(message.contains("`error_ratio`"), "{message}");
    host.fault(r#"{"error_ratio":0,"panic_ratio":1}"#).await;
    let message = host.get("/api/v1/vms").await.refused(500, "internal");
    assert_eq!(message, "the handler panicked");

    host.fault(r#"{"error_ratio":0.3,"panic_ratio":0.2}"#).await;
    let (mut errors, mut panics) = (0, 0);
    for _ in 0..1000 {
        let answer = host.get("/api/v1/vms").await;
        match answer.status.as_u16() {
            200 => {}
            500 if answer.text().contains("panicked") => panics += 1,
            500 => errors += 1,
            other => panic!("{other}"),
        }
    }
    // Seven standard deviations: 14.5 and 12.6 requests each.
    assert!((200..=400).contains(&errors), "{errors} errors of 1000");
    assert!((112..=288).contains(&panics), "{panics} panics of 1000");
    host.delete("/faults").await;
    assert_eq!(host.get("/api/v1/vms").await.status, 200);
}

#[tokio::test]
async fn a_slow_query_holds_its_connection() {
    let host = Host::start_with(|options| {
        options.connections = 1;
        options.acquire_timeout = Duration::from_millis(150);
        options.housekeeping = Duration::from_secs(3600);
    })
    .await;
    host.fault(r#"{"slow_query_ms":600}"#).await;
    let began = Instant::now();
    let (first, second) = tokio::join!(host.get("/api/v1/vms"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        host.get("/api/v1/vms").await
    });
    assert_eq!(first.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(600));
    second.refused(503, "unavailable");
}

#[tokio::test]
async fn a_failing_query_fails_in_the_database() {
    let host = Host::start().await;
    let path = host.vm("web-1").await;
    host.fault(r#"{"query_error_ratio":1}"#).await;
    let message = host.get(&path).await.refused(500, "internal");
    assert!(
        !message.contains("vms_lost"),
        "statements are none of the client's business: {message}"
    );
    host.post(&format!("{path}/start"), "")
        .await
        .refused(500, "internal");
    host.delete("/faults").await;
    assert_eq!(
        host.get(&path).await.json()["state"],
        "stopped",
        "nothing was half done"
    );
}

#[tokio::test]
async fn an_exhausted_pool_has_no_connection_until_it_is_cleared() {
    let host = Host::start().await;
    host.fault(r#"{"pool_exhausted":true}"#).await;
    for _ in 0..2 {
        let began = Instant::now();
        let answer = host.get("/api/v1/vms").await;
        answer.refused(503, "unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(
            began.elapsed() >= Duration::from_millis(200),
            "it waited for one first"
        );
    }
    host.fault(r#"{"pool_exhausted":false}"#).await;
    assert_eq!(host.get("/api/v1/vms").await.status, 200);
    host.fault(r#"{"pool_exhausted":true}"#).await;
    assert_eq!(host.delete("/faults").await.status, 200);
    assert_eq!(host.get("/api/v1/vms").await.status, 200);
    host.fault(r#"{"pool_exhausted":true}"#).await;
    assert_eq!(
        host.stop().await,
        api_server::Stopped::Drained,
        "the fault must not hold up a stop"
    );
}

#[tokio::test]
async fn a_server_that_is_down_says_so_and_comes_back() {
    let host = Host::start().await;
    assert_eq!(host.get("/health").await.json()["status"], "healthy");
    host.fault(r#"{"down":true}"#).await;
    host.get("/api/v1/vms").await.refused(503, "unavailable");
    let health = host.get("/health").await;
    assert_eq!(
        (health.status.as_u16(), health.json()["status"].as_str()),
        (503, Some("unhealthy"))
    );
    host.fault(r#"{"down":false}"#).await;
    assert_eq!(host.get("/health").await.status, 200);
    assert_eq!(host.get("/api/v1/vms").await.status, 200);
}
