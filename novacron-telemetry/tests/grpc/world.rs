//! A server and a client over loopback, each with its layer and a registry of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use novacron_telemetry::Registry;
use novacron_telemetry::catalog::{Catalog, ProviderType};
use novacron_telemetry::layer::client::{CountedClient, GrpcClientLayer};
use novacron_telemetry::layer::grpc::GrpcLayer;
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::{Groups, Snapshot};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tower::Layer;

use super::script::{BOTH, DOWN, Scripts, UNARY, UP};

/// Where one side writes.
pub(crate) struct Side {
    pub(crate) registry: Registry,
    pub(crate) recorder: Recorder,
}

impl Side {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
        Self {
            registry,
            recorder: Recorder::new(catalog, Settings::default()),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.registry.snapshot()
    }

    /// What was counted of calls, for whoever reads why a test failed.
    pub(crate) fn counted(&self) -> String {
        let text = self.registry.render();
        let ours = |line: &&str| line.starts_with("novacron_grpc") || line.contains("_rpc_");
        let lines = text
            .lines()
            .filter(ours)
            .filter(|line| !line.contains("_bucket{"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// How many calls of this method ended with this code.
    pub(crate) fn calls(&self, service: &str, method: &str, code: &str) -> u64 {
        let labels = [("service", service), ("method", method), ("code", code)];
        let calls = self
            .snapshot()
            .value("novacron_grpc_requests_total", &labels);
        calls.unwrap_or_default() as u64
    }

    /// How many calls to a provider ended with this code.
    pub(crate) fn provider(&self, method: &str, code: &str) -> u64 {
        let labels = [
            ("provider_type", "mock"),
            ("method", method),
            ("code", code),
        ];
        let calls = self.snapshot();
        let calls = calls.value("novacron_provider_rpc_requests_total", &labels);
        calls.unwrap_or_default() as u64
    }

    /// The sum of a family of this side's gRPC group.
    pub(crate) fn grpc(&self, name: &str) -> u64 {
        self.snapshot().sum(&format!("novacron_grpc_{name}"), &[]) as u64
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, so: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let begun = Instant::now();
            while !so(self) {
                assert!(
                    begun.elapsed() < Duration::from_secs(20),
                    "{caller}: never {what}:\n{}",
                    self.counted()
                );
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Waits until so many calls ended and none is in flight.
    #[track_caller]
    pub(crate) fn at_rest(&self, calls: u64) -> impl Future<Output = ()> {
        self.until("at rest", move |side| {
            side.grpc("requests_in_flight") == 0 && side.grpc("requests_total") == calls
        })
    }
}

/// The layer that knows the methods of [`Scripts`].
pub(crate) fn declared(side: &Side) -> GrpcLayer {
    let layer = GrpcLayer::new(side.recorder.clone());
    let layer = layer.unary([UNARY]).unwrap();
    layer.streaming([UP, DOWN, BOTH]).unwrap()
}

pub(crate) type Client = CountedClient<Channel>;

/// A server, and a client that is connected to it.
pub(crate) struct World {
    pub(crate) server: Side,
    pub(crate) client: Side,
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl World {
    /// A server of scripts, all of whose methods are declared.
    pub(crate) async fn of_scripts() -> Self {
        let scripts = Scripts { compresses: false };
        Self::new(Server::builder(), Routes::new(scripts), declared).await
    }

    /// A server of these routes, with our layer around them.
    pub(crate) async fn new(
        builder: Server,
        routes: Routes,
        layer: impl FnOnce(&Side) -> GrpcLayer,
    ) -> Self {
        let (server, client) = (Side::new(), Side::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut builder = builder.layer(layer(&server));
        let serving = tokio::spawn(async move {
            let incoming = TcpIncoming::from(listener);
            let routes = builder.add_routes(routes);
            routes.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            server,
            client,
            address,
            serving,
        }
    }

    /// A channel without our layer.
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// A channel that is counted as calls to a provider.
    pub(crate) async fn client(&self) -> Client {
        let layer = GrpcClientLayer::provider(self.client.recorder.clone(), ProviderType::Mock);
        layer.layer(self.channel().await)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A call, as a request of HTTP.
pub(crate) fn request<B>(path: &str, body: B) -> Request<B> {
    let request = Request::post(path).header("content-type", "application/grpc");
    request.body(body).unwrap()
}

/// The head of an answer over gRPC.
pub(crate) fn answer() -> http::response::Builder {
    Response::builder().header("content-type", "application/grpc")
}

/// A message as it is on the wire.
pub(crate) fn message(size: usize) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(size).unwrap().to_be_bytes());
    bytes.resize(5 + size, 7);
    bytes
}

/// The trailers of an answer.
pub(crate) fn trailers(status: &'static str) -> HeaderMap {
    let status = HeaderValue::from_static(status);
    HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), status)])
}
