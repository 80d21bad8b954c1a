//! The HTTP layer around a bare tower service.

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use novacron_telemetry::catalog::Method;
use novacron_telemetry::layer::http::{AccessLines, HttpLayer};
use tower::{Layer, Service, service_fn};

use super::{allocates_nothing, poll_now, recorder, warm};

type Body = Full<Bytes>;

const ROUTE: &str = "/api/v1/vms/{id}/disks/{disk}";

async fn handle(request: Request<Body>) -> Result<Response<Body>, std::convert::Infallible> {
    Ok(Response::new(request.into_body()))
}

fn request(path: &'static str) -> Request<Body> {
    let mut request = Request::new(Full::new(Bytes::from_static(b"hello")));
    *request.uri_mut() = http::Uri::from_static(path);
    request
}

fn run<S, B>(service: &mut S, request: Request<Body>)
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
{
    let mut body = std::pin::pin!(poll_now(service.call(request)).unwrap().into_body());
    while let Some(Ok(frame)) = poll_now(body.frame()) {
        drop(frame);
    }
}

#[test]
fn it_adds_no_allocation_to_a_service() {
    let (_registry, recorder) = recorder();
    let layer = HttpLayer::new(recorder)
        // Nobody reads them here.
        .access_lines(AccessLines::new())
        .routes([(Method::Get, ROUTE), (Method::Get, "/old")])
        .unwrap();
    let layer = layer.deprecate(Method::Get, "/old").unwrap();
    let mut bare = service_fn(handle);
    let mut counted = layer.layer(service_fn(handle));
    // Else what follows would show nothing.
    assert_eq!(
        warm(|| run(&mut bare, request("/api/v1/vms/7/disks/1"))).count_total,
        0
    );
    for path in ["/api/v1/vms/7/disks/1?verbose=1", "/old", "/nowhere/at/all"] {
        allocates_nothing(path, || run(&mut counted, request(path)));
    }
    allocates_nothing("a client that left before the head", || {
        drop(counted.call(request("/api/v1/vms/7/disks/1")));
    });
    allocates_nothing("a client that left in the body", || {
        drop(poll_now(counted.call(request("/api/v1/vms/7/disks/1"))));
    });
    // The map of headers allocates, so the request is made beforehand and taken out again.
    let ids = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = || {
        let mut request = request("/api/v1/vms/7/disks/1");
        request
            .headers_mut()
            .insert("traceparent", HeaderValue::from_static(ids));
        request
    };
    let of_the_header = warm(|| run(&mut bare, traced())).count_total;
    assert_eq!(
        warm(|| run(&mut counted, traced())).count_total,
        of_the_header,
        "with an exemplar"
    );
}
