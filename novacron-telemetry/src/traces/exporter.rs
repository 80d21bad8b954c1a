//! The exporter as its owner holds it: started once, flushed, shut down.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::encode::Resource;
use super::http::HttpClient;
use super::queue::{Queue, SpansFlushed};
use super::transport::Transport;
use super::worker::Worker;
use super::{Protocol, Traces};
use crate::catalog::ExporterMetrics;
use crate::context::Tracer;
use crate::error::{Error, ErrorKind, Result};

/// Who the spans are from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) component: &'a str,
    pub(crate) version: &'a str,
}

/// A running exporter. Dropped, it sends what waits and is gone; nobody waits for it.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: Arc<Queue>,
    tracer: Tracer,
}

impl Exporter {
    /// Starts the exporter's thread. The collector need not be there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the address, a header or a rate is none,
    /// [`ErrorKind::Exporter`] if no thread can be started.
    pub(crate) fn start(
        traces: &Traces,
        origin: Origin<'_>,
        own: &ExporterMetrics,
    ) -> Result<Self> {
        let endpoint = traces.endpoint()?;
        traces.check_headers()?;
        let name = endpoint.authority.clone();
        let transport: Box<dyn Transport> = match traces.protocol {
            Protocol::HttpProtobuf => Box::new(HttpClient::new(endpoint, &traces.headers)),
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => Box::new(super::grpc::GrpcClient::new(endpoint, &traces.headers)?),
        };
        let queue = Queue::new(traces.room, own.clone());
        let tracer = Tracer::new(&traces.rates, queue.clone(), own)?;
        let worker = Worker::new(
            queue.clone(),
            transport,
            resource(traces, origin),
            own.clone(),
            name,
            traces.timeout,
        );
        let thread = thread::Builder::new().name("novacron-traces".to_owned());
        thread
            .spawn(move || worker.run())
            .map_err(|error| Error::new(ErrorKind::Exporter, "thread").with_source(error))?;
        Ok(Self { queue, tracer })
    }

    /// What spans are recorded by.
    pub(crate) fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// How many spans wait, asked from anywhere for as long as the exporter lives.
    pub(crate) fn waiting(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let queue = Arc::downgrade(&self.queue);
        move || queue.upgrade().map_or(0, |queue| queue.len())
    }

    /// Sends what waits, and waits for it until the deadline.
    pub(crate) fn flush(&self, deadline: Duration) -> SpansFlushed {
        self.queue.flush(deadline)
    }

    /// Takes no more spans, sends what waits until the deadline, and writes the rest off. A second
    /// call finds nothing to do.
    pub(crate) fn shutdown(&self, deadline: Duration) -> SpansFlushed {
        self.queue.close(deadline)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.queue.leave(Duration::from_secs(10));
    }
}

/// What every span has in common. What the host says goes before what is known of it.
fn resource(traces: &Traces, origin: Origin<'_>) -> Resource {
    let Origin { component, version } = origin;
    let service = traces.service.as_deref().unwrap_or(component);
    let mut resource = vec![];
    if let Some(service) = &traces.service {
        resource.push(("service.name".to_owned(), service.clone()));
    }
    resource.extend(traces.resource.iter().cloned());
    let known = [
        ("service.name", service),
        ("service.version", version),
        ("service.namespace", "novacron"),
        ("component", component),
        ("telemetry.sdk.name", env!("CARGO_PKG_NAME")),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ];
    for (key, value) in known {
        if !resource.iter().any(|(said, _)| said == key) {
            resource.push((key.to_owned(), value.to_owned()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    resource.retain(|(key, _)| seen.insert(key.clone()));
    Resource(resource)
}
