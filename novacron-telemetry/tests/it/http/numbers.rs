//! What is measured of a request: sizes, times, and the trace it belongs to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use novacron_telemetry::catalog::Method;
use novacron_telemetry::registry::Sample;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::Step::{Data, Trailers};
use super::{ROUTE, Rig, Until, answer, get, known, request, streamed};

const LABELS: [(&str, &str); 2] = [("method", "GET"), ("endpoint", ROUTE)];

/// Count and sum of a histogram of [`ROUTE`].
fn histogram(rig: &Rig, family: &str) -> (u64, f64) {
    let snapshot = rig.snapshot();
    match &snapshot
        .find(&format!("novacron_api_{family}"), &LABELS)
        .unwrap()
        .sample
    {
        Sample::Histogram { buckets, sum, .. } => (buckets.iter().sum(), *sum),
        other => panic!("{family} is {other:?}"),
    }
}

#[test]
fn a_response_is_as_large_as_its_data_frames() {
    for (body, bytes) in [
        (streamed([Data(3), Data(1000), Trailers]), 1003.0),
        (known([Data(70_000)]), 70_000.0),
        (known([]), 0.0),
    ] {
        let rig = Rig::new();
        rig.send(answer(200, body), get(), Until::End);
        assert_eq!(histogram(&rig, "response_body_bytes"), (1, bytes));
    }
    let rig = Rig::new();
    rig.send(
        answer(200, streamed([Data(10), Data(10)])),
        get(),
        Until::Frames(1),
    );
    assert_eq!(
        histogram(&rig, "response_body_bytes"),
        (1, 10.0),
        "what was sent before the client left"
    );
}

#[test]
fn a_request_is_as_large_as_its_body_says() {
    let rig = Rig::new();
    let mut service = rig
        .layer()
        .layer(service_fn(|request: Request<Full<Bytes>>| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
        }));
    let body = Full::new(Bytes::from(vec![0; 4096]));
    let call = service.call(Request::get("/api/v1/vms/7").body(body).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let echoed = runtime.block_on(async {
        call.await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
    });
    assert_eq!(echoed.len(), 4096);
    assert_eq!(histogram(&rig, "request_body_bytes"), (1, 4096.0));
    assert_eq!(histogram(&rig, "response_body_bytes"), (1, 4096.0));
}

#[test]
fn a_request_of_unknown_length_has_no_size() {
    let rig = Rig::new();
    let mut service = rig
        .layer()
        .layer(service_fn(|_: Request<super::Scripted>| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(known([])))
        }));
    let future = service.call(
        Request::get("/api/v1/vms/7")
            .body(streamed([Data(9)]))
            .unwrap(),
    );
    assert!(super::poll_once(std::pin::pin!(future)).is_ready());
    assert_eq!(histogram(&rig, "request_body_bytes").0, 0);
    assert_eq!(histogram(&rig, "response_body_bytes").0, 1);
}

#[tokio::test]
async fn the_time_to_the_head_and_the_time_to_the_end_are_two() {
    const PAUSE: Duration = Duration::from_millis(30);
    let rig = Rig::new();
    let mut service = rig.layer().layer(service_fn(|_| async {
        tokio::time::sleep(PAUSE).await;
        Ok::<_, std::convert::Infallible>(http::Response::new(streamed([Data(1)])))
    }));
    let response = service.ready().await.unwrap().call(get()).await.unwrap();
    let (heads, to_head) = histogram(&rig, "request_duration_seconds");
    assert_eq!(
        (heads, histogram(&rig, "response_complete_seconds").0),
        (1, 0),
        "it is not over"
    );
    let in_flight = |rig: &Rig| rig.snapshot().sum("novacron_api_requests_in_flight", &[]);
    assert_eq!(in_flight(&rig), 1.0);
    tokio::time::sleep(PAUSE).await;
    response.into_body().collect().await.unwrap();
    let (ends, to_end) = histogram(&rig, "response_complete_seconds");
    assert_eq!((ends, in_flight(&rig)), (1, 0.0));
    assert!(to_head >= PAUSE.as_secs_f64(), "{to_head}");
    assert!(
        to_end >= to_head + PAUSE.as_secs_f64(),
        "{to_end} after {to_head}"
    );
    let longest = rig
        .snapshot()
        .value("novacron_api_request_duration_max_seconds", &LABELS)
        .unwrap();
    // Sums are kept in whole nanoseconds.
    assert!(
        (longest - to_head).abs() < 1e-8,
        "{longest} is not {to_head}"
    );
}

#[test]
fn a_slow_request_is_counted_as_one() {
    let rig = Rig::new();
    let mut settings = novacron_telemetry::record::Settings::default();
    settings.slow_request = Duration::ZERO;
    let recorder =
        novacron_telemetry::record::Recorder::new(rig.recorder.catalog().clone(), settings);
    let layer = novacron_telemetry::layer::http::HttpLayer::new(recorder)
        .routes([(Method::Get, ROUTE)])
        .unwrap();
    let slow = || {
        rig.snapshot()
            .value("novacron_api_slow_requests_total", &LABELS)
    };
    rig.drive(rig.layer().layer(answer(200, known([]))), get(), Until::End);
    assert_eq!(slow(), Some(0.0));
    rig.drive(layer.layer(answer(200, known([]))), get(), Until::End);
    assert_eq!(slow(), Some(1.0));
}

#[test]
fn the_last_request_has_a_time() {
    let rig = Rig::new();
    let unix = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64()
    };
    let before = unix();
    rig.send(answer(200, known([])), get(), Until::End);
    let last = rig
        .snapshot()
        .value("novacron_api_last_request_timestamp_seconds", &LABELS[1..])
        .unwrap();
    assert!(
        (before - 1.0..=unix() + 1.0).contains(&last),
        "{last} is not about {before}"
    );
}

#[test]
fn a_sampled_trace_leaves_an_exemplar_and_no_other_does() {
    let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    for (header, expected) in [
        (
            Some(format!("00-{ids}-01")),
            Some((
                0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
                0x00f0_67aa_0ba9_02b7,
            )),
        ),
        (Some(format!("00-{ids}-00")), None),
        (Some("not a trace".to_owned()), None),
        (None, None),
    ] {
        let rig = Rig::new();
        let mut request = request("GET", "/api/v1/vms/7");
        if let Some(header) = &header {
            request
                .headers_mut()
                .insert("traceparent", header.parse().unwrap());
        }
        rig.send(answer(200, known([Data(1)])), request, Until::End);
        for family in [
            "novacron_api_request_duration_seconds",
            "novacron_api_response_complete_seconds",
        ] {
            let snapshot = rig.snapshot();
            let Sample::Histogram { exemplars, .. } =
                &snapshot.find(family, &LABELS).unwrap().sample
            else {
                panic!("{family} is no histogram");
            };
            let found: Vec<_> = exemplars
                .iter()
                .flatten()
                .map(|e| (e.trace_id, e.span_id))
                .collect();
            assert_eq!(found, Vec::from_iter(expected), "{family} after {header:?}");
        }
    }
}
