//! VMs over HTTP: what can be done with one, and what is refused.

use axum::http::Method;
use serde_json::Value;

use crate::support::Host;

#[tokio::test]
async fn a_vm_lives_from_creation_to_deletion() {
    let host = Host::start().await;
    let made = host
        .post("/api/v1/vms", r#"{"name":"web-1","vcpus":4}"#)
        .await;
    assert_eq!(made.status, 201);
    let vm = made.json();
    assert_eq!(
        (&vm["name"], &vm["state"]),
        (&Value::from("web-1"), &Value::from("stopped"))
    );
    assert_eq!(
        (&vm["vcpus"], &vm["memory_mib"]),
        (&Value::from(4), &Value::from(2048))
    );
    let path = made.headers["location"]
        .to_str()
        .expect("a path")
        .to_owned();

    for (action, state) in [
        ("start", "running"),
        ("restart", "running"),
        ("stop", "stopped"),
    ] {
        let answer = host.post(&format!("{path}/{action}"), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["state"].as_str()),
            (200, Some(state))
        );
        assert_eq!(host.get(&path).await.json()["state"], state);
    }
    let gone = host.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    host.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_action_in_the_wrong_state_changes_nothing() {
    let host = Host::start().await;
    let path = host.vm("web-1").await;
    for action in ["stop", "restart"] {
        let message = host
            .post(&format!("{path}/{action}"), "")
            .await
            .refused(409, "conflict");
        assert!(
            message.contains("stopped") && message.contains("running"),
            "{message}"
        );
    }
    host.post(&format!("{path}/start"), "").await;
    host.post(&format!("{path}/start"), "")
        .await
        .refused(409, "conflict");
    host.delete(&path).await.refused(409, "conflict");
    assert_eq!(host.get(&path).await.json()["state"], "running");
}

#[tokio::test]
async fn of_many_clients_who_start_the_same_vm_one_succeeds() {
    let host = Host::start().await;
    let path = format!("{}/start", host.vm("web-1").await);
    let answers = futures_util::future::join_all((0..16).map(|_| host.post(&path, ""))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.status == 409));
}

#[tokio::test]
async fn a_name_is_given_once() {
    let host = Host::start().await;
    host.vm("web-1").await;
    let message = host
        .post("/api/v1/vms", r#"{"name":"web-1"}"#)
        .await
        .refused(409, "conflict");
    assert!(message.contains("`web-1`"), "{message}");
    assert_eq!(
        host.get("/api/v1/vms").await.json()["vms"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_bad_body_is_refused_with_the_name_of_the_field() {
    let host = Host::start().await;
    for (body, status, class, said) in [
        ("{", 400, "bad_request", "EOF"),
        ("", 400, "bad_request", "EOF"),
        ("[]", 400, "bad_request", "struct NewVm"),
        (r#"{"vcpus":2}"#, 400, "bad_request", "`name`"),
        (
            r#"{"name":"a","vcpus":"two"}"#,
            400,
            "bad_request",
            "`vcpus`",
        ),
        (r#"{"name":"a","vcpus":-1}"#, 400, "bad_request", "`vcpus`"),
        (
            r#"{"name":"a","memory_mib":1.5}"#,
            400,
            "bad_request",
            "`memory_mib`",
        ),
        (r#"{"name":"a","disk":1}"#, 400, "bad_request", "`disk`"),
        (r#"{"name":"a"}{}"#, 400, "bad_request", "trailing"),
        (r#"{"name":""}"#, 422, "unprocessable", "`name`"),
        (
            r#"{"name":"a","vcpus":65}"#,
            422,
            "unprocessable",
            "`vcpus`",
        ),
        (
            r#"{"name":"a","memory_mib":1}"#,
            422,
            "unprocessable",
            "`memory_mib`",
        ),
    ] {
        let message = host.post("/api/v1/vms", body).await.refused(status, class);
        assert!(message.contains(said), "{body}: {message}");
    }
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(300 * 1024));
    host.post("/api/v1/vms", &huge)
        .await
        .refused(413, "payload_too_large");
    assert_eq!(
        host.get("/api/v1/vms").await.json()["vms"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
}

#[tokio::test]
async fn what_is_nowhere_is_a_404_and_what_has_no_such_method_a_405() {
    let host = Host::start().await;
    for path in [
        "/",
        "/api/v1/nowhere",
        "/api/v1/vms/17",
        "/api/v1/vms/seventeen",
        "/api/v1/vms/",
    ] {
        host.get(path).await.refused(404, "not_found");
    }
    host.post("/api/v1/vms/17/start", "")
        .await
        .refused(404, "not_found");
    host.delete("/api/v1/vms/17")
        .await
        .refused(404, "not_found");
    let answer = host.put("/api/v1/vms", "").await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
    host.send(
        Method::from_bytes(b"BREW").expect("a method"),
        "/api/v1/vms/17",
        "",
    )
    .await
    .refused(405, "method_not_allowed");
}

#[tokio::test]
async fn a_listing_is_read_page_by_page_and_by_state() {
    let host = Host::start().await;
    for n in 1..=5 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.post("/api/v1/vms/4/start", "").await;

    let (mut seen, mut after) = (Vec::new(), Some(0));
    while let Some(id) = after {
        let page = host
            .get(&format!("/api/v1/vms?limit=2&after={id}"))
            .await
            .json();
        seen.extend(
            page["vms"]
                .as_array()
                .expect("VMs")
                .iter()
                .map(|vm| vm["id"].as_i64().expect("an id")),
        );
        after = page["next"].as_i64();
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    let running = host.get("/api/v1/vms?state=running").await.json();
    assert_eq!(running["vms"].as_array().map(Vec::len), Some(1));

    for (query, status, class, said) in [
        ("state=asleep", 400, "bad_request", "state"),
        ("limit=many", 400, "bad_request", "limit"),
        ("order=name", 400, "bad_request", "order"),
        ("limit=0", 422, "unprocessable", "`limit`"),
        ("limit=1001", 422, "unprocessable", "`limit`"),
    ] {
        let message = host
            .get(&format!("/api/v1/vms?{query}"))
            .await
            .refused(status, class);
        assert!(message.contains(said), "{query}: {message}");
    }
}

#[tokio::test]
async fn vms_outlive_the_server_in_a_named_file() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("vms.sqlite");
    let host = Host::start_with(|options| options.database = Some(file.clone())).await;
    let path = host.vm("web-1").await;
    host.post(&format!("{path}/start"), "").await;
    host.stop().await;

    let host = Host::start_with(|options| options.database = Some(file)).await;
    let vm = host.get(&path).await.json();
    assert_eq!(
        (vm["name"].as_str(), vm["state"].as_str()),
        (Some("web-1"), Some("running"))
    );
}
