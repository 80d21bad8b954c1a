//! A collector of our own: takes OTLP over HTTP, decodes it with messages that others generated, and
//! answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use novacron_telemetry::Telemetry;
use novacron_telemetry::registry::Groups;
use novacron_telemetry::telemetry::TelemetryBuilder;
use novacron_telemetry::traces::Traces;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    spans: Vec<Span>,
    resource: Vec<KeyValue>,
    /// When each request came.
    requests: Vec<Instant>,
    script: VecDeque<Reply>,
}

/// What is answered to a request; without one it is 200.
pub(crate) enum Reply {
    /// These bytes, and then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, for this long.
    Silence(Duration),
    /// This head, and then bytes without an end.
    Endless(&'static str),
}

impl Reply {
    pub(crate) fn status(status: u16, headers: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 {status} X\r\n{headers}content-length: 0\r\n\r\n").into())
    }
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn start_on(listener: TcpListener) -> Self {
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            ..Self::default()
        };
        let shared = receiver.shared.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || drop(serve(&connection, &shared)));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Settings that send everything here, at once.
    pub(crate) fn traces(&self) -> Traces {
        Traces::otlp(self.url()).batch(64, Duration::from_millis(20))
    }

    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.lock().unwrap().script.extend(replies);
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.shared.lock().unwrap().spans.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Instant> {
        self.shared.lock().unwrap().requests.clone()
    }

    pub(crate) fn resource(&self, key: &str) -> Option<String> {
        text(&self.shared.lock().unwrap().resource, key)
    }
}

/// A telemetry of its own that sends its traces there.
pub(crate) fn telemetry(traces: Traces) -> Telemetry {
    builder().traces(traces).build().unwrap()
}

pub(crate) fn builder() -> TelemetryBuilder {
    Telemetry::builder("api-server", "1.2.3").groups(Groups::ALL)
}

/// The value of a text attribute.
pub(crate) fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match attribute(attributes, key)? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is {other:?}"),
    }
}

pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|known| known.key == key)?;
    found.value.clone()?.value
}

/// Sums the series of a family that carry these labels.
pub(crate) fn sum(telemetry: &Telemetry, family: &str, labels: &[(&str, &str)]) -> f64 {
    telemetry.registry().snapshot().sum(family, labels)
}

pub(crate) fn lost(telemetry: &Telemetry, reason: &str) -> f64 {
    let labels = [("signal", "traces"), ("reason", reason)];
    sum(telemetry, "novacron_telemetry_dropped_total", &labels)
}

/// Runs a request that takes no time through the verbs' own guard.
pub(crate) fn one_span(telemetry: &Telemetry) {
    let recorder = telemetry.recorder().clone();
    telemetry.scope(|| {
        novacron_telemetry::record::Migration::new_with(recorder, "node-1", "node-2")
            .begin()
            .finish(novacron_telemetry::record::Outcome::Success);
    });
}

fn serve(connection: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    loop {
        let mut length = 0;
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        assert_eq!(line, "POST /v1/traces HTTP/1.1\r\n");
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let reply = {
            let mut shared = shared.lock().unwrap();
            shared.requests.push(Instant::now());
            let reply = shared.script.pop_front();
            if reply.is_none() {
                let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
                for resource in request.resource_spans {
                    shared.resource = resource.resource.unwrap().attributes;
                    let scopes = resource.scope_spans.into_iter();
                    shared.spans.extend(scopes.flat_map(|scope| scope.spans));
                }
            }
            reply
        };
        match reply {
            None => writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?,
            Some(Reply::Raw(bytes)) => {
                writer.write_all(&bytes)?;
                return Ok(());
            }
            Some(Reply::Silence(time)) => thread::sleep(time),
            Some(Reply::Endless(head)) => {
                writer.write_all(head.as_bytes())?;
                loop {
                    writer.write_all(&[b'x'; 4096])?;
                }
            }
        }
    }
}
