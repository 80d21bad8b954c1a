//! A running server, and a client for it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use api_server::{Options, Server, Stopped};
use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, Response, StatusCode},
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use novacron_telemetry::{
    Telemetry,
    registry::{Groups, Sample},
};
use serde_json::Value;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

/// A server of this process, and one client of it.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) telemetry: Telemetry,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<Stopped>>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            acquire_timeout: Duration::from_millis(200),
            housekeeping: Duration::from_millis(50),
            ..Options::default()
        };
        change(&mut options);
        let telemetry = Telemetry::builder("api-server", "0.0.0")
            .groups(Groups::CORE | Groups::SCHEDULER | Groups::ALERTS)
            .build()
            .expect("telemetry");
        let server = Server::bind(options, &telemetry);
        let server = server.await.expect("a free port and a database");
        let address = server.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            address,
            telemetry,
            client,
            stop,
            running,
        }
    }

    /// Asks, and leaves the body to the caller.
    pub(crate) async fn open(&self, method: Method, path: &str, body: &str) -> Response<Incoming> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .body(Full::new(Bytes::from(body.to_owned())))
            .expect("a request");
        timeout(PATIENCE, self.client.request(request))
            .await
            .expect("an answer in time")
            .expect("an answer")
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let (head, body) = self.open(method, path, body).await.into_parts();
        let body = timeout(PATIENCE, body.collect())
            .await
            .expect("a body in time")
            .expect("a whole body")
            .to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    /// Creates a VM and returns the path of it.
    pub(crate) async fn vm(&self, name: &str) -> String {
        let made = self
            .post("/api/v1/vms", &format!(r#"{{"name":"{name}"}}"#))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.headers["location"]
            .to_str()
            .expect("a path")
            .to_owned()
    }

    /// Switches faults, which must be accepted.
    pub(crate) async fn fault(&self, json: &str) {
        let answer = self.put("/faults", json).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// What one series shows.
    pub(crate) fn metric(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        let value = self.telemetry.registry().snapshot().value(family, labels);
        value.unwrap_or_else(|| panic!("no {family} with {labels:?}"))
    }

    /// The sum over every series that carries at least these labels.
    pub(crate) fn total(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        self.telemetry.registry().snapshot().sum(family, labels)
    }

    /// How often a request of this kind was counted.
    pub(crate) fn requests(&self, method: &str, endpoint: &str, status: &str) -> f64 {
        let labels = [
            ("method", method),
            ("endpoint", endpoint),
            ("status", status),
        ];
        self.total("novacron_api_requests_total", &labels)
    }

    /// How many observations one histogram has, and their sum.
    pub(crate) fn histogram(&self, family: &str, labels: &[(&str, &str)]) -> (u64, f64) {
        match self
            .telemetry
            .registry()
            .snapshot()
            .find(family, labels)
            .map(|series| &series.sample)
        {
            Some(Sample::Histogram { buckets, sum, .. }) => (buckets.iter().sum(), *sum),
            other => panic!("{family} with {labels:?} is {other:?}"),
        }
    }

    /// Waits until one series shows `value`, which it must do before long.
    pub(crate) async fn until(&self, family: &str, labels: &[(&str, &str)], value: f64) {
        let began = Instant::now();
        while self.metric(family, labels) != value {
            let now = self.metric(family, labels);
            assert!(
                began.elapsed() < PATIENCE,
                "{family} {labels:?} stays at {now}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) async fn stop(self) -> Stopped {
        let Self { stop, running, .. } = self;
        stop.send(()).expect("a server that runs");
        running.await.expect("no panic").expect("no error")
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// What the error object says.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, class: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/json");
        let json = self.json();
        assert_eq!(json["error"], class);
        json["message"].as_str().expect("a message").to_owned()
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
