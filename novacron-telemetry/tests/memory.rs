//! What scrapes cost in memory, measured in a process of their own: many at once, and readers that
//! stop reading.
#![cfg(all(feature = "http", target_os = "linux"))]

use std::fs;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{Request, StatusCode};
use http_body::Body;
use novacron_telemetry::Registry;
use novacron_telemetry::expose::{MetricsBody, MetricsService};
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100000)]
struct Text(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct RequestLabels {
    tenant: Text,
    route: Text,
    cached: bool,
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme")]
struct Acme {
    /// Requests by tenant, route and source.
    requests_total: Family<RequestLabels, Counter>,
}

const SERIES: usize = 100_000;
const CHUNK: usize = 64 * 1024;
/// Sixteen scrapes run at once, and each may hold one chunk; the rest is for the allocator.
const ALLOWED: usize = 16 * CHUNK + 8 * 1024 * 1024;

/// A field of `/proc/self/status`, in bytes.
fn memory(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    line.trim_start_matches(':')
        .trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap()
        * 1024
}

/// How far `work` took the process's memory above where it stood.
fn growth(work: impl FnOnce()) -> usize {
    let before = memory("VmRSS");
    // Forgets the highest memory use so far.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    work();
    memory("VmHWM").saturating_sub(before)
}

fn ask(service: &MetricsService, coding: &str) -> Option<MetricsBody> {
    let request = Request::get("/metrics")
        .header("accept-encoding", coding)
        .body(())
        .unwrap();
    let answer = service.answer(&request);
    match answer.status() {
        StatusCode::OK => Some(answer.into_body()),
        status => {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            None
        }
    }
}

/// The size of the next frame, which is dropped.
fn frame(body: &mut MetricsBody) -> Option<usize> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().unwrap().len()),
        Poll::Pending => panic!("a body never waits"),
    }
}

fn read_all(mut body: MetricsBody) -> usize {
    std::iter::from_fn(|| frame(&mut body)).sum()
}

#[test]
fn scrapes_hold_chunks_and_not_expositions() {
    let registry = Registry::new();
    let acme = registry.register::<Acme>().unwrap();
    for at in 0..SERIES {
        let (tenant, route) = (
            format!("tenant-{}", at / 1000),
            format!("/api/v1/things/{}/{{id}}", at % 1000),
        );
        acme.requests_total.inc(&RequestLabelsRef {
            tenant: &tenant,
            route: &route,
            cached: true,
        });
    }
    let service = MetricsService::new(registry);
    let whole = read_all(ask(&service, "identity").unwrap());
    assert!(whole > SERIES * 60, "{whole} bytes");
    read_all(ask(&service, "gzip").unwrap());

    for coding in ["identity", "gzip"] {
        let grown = growth(|| {
            // All at once, a frame each in turn, as a server would with as many connections.
            let mut bodies: Vec<MetricsBody> =
                (0..64).filter_map(|_| ask(&service, coding)).collect();
            assert_eq!(bodies.len(), 16);
            let mut read = 0;
            while !bodies.is_empty() {
                bodies.retain_mut(|body| frame(body).inspect(|bytes| read += bytes).is_some());
            }
            assert!(
                coding == "gzip" || read == 16 * whole,
                "{read} of {}",
                16 * whole
            );
        });
        assert!(
            grown <= ALLOWED,
            "64 scrapes ({coding}) took {grown} bytes more"
        );
        println!(
            "64 scrapes of {SERIES} series ({coding}): {} KiB more",
            grown / 1024
        );

        let grown = growth(|| {
            // Each took a frame and never asks again.
            let mut stalled: Vec<MetricsBody> =
                (0..200).filter_map(|_| ask(&service, coding)).collect();
            assert!(stalled.iter_mut().all(|body| frame(body).is_some()));
            assert_eq!(stalled.len(), 16);
            assert!(ask(&service, coding).is_none());
        });
        assert!(
            grown <= ALLOWED,
            "200 stalled readers ({coding}) took {grown} bytes more"
        );
        println!("200 stalled readers ({coding}): {} KiB more", grown / 1024);
        assert!(
            ask(&service, coding).is_some(),
            "their places are free again"
        );
    }
}
