//! The host's own `tracing` spans.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::Empty;
use novacron_telemetry::context::Class;
use novacron_telemetry::record::{Migration, Outcome, current_trace};
use novacron_telemetry::traces::TraceFilter;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tower::{Layer, Service, service_fn};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

use crate::receiver::{Receiver, builder, text};

const PATIENCE: Duration = Duration::from_secs(10);
type Body = Empty<bytes::Bytes>;

#[tokio::test]
async fn a_span_of_the_host_stands_between_the_request_and_what_is_recorded_inside_it() {
    let receiver = Receiver::start();
    let telemetry = builder()
        .traces(receiver.traces().sample(Class::Default, 1.0))
        .build()
        .unwrap();
    // Beside a layer of the host's own.
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::sink))
        .with(telemetry.trace_layer());
    let _default = tracing::subscriber::set_default(subscriber);
    let mut service = telemetry
        .http_layer()
        .layer(service_fn(|_: Request<Body>| async {
            let span = info_span!(
                "resize",
                vm = "web-1",
                password = "hunter2",
                late = tracing::field::Empty
            );
            span.in_scope(|| {
                Migration::new("node-1", "node-2")
                    .begin()
                    .finish(Outcome::Success);
                tracing::debug!("too quiet");
                tracing::info!(step = 1, "halfway");
                tracing::error!("no room at token=s3cr3t");
            });
            span.record("late", 7);
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(Response::new(Body::new()))
        }));
    service
        .call(Request::get("/a").body(Body::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(current_trace(), None, "what was entered was left");
    telemetry.flush_traces(PATIENCE);
    let spans = receiver.spans();
    let named = |name: &str| spans.iter().find(|span| span.name == name).expect(name);
    let (request, resize, migration) = (
        named("GET UNMATCHED"),
        named("resize"),
        named("dwcp_migration"),
    );
    assert_eq!(resize.parent_span_id, request.span_id);
    assert_eq!(migration.parent_span_id, resize.span_id);
    assert_eq!(spans.len(), 3);
    assert_eq!(text(&resize.attributes, "vm").as_deref(), Some("web-1"));
    assert_eq!(
        text(&resize.attributes, "password").as_deref(),
        Some("[redacted]")
    );
    assert!(
        resize
            .attributes
            .iter()
            .any(|attribute| attribute.key == "late")
    );
    let names: Vec<_> = resize.events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["halfway", "exception"]);
    assert_eq!(resize.status.as_ref().unwrap().code(), StatusCode::Error);
    assert!(!format!("{spans:?}").contains("s3cr3t"), "{spans:?}");
}

#[tokio::test]
async fn spans_inside_a_trace_that_is_not_kept_are_not_built() {
    let receiver = Receiver::start();
    let traces = receiver.traces().sample(Class::Default, 0.0);
    let telemetry = builder().traces(traces).build().unwrap();
    let subscriber = tracing_subscriber::registry()
        .with(telemetry.trace_layer())
        .with(TraceFilter::new(tracing::Level::INFO));
    let _default = tracing::subscriber::set_default(subscriber);
    let mut service = telemetry
        .http_layer()
        .layer(service_fn(|_: Request<Body>| async {
            assert!(info_span!("inside").is_disabled());
            Ok::<_, std::convert::Infallible>(Response::new(Body::new()))
        }));
    service
        .call(Request::get("/a").body(Body::new()).unwrap())
        .await
        .unwrap();
    assert!(
        !info_span!("outside").is_disabled(),
        "it is decided about at its own root"
    );
    // An error inside such a root is a reason to export it.
    info_span!("root").in_scope(|| tracing::error!("broken"));
    telemetry.flush_traces(PATIENCE);
    let [span] = &receiver.spans()[..] else {
        panic!("the rescued one")
    };
    assert_eq!(span.name, "root");
    assert_eq!(
        text(&span.attributes, "sampled.reason").as_deref(),
        Some("error")
    );
}

#[test]
fn without_a_collector_the_layer_costs_a_disabled_callsite() {
    let telemetry = builder().traces(None).build().unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.trace_layer());
    tracing::subscriber::with_default(subscriber, || {
        assert!(info_span!("anything").is_disabled());
    });
    assert_eq!(telemetry.flush_traces(PATIENCE), Default::default());
}
